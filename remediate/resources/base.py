"""The contract of a resource: what identifies it, what can be set, what must not move."""

import contextlib
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, SecretStr

from remediate.model.base import JsonValue, Model
from remediate.model.change import Change, ResourceId, Restart, RestartOf, Severity
from remediate.model.evidence import Evidence
from remediate.model.plan import Observed
from remediate.model.settling import Progress, Settling
from remediate.powershell.script import COMPARE_AND_SET, FILE_WRITER
from remediate.resources.content import Folder

_KINDS: "dict[str, type[Resource]]" = {}


class Resource(Model):
    """A thing on a host. Subclasses are named by what they are and stand beside their `.ps1`.

    Class attributes:
        kind: name of the resource in records (`scheduled_task`).
        noun: what a person calls it (`task`).
        function: the noun of its PowerShell functions (`ScheduledTask` makes
            `Get-RemediateScheduledTask` and `Set-RemediateScheduledTask`).
        reader: the `.ps1` file that reads it, `Get-Remediate…`; nothing in it writes.
        writer: the `.ps1` file that writes it, `Set-Remediate…`; sent with a write only. None
            where it can only be looked at.
        reader_needs: other `.ps1` files that the reader calls.
        writer_needs: those that the writer calls besides.
        identity: names of the fields that identify it on its host.
        settable: names of the properties that Set can write.
        volatile: names of the properties that move by themselves.
        secret: names of what Set takes besides, and nobody can read: no fields of the model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: ClassVar[str]
    noun: ClassVar[str]
    function: ClassVar[str]
    reader: ClassVar[Path]
    writer: ClassVar[Path | None] = None
    reader_needs: ClassVar[tuple[Path, ...]] = ()
    writer_needs: ClassVar[tuple[Path, ...]] = ()
    identity: ClassVar[tuple[str, ...]]
    settable: ClassVar[frozenset[str]]
    volatile: ClassVar[frozenset[str]] = frozenset()
    secret: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        """Make the kind known by its name; a base class that names none is not a kind itself.

        A class that is defined again, as when a playbook is loaded again, takes its place.

        Raises:
            TypeError: another class has this kind, so that records could not tell them apart; or
                its functions on the host are not named in letters, or it does not say in which
                files they are.
        """
        super().__pydantic_init_subclass__(**kwargs)
        kind = getattr(cls, "kind", None)
        if kind is None:
            return
        known = _KINDS.get(kind, cls)
        if known.__qualname__ != cls.__qualname__:
            msg = f"{cls.__name__} needs a `kind` of its own: {known.__name__} is {kind!r}"
            raise TypeError(msg)
        if not re.fullmatch("[A-Za-z]+", getattr(cls, "function", "")):
            msg = f"{cls.__name__} needs a `function` of letters only, such as ContosoEventLog"
            raise TypeError(msg)
        if getattr(cls, "reader", None) is None or (cls.settable and cls.writer is None):
            msg = f"{cls.__name__} names no `reader`, or has `settable` properties and no `writer`"
            raise TypeError(msg)
        for path in cls.writing_files():
            if not path.is_file():
                msg = f"{cls.__name__} needs {path}, which is not there"
                raise TypeError(msg)
        _KINDS[kind] = cls

    @classmethod
    def reading_files(cls) -> tuple[Path, ...]:
        """The `.ps1` files that its Get needs."""
        return (cls.reader, *cls.reader_needs)

    @classmethod
    def writing_files(cls) -> tuple[Path, ...]:
        """The `.ps1` files that its Set needs."""
        writer = () if cls.writer is None else (cls.writer,)
        return (*cls.reading_files(), COMPARE_AND_SET, FILE_WRITER, *writer, *cls.writer_needs)

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Query":
        """A question that returns the resource with this identity, perhaps among others."""
        raise NotImplementedError

    @classmethod
    def absent(cls, key: Mapping[str, str]) -> dict[str, JsonValue] | None:
        """What is read where there is none: its properties, all absent; None if that is nothing."""
        del key
        return None

    @property
    def resource_id(self) -> ResourceId:
        """What identifies it on its host."""
        return ResourceId(
            kind=self.kind, key={name: str(getattr(self, name)) for name in self.identity}
        )

    @property
    def title(self) -> str:
        """The resource in words."""
        return f"{self.noun} {' '.join(self.resource_id.key.values())}"

    def recorded(self, name: str) -> JsonValue:
        """One property as a record has it."""
        value: JsonValue = self.model_dump(mode="json", include={name})[name]
        return value

    def observed(self) -> Observed:
        """The resource as a record."""
        properties = self.model_dump(mode="json", exclude=set(self.identity))
        return Observed(resource=self.resource_id, properties=properties)

    def disclosed(self) -> Observed:
        """The resource as it may be given away, such as to a support case.

        A kind leaves out what may be secret and has no telling form, such as the content of files,
        and what a program is started with. What texts show by their form is left out besides.
        """
        return self.observed()

    def compared(self) -> dict[str, JsonValue]:
        """All that must stay as it was unless a change names it, by property name."""
        return self.model_dump(mode="json", exclude={*self.identity, *self.volatile})

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """Whether two values mean the same to Windows; None when that cannot be told.

        The only way in which values are compared: in planning, proof, rollback and reconcile.

        Args:
            name: a property, or a part of it that `compared` names.
            one: a value as a record has it; None is absence.
            other: another one; the order makes no difference.
        """
        del name
        return one == other

    @classmethod
    def bookkeeping(cls, name: str) -> bool:
        """Whether Windows keeps a part for itself: that it moves with a write is worth a note only.

        Args:
            name: a property that cannot be set, or a part of one that `compared` names.
        """
        del name
        return False

    def holds(self, change: Change) -> bool:
        """Whether what `change` was to bring about is so now."""
        name, current = change.property, self.recorded(change.property)
        if change.renews:
            return current is not None and self.same(name, change.before, current) is False
        return bool(self.same(name, change.after, current))

    def as_before(self, change: Change) -> bool:
        """Whether the property that `change` is about is now as it was before it."""
        return bool(self.same(change.property, change.before, self.recorded(change.property)))

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """A property's value in words, when the value itself says little."""
        kind = cls.model_fields[name].annotation
        if isinstance(kind, type) and issubclass(kind, Enum) and value is not None:
            return str(kind(value).name.title().replace("_", ""))
        return None

    def undo_conflict(self, change: Change, then: "Resource | None") -> str | None:
        """Why taking `change` back now would do harm, or None.

        Args:
            change: what a run did to this resource.
            then: the resource as it was before that run, when it is on record.
        """
        del change, then
        return None

    def lacks(self, change: Change) -> str | None:
        """What is gone that taking `change` back needs, so that nothing undoes it; or None."""
        del change
        return None

    @classmethod
    def disrupts(cls, change: Change) -> bool:
        """Whether making `change` stops or restarts something that may be in use."""
        del change
        return False

    def restart(self) -> "Desire | None":
        """What restarts it, for a value that is in force only then; None when it does not run.

        Raises:
            NotImplementedError: it is nothing that can be restarted.
        """
        msg = f"a {self.noun} is nothing that can be restarted"
        raise NotImplementedError(msg)

    def restart_conflict(self) -> str | None:
        """Why a restart now would do harm, or None."""
        return None

    @classmethod
    def content(cls, change: Change) -> Folder | None:
        """The files that have to be on the host before `change` can be written, if any."""
        del change
        return None

    @classmethod
    def in_folder(cls, folder: Folder, texts: Mapping[str, str]) -> "Resource":
        """The same thing as a folder on the controller, from which it can be copied.

        Args:
            folder: the folder.
            texts: what its smaller text files hold, by path in small letters.

        Raises:
            NotImplementedError: it is not made of files.
        """
        raise NotImplementedError

    @classmethod
    def settling(cls, change: Change) -> Settling | None:
        """How `change` comes about when a write alone is too short for it; None when it is not.

        Args:
            change: what is to be done, also when it is taken back.
        """
        del change
        return None

    def progress(self, change: Change) -> Progress | None:
        """How far `change` is; None when it is not under way: done, or not begun.

        A value that is half-way is never put back by a rollback, which goes to where it began.

        Args:
            change: what was begun, or the taking back of it.
        """
        del change
        return None

    def timed(self, change: Change) -> Change:
        """A change of it with how it comes about; from half-way there is no way back to there."""
        half_way = self.progress(change) is not None
        update = {
            "settling": self.settling(change),
            "reversible": change.reversible and not half_way,
        }
        return change.model_copy(update=update)

    def left_by(self, change: Change) -> bool:
        """Whether its value now is ours, though not what `change` was to make it.

        Such as what a write leaves that is cut off half-way, or has not the effect that it
        should have.
        """
        return self.progress(change) is not None

    def unfinished(self, change: Change, then: "Resource") -> dict[str, JsonValue]:
        """What a write of `change` that was cut off has left otherwise than it was, to be put back.

        Args:
            change: what was being done to it; says nothing of these properties itself.
            then: the resource as it was before.

        Returns:
            Values to be put back, by property name.
        """
        del change, then
        return {}

    def should(
        self,
        *,
        severity: Severity = Severity.WARNING,
        why: str = "",
        irreversible: bool = False,
        restarts: "Resource | Restart | tuple[Resource | Restart, ...]" = (),
        rule: str = "",
        evidence: Sequence[Evidence] = (),
        **desired: object,
    ) -> "Desire":
        """Say what some of its properties have to be; those that differ become changes.

        Args:
            rule: the playbook's name for what is wrong, of one property; else each property's own
                name, with dashes.
            evidence: what it rests on, beside the values.
            severity: how much it matters when they differ.
            why: what the wrong value does, in a sentence.
            irreversible: whether putting the old values back would do harm.
            restarts: what has to be restarted before the values are in force: a service, which is
                then restarted if it runs, after all values and once for all of them, and again
                by a rollback; `MACHINE` or `PROCESS`, of which the report speaks.
            desired: values by property name. A secret (`SecretStr`) is written with those that
                differ, which have to prove it, and cannot be put back.

        Raises:
            ValueError: a name is not a property that can be set, several have one rule, or nothing
                proves a secret.
            TypeError: a secret is no `SecretStr`.
            NotImplementedError: a resource is nothing that can be restarted.
        """
        secrets = {name: desired.pop(name) for name in [*desired] if name in self.secret}
        if secrets and not desired:
            msg = f"{', '.join(sorted(secrets))} of {self.kind} needs a property that proves it"
            raise ValueError(msg)
        if rule and len(desired) > 1:
            msg = f"rule {rule!r} is about one property, not {', '.join(sorted(desired))}"
            raise ValueError(msg)
        unknown = desired.keys() - self.settable
        if unknown:
            msg = f"{self.kind} has no settable property {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        differs = any(getattr(self, name) != value for name, value in desired.items())
        wanted = self.model_validate({**self.model_dump(), **desired}) if differs else self
        needed = restarts if isinstance(restarts, tuple) else (restarts,)
        return Desire(
            resource=self,
            wanted=wanted,
            names=tuple(desired),
            irreversible=irreversible,
            severity=severity,
            why=why,
            restarts=tuple(map(_restart_of, needed)),
            secrets={name: _secret(name, secret) for name, secret in secrets.items()},
            rule=rule,
            evidence=tuple(evidence),
        )

    def should_renew(
        self,
        name: str,
        label: str,
        *,
        severity: Severity = Severity.WARNING,
        why: str = "",
        rule: str = "",
        evidence: Sequence[Evidence] = (),
    ) -> "Desire":
        """Say that a property has to get another value, whichever; it cannot be put back.

        Args:
            name: the property, such as the process of a service.
            label: what is to happen, in words (`restarted`).
            severity: how much it matters.
            why: what is wrong with the value it has.
            rule: as for `should`.
            evidence: as for `should`.

        Raises:
            ValueError: the name is not a property that can be set.
        """
        if name not in self.settable:
            msg = f"{self.kind} has no settable property {name}"
            raise ValueError(msg)
        return Desire(
            resource=self,
            wanted=self,
            renews={name: label},
            severity=severity,
            why=why,
            rule=rule,
            evidence=tuple(evidence),
        )


def _secret(name: str, value: object) -> SecretStr:
    if not isinstance(value, SecretStr):
        msg = f"{name} has to be a SecretStr, so that it is shown nowhere"
        raise TypeError(msg)
    return value


def _restart_of(what: "Resource | Restart") -> Restart:
    if isinstance(what, Restart):
        return what
    what.restart()
    return Restart(of=RestartOf.SERVICE, resource=what.resource_id)


def absence(wanted: ResourceId, asked: "Iterable[Query]") -> Resource | None:
    """What a kind says of a resource that was asked for and is not there; None of any other.

    Args:
        wanted: the resource; none that was answered.
        asked: the questions that were answered.
    """
    kind = resource_type(wanted.kind)
    nothing = kind.absent(wanted.key) if any(one.covers(wanted) for one in asked) else None
    return None if nothing is None else kind.model_validate({**wanted.key, **nothing})


def loaded_kinds() -> dict[str, "type[Resource]"]:
    """Every kind of resource whose module has been imported, by name."""
    return dict(_KINDS)


def resource_type(kind: str) -> type[Resource]:
    """The class of a kind of resource, to read records of it.

    Raises:
        LookupError: none is known; a third party's playbook has to be loaded first.
    """
    if kind not in _KINDS:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(f"remediate.resources.{kind}")
    if kind not in _KINDS:
        raise LookupError(f"nothing is known of resources of kind {kind!r}")
    return _KINDS[kind]


class Desire(Model):
    """What a playbook wants a resource to be.

    Args:
        resource: as it was observed.
        wanted: as it is to be.
        names: the properties that were spoken of.
        renews: what is to get any other value → that in words.
        irreversible: whether the change of these properties cannot be taken back.
        severity: how much it matters when they differ.
        why: what the wrong value does.
        restarts: what has to be restarted before these properties are in force.
        secrets: what is written with them, by name; in no dump.
        rule: the playbook's name for what is wrong; empty when it is the property's.
        evidence: what it rests on, beside the values.
    """

    resource: Resource
    wanted: Resource
    names: tuple[str, ...] = ()
    renews: dict[str, str] = Field(default_factory=dict)
    irreversible: bool = False
    severity: Severity = Severity.WARNING
    why: str = ""
    restarts: tuple[Restart, ...] = ()
    secrets: dict[str, SecretStr] = Field(default_factory=dict, exclude=True, repr=False)
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()

    def changes(self, playbook: str) -> Iterable[Change]:
        """The properties that differ, on behalf of `playbook`."""
        resource = self.resource
        for name in self.names:
            before, after = resource.recorded(name), self.wanted.recorded(name)
            if not resource.same(name, before, after):
                change = Change(
                    playbook=playbook,
                    resource=resource.resource_id,
                    title=resource.title,
                    property=name,
                    before=before,
                    after=after,
                    before_label=resource.label(name, before),
                    after_label=resource.label(name, after),
                    severity=self.severity,
                    why=self.why,
                    rule=self._rule(name),
                    evidence=self.evidence,
                    reversible=not (self.irreversible or self.secrets),
                    secrets=tuple(sorted(self.secrets)),
                    restarts=self.restarts,
                )
                yield resource.timed(change)
        for name, label in self.renews.items():
            change = Change(
                playbook=playbook,
                resource=resource.resource_id,
                title=resource.title,
                property=name,
                before=resource.recorded(name),
                after=None,
                before_label=resource.label(name, resource.recorded(name)),
                after_label=label,
                severity=self.severity,
                why=self.why,
                rule=self._rule(name),
                evidence=self.evidence,
                renews=True,
                reversible=False,
            )
            yield resource.timed(change)

    def _rule(self, name: str) -> str:
        return self.rule or name.replace("_", "-")


class Query(Model):
    """A question that returns any number of resources of one kind.

    Its fields are the arguments of the resource's `Get-Remediate…` function.

    Class attributes:
        resource: the kind.
        seconds: how long the host may take to answer it; what takes longer is not answered. Those
            of questions that say more than this one add up to what all have together.
        bounded: each command behind it has a limit of its own, or reads what cannot hang, such
            as the registry. Questions that are not bounded are asked last.
    """

    resource: ClassVar[type[Resource]]
    seconds: ClassVar[float] = 10.0
    bounded: ClassVar[bool] = True

    @property
    def title(self) -> str:
        r"""The question in words (`tasks: folder \Microsoft\OnlineBackup`)."""
        fields = ", ".join(self.details())
        return f"{self.resource.noun}s{': ' if fields else ''}{fields}"

    def details(self) -> Iterator[str]:
        """Its own fields, each in words."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple):
                yield from (str(each) for each in value)
            elif value is not None:
                yield f"{name.replace('_', ' ')} {value}"

    def arguments(self) -> dict[str, JsonValue]:
        """The question as the host's function takes it."""
        return self.model_dump(mode="json")

    def reading_files(self) -> tuple[Path, ...]:
        """The `.ps1` files that answering it needs."""
        return self.resource.reading_files()

    def in_passing(self) -> "Query":
        """What is asked instead where nobody has named the playbook, as in an audit of everything.

        Of the same kind. What it leaves out is unknown then, which is not the same as wrong.
        """
        return self

    def covers(self, wanted: ResourceId) -> bool:
        """Whether a resource that is not in its answer is not there; see `Resource.absent`."""
        del wanted
        return False

    def parse(self, values: Iterable[JsonValue]) -> tuple[Resource, ...]:
        """What a host sent, as resources.

        Raises:
            pydantic.ValidationError: it is not what the function emits.
        """
        return tuple(self.resource.model_validate(value) for value in values)
