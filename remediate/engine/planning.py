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
from remediate.engine.observation import Observation, Secrets
from remediate.engine.restarts import left_over, objections, owed, services, services_last
from remediate.model.change import Change, ResourceId
from remediate.model.plan import (
    Plan,
    PlaybookUse,
    Refusal,
    Unanswered,
)
from remediate.model.problem import Problem
from remediate.model.waiver import NO_WAIVERS, Waivers
from remediate.playbook.base import Original, Seen
from remediate.resources.base import Query, resource_type


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
        earlier: what runs that went wrong half-way were to make on the host; they may have left
            values that are not in force.
        waivers: those about the host.
    """

    job: Job
    originals: Mapping[str, Original] = field(default_factory=dict)
    earlier: tuple[Change, ...] = ()
    waivers: Waivers = NO_WAIVERS

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
                found = judge(task, own, self.waivers)
            except PlaybookFailedError as error:
                failed.append(self._not_judged(f"playbook {name}", (name,), error.problem))
                continue
            judged.append(found)
            if found.not_applicable is not None:
                not_applicable[name] = found.not_applicable
            refusals.extend(Refusal(playbook=name, text=text) for text in found.refusals)
            refusals.extend(_for_good(name, found) if self.job.safe else ())
            refusals.extend(_unseen(found.changes, seen))
        wanted = [change for found in judged for change in found.changes]
        refused = {refusal.playbook for refusal in refusals}
        refusals.extend(_contradictions(one for one in wanted if one.playbook not in refused))
        refusals.extend(_different_secrets(judged, refused))
        changes = services_last(_each_once(wanted))
        left = tuple(left_over(self._earlier(), changes, seen))
        guarding = {change.playbook for change in wanted}
        refusals.extend(
            self.objections(seen, [one for one in left if one.playbook not in guarding])
        )
        restarts = (*owed((*changes, *left), seen), *left)
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
            waived=tuple(one for found in judged for one in found.waived),
            lapsed=tuple(one for found in judged for one in found.lapsed),
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
        needed = self.behind(changes)
        return next((why for query, why in seen.unanswered.items() if query in needed), None)

    def behind(self, changes: Iterable[Change]) -> frozenset[Query]:
        """The questions of the playbooks that want some changes."""
        wanted = {change.playbook for change in changes}
        return frozenset(
            query for task, asked in self._asked() if task.playbook.id in wanted for query in asked
        )

    def objections(self, seen: Observation, changes: Collection[Change]) -> tuple[Refusal, ...]:
        """See the protocol: the guards of the playbooks that want the changes."""
        wanted = {change.playbook for change in changes}
        found: list[Refusal] = []
        for task, _ in self._asked():
            if task.playbook.id not in wanted:
                continue
            try:
                own = self._own(task, seen)
                texts = guarded(task, own) if own is not None else []
            except PlaybookFailedError as error:
                texts = [error.problem.message]
            found.extend(Refusal(playbook=task.playbook.id, text=text) for text in texts)
        return tuple(found)

    def asking(self, query: Query) -> tuple[str, ...]:
        """The ids of the playbooks that ask a question."""
        return tuple(task.playbook.id for task, asked in self._asked() if query in asked)

    def _earlier(self) -> tuple[Change, ...]:
        """What earlier runs were to make for playbooks of this job."""
        ours = {task.playbook.id for task in self.job.tasks}
        return tuple(change for change in self.earlier if change.playbook in ours)

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
            asking = self.asking(query)
            if asking:  # another may be left out by now
                yield self._not_judged(query.title, asking, problem)

    def _not_judged(self, what: str, playbooks: tuple[str, ...], problem: Problem) -> Unanswered:
        return Unanswered(question=what, playbooks=playbooks, problem=problem, named=self.job.named)


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
    """A plan of the rest, with why others are left out, what those advise, and what is waived."""
    names = {refusal.playbook for refusal in left}
    advice = (one for one in told.advice if one.playbook in names)
    waived = (one for one in told.waived if one.finding.playbook in names)
    told_too = {"advice": (*rest.advice, *advice), "waived": (*rest.waived, *waived)}
    return rest.model_copy(update={"left_out": left, **told_too})


def _for_good(playbook: str, found: Judgement) -> Iterator[Refusal]:
    """Why a playbook is none of those that are safe; a restart that values need is no reason."""
    for text in found.irreversible:
        yield Refusal(
            playbook=playbook,
            text=f"it cannot be undone: {text}",
            code="irreversible",
            hint=f"Apply it by itself: remediate apply {playbook}",
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
