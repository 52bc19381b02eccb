"""What a run has recorded of a host, planned again: to see what came true, and to undo it. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from remediate.engine.observation import Observation, Secrets, differences
from remediate.engine.planning import Planner, PlaybookPlanner
from remediate.engine.recorded import Removal, as_resource, restated
from remediate.engine.restarts import disrupts, not_made, objections, owed, services, services_last
from remediate.model.change import Change, ResourceId
from remediate.model.plan import Conflict, Observed, Plan, PlaybookUse, Refusal, Unanswered
from remediate.model.problem import Problem
from remediate.resources.base import Query, Resource, resource_type


@dataclass(frozen=True, slots=True)
class RecordPlanner:
    """Plans what a record says, to see whether it came true.

    Args:
        uses: the playbooks of the recorded run.
        changes: what it was going to change.
        snapshot: the resources as they were before it.
    """

    uses: tuple[PlaybookUse, ...]
    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...] = ()

    def queries(self) -> tuple[Query, ...]:
        """The questions that return the changed resources, and the services that they need."""
        about = (id_ for one in self.changes for id_ in (one.resource, *services(one)))
        asked = (resource_type(id_.kind).query(id_.key) for id_ in about)
        return tuple(dict.fromkeys(asked))

    def plan(self, host: str, seen: Observation) -> Plan:
        """What has not come true; a resource that is gone is told by `differences`."""
        open_changes = []
        for change in self.changes:
            resource = seen.find(change.resource)
            if resource and not resource.holds(change):
                before = resource.recorded(change.property)
                open_changes.append(change.model_copy(update={"before": before}))
        return Plan(host=host, playbooks=self.uses, changes=tuple(open_changes), facts=seen.facts)

    def without(self, refused: Iterable[Refusal]) -> "tuple[Planner, tuple[Refusal, ...]]":
        """See the protocol."""
        del refused
        return self, ()

    def secrets(self, seen: Observation) -> Secrets:
        """See the protocol; no record has any."""
        del seen
        return ()

    def missing(self, seen: Observation, changes: Collection[Change]) -> Problem | None:
        """See the protocol: any question, as each is about something that was changed."""
        del changes
        return next(iter(seen.unanswered.values()), None)

    def objections(self, seen: Observation, changes: Collection[Change]) -> tuple[Refusal, ...]:
        """See the protocol; a record has none."""
        del seen, changes
        return ()


@dataclass(frozen=True, slots=True)
class UndoPlanner(RecordPlanner):
    """Plans the rollback of recorded changes on one host.

    Per property, recorded before b, after a, now c: c == a writes b; c == b is done already;
    anything else is somebody else's, kept and named as a conflict.

    What cannot be put back, such as the process before a restart, is left as it is. So is what
    lacks something for its way back that was removed for good, and that is said.

    Args:
        force: write b over somebody else's value too.
        guards: the playbooks of the run that is undone; asked when undoing it would stop or
            restart something.
        cut_off: that run may have been cut off in the middle of a write.
        restarts: those that earlier tries to undo it were to make, and perhaps have not.
        harmed: that run, or a try to undo it, may have changed more than it was to.
        removals: what later runs have removed for good.
    """

    force: bool = False
    guards: PlaybookPlanner | None = None
    cut_off: bool = False
    restarts: tuple[Change, ...] = ()
    harmed: bool = False
    removals: tuple[Removal, ...] = ()

    def queries(self) -> tuple[Query, ...]:
        """The questions that return the changed resources, and those that the guards need."""
        own = RecordPlanner.queries(self)
        back = (change.reversed() for change in self.changes if change.reversible)
        if self.guards is None or not any(services(one) or disrupts(one) for one in back):
            return own
        return tuple(dict.fromkeys((*own, *self.guards.queries())))

    def objections(self, seen: Observation, changes: Collection[Change]) -> tuple[Refusal, ...]:
        """See the protocol: the guards of the run that is undone."""
        return self.guards.objections(seen, changes) if self.guards is not None else ()

    def plan(self, host: str, seen: Observation) -> Plan:
        """What to write back, last change first, and what to leave alone."""
        back: list[Change] = []
        conflicts: list[Conflict] = []
        possible, removed = self._possible(seen)
        before = self._before()
        unknown = {query.resource for query in seen.unanswered}
        for recorded in reversed(possible):
            resource = seen.find(recorded.resource)
            if resource is None:
                if resource_type(recorded.resource.kind) not in unknown:
                    conflicts.append(Conflict(change=recorded, missing=True))
                continue
            change = restated(recorded, resource)
            current = resource.recorded(change.property)
            if resource.as_before(change):
                continue
            label = resource.label(change.property, current)
            found = Conflict(change=change, current=current, current_label=label)
            ours = resource.holds(change) or resource.left_by(change)
            if not ours and not self.force:
                conflicts.append(found)
                continue
            reason = resource.undo_conflict(change, before.get(change.resource))
            reason = reason or self._restart_conflict(change, seen)
            if reason is not None and not self.force:
                conflicts.append(found.model_copy(update={"reason": reason}))
                continue
            values = {"before": current, "after": change.before}
            back.append(restated(change.model_copy(update=values), resource))
        if self.cut_off:
            back.extend(unfinished(self.changes, before.values(), seen))
        back = list(services_last(back))
        back.extend(owed(back, seen, before))
        if self.harmed:
            conflicts.extend(self._lost(before, back, seen))
        missed = tuple(not_made(self.restarts, back, seen))
        refusals = () if self.force else tuple(objections(missed, back, seen))
        back.extend(missed)
        disrupting = tuple(filter(disrupts, back))
        return Plan(
            host=host,
            playbooks=self.uses,
            changes=tuple(back),
            refusals=(*refusals, *self.objections(seen, disrupting)),
            conflicts=tuple(conflicts),
            removed=removed,
            unanswered=tuple(self._questions(seen)),
            assumptions=() if self.guards else tuple(_not_asked(disrupting)),
            facts=seen.facts,
        )

    def _possible(self, seen: Observation) -> tuple[tuple[Change, ...], tuple[str, ...]]:
        """The changes that can be undone, and why others cannot any more."""
        possible: list[Change] = []
        removed: list[str] = []
        for change in self.changes:
            if not change.reversible:
                continue
            lacking = self._lacking(change, seen.find(change.resource))
            if lacking is None:
                possible.append(change)
            else:
                removed.append(f"{change.title}: {lacking}")
        return tuple(possible), tuple(removed)

    def _lacking(self, change: Change, now: Resource | None) -> str | None:
        """What was removed for good that taking `change` back needs, and by which run."""
        for one in self.removals:
            if one.is_about(change.resource):
                return one.reason
        return None if now is None or now.as_before(change) else now.lacks(change)

    def _before(self) -> dict[ResourceId, Resource]:
        """What was changed, and the services that values need, as they were."""
        about = {id_ for one in self.changes for id_ in (one.resource, *services(one))}
        return {one.resource: as_resource(one) for one in self.snapshot if one.resource in about}

    def _lost(
        self, before: Mapping[ResourceId, Resource], back: Iterable[Change], seen: Observation
    ) -> Iterator[Conflict]:
        """What else of the changed resources is not as it was before that run."""
        playbooks = {change.resource: change.playbook for change in self.changes}
        known = {(change.resource, change.property) for change in (*self.changes, *back)}
        then = (resource for id_, resource in before.items() if id_ in playbooks)
        for found in differences(tuple(then), seen, ()):
            if found.property and (found.resource, found.property) not in known:
                done = Change(
                    playbook=playbooks[found.resource],
                    resource=found.resource,
                    title=found.title,
                    property=found.property,
                    before=found.expected,
                    after=found.found,
                    before_label=found.expected_label,
                    after_label=found.found_label,
                    reversible=False,
                )
                now = {"current": found.found, "current_label": found.found_label}
                yield Conflict(change=done, lost=True, **now)

    def _restart_conflict(self, back: Change, seen: Observation) -> str | None:
        """Why a service must not be restarted now, without which a value is not in force."""
        found = objections(owed((back,), seen, self._before()), (), seen)
        return next((refusal.text for refusal in found), None)

    def _questions(self, seen: Observation) -> Iterator[Unanswered]:
        needs = tuple(use.id for use in self.uses)
        for query, problem in seen.unanswered.items():
            yield Unanswered(question=query.title, playbooks=needs, problem=problem, named=True)


def _not_asked(disrupting: Iterable[Change]) -> Iterator[str]:
    for title in dict.fromkeys(change.title for change in disrupting):
        yield (
            f"Nothing speaks against stopping or restarting {title} now; the playbook that could "
            "say so is not at hand."
        )


def put_back(
    planner: Planner,
    applied: Iterable[Change],
    written: Iterable[Change],
    snapshot: Iterable[Resource],
    found: Observation,
) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
    """What undoes a run that went wrong, and what speaks against undoing the rest now.

    Args:
        planner: what the run wanted.
        applied: the changes that are in force.
        written: those that may have been written.
        snapshot: the resources as they were before.
        found: the host as it is.
    """
    before = {one.resource_id: one for one in snapshot}
    back = [_backwards(change, found) for change in applied if change.reversible][::-1]
    back = [*services_last((*back, *unfinished(written, before.values(), found)))]
    restarts = owed(back, found, before)
    back += restarts
    reasons = planner.objections(found, tuple(filter(disrupts, back)))
    reasons = (*reasons, *objections(restarts, back, found))
    busy = {change.resource for change in back if reasons and disrupts(change)}
    return (
        tuple(
            change
            for change in back
            if not (reasons and disrupts(change)) and busy.isdisjoint(services(change))
        ),
        reasons,
    )


def _backwards(change: Change, found: Observation) -> Change:
    resource = found.find(change.resource)
    now = change.after if resource is None else resource.recorded(change.property)
    back = change.reversed().model_copy(update={"before": now})
    return back if resource is None else resource.timed(back)


def unfinished(
    changes: Iterable[Change], snapshot: Iterable[Resource], seen: Observation
) -> Iterator[Change]:
    """What puts right what is left of writes that were cut off half-way.

    Args:
        changes: what was being written.
        snapshot: the resources as they were before.
        seen: the host as it is.
    """
    changes = tuple(changes)
    before = {resource.resource_id: resource for resource in snapshot}
    planned = {(change.resource, change.property) for change in changes}
    for change in changes:
        then, now = before.get(change.resource), seen.find(change.resource)
        if then is None or now is None:
            continue
        for name, value in now.unfinished(change, then).items():
            if (change.resource, name) not in planned:
                yield Change(
                    playbook=change.playbook,
                    resource=change.resource,
                    title=change.title,
                    rule=change.rule,
                    property=name,
                    before=now.recorded(name),
                    after=value,
                    before_label=now.label(name, now.recorded(name)),
                    after_label=now.label(name, value),
                )
