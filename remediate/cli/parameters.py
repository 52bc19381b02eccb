"""Parameters of playbooks as options of the command line."""

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import click
from pydantic import BeforeValidator, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from remediate.cli.lazy import Option
from remediate.cli.stop import Stop
from remediate.engine.job import Job, Task
from remediate.playbook.base import Playbook
from remediate.secrets import resolve

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_LENGTHS = {"min_length": "at least", "max_length": "at most"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a playbook.

    Args:
        playbook: id of the playbook.
        name: of the field.
        field: pydantic's description of it.
    """

    playbook: str
    name: str
    field: FieldInfo

    @property
    def key(self) -> str:
        """Name under which click keeps the value."""
        return f"{self.playbook.replace('-', '_')}__{self.name}"

    @property
    def plain(self) -> str:
        """The option, when no other has this name."""
        return f"--{_typed(self.name)}"

    @property
    def full(self) -> str:
        """The option that names its playbook."""
        return f"--{self.playbook}-{_typed(self.name)}"

    @property
    def type(self) -> Any:  # noqa: ANN401 - an annotation can be anything
        """The annotation without `None` and without what only limits it."""
        return _bare(self.field.annotation)

    @property
    def listed(self) -> bool:
        """Whether it takes several values."""
        return get_origin(self.type) in {list, tuple, set, frozenset}

    @property
    def item(self) -> Any:  # noqa: ANN401 - as above
        """The annotation of one value."""
        return _bare(get_args(self.type)[0]) if self.listed else self.type

    @property
    def secret(self) -> bool:
        """Whether its value must not be seen; the option then takes a reference."""
        return self.item is SecretStr

    @property
    def choices(self) -> dict[str, Any]:
        """What may be given, as it is typed, and what it means; empty when it is not a list."""
        if get_origin(self.item) is Literal:
            return {str(value): value for value in get_args(self.item)}
        if isinstance(self.item, type) and issubclass(self.item, Enum):
            return {
                member.value if isinstance(member.value, str) else _dashed(member.name): member
                for member in self.item
            }
        return {}

    @property
    def _metadata(self) -> list[Any]:
        """What was said of the annotation, besides its type."""
        return [*_metadata(self.field.annotation), *self.field.metadata]

    @property
    def limits(self) -> str:
        """What pydantic will hold it to, in words."""
        parts = []
        for limit in self._metadata:
            for name, text in _BOUNDS.items():
                if (bound := getattr(limit, name, None)) is not None:
                    parts.append(f"{text} {bound}")
            for name, text in _LENGTHS.items():
                if (bound := getattr(limit, name, None)) is not None:
                    parts.append(f"{text} {bound} {'values' if self.listed else 'characters'}")
        return " and ".join(parts)

    @property
    def default(self) -> str:
        """The default as it would be typed, or `required`."""
        if self.field.is_required():
            return "required"
        value = self.field.get_default(call_default_factory=True, validated_data={})
        return f"default: {self.typed(value)}" if value not in (None, "", [], ()) else "optional"

    def typed(self, value: object) -> str:
        """A value as it would be typed."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, set | frozenset):
            return ", ".join(sorted(map(self.typed, value)))
        if isinstance(value, list | tuple):
            return ", ".join(self.typed(item) for item in value)
        return next((text for text, meant in self.choices.items() if meant == value), str(value))

    @property
    def metavar(self) -> str:
        """What kind of value it takes, for the help."""
        if self.secret:
            return "WHERE"
        if any(isinstance(one, BeforeValidator) for one in self._metadata):
            return "TEXT"  # it is read in a way of its own, such as 10GB
        names = {int: "INTEGER", float: "NUMBER"}
        return names.get(self.item, "TEXT")

    def option(self, names: Sequence[str]) -> click.Option:
        """The option, under these names."""
        about = "; ".join(text for text in (self.limits, self.default) if text)
        text = f"{(self.field.description or '').rstrip('.')}.  [{about}]"
        section = f"Parameters of {self.playbook}"
        if self.type is bool:
            flags = [f"{name}/--no-{name[2:]}" for name in names]
            return Option([self.key, *flags], default=None, help=text, section=section)
        choices = self.choices
        return Option(
            [self.key, *names],
            multiple=self.listed,
            default=None,
            type=click.Choice(list(choices), case_sensitive=False) if choices else str,
            metavar=None if choices else self.metavar,
            help=text,
            section=section,
        )

    def meant(self, given: Any) -> Any:  # noqa: ANN401 - what click parsed, for pydantic
        """What was given, as pydantic is to see it.

        Raises:
            SecretError: it is a reference to a secret that cannot be had.
        """
        if self.listed:
            return [self._one(value) for value in given]
        return self._one(given)

    def written(self, text: str | tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
        """What an inventory has, as pydantic is to see it; never a secret."""
        if isinstance(text, tuple):
            return [self._typed_as(one) for one in text]
        return [self._typed_as(text)] if self.listed else self._typed_as(text)

    def _typed_as(self, text: str) -> Any:  # noqa: ANN401 - as above
        if self.item is bool:
            return {"true": True, "false": False}.get(text.lower(), text)
        meant = {typed.casefold(): value for typed, value in self.choices.items()}
        return meant.get(text.casefold(), text)

    def _one(self, given: Any) -> Any:  # noqa: ANN401 - as above
        if self.secret:
            return resolve(given)
        return self.choices.get(given, given) if isinstance(given, str) else given


class FromInventory(NamedTuple):
    """A parameter as an inventory has it for a host.

    Args:
        value: a text, or several.
        where: what says it (`group dmz`).
        at: where it stands, for a message.
    """

    value: str | tuple[str, ...]
    where: str
    at: str


def parameters(playbooks: Sequence[Playbook[Any]]) -> list[Parameter]:
    """All parameters of some playbooks."""
    return [
        Parameter(playbook.id, name, field)
        for playbook in playbooks
        for name, field in playbook.params.model_fields.items()
    ]


def options(found: Sequence[Parameter], taken: Collection[str]) -> Iterator[click.Option]:
    """Their options: the plain name where it can only mean one, and always the full name.

    Args:
        found: the parameters.
        taken: option names that mean something else.
    """
    for parameter in found:
        alone = not rivals(found, parameter.plain)[1:] and parameter.plain not in taken
        names = [parameter.plain, parameter.full] if alone else [parameter.full]
        yield parameter.option(list(dict.fromkeys(names)))


def rivals(found: Sequence[Parameter], plain: str) -> list[Parameter]:
    """The parameters that a plain name could mean."""
    return [parameter for parameter in found if parameter.plain == plain]


def job(
    playbooks: Sequence[Playbook[Any]],
    values: Mapping[str, Any],
    *,
    named: bool = True,
    safe: bool = False,
    known: Callable[[str], None] = lambda _: None,
    said: Mapping[str, FromInventory] = MappingProxyType({}),
) -> Job:
    """What is to be done, with validated parameters.

    Args:
        playbooks: in the order in which they are applied.
        values: what click parsed, by `Parameter.key`; None is not given.
        named: they were asked for by name.
        safe: what cannot be undone is none of it.
        known: is told each secret, before anything of the playbook's own sees it.
        said: what an inventory says of parameters that are not given, by `Parameter.key`.

    Raises:
        Stop: a value is not allowed, or a required one is missing.
    """
    tasks = [_task(playbook, values, known, said) for playbook in playbooks]
    try:
        return Job.of(tasks, named=named, safe=safe)
    except ValueError as error:
        raise Stop(str(error), "Apply them one after the other.") from None


def secrets_in(given: Iterable[object]) -> Iterator[SecretStr]:
    """The secrets among some values."""
    for value in given:
        values = value if isinstance(value, list | tuple | set | frozenset) else (value,)
        yield from (each for each in values if isinstance(each, SecretStr))


def _task(
    playbook: Playbook[Any],
    values: Mapping[str, Any],
    known: Callable[[str], None],
    said: Mapping[str, FromInventory],
) -> Task:
    found = {parameter.name: parameter for parameter in parameters([playbook])}
    given = {
        name: parameter.meant(values[parameter.key])
        for name, parameter in found.items()
        if values.get(parameter.key) not in (None, ())
    }
    for secret in secrets_in(given.values()):
        known(secret.get_secret_value())
    there = {name: said[one.key] for name, one in found.items() if one.key in said}
    given |= {name: found[name].written(one.value) for name, one in there.items()}
    try:
        params = playbook.params.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        at = there.get(str(first["loc"][0])) if first["loc"] else None
        written = {one.key: there[name].value for name, one in found.items() if name in there}
        sentence = _sentence(first, playbook, found, {**values, **written})
        raise Stop(
            f"{at.at}: {sentence}" if at else sentence,
            f"See remediate show {playbook.id}. Nothing was sent to any host.",
        ) from None
    origins = {name: one.where for name, one in there.items()}
    texts = {one.name: values.get(one.key) for one in found.values() if not one.secret}
    texts |= {name: one.value for name, one in there.items()}
    as_written = {name: text for name, text in texts.items() if isinstance(text, str)}
    return Task(playbook, params, origins, as_written)


def wrong_value(playbook: Playbook[Any], parameter: Parameter, value: str | tuple[str, ...]) -> str:
    """Why an inventory's value of one parameter is not allowed; empty when it is.

    Args:
        playbook: the playbook.
        parameter: one of it.
        value: as the inventory has it.
    """
    try:
        playbook.params.model_validate({parameter.name: parameter.written(value)})
    except ValidationError as error:
        found = {parameter.name: parameter}
        for one in error.errors(include_input=False, include_url=False):
            if one["loc"][:1] == (parameter.name,):
                return f"{playbook.id}: {_sentence(one, playbook, found, {parameter.key: value})}"
    return ""


def _sentence(
    first: "ErrorDetails",
    playbook: Playbook[Any],
    found: Mapping[str, Parameter],
    values: Mapping[str, Any],
) -> str:
    message = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message[:1].lower() + message[1:]
    parameter = found.get(str(first["loc"][0])) if first["loc"] else None
    if parameter is None:
        return f"the parameters of {playbook.id} do not fit together: {message}"
    if first["type"] == "missing":
        return f"{playbook.id} needs {parameter.plain}"
    hidden = parameter.secret or first["type"] == "secret"
    given = "" if hidden else f" {_shown(values.get(parameter.key))}"
    return f"{parameter.plain}{given}: {message}"


def _shown(value: object) -> str:
    return " ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - an annotation can be anything
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in {Union, types.UnionType}:
            rest = [part for part in get_args(annotation) if part is not type(None)]
            if len(rest) != 1:
                return annotation
            annotation = rest[0]
        else:
            return annotation


def _metadata(annotation: Any) -> list[Any]:  # noqa: ANN401 - as above
    """What limits a value, inside `Optional` too."""
    found: list[Any] = []
    for part in get_args(annotation):
        if get_origin(part) is Annotated:
            found += get_args(part)[1:]
    return found


def _typed(name: str) -> str:
    """A field's name in an option; `from_` is how Python lets one be called `from`."""
    return name.rstrip("_").replace("_", "-")


def _dashed(name: str) -> str:
    return name.lower().replace("_", "-")
