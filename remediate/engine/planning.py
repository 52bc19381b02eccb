"""From what a host said to a plan. Pure: no I/O, no clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from remediate.engine.job import Job
from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.model.outcome import Problem
from remediate.model.plan import Advice, Conflict, HostFacts, Observed, Plan, PlaybookUse, Refusal
from remediate.playbook.base import Original, Seen
from remediate.powershell.messages import Call, CallError, Reply, Status
from remediate.resources.base import Query, Resource, resource_type

ACCESS_DENIED = frozenset({-2147024891, -2146233078, -2147217405})
"""HResults: E_ACCESSDENIED 80070005, COR_E_SECURITY 8013150A, WBEM_E_ACCESS_DENIED 80041003."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a host answered to a list of questions.

    Args:
        facts: what it said of itself.
        answers: the resources that each question returned.
    """

    facts: HostFacts
    answers: dict[Query, tuple[Resource, ...]]

    @property
    def resources(self) -> dict[ResourceId, Resource]:
        """All of them, each once."""
        found = (resource for answer in self.answers.values() for resource in answer)
        return {resource.resource_id: resource for resource in found}

    def snapshot(self) -> tuple[Observed, ...]:
        """All of them as a record."""
        return tuple(resource.observed() for resource in self.resources.values())


class Planner(Protocol):
    """What a run wants of a host: the playbooks of an apply, or the record a rollback undoes."""

    @property
    def uses(self) -> tuple[PlaybookUse, ...]:
        """The playbooks that it is about, as a record."""

    def queries(self) -> tuple[Query, ...]:
        """What to ask the host, each question once."""

    def plan(self, host: str, seen: Observation) -> Plan:
        """What is to be changed, given what was seen. Called again on what was read back."""


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
        asked = (q for task in self.job.tasks for q in task.playbook.observe(task.params))
        return tuple(dict.fromkeys(asked))

    def plan(self, host: str, seen: Observation) -> Plan:
        """What all playbooks want, in their order."""
        changes: list[Change] = []
        advice: list[Advice] = []
        refusals: list[Refusal] = []
        not_applicable: dict[str, str] = {}
        assumptions: list[str] = []
        irreversible: list[str] = []
        for task in self.job.tasks:
            playbook, params = task.playbook, task.params
            found = [r for query in playbook.observe(params) for r in seen.answers[query]]
            own = Seen(found, seen.facts, self.originals.get(playbook.id))
            reason = playbook.not_applicable(own, params)
            if reason is not None:
                not_applicable[playbook.id] = reason
                continue
            wanted: list[Change] = []
            for finding in playbook.decide(own, params):
                if isinstance(finding, Advice):
                    advice.append(
                        Advice(finding.title, finding.text, finding.severity, playbook.id)
                    )
                else:
                    wanted.extend(finding.changes(playbook.id))
            if wanted:
                changes.extend(change for change in wanted if not _wanted_before(change, changes))
                guards = playbook.guard(own, params)
                refusals.extend(Refusal(playbook=playbook.id, text=text) for text in guards)
                assumptions.extend(playbook.assumptions(params))
                irreversible.extend(
                    f"the {change.property} of {change.title} as it is now"
                    for change in wanted
                    if not change.reversible
                )
                irreversible.extend(playbook.irreversible(params))
        refusals.extend(_contradictions(changes))
        return Plan(
            host=host,
            playbooks=self.uses,
            changes=tuple(changes),
            advice=tuple(advice),
            refusals=tuple(refusals),
            not_applicable=not_applicable,
            assumptions=tuple(assumptions),
            irreversible=tuple(irreversible),
            facts=seen.facts,
        )


@dataclass(frozen=True, slots=True)
class RecordPlanner:
    """Plans what a record says, to see whether it came true.

    Args:
        uses: the playbooks of the recorded run.
        changes: what it was going to change.
    """

    uses: tuple[PlaybookUse, ...]
    changes: tuple[Change, ...]

    def queries(self) -> tuple[Query, ...]:
        """The questions that return the changed resources."""
        asked = (resource_type(c.resource.kind).query(c.resource.key) for c in self.changes)
        return tuple(dict.fromkeys(asked))

    def plan(self, host: str, seen: Observation) -> Plan:
        """What has not come true; a resource that is gone is told by `differences`."""
        open_changes = []
        for change in self.changes:
            resource = seen.resources.get(change.resource)
            if resource and not change.holds(resource.recorded(change.property)):
                before = resource.recorded(change.property)
                open_changes.append(change.model_copy(update={"before": before}))
        return Plan(host=host, playbooks=self.uses, changes=tuple(open_changes), facts=seen.facts)


@dataclass(frozen=True, slots=True)
class UndoPlanner(RecordPlanner):
    """Plans the rollback of recorded changes on one host.

    Per property, recorded before b, after a, now c: c == a writes b; c == b is done already;
    anything else is somebody else's, kept and named as a conflict.

    What cannot be put back, such as the process before a restart, is left as it is.

    Args:
        snapshot: the resources as they were before the run that is undone.
        force: write b over somebody else's value too.
    """

    snapshot: tuple[Observed, ...] = ()
    force: bool = False

    def plan(self, host: str, seen: Observation) -> Plan:
        """What to write back, last change first, and what to leave alone."""
        resources = seen.resources
        back: list[Change] = []
        conflicts: list[Conflict] = []
        before = {observed.resource: observed for observed in self.snapshot}
        for change in reversed(self.changes):
            if not change.reversible:
                continue
            resource = resources.get(change.resource)
            if resource is None:
                conflicts.append(Conflict(change=change, missing=True))
                continue
            current = resource.recorded(change.property)
            if current == change.before:
                continue
            ours = current == change.after or resource.left_by(change)
            if not ours and not self.force:
                conflicts.append(Conflict(change=change, current=current))
                continue
            reason = resource.undo_conflict(change, _as_it_was(before.get(change.resource)))
            if reason is not None and not self.force:
                conflicts.append(Conflict(change=change, current=current, reason=reason))
                continue
            back.append(
                change.model_copy(
                    update={
                        "before": current,
                        "after": change.before,
                        "before_label": resource.label(change.property, current),
                        "after_label": change.before_label,
                        "why": "",
                    }
                )
            )
        return Plan(
            host=host,
            playbooks=self.uses,
            changes=tuple(back),
            conflicts=tuple(conflicts),
            facts=seen.facts,
        )


def _as_it_was(observed: Observed | None) -> Resource | None:
    return None if observed is None else as_resource(observed)


def as_resource(observed: Observed) -> Resource:
    """A recorded resource, to be looked at again."""
    known = resource_type(observed.resource.kind)
    return known.model_validate({**observed.resource.key, **observed.properties})


def _wanted_before(change: Change, changes: Sequence[Change]) -> bool:
    return any(
        (other.resource, other.property, other.after, other.renews)
        == (change.resource, change.property, change.after, change.renews)
        for other in changes
    )


def _contradictions(changes: Sequence[Change]) -> Iterator[Refusal]:
    """Two playbooks that want different values for the same property."""
    first: dict[tuple[ResourceId, str], Change] = {}
    for change in changes:
        other = first.setdefault((change.resource, change.property), change)
        if (other.after, other.renews) != (change.after, change.renews):
            yield Refusal(
                playbook=change.playbook,
                text=f"{other.playbook} and {change.playbook} want different values for "
                f"{change.property} of {change.title}: apply one of them",
            )


def scripts(queries: Iterable[Query]) -> frozenset[Path]:
    """The `.ps1` files that the questions' resources need."""
    resources = {query.resource for query in queries}
    return frozenset(path for one in resources for path in (one.script, *one.needs))


def observe_calls(queries: Sequence[Query]) -> tuple[Call, ...]:
    """The questions as calls."""
    return tuple(
        Call(
            id=f"observe-{number}",
            function=f"Get-Remediate{query.resource.function}",
            arguments=query.arguments(),
        )
        for number, query in enumerate(queries)
    )


def write_calls(changes: Sequence[Change], first_needs: str) -> tuple[Call, ...]:
    """The changes as calls, one for each resource; each needs the one before it."""
    by_resource: dict[ResourceId, list[Change]] = {}
    for change in changes:
        by_resource.setdefault(change.resource, []).append(change)
    calls: list[Call] = []
    for number, (resource, wanted) in enumerate(by_resource.items()):
        call = Call(
            id=f"write-{number}",
            function=f"Set-Remediate{resource_type(resource.kind).function}",
            arguments={
                "identity": dict(resource.key),
                "before": {change.property: change.before for change in wanted},
                "after": {change.property: change.after for change in wanted},
            },
            needs=(calls[-1].id if calls else first_needs,),
        )
        calls.append(call)
    return tuple(calls)


def read_observation(queries: Sequence[Query], reply: Reply) -> Observation | Problem:
    """The answers to `observe_calls`, or why there are none."""
    answers: dict[Query, tuple[Resource, ...]] = {}
    for number, query in enumerate(queries):
        result = reply[f"observe-{number}"]
        if result.status is not Status.OK:
            return call_problem(result.error, f"reading {query.resource.noun}s failed")
        try:
            answers[query] = query.parse(result.value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            return Problem(
                code="protocol_error",
                message=f"the host described a {query.resource.noun} in a way that makes no "
                f"sense: {where}: {first['msg']}",
                hint="Nothing was written. Please report it, with the Windows version.",
            )
    return Observation(facts=reply.host, answers=answers)


def call_problem(error: CallError | None, doing: str) -> Problem:
    """A failed call as a problem for a person."""
    if error is None:
        return Problem(code="remote_error", message=f"{doing}: the host did not try")
    if error.hresult in ACCESS_DENIED or error.category == "PermissionDenied":
        code, hint = "access_denied", "The account must be an administrator of the host."
    else:
        code, hint = "remote_error", "The text above is the host's own."
    where = f" (script line {error.line})" if error.line else ""
    name = error.error_id.partition(",")[0] or error.exception
    return Problem(code=code, message=f"{doing}: {error.message} [{name}]{where}", hint=hint)


def differences(
    snapshot: Sequence[Resource], now: Observation, changes: Sequence[Change]
) -> Iterator[str]:
    """What is not as it should be after `changes` were written over `snapshot`.

    Everything is compared: a changed property must have its value after, anything else the one
    that it had; what moves by itself is left out.
    """
    resources = now.resources
    expected = {(change.resource, change.property): change for change in changes}
    for old in snapshot:
        new = resources.get(old.resource_id)
        if new is None:
            yield f"{old.title} is gone"
            continue
        was, now_is = old.compared(), new.compared()
        for name in sorted(was.keys() | now_is.keys()):
            change, now_value = expected.get((old.resource_id, name)), now_is.get(name)
            if not change and now_value != was.get(name):
                is_now, wanted = _said(old, name, now_value), _said(old, name, was.get(name))
                yield f"{old.title}: {name} is {is_now}, should be {wanted}"
            if change and not change.holds(now_value):
                should = change.after_label if change.renews else _said(old, name, change.after)
                yield f"{old.title}: {name} is {_said(old, name, now_value)}, should be {should}"


def _said(resource: Resource, name: str, value: JsonValue) -> str:
    """A value in a line for a person; structured ones in words."""
    label = resource.label(name, value) if isinstance(value, dict | list) else None
    return label or repr(value)
