"""Makes the description of a playbook out of its code, for `remediate show` and the guide."""

import inspect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from remediate.cli.parameters import parameters
from remediate.model.description import Description, ParameterDescription, Reading, Writing
from remediate.playbook.loader import told
from remediate.resources.base import Query

if TYPE_CHECKING:
    from remediate.playbook.base import Playbook
    from remediate.resources.base import Resource

NOTHING_WRITTEN = "It only looks: nothing is written."
NOT_STATED = "Its author does not say."


def describe(playbook: "Playbook[Any]") -> Description:
    """All that a playbook's code says of it.

    Raises:
        PlaybookError: its code fails.
    """
    with told(playbook):
        return _described(playbook)


def _described(playbook: "Playbook[Any]") -> Description:
    kind = type(playbook)
    try:
        usual = playbook.params.model_validate(playbook.example)
    except ValidationError:
        usual = None  # a parameter is required, so what follows cannot be told in advance
    queries = tuple(playbook.observe(usual)) if usual is not None else ()
    written = playbook.writes or [query.resource for query in queries]
    writes = () if playbook.only_looks else tuple(_writing(written))
    return Description(
        id=playbook.id,
        title=playbook.title,
        about=tuple(" ".join(text.split()) for text in _paragraphs(kind)),
        source=playbook.source,
        symptoms=tuple(playbook.symptoms),
        after=tuple(playbook.after),
        on_demand=playbook.on_demand,
        topic=playbook.topic,
        deep=playbook.deep,
        only_looks=playbook.only_looks,
        loosens=playbook.loosens,
        risk=playbook.risk or (NOTHING_WRITTEN if playbook.only_looks else NOT_STATED),
        rollback="" if playbook.only_looks else playbook.rollback or _rollback(playbook, usual),
        reads=tuple(_reading(query) for query in queries),
        writes=writes,
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
