"""Which services are restarted so that values are in force, and what else is left to do. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from remediate.engine.observation import Observation
from remediate.model.change import Change, ResourceId, RestartOf
from remediate.model.plan import Refusal
from remediate.resources.base import Resource, resource_type

_WHY = "What is written before is in force only then."
_NOTHING: Mapping[ResourceId, Resource] = MappingProxyType({})


def disrupts(change: Change) -> bool:
    """Whether making a change stops or restarts something that may be in use."""
    return resource_type(change.resource.kind).disrupts(change)


def services(change: Change) -> tuple[ResourceId, ...]:
    """What has to be restarted before a value is in force, as far as that is done here."""
    return tuple(one.resource for one in change.restarts if one.resource is not None)


def services_last(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Some changes, those of services that values need after all others."""
    changes = tuple(changes)
    needed = {service for change in changes for service in services(change)}
    return tuple(sorted(changes, key=lambda change: change.resource in needed))


def owed(
    changes: Collection[Change],
    seen: Observation,
    before: Mapping[ResourceId, Resource] = _NOTHING,
) -> tuple[Change, ...]:
    """The restarts that some values need, one for each service that runs.

    What is going to be stopped or restarted anyway needs none.

    Args:
        changes: what is to be written.
        seen: the host as it is.
        before: where values are put back, what there was before they were written: a service that
            has not been restarted since needs no restart.
    """
    planned = {change.resource for change in changes if disrupts(change)}
    found: dict[ResourceId, tuple[Change, ...]] = {}
    for change in changes:
        for service in services(change):
            if service not in planned and service not in found:
                found[service] = tuple(_restart(change, seen.find(service), before.get(service)))
    return tuple(restart for restarts in found.values() for restart in restarts)


def not_made(
    restarts: Iterable[Change], changes: Iterable[Change], seen: Observation
) -> Iterator[Change]:
    """The restarts that were to be made, and have not been.

    Args:
        restarts: what was to be made.
        changes: what is to be written now.
        seen: the host as it is.
    """
    planned = {change.resource for change in changes if disrupts(change)}
    for restart in {one.resource: one for one in restarts}.values():
        service = seen.find(restart.resource)
        same = service is not None and service.as_before(restart)
        if same and restart.resource not in planned:
            yield from _restart(restart, service, None)


def left_over(
    earlier: Collection[Change], changes: Iterable[Change], seen: Observation
) -> Iterator[Change]:
    """The restarts that values still need which earlier runs wrote before they went wrong.

    Args:
        earlier: what those runs were to make.
        changes: what is to be written now.
        seen: the host as it is.
    """
    found = ((one, seen.find(one.resource)) for one in earlier)
    written = [one for one, now in found if now is not None and not one.renews and now.holds(one)]
    need = {service for value in written for service in services(value)}
    restarts = (one for one in earlier if one.renews and one.resource in need)
    return not_made(restarts, changes, seen)


def _restart(value: Change, service: Resource | None, then: Resource | None) -> Iterator[Change]:
    desire = service.restart() if service is not None else None
    for change in desire.changes(value.playbook) if desire is not None else ():
        if then is None or not then.as_before(change):
            said = {"severity": value.severity, "why": _WHY, "rule": value.rule}
            yield change.model_copy(update=said)


def objections(
    restarts: Iterable[Change], changes: Iterable[Change], seen: Observation
) -> Iterator[Refusal]:
    """Why services must not be restarted now.

    Args:
        restarts: what values need.
        changes: what else is to be written.
        seen: the host as it is.
    """
    wanted = {(one.resource, one.property): one.after for one in changes if not one.renews}
    for restart in restarts:
        found = seen.find(restart.resource)
        if found is None:
            continue
        after = {name: value for (of, name), value in wanted.items() if of == restart.resource}
        reason = type(found).model_validate({**found.model_dump(), **after}).restart_conflict()
        if reason is not None:
            text = f"a value needs {restart.title} to be restarted, and {reason}"
            yield Refusal(playbook=restart.playbook, text=text)


def left_to_do(made: Collection[Change]) -> Iterator[str]:
    """What is said of values that are written and not in force everywhere yet."""
    for of, text in _LEFT.items():
        names = ", ".join(
            f"{change.property} of {change.title}"
            for change in made
            if any(restart.of is of for restart in change.restarts)
        )
        if names:
            yield f"{text}: {names}."


_LEFT = {
    RestartOf.MACHINE: "Left to do: restart the server. Until then this is not in force",
    RestartOf.PROCESS: "In force for processes that are started from now on",
}
