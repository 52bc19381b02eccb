"""From what a host said to a plan. Pure: no I/O, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remediate.engine.job import Job
from remediate.engine.observation import Observation
from remediate.model.change import Change, ResourceId
from remediate.model.plan import Advice, Conflict, Observed, Plan, PlaybookUse, Refusal
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
        known: dict[tuple[ResourceId, str], list[Change]] = {}
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
                changes.extend(change for change in wanted if _is_new(change, known))
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
            label = resource.label(change.property, current)
            found = Conflict(change=change, current=current, current_label=label)
            ours = current == change.after or resource.left_by(change)
            if not ours and not self.force:
                conflicts.append(found)
                continue
            reason = resource.undo_conflict(change, _as_it_was(before.get(change.resource)))
            if reason is not None and not self.force:
                conflicts.append(found.model_copy(update={"reason": reason}))
                continue
            back.append(
                change.model_copy(
                    update={
                        "before": current,
                        "after": change.before,
                        "before_label": label,
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


def _is_new(change: Change, known: dict[tuple[ResourceId, str], list[Change]]) -> bool:
    """Whether no playbook before wants the same; it is known from now on."""
    same = known.setdefault((change.resource, change.property), [])
    if any((one.after, one.renews) == (change.after, change.renews) for one in same):
        return False
    same.append(change)
    return True


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
