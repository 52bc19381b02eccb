"""From what a host said to a plan. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Protocol

from pydantic import SecretStr

from remediate.engine.job import Job, Task
from remediate.engine.judging import (
    MEND,
    Judgement,
    PlaybookFailedError,
    asked,
    guarded,
    judge,
    origin_of,
)
from remediate.engine.observation import Observation, Secrets, differences
from remediate.engine.recorded import as_resource, restated
from remediate.engine.restarts import disrupts, not_made, objections, owed, services, services_last
from remediate.model.change import Change, ResourceId
from remediate.model.plan import (
    Conflict,
    Observed,
    Plan,
    PlaybookUse,
    Refusal,
    Unanswered,
)
from remediate.model.problem import Problem
from remediate.playbook.base import Original, Seen
from remediate.resources.base import Query, Resource, resource_type


class Planner(Protocol):
    """What a run wants of a host: the playbooks of an apply, or the record a rollback undoes."""

    @property
    def uses(self) -> tuple[PlaybookUse, ...]:
        """The playbooks that it is about, as a record."""

    def queries(self) -> tuple[Query, ...]:
        """What to ask the host, each question once."""

    def plan(self, host: str, seen: Observation) -> Plan:
        """What is to be changed, given what was seen. Called again on what was read back."""

    def without(self, refused: Iterable[Refusal]) -> "tuple[Planner, tuple[Refusal, ...]]":
        """The same without the playbooks that are refused; and which are left out by that, why.

        A record is one whole, of which nothing is left out.
        """

    def secrets(self, seen: Observation) -> Secrets:
        """What must be in no plan and no record, given what was seen: some goes with changes."""

    def missing(self, seen: Observation, changes: Collection[Change]) -> Problem | None:
        """Why it cannot be judged what became of some changes: a question without an answer."""

    def objections(self, seen: Observation, changes: Collection[Change]) -> tuple[Refusal, ...]:
        """Reasons of the playbooks not to make some changes just now."""


@dataclass(frozen=True, slots=True)
class PlaybookPlanner:
    """Plans the job of an audit or an apply.

    Args:
        job: its playbooks.
        originals: what is at the origins that they name, by playbook id.
    """

    job: Job
    originals: Mapping[str, Original] = field(default_factory=dict)

    @property
    def uses(self) -> tuple[PlaybookUse, ...]:
        """The job's playbooks, as a record."""
        return self.job.uses

    def queries(self) -> tuple[Query, ...]:
        """The questions of all playbooks, each once."""
        asking = (questions for _, questions in self._asked())
        return tuple(dict.fromkeys(query for questions in asking for query in questions))

    def plan(self, host: str, seen: Observation) -> Plan:
        """What all playbooks want, in their order; those that lack an answer are not judged."""
        refusals: list[Refusal] = []
        judged: list[Judgement] = []
        not_applicable: dict[str, str] = {}
        failed: list[Unanswered] = []
        for task in self.job.tasks:
            name = task.playbook.id
            try:
                own = self._own(task, seen)
                if own is None:
                    continue
                found = judge(task, own)
            except PlaybookFailedError as error:
                failed.append(self._not_judged(f"playbook {name}", (name,), error.problem))
                continue
            judged.append(found)
            if found.not_applicable is not None:
                not_applicable[name] = found.not_applicable
            refusals.extend(Refusal(playbook=name, text=text) for text in found.refusals)
            refusals.extend(_unseen(found.changes, seen))
        wanted = [change for found in judged for change in found.changes]
        refused = {refusal.playbook for refusal in refusals}
        refusals.extend(_contradictions(one for one in wanted if one.playbook not in refused))
        refusals.extend(_different_secrets(judged, refused))
        changes = services_last(_each_once(wanted))
        restarts = owed(changes, seen)
        refusals.extend(objections(restarts, changes, seen))
        return Plan(
            host=host,
            playbooks=self.uses,
            changes=(*changes, *restarts),
            advice=tuple(advice for found in judged for advice in found.advice),
            refusals=tuple(refusals),
            unanswered=(*self._questions(seen), *failed),
            not_applicable=not_applicable,
            assumptions=tuple(text for found in judged for text in found.assumptions),
            irreversible=tuple(text for found in judged for text in found.irreversible),
            facts=seen.facts,
        )

    def without(self, refused: Iterable[Refusal]) -> "tuple[PlaybookPlanner, tuple[Refusal, ...]]":
        """See the protocol: with a playbook those go that come after it."""
        gone = {refusal.playbook: refusal for refusal in reversed(list(refused))}
        for task in self.job.tasks:
            name = task.playbook.id
            before = next((one for one in task.playbook.after if one in gone), None)
            if before is not None and name not in gone:
                text = f"it comes after {before}, which is left out"
                gone[name] = gone[before].model_copy(update={"playbook": name, "text": text})
        kept = tuple(task for task in self.job.tasks if task.playbook.id not in gone)
        left = (gone[task.playbook.id] for task in self.job.tasks if task.playbook.id in gone)
        return replace(self, job=replace(self.job, tasks=kept)), tuple(left)

    def secrets(self, seen: Observation) -> Secrets:
        """See the protocol: what the playbooks have given with their wishes, needed or not."""
        found: list[Mapping[ResourceId, Mapping[str, SecretStr]]] = []
        for task, questions in self._asked():
            if not any(query.resource.secret for query in questions):
                continue  # or each would be asked twice of each host
            with suppress(PlaybookFailedError):
                own = self._own(task, seen)
                found.extend([judge(task, own).secrets] if own else ())
        return tuple(found)

    def missing(self, seen: Observation, changes: Collection[Change]) -> Problem | None:
        """See the protocol: a question of a playbook that wants one of the changes."""
        wanted = {change.playbook for change in changes}
        needed = {q for task, asked in self._asked() if task.playbook.id in wanted for q in asked}
        return next((seen.unanswered[query] for query in needed if query in seen.unanswered), None)

    def objections(self, seen: Observation, changes: Collection[Change]) -> tuple[Refusal, ...]:
        """See the protocol: the guards of the playbooks that want the changes."""
        wanted = {change.playbook for change in changes}
        found: list[Refusal] = []
        for task, _ in self._asked():
            own = self._own(task, seen) if task.playbook.id in wanted else None
            if own is not None:
                texts = guarded(task, own)
                found.extend(Refusal(playbook=task.playbook.id, text=text) for text in texts)
        return tuple(found)

    def _asked(self) -> Iterator[tuple[Task, tuple[Query, ...]]]:
        """Each playbook with its questions; one that cannot say them has none."""
        for task in self.job.tasks:
            with suppress(PlaybookFailedError):
                yield task, asked(task, named=self.job.named)

    def _own(self, task: Task, seen: Observation) -> Seen | None:
        """What a playbook has asked for, and nothing else; None when some of it did not come.

        Raises:
            PlaybookFailedError: it cannot say what it asks for, or where it copies from.
        """
        questions = asked(task, named=self.job.named)
        if any(query in seen.unanswered for query in questions):
            return None
        found = {one.resource_id: one for query in questions for one in seen.answers[query]}
        origin = origin_of(task)
        original = None if origin is None else self.originals.get(task.playbook.id)
        when = {"at": seen.at, "sent": seen.sent}
        return Seen(tuple(found.values()), seen.facts, original, **when, asked=questions)

    def _questions(self, seen: Observation) -> Iterator[Unanswered]:
        for query, problem in seen.unanswered.items():
            asking = tuple(task.playbook.id for task, asked in self._asked() if query in asked)
            if asking:  # another may be left out by now
                yield self._not_judged(query.title, asking, problem)

    def _not_judged(self, what: str, playbooks: tuple[str, ...], problem: Problem) -> Unanswered:
        return Unanswered(question=what, playbooks=playbooks, problem=problem, named=self.job.named)


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

    What cannot be put back, such as the process before a restart, is left as it is.

    Args:
        force: write b over somebody else's value too.
        guards: the playbooks of the run that is undone; asked when undoing it would stop or
            restart something.
        cut_off: that run may have been cut off in the middle of a write.
        restarts: those that earlier tries to undo it were to make, and perhaps have not.
        harmed: that run, or a try to undo it, may have changed more than it was to.
    """

    force: bool = False
    guards: PlaybookPlanner | None = None
    cut_off: bool = False
    restarts: tuple[Change, ...] = ()
    harmed: bool = False

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
        before = self._before()
        unknown = {query.resource for query in seen.unanswered}
        for recorded in reversed(self.changes):
            if not recorded.reversible:
                continue
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
            unanswered=tuple(self._questions(seen)),
            assumptions=() if self.guards else tuple(_not_asked(disrupting)),
            facts=seen.facts,
        )

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


def reasons(plan: Plan) -> Iterator[Refusal]:
    """Why the parts of some playbooks must not be applied: what they lack, or what speaks against.

    Args:
        plan: what all of them want.
    """
    for question in plan.unanswered:
        why = question.problem
        for name in question.playbooks:
            yield Refusal(playbook=name, text=why.message, code=why.code, hint=why.hint)
    yield from plan.refusals


def with_left_out(rest: Plan, left: tuple[Refusal, ...], told: Plan) -> Plan:
    """A plan of the rest, with why others are left out and what those advise."""
    names = {refusal.playbook for refusal in left}
    advice = (one for one in told.advice if one.playbook in names)
    return rest.model_copy(update={"left_out": left, "advice": (*rest.advice, *advice)})


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


def _unseen(wanted: Sequence[Change], seen: Observation) -> Iterator[Refusal]:
    """Wishes for what was not seen: whether they came true could not be told."""
    for change in wanted:
        about = {change.resource: f"change {change.title}"}
        about |= {service: f"restart {service}" for service in services(change)}
        for resource, doing in about.items():
            if seen.find(resource) is None:
                text = f"it wants to {doing}, which it has not looked at"
                yield Refusal(
                    playbook=change.playbook, text=text, code="playbook_failed", hint=MEND
                )


def _each_once(changes: Iterable[Change]) -> Iterator[Change]:
    """Changes that several playbooks want, once, with all that any of them needs or says of it."""
    wanted: dict[tuple[ResourceId, str], list[Change]] = {}
    for change in changes:
        known = wanted.setdefault((change.resource, change.property), [])
        number = next((n for n, one in enumerate(known) if _agree(one, change)), len(known))
        same = known[number] if number < len(known) else change
        of_all = {
            "restarts": tuple(dict.fromkeys((*same.restarts, *change.restarts))),
            "secrets": tuple(sorted({*same.secrets, *change.secrets})),
            "reversible": same.reversible and change.reversible,
        }
        known[number : number + 1] = [same.model_copy(update=of_all)]
    return chain.from_iterable(wanted.values())


def _agree(one: Change, other: Change) -> bool:
    """Whether what one change makes of a property is what the other wants of it."""
    if one.renews or other.renews:
        return one.renews == other.renews
    return bool(resource_type(one.resource.kind).same(one.property, one.after, other.after))


_FIXED = ["playbook", "rule", "resource", "property", "renews", "reversible", "restarts", "secrets"]
"""What of a change must be as it was agreed to, and not only in meaning."""


def stands(agreed: Sequence[Change], now: Sequence[Change]) -> bool:
    """Whether changes that are planned now are those that were agreed to, in meaning."""
    return len(agreed) == len(now) and all(map(_stands, agreed, now))


def _stands(agreed: Change, now: Change) -> bool:
    if any(getattr(agreed, name) != getattr(now, name) for name in _FIXED):
        return False
    same = resource_type(now.resource.kind).same
    return bool(same(now.property, agreed.before, now.before)) and _agree(agreed, now)


def _contradictions(wanted: Iterable[Change]) -> Iterator[Refusal]:
    """Playbooks that want different values for the same property; none of them is preferred."""
    by_property: dict[tuple[ResourceId, str], list[Change]] = {}
    for change in wanted:
        by_property.setdefault((change.resource, change.property), []).append(change)
    for first, *others in by_property.values():
        if not all(_agree(first, change) for change in others):
            yield from _against_each_other((first, *others), first.property)


def _different_secrets(judged: Iterable[Judgement], refused: Collection[str]) -> Iterator[Refusal]:
    """Playbooks that want different secrets for the same resource; none of them is preferred."""
    by_name: dict[tuple[ResourceId, str], list[tuple[Change, SecretStr]]] = {}
    for found in judged:
        for change in found.changes:
            for name in change.secrets if change.playbook not in refused else ():
                given = (change, found.secrets[change.resource][name])
                by_name.setdefault((change.resource, name), []).append(given)
    for (_, name), given_by in by_name.items():
        if len({secret for _, secret in given_by}) > 1:
            yield from _against_each_other([change for change, _ in given_by], name)


def _against_each_other(changes: Sequence[Change], name: str) -> Iterator[Refusal]:
    playbooks = dict.fromkeys(change.playbook for change in changes)
    wanted = f"want different values for {name} of {changes[0].title}"
    text = f"{' and '.join(playbooks)} {wanted}: apply one of them"
    yield from (Refusal(playbook=playbook, text=text) for playbook in playbooks)
