"""What a saved plan says of a host, held against the host as it is now. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from remediate.engine.observation import Observation, differences
from remediate.engine.planning import stands
from remediate.engine.recorded import as_resource
from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer
from remediate.model.difference import Difference
from remediate.model.outcome import HostReport
from remediate.model.plan import Observed, Plan
from remediate.model.problem import STALE, Problem
from remediate.model.saved_plan import PlannedHost
from remediate.model.text import count, shown
from remediate.resources.base import Query, Resource, resource_type

AGAIN = "Make a new plan, and look at it."

_NAMED = 3
_MAX_VALUE = 100

Mask = Callable[[Observed], Observed]
"""Takes the secrets of a run out of what was read."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saved plan says of a host.

    Args:
        plan: what it is to change there.
        seen: what the playbooks that want the changes have looked at.
    """

    plan: Plan
    seen: tuple[Observed, ...]

    @classmethod
    def of(cls, planned: PlannedHost) -> "Saved":
        """What a file says of a host that is to be changed.

        Raises:
            LookupError: it is about resources of an unknown kind, or that nobody has looked at, or
                about no computer.
            ValueError: they have no such properties or values.
        """
        if planned.report.plan is None or planned.report.plan.facts is None:
            msg = "nothing was planned, or for no computer"
            raise LookupError(msg)
        then = {one.resource: as_resource(one) for one in planned.seen}
        for change in planned.report.plan.changes:
            resource, name = then[change.resource], change.property
            if name not in resource.settable:
                msg = f"{name} is nothing that can be set"
                raise ValueError(msg)
            for value in (change.before,) if change.renews else (change.before, change.after):
                type(resource).model_validate({**resource.model_dump(), name: value})
        return cls(planned.report.plan, planned.seen)

    @property
    def computer(self) -> Computer | None:
        """The computer that it was made for."""
        return self.plan.facts.computer if self.plan.facts else None

    def made(self, now: Plan, seen: Observation) -> bool:
        """Whether all of it has come true meanwhile, and nothing else is wanted.

        Args:
            now: the plan of what is seen now.
            seen: the host as it is.
        """
        found = ((change, seen.find(change.resource)) for change in self.plan.changes)
        return not now.changes and all(one and one.holds(change) for change, one in found)

    def departures(self, seen: Observation, told: Observation) -> tuple[Difference, ...]:
        """What is not as it was when the plan was made, by each resource's own rule of equality.

        Args:
            seen: the host as it is.
            told: the same, as `given_away`.
        """
        values = tuple(_moved(self.plan.changes, seen))
        known = {(one.resource, one.property) for one in self.plan.changes}
        gone = {one.resource for one in values if not one.property}
        then = tuple(map(as_resource, self.seen))
        others = (
            one
            for one in differences(then, told, ())
            if (one.resource, one.property) not in known and one.resource not in gone
        )
        return (*values, *others)

    def problem(self, departures: tuple[Difference, ...], now: Plan) -> Problem | None:
        """Why the plan must not be applied; None when exactly it can be.

        Args:
            departures: what is not as it was.
            now: the plan of what is seen now.
        """
        if departures:
            told = [self._told(one) for one in departures[:_NAMED]]
            rest = len(departures) - len(told)
            more = f"; and {count(rest, 'more')}" if rest else ""
            return _stale(f"the host moved since the plan was made: {'; '.join(told)}{more}")
        if not stands(self.plan.changes, now.changes):
            return _stale(f"the plan does not stand any more: {_other(self.plan, now)}")
        return None

    def _told(self, one: Difference) -> str:
        """A difference with the playbooks that want the resource changed, or else something."""
        changes = self.plan.changes
        mine = [change for change in changes if change.resource == one.resource] or changes
        names = ", ".join(dict.fromkeys(change.playbook for change in mine))
        about = f"{names}: {one.title}"
        if not one.property:
            return f"{about} is gone"
        was, now = _value(one.expected, one.expected_label), _value(one.found, one.found_label)
        return f"{about}: {one.property} was {was} and is {now}"


def looked_at(
    seen: Observation, queries: Iterable[Query], changes: Iterable[Change], mask: Mask
) -> tuple[Observed, ...]:
    """What a saved plan keeps of a host, as it may be given away.

    What of a resource moves by itself only is not kept, and neither is a resource of which
    nothing is left then.

    Args:
        seen: the host.
        queries: the questions of the playbooks that want changes.
        changes: what they want.
        mask: takes known secrets out.
    """
    changed = {change.resource: None for change in changes}
    told = given_away(seen.to(frozenset(queries)), changed, mask)
    found = {id_: one for id_, one in told.resources.items() if one.compared()}
    wanted = {id_: told.find(id_) for id_ in changed}
    return tuple(one.observed() for one in {**found, **wanted}.values() if one is not None)


def given_away(seen: Observation, changed: Collection[ResourceId], mask: Mask) -> Observation:
    """What was seen, without what may be a secret; what says nothing then is left out.

    Args:
        seen: what was seen.
        changed: what is to be changed, and is told as it is where it says nothing otherwise.
        mask: takes known secrets out.
    """
    answers = {query: tuple(_told(found, changed, mask)) for query, found in seen.answers.items()}
    return replace(seen, answers=answers)


def in_other_words(report: HostReport, seen: Iterable[Observed]) -> str:
    """What a report calls otherwise than its kind does, by its identity; empty when nothing.

    Args:
        report: of a host in a saved plan.
        seen: what was looked at there.
    """
    known = {one.resource: one for one in seen}
    for change in report.plan.changes if report.plan else ():
        try:
            then = as_resource(known[change.resource])
            labels = [then.label(change.property, one) for one in (change.before, change.after)]
        except KeyError:
            return str(change.resource)
        except (LookupError, ValueError):
            continue
        said = [change.before_label, change.after_label]
        if change.renews:
            labels, said = labels[:1], said[:1]
        if (then.title, labels) != (change.title, said):
            return str(change.resource)
    return ""


def other_computer(problem: Problem) -> Problem:
    """Another computer answers than the one that the plan was made for.

    Args:
        problem: the same, in words.
    """
    hint = f"{AGAIN} If the host has moved, say where it is: --host NAME=ADDRESS, or -i FILE."
    return _stale(problem.message, hint)


def _told(
    resources: Iterable[Resource], changed: Collection[ResourceId], mask: Mask
) -> Iterator[Resource]:
    for one in resources:
        try:
            yield as_resource(mask(one.disclosed()))
        except ValueError:
            if one.resource_id in changed:
                yield as_resource(mask(one.observed()))


def _moved(changes: Iterable[Change], seen: Observation) -> Iterator[Difference]:
    """The properties that are to be changed, and have another value than before."""
    for change in changes:
        resource = seen.find(change.resource)
        if resource is None:
            yield Difference(resource=change.resource, title=change.title)
        elif not resource.as_before(change):
            now = resource.recorded(change.property)
            yield Difference(
                resource=change.resource,
                title=resource.title,
                property=change.property,
                expected=change.before,
                found=now,
                expected_label=resource.label(change.property, change.before),
                found_label=resource.label(change.property, now),
            )


def _other(then: Plan, now: Plan) -> str:
    """The first change that is not the same in both plans, in words."""
    agreed = {(one.resource, one.property): one for one in then.changes}
    wanted = {(one.resource, one.property): one for one in now.changes}
    for key, one in wanted.items():
        if key not in agreed:
            return f"{one.playbook} now also wants {one.property} of {one.title} changed"
    for key, one in agreed.items():
        other = wanted.get(key)
        what = f"{one.property} of {one.title}"
        if other is None:
            return f"{one.playbook} does not want {what} changed any more"
        same = resource_type(one.resource.kind).same(one.property, one.after, other.after)
        if not same:
            planned = _value(one.after, one.after_label)
            now_is = _value(other.after, other.after_label)
            return f"{one.playbook} planned {planned} for {what}, and now wants {now_is}"
    return "its changes come in another order, or need something else"


def _value(value: JsonValue, label: str | None) -> str:
    text = label if label and value is not None else shown(value)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"


def _stale(message: str, hint: str = AGAIN) -> Problem:
    return Problem(code=STALE, message=message, hint=hint)
