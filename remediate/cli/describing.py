"""What a playbook is, as data: `remediate show` and the pages of the user guide are made of it."""

import inspect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from remediate.cli.parameters import parameters
from remediate.model.base import SCHEMA_VERSION, JsonValue, Model
from remediate.resources.base import Query

if TYPE_CHECKING:
    from remediate.playbook.base import Playbook
    from remediate.resources.base import Resource

NOT_STATED = "Its author does not say."


class ParameterDescription(Model):
    """One parameter.

    Args:
        option: as it is typed (`--folder`); a switch both ways.
        kind: what kind of value it takes (`TEXT`), or which; empty for a switch.
        about: what it is for.
        limits: what is allowed and what counts when it is not given.
    """

    option: str
    kind: str
    about: str
    limits: str


class Reading(Model):
    """One question to a host.

    Args:
        resource: what it asks for (`task`).
        where: the question's own fields, each as a line.
    """

    resource: str
    where: tuple[str, ...]


class Writing(Model):
    """What may be written to one kind of resource.

    Args:
        resource: what a person calls it (`task`).
        properties: names of its properties that can be set.
    """

    resource: str
    properties: tuple[str, ...]


class Description(Model):
    """All that there is to say of a playbook before it is run.

    Args:
        id: what one types.
        title: what it makes true.
        about: why it exists, in paragraphs.
        source: address of the documentation of the fix.
        symptoms: ids of the symptoms it cures.
        after: ids of playbooks that come before it, when both are applied.
        on_demand: it has to be named: an audit of everything leaves it out.
        risk: what a host may feel of it.
        rollback: what rollback brings back, and what not.
        reads: the questions to a host, with the parameters' defaults.
        writes: the properties that may be written; a dry run says which will be.
        rules: its names for what it can find wrong.
        options: its parameters.
        assumptions: what a dry run cannot know.
        parameters: the JSON Schema of its parameters.
    """

    schema_version: int = SCHEMA_VERSION
    id: str
    title: str
    about: tuple[str, ...]
    source: str
    symptoms: tuple[str, ...]
    after: tuple[str, ...]
    on_demand: bool
    risk: str
    rollback: str
    reads: tuple[Reading, ...]
    writes: tuple[Writing, ...]
    rules: tuple[str, ...] = ()
    options: tuple[ParameterDescription, ...]
    assumptions: tuple[str, ...]
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


def describe(playbook: "Playbook[Any]") -> Description:
    """All that a playbook's code says of it."""
    kind = type(playbook)
    try:
        usual = playbook.params.model_validate(playbook.example)
    except ValidationError:
        usual = None  # a parameter is required, so what follows cannot be told in advance
    queries = tuple(playbook.observe(usual)) if usual is not None else ()
    return Description(
        id=playbook.id,
        title=playbook.title,
        about=tuple(" ".join(text.split()) for text in _paragraphs(kind)),
        source=playbook.source,
        symptoms=tuple(playbook.symptoms),
        after=tuple(playbook.after),
        on_demand=playbook.on_demand,
        risk=playbook.risk or NOT_STATED,
        rollback=playbook.rollback or _rollback(playbook, usual),
        reads=tuple(_reading(query) for query in queries),
        writes=tuple(_writing(playbook.writes or [query.resource for query in queries])),
        rules=tuple(playbook.rules),
        options=tuple(_options(playbook)),
        assumptions=tuple(playbook.assumptions(usual)) if usual is not None else (),
        parameters=playbook.params.model_json_schema(),
    )


def _paragraphs(kind: type) -> Iterable[str]:
    return filter(None, inspect.cleandoc(kind.__doc__ or "").split("\n\n"))


def _rollback(playbook: "Playbook[Any]", usual: Any) -> str:  # noqa: ANN401 - its parameters
    """What the code implies, where the author says nothing."""
    lost = tuple(playbook.irreversible(usual)) if usual is not None else ()
    if lost:
        return f"Rollback will not bring back: {'; '.join(lost)}."
    return "Reversible: rollback writes the recorded values back."


def _options(playbook: "Playbook[Any]") -> Iterator[ParameterDescription]:
    for parameter in parameters([playbook]):
        name, switch = parameter.plain, parameter.type is bool
        yield ParameterDescription(
            option=f"{name} | --no-{name[2:]}" if switch else name,
            kind="" if switch else " | ".join(parameter.choices) or parameter.metavar,
            about=f"{(parameter.field.description or '').rstrip('.')}.",
            limits="; ".join(text for text in (parameter.limits, parameter.default) if text),
        )


def _reading(query: Query) -> Reading:
    return Reading(resource=query.resource.noun, where=tuple(query.details()) or ("all",))


def _writing(resources: "Iterable[type[Resource]]") -> Iterator[Writing]:
    for resource in dict.fromkeys(resources):
        if resource.settable:
            yield Writing(resource=resource.noun, properties=tuple(sorted(resource.settable)))
