"""A playbook: what to look at, and what it should be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args, get_origin

from pydantic import (
    ConfigDict,
    Field,
    Secret,
    SecretBytes,
    SecretStr,
    SerializeAsAny,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError

from remediate.model.address import split_target
from remediate.model.base import Model
from remediate.model.change import ResourceId
from remediate.model.computer import Computer
from remediate.model.finding import Advice
from remediate.model.plan import HostFacts
from remediate.playbook import stated
from remediate.resources.base import Desire, Query, Resource, absence
from remediate.resources.host_path import HostPath
from remediate.resources.registry_value import RegistryName, RegistryValue

Finding = Desire | Advice
"""What `decide` yields: a resource as it should be, or something that a person has to do."""

MAX_SENTENCE = 240

R = TypeVar("R", bound=Resource)


class PlaybookParams(Model):
    """Parameters of a playbook. Each field needs a description; each becomes an option."""

    model_config = ConfigDict(defer_build=False)


P = TypeVar("P", bound=PlaybookParams)


class Origin(Model):
    """Where files that a playbook copies to hosts come from: a healthy host, or a folder.

    Args:
        query: the question that the healthy host answers with one resource.
        host: the healthy host, as `--host` would name it; empty when it is a folder.
        folder: the folder on the controller; None when it is a host.
    """

    query: SerializeAsAny[Query]
    host: str = ""
    folder: Path | None = None

    def __str__(self) -> str:
        return self.host or str(self.folder)


class OriginParams(PlaybookParams):
    """Parameters of a playbook that copies files to hosts; with neither, it only looks at them."""

    from_: str = Field("", description="A healthy host to copy from")
    from_folder: Path | None = Field(
        None, description="A folder on this machine to copy from, instead of a host"
    )

    @field_validator("from_")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if value:
            split_target(value)
        return value

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.from_ and self.from_folder:
            msg = "--from and --from-folder exclude each other"
            raise ValueError(msg)
        return self

    def origin(self, query: Query) -> Origin | None:
        """Where the files come from.

        Args:
            query: the question that a healthy host answers with what is to be copied.
        """
        if not self.from_ and self.from_folder is None:
            return None
        return Origin(query=query, host=self.from_, folder=self.from_folder)


class Original(Model):
    """What is to be copied, as it is at its origin.

    Args:
        place: the origin in words (`SRV02`).
        proven: it was seen in use, on a host; a folder only says what it holds.
        found: the resource; None when there is none.
        problem: why there is none, when it could not be looked at.
        computer: the one that it was seen on; None for a folder.
    """

    place: str
    proven: bool = False
    found: SerializeAsAny[Resource] | None = None
    problem: str = ""
    computer: Computer | None = None


class Seen:
    """What was observed on a host, for one playbook.

    Args:
        resources: everything that its questions returned.
        facts: what the host said of itself.
        original: what is at the origin that the playbook names; None when it names none.
        at: when the answer arrived, by the controller's clock.
        sent: when the questions were sent, by the same clock.
        asked: its questions.
    """

    def __init__(
        self,
        resources: Sequence[Resource],
        facts: HostFacts,
        original: Original | None = None,
        *,
        at: datetime | None = None,
        sent: datetime | None = None,
        asked: Sequence[Query] = (),
    ) -> None:
        self._resources = tuple(resources)
        self._at = at
        self._sent = sent
        self._asked = tuple(asked)
        self.facts = facts
        self.original = original

    @property
    def at(self) -> datetime:
        """When the answer arrived, UTC by the controller's clock; the host's is in `facts.utc`.

        Raises:
            LookupError: nobody has said so, as in a test.
        """
        if self._at is None:
            raise LookupError("it is not known when this was seen: Seen(…, at=…) says it")
        return self._at

    @property
    def clock_ahead(self) -> tuple[timedelta, timedelta]:
        """By how much the host's clock is ahead of the controller's: at least, and at most.

        It was read, in whole seconds, after the questions were sent and before the answer arrived.

        Raises:
            LookupError: as for `at`.
        """
        host, second = datetime.fromisoformat(self.facts.utc), timedelta(seconds=1)
        return host - self.at, host + second - (self._sent or self.at)

    def all(self, kind: type[R]) -> list[R]:
        """All resources of a kind, in the order the host gave them."""
        return [resource for resource in self._resources if isinstance(resource, kind)]

    def one(self, kind: type[R]) -> R | None:
        """The only resource of a kind, or None when there is none.

        Raises:
            LookupError: there are several.
        """
        found = self.all(kind)
        if len(found) > 1:
            msg = f"there are {len(found)} of {kind.kind}, not one"
            raise LookupError(msg)
        return found[0] if found else None

    def get(self, kind: type[R], **identity: str) -> R:
        """The resource with this identity: as it is there, or as its kind says that it is absent.

        Args:
            kind: the kind.
            identity: all values that identify it; case makes no difference, as on Windows.

        Raises:
            LookupError: nothing was asked that would have returned it.
            ValueError: these are not the names that identify one.
        """
        if identity.keys() != set(kind.identity):
            msg = f"a {kind.noun} is identified by {', '.join(kind.identity)}"
            raise ValueError(msg)
        wanted = ResourceId(kind=kind.kind, key=identity)
        found = self._named.get(wanted.folded)
        if found is None:
            found = absence(wanted, self._asked)
        if isinstance(found, kind):
            return found
        title = f"{kind.noun} {' '.join(identity.values())}"
        raise LookupError(f"no question of `observe` returns {title}")

    @cached_property
    def _named(self) -> dict[ResourceId, Resource]:
        """The first of each name, in any case."""
        found: dict[ResourceId, Resource] = {}
        for resource in self._resources:
            found.setdefault(resource.resource_id.folded, resource)
        return found

    def value(self, name: RegistryName) -> RegistryValue:
        """A registry value, also one that is not there.

        Raises:
            LookupError: it was not asked for.
        """
        return self.get(RegistryValue, key=name.key, name=name.name)

    def path(self, path: HostPath) -> str | None:
        """What a path came to on the host, without a backslash at its end; None where it has none.

        Raises:
            LookupError: a registry value that it begins with was not asked for.
        """
        return path.on(lambda name: self.value(name).text)


class Playbook(Generic[P]):
    """A documented fix. A subclass fills in the class attributes, `observe` and `decide`.

    Both functions are pure: no I/O, no clock, no randomness. `decide` is called again on what
    was read back after writing, and a host counts as changed only if it then yields no change.

    Class attributes:
        id: what one types (`schedule-fix`).
        title: what it makes true, in at most 72 characters.
        source: address of the documentation of the fix.
        symptoms: ids of the symptoms it cures, from the diagnose catalogue.
        after: ids of playbooks that are applied before this one, when both are.
        topic: what it is about, in a word (`schedule`); `list` and `audit --topic` go by it.
        on_demand: it is about an event and not a state, so an audit of everything leaves it out.
        deep: it is slow, so an audit of everything leaves it out, unless it is asked to look deep.
        only_looks: it gives advice and never changes a host, whatever it looks at.
        loosens: it makes a host less safe, such as by letting more run, so who applies all that is
            safe does not apply it.
        risk: what a host may feel of it, in a sentence; for people who have to decide.
        rollback: what rollback brings back and what not, in a sentence; empty when it is simply
            all, or what `irreversible` says.
        writes: the kinds of resource that it may write; when empty, all that it looks at.
        rules: names of all that it can find wrong, see `Advice` and `should`. Audits are compared
            by them, so they are never renamed. When there are none here, any will do.
        example: parameters to describe it with, where some are required.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    symptoms: ClassVar[Sequence[str]] = ()
    after: ClassVar[Sequence[str]] = ()
    topic: ClassVar[str] = ""
    on_demand: ClassVar[bool] = False
    deep: ClassVar[bool] = False
    only_looks: ClassVar[bool] = False
    loosens: ClassVar[bool] = False
    risk: ClassVar[str] = ""
    rollback: ClassVar[str] = ""
    writes: ClassVar[Sequence[type[Resource]]] = ()
    rules: ClassVar[Sequence[str]] = ()
    example: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    params: ClassVar[type[PlaybookParams]] = PlaybookParams

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they come
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, PlaybookParams):
                    cls.params = argument
        problems = list(_metadata_problems(cls))
        if problems:
            raise TypeError(f"playbook {cls.__name__}: {'; '.join(problems)}")

    def observe(self, params: P) -> Iterable[Query]:
        """The questions to ask a host."""
        raise NotImplementedError

    def decide(self, seen: Seen, params: P) -> Iterable[Finding]:
        """What should be, given what was seen."""
        raise NotImplementedError

    def origin(self, params: P) -> Origin | None:
        """Where the files come from that it copies to hosts; looked at once, before any host."""
        del params
        return None

    def not_applicable(self, seen: Seen, params: P) -> str | None:
        """Why this playbook has nothing to say of the host, or None."""
        del seen, params
        return None

    def guard(self, seen: Seen, params: P) -> Iterable[str]:
        """Reasons to refuse writing just now; each says what would lift it."""
        del seen, params
        return ()

    def assumptions(self, params: P) -> Iterable[str]:
        """What a dry run cannot know."""
        del params
        return ()

    def irreversible(self, params: P) -> Iterable[str]:
        """What rollback will not bring back."""
        del params
        return ()


def _metadata_problems(cls: type[Playbook[Any]]) -> Iterable[str]:
    for _, why in stated.problems({name: getattr(cls, name, None) for name in stated.NAMES}):
        yield why
    yield from _declaration_problems(cls)
    for name in ("risk", "rollback"):
        text = getattr(cls, name)
        if text and not (
            isinstance(text, str) and text.endswith(".") and len(text) <= MAX_SENTENCE
        ):
            yield f"`{name}` must be a sentence of at most {MAX_SENTENCE} characters"
    if cls.only_looks and (cls.writes or cls.rollback):
        yield "it says that it `only_looks`, so there are no `writes` and no `rollback`"
    rules = cls.rules if _several(cls.rules, str) else ()
    if not all(map(stated.is_slug, rules)):
        yield "`rules` must be several names in small letters, digits and single dashes"
    elif len(set(rules)) < len(rules):
        yield "`rules` has a name twice"
    for name, field in cls.params.model_fields.items():
        if not (isinstance(field.description, str) and field.description):
            yield f"parameter {name} has no description"
        yield from _secret_problems(name, field)


_HOOKS = ("observe", "decide", "origin", "not_applicable", "guard", "assumptions", "irreversible")


def _declaration_problems(cls: type[Playbook[Any]]) -> Iterable[str]:
    """What is declared as something else than it is read as."""
    for name in ("symptoms", "after", "rules"):
        if not _several(getattr(cls, name), str):
            yield f"`{name}` must be several names: ('one', 'two')"
    if not (_several(cls.writes, type) and all(issubclass(one, Resource) for one in cls.writes)):
        yield "`writes` must be several kinds of resource: (ScheduledTask, Service)"
    if not isinstance(vars(cls).get("example", {}), Mapping):
        yield "`example` must be parameters by name: {'folder': 'C:'}"
    if not cls.params.__pydantic_complete__:
        yield "a parameter is of a type that is not known where it stands"
    else:
        try:
            cls.params.model_construct().model_dump(mode="json", warnings=False)
        except PydanticSerializationError:
            yield "a parameter has a default that cannot be recorded: use text, numbers or lists"
    for name in _HOOKS:
        if not callable(getattr(cls, name)):
            yield f"`{name}` must be a method: def {name}(self, …)"


def _several(values: object, kind: type) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(one, kind) for one in values)


def _secret_problems(name: str, field: FieldInfo) -> Iterable[str]:
    kinds = set(_types(field.annotation))
    if kinds & {SecretBytes, Secret}:
        yield f"parameter {name} must be a SecretStr: no other secret is kept out of what is shown"
    if SecretStr in kinds and not field.is_required() and field.default not in (None, (), []):
        yield f"parameter {name} is a secret, so it has no default: it would stand in the file"


def _types(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - an annotation can be anything
    yield get_origin(annotation) or annotation
    for part in get_args(annotation):
        yield from _types(part)
