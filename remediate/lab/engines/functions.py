"""The functions of a simulated host: the same names, arguments and errors as the `.ps1` files."""

import gzip
import importlib
import json
import pkgutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import remediate.resources
from remediate.lab.call_error import CallFailedError
from remediate.lab.content import FUNCTIONS as CONTENT_FUNCTIONS
from remediate.lab.kinds import kind_of
from remediate.lab.kinds.kind import check_access, is_it
from remediate.lab.kinds.registry_value import MACHINE_GUID, value_of
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.model.computer import Computer, Sameness, compare
from remediate.model.plan import HostFacts
from remediate.powershell.messages import (
    Call,
    CallResult,
    Reply,
    Request,
    Status,
)
from remediate.resources.base import Query, Resource

Arguments = dict[str, Any]
T = TypeVar("T")
Function = Callable[[HostState, Arguments], list[JsonValue]]


def answer(state: HostState, request: Request) -> str:
    """Run the calls of a request in order and reply as `envelope.ps1` would."""
    with state.lock:
        results: list[CallResult] = []
        succeeded: set[str] = set()
        other = _another(state, request.computer)
        for call in request.calls:
            result = _run(state, call, succeeded, other)
            if result.status is Status.OK:
                succeeded.add(call.id)
            results.append(result)
        reply = Reply(host=_facts(state), calls=tuple(results))
    body = reply.encode(request)
    return "gzip:" + b64encode(gzip.compress(body.encode(), mtime=0)).decode()


def _another(state: HostState, wanted: Computer | None) -> str:
    """Says which computer this is when another one is meant, as the envelope does."""
    found = _computer(state)
    if wanted is None or compare(wanted, found) in {Sameness.SAME, Sameness.BY_NAME}:
        return ""
    return f"This is computer {found.name}, and {wanted.name} is meant."


def _computer(state: HostState) -> Computer:
    """Which computer it is; its GUID stands in the registry, which may be closed."""
    guid = value_of(state, MACHINE_GUID)
    closed = state.denied.get("registry_value") == "read"
    return Computer(name=state.name, guid="" if closed or guid is None else guid["data"])


def _run(state: HostState, call: Call, succeeded: set[str], another: str) -> CallResult:
    if not succeeded.issuperset(call.needs):
        return CallResult(id=call.id, status=Status.SKIPPED)
    if another:
        error = CallFailedError("RemediateAnotherComputer", another)
        return CallResult(id=call.id, status=Status.ERROR, error=error.record)
    try:
        value = _function(call.function)(state, call.arguments)
    except CallFailedError as error:
        return CallResult(id=call.id, status=Status.ERROR, error=error.record)
    return CallResult(id=call.id, status=Status.OK, value=json.loads(json.dumps(value)))


def _facts(state: HostState) -> HostFacts:
    return HostFacts(
        computer=_computer(state),
        powershell=state.powershell,
        os=state.os,
        culture=state.culture,
        utc=_text(state.clock().timestamp()),
    )


def _function(name: str) -> Function:
    if name in _HOST_FUNCTIONS:
        return _HOST_FUNCTIONS[name]
    verb, _, noun = name.partition("-Remediate")
    resource = next((kind for kind in _subclasses(Resource) if kind.function == noun), None)
    if resource is None or verb not in {"Get", "Set"}:
        raise CallFailedError(
            "CommandNotFoundException",
            f"The term '{name}' is not recognized as the name of a function.",
            exception="System.Management.Automation.CommandNotFoundException",
        )
    if verb == "Get":
        return lambda state, arguments: _get(resource, state, arguments)
    return lambda state, arguments: _set(resource, state, arguments)


@cache
def _load_ours() -> None:
    for module in pkgutil.iter_modules(remediate.resources.__path__, "remediate.resources."):
        importlib.import_module(module.name)


def _subclasses(base: type[T]) -> Iterator[type[T]]:
    """Every concrete subclass that is loaded, after loading all of ours."""
    _load_ours()
    todo = base.__subclasses__()
    while todo:
        cls = todo.pop()
        todo.extend(cls.__subclasses__())
        yield cls


def _get(resource: type[Resource], state: HostState, arguments: Arguments) -> list[JsonValue]:
    for query in _subclasses(Query):
        if getattr(query, "resource", None) is resource and query.model_fields.keys() == set(
            arguments
        ):
            question = query.model_validate(arguments)
            check_access(state, resource.kind, "read")
            return list(kind_of(resource.kind).read(state, **question.arguments()))
    raise _binding(f"no query of {resource.kind} takes {sorted(arguments)}")


def _set(resource: type[Resource], state: HostState, arguments: Arguments) -> list[JsonValue]:
    if set(arguments) != {"identity", "before", "after"}:
        raise _binding(f"Set takes identity, before and after, not {sorted(arguments)}")
    identity, before, after = (arguments[name] for name in ("identity", "before", "after"))
    unknown = after.keys() - resource.settable
    if unknown or before.keys() != after.keys() or identity.keys() != set(resource.identity):
        raise _binding(f"{resource.kind} cannot be written like that: {sorted(after)}")
    check_access(state, resource.kind, "read")
    kind = kind_of(resource.kind)
    found = (one for one in kind.read(state) if is_it(one, identity))
    record = next(found, None) or resource.absent(identity)
    if record is None:
        raise CallFailedError("RemediateMissing", "It is no longer there.")
    for name, expected in before.items():
        if record[name] != expected:
            raise CallFailedError(
                "RemediateStale",
                "The property is no longer what it was.",
                {"property": name, "current": record[name]},
            )
    wanted = resource.model_validate({**record, **after}).model_dump(mode="json")
    try:
        kind.write(state, record, {name: wanted[name] for name in after})
    finally:  # a write that fails half-way has written, too
        _changed(state)
    return []


def _binding(message: str) -> CallFailedError:
    return CallFailedError(
        "ParameterBindingFailed",
        message,
        exception="System.Management.Automation.ParameterBindingException",
    )


def _changed(state: HostState) -> None:
    if state.changed:
        state.changed()


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(lease: Record) -> Record:
    return {**lease, "since": _text(lease["since"]), "until": _text(lease["until"])}


def _lock_lease(state: HostState, arguments: Arguments) -> list[JsonValue]:
    run, owner = arguments["run"], arguments["owner"]
    fence, ttl = arguments["fence"], arguments["ttl"]
    held, now, took = state.lease, int(state.clock().timestamp()), None
    if state.lease_active:
        detail = {"active": True, **(_shown(held) if held else {})}
        raise CallFailedError(
            "RemediateLeaseHeld", "Another run is writing at this moment.", detail
        )
    freed = state.freed
    if freed is not None and freed["run"] == run and freed["fence"] > fence:
        raise CallFailedError("RemediateLeaseHeld", "This run has been given up.", _shown(freed))
    ours = held is not None and held["run"] in {run, arguments.get("undoes")}
    if held is not None and not (ours and held["fence"] <= fence):
        if held["until"] > now:
            raise CallFailedError(
                "RemediateLeaseHeld", "Another run holds the lease.", _shown(held)
            )
        took = _shown(held)
    state.lease = {"run": run, "owner": owner, "fence": fence, "since": now, "until": now + ttl}
    _changed(state)
    return [{**_shown(state.lease), "took": took}]


def _get_lease(state: HostState, arguments: Arguments) -> list[JsonValue]:  # noqa: ARG001 - takes none
    if state.lease is None:
        return []
    return [{**_shown(state.lease), "active": state.lease_active}]


def _unlock_lease(state: HostState, arguments: Arguments) -> list[JsonValue]:
    if state.lease is not None and state.lease["run"] == arguments["run"]:
        state.freed, state.lease = state.lease, None
        _changed(state)
    return []


def _save_receipt(state: HostState, arguments: Arguments) -> list[JsonValue]:
    state.save_receipt({**arguments, "written": _text(state.clock().timestamp())})
    _changed(state)
    return []


def _get_receipts(state: HostState, arguments: Arguments) -> list[JsonValue]:  # noqa: ARG001 - takes none
    return [*state.receipts]


_HOST_FUNCTIONS: dict[str, Function] = {
    "Lock-RemediateLease": _lock_lease,
    "Get-RemediateLease": _get_lease,
    "Unlock-RemediateLease": _unlock_lease,
    "Save-RemediateReceipt": _save_receipt,
    "Get-RemediateReceipt": _get_receipts,
    **CONTENT_FUNCTIONS,
}
