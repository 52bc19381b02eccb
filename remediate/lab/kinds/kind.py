"""What the lab knows of a kind of resource, and what it assumes of one it does not know."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from remediate.lab.call_error import CallFailedError, denied
from remediate.lab.state import Access, Edit, HostState, Record
from remediate.model.base import JsonValue
from remediate.model.change import Change
from remediate.resources.base import Resource, resource_type

T = TypeVar("T")
Write = Callable[[HostState, Record, Record], None]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of resource on practice hosts: how it is read from Windows' state, and written to it.

    Each function is handed the whole host. A module in this package, or in a `lab` folder beside
    somebody's playbooks, says what it knows under these names; the rest is as for a kind of which
    nothing is known, whose records stand in Windows' state under its name (`plain`).

    Args:
        name: of the kind.
        read: the twin of `Get-Remediate…`: takes the question's fields, and gives the records;
            without any, all that there are.
        write: the twin of `Set-Remediate…`: takes a record that was found and unmoved, and the
            values that it is to have. Refuses by `refuse`, and asks `may_write` before it writes.
        state: puts a short form, as cases and state files have it, into the host in place of what
            was there. A ValueError says what is wrong with it.
        healthy: the short form of what a healthy host has.
        other: gives a property a value that somebody else could have given it, which is neither
            the one before a change nor the one after; returns it. None: there is none.
        files: the files of a folder on the controller from which such a thing can be copied, by
            path, of a short form. A ValueError says what is wrong with it.
    """

    name: str
    read: Callable[..., Iterable[Record]]
    write: Write
    state: Callable[[HostState, Any], None]
    healthy: Any
    other: Callable[[HostState, Record, Change], JsonValue]
    files: Callable[[Any], dict[str, bytes]]


@dataclass(frozen=True)
class Switch:
    """What a Windows does to each thing of a kind that it saves.

    Args:
        source: where that was seen, or that it is plausible.
        edits: made one after the other to what is saved.
    """

    source: str
    edits: tuple[Edit, ...]


def refuse(message: str) -> CallFailedError:
    """What a Set ends with that has not written and will not."""
    return CallFailedError("RemediateRefused", message)


def check_access(host: HostState, kind: str, wanted: Access) -> None:
    """Make sure that the account may do this.

    Raises:
        CallFailedError: it may not.
    """
    if host.denied.get(kind) in {wanted, "read"}:
        raise denied()


def may_write(host: HostState, kind: str) -> None:
    """Make sure that the account may write.

    Raises:
        CallFailedError: it may not.
    """
    check_access(host, kind, "write")


def short_form(adapter: TypeAdapter[T], short: object) -> T:
    """A short form, checked.

    Raises:
        ValueError: it is none; says where.
    """
    try:
        return adapter.validate_python(short)
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error


def same(one: object, other: object) -> bool:
    """Whether two texts are the same name to Windows, which ignores case."""
    return str(one).casefold() == str(other).casefold()


def is_it(record: Record, identity: Mapping[str, JsonValue]) -> bool:
    """Whether a record is of the thing with this identity."""
    return all(same(record[name], value) for name, value in identity.items())


def plain(name: str, own: Write | None = None) -> Kind:
    """A kind of which nothing is known: what is written is what is there.

    Args:
        name: of the kind.
        own: how somebody writes it, when that is known.
    """

    def read(host: HostState, **question: JsonValue) -> Iterable[Record]:
        for record in host.windows.get(name, []):
            if all(record.get(key) == value for key, value in question.items()):
                yield dict(record)

    def write(host: HostState, record: Record, after: Record) -> None:
        may_write(host, name)
        resource = resource_type(name)
        identity = {key: record[key] for key in resource.identity}
        records = host.section(name)
        there = next((one for one in records if is_it(one, identity)), None)
        if there is None:
            records.append(there := dict(record))
        there.update(after)
        if there == resource.absent(identity):
            records[:] = [one for one in records if one is not there]

    def state(host: HostState, short: object) -> None:
        host.windows[name] = short_form(_RECORDS, short)

    def other(host: HostState, record: Record, change: Change) -> JsonValue:
        value = _other(resource_type(name), record, change)
        if value is not None:
            (own or write)(host, record, {change.property: value})
        return value

    return Kind(name, read, write, state, [], other, _no_files)


def _no_files(short: object) -> dict[str, bytes]:
    raise ValueError(f"a kind that is not copied from a folder cannot be put into one: {short}")


_RECORDS = TypeAdapter(list[dict[str, Any]])


def _other(resource: type[Resource], record: Record, change: Change) -> JsonValue:
    """A valid value that is neither the one before nor the one after."""
    kind = resource.model_fields[change.property].annotation
    members = list(kind) if isinstance(kind, type) and issubclass(kind, Enum) else []
    for value in (*members, *_near(change.before), *_near(change.after), 0, 1, 2, "edited"):
        if value in (change.before, change.after):
            continue
        try:
            whole = resource.model_validate({**record, change.property: value})
        except ValidationError:
            continue
        return whole.recorded(change.property)
    return None


def _near(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    return (value + "-edited",) if isinstance(value, str) else ()
