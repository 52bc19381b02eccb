"""Records, read with suspicion: what is shown and written of them is made anew. Pure.

Whoever can write a store can write any text into it. So titles and labels are made of the resource
and the values that will be sent, and a change counts only where intent and snapshot agree on it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from remediate.engine.job import Job, Task
from remediate.engine.judging import PlaybookFailedError, asked
from remediate.errors import RemediateError
from remediate.model.beside import Beside
from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer, Sameness, compare
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Conflict, Observed, Plan
from remediate.model.problem import Problem
from remediate.model.run import HostRecord, RunRecord
from remediate.resources.base import Resource, resource_type

if TYPE_CHECKING:
    from remediate.resources.leftover import Leftover

_IN_FORCE = {Outcome.CHANGED, Outcome.CONFLICT}
_PERHAPS_IN_FORCE = {Outcome.FAILED_CHANGED, Outcome.INDETERMINATE, None}

Writes = Mapping[str, frozenset[str] | Problem]
"""The kinds of resource that a playbook may write, or why it cannot say them, by its id."""


class RecordRefusedError(RemediateError):
    """A record cannot be acted on.

    Args:
        message: what is wrong with it.
        hint: what to do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        usual = "Nothing was sent to the host. Who can write the store? Compare with its receipt."
        self.problem = Problem(code="record_refused", message=message, hint=hint or usual)


def writes_of(job: Job) -> Writes:
    """What the playbooks of a job may write."""
    return {task.playbook.id: _may_write(task) for task in job.tasks}


def _may_write(task: Task) -> frozenset[str] | Problem:
    try:
        kinds = task.playbook.writes or [one.resource for one in asked(task, named=True)]
    except PlaybookFailedError as error:
        return error.problem
    return frozenset(kind.kind for kind in kinds)


def as_resource(observed: Observed) -> Resource:
    """A recorded resource, to be looked at again.

    Raises:
        LookupError: its kind is unknown.
        pydantic.ValidationError: its kind has no such properties or values.
    """
    known = resource_type(observed.resource.kind)
    return known.model_validate({**observed.resource.key, **observed.properties})


def perhaps_changed(record: HostRecord) -> bool:
    """Whether a run has changed something on a host, or may have."""
    if record.outcome in _IN_FORCE and record.report is not None:
        return bool(record.report.applied)
    return record.outcome in _PERHAPS_IN_FORCE and record.intent is not None


def perhaps_half_way(record: HostRecord) -> bool:
    """Whether a run may have been cut off while it was writing to a host."""
    return record.outcome in _PERHAPS_IN_FORCE


def changes_to_undo(record: HostRecord, writes: Writes | None = None) -> tuple[Change, ...]:
    """What a run changed on a host, or may have: what a rollback has to look at.

    Args:
        record: what the store has of the host.
        writes: what the run's playbooks may write; None when they are not known.

    Raises:
        RecordRefusedError: the record contradicts itself, or the playbooks.
    """
    if not perhaps_changed(record):
        return ()
    intended = recorded_changes(record, writes)
    if record.outcome not in _IN_FORCE or record.report is None:
        return intended
    return tuple(_intended(change, intended) for change in record.report.applied)


def restarts_of(
    tried: Iterable[RunRecord], host: str, writes: Writes | None = None
) -> tuple[Change, ...]:
    """What some runs were going to restart on a host.

    Args:
        tried: the runs.
        host: its name.
        writes: as for `recorded_changes`.

    Raises:
        RecordRefusedError: as there.
    """
    records = (one for run in tried for one in run.hosts if one.host.name == host and one.intent)
    changes = (change for record in records for change in recorded_changes(record, writes))
    return tuple(change for change in changes if change.renews)


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that a run has left on a host, and another run has removed for good.

    Args:
        path: where it was.
        beside: what it stood beside.
        run: that removed it.
        cut_off: whether that was cut off, so that it is not known how much is gone.
    """

    path: str
    beside: tuple[Beside, ...]
    run: str
    cut_off: bool = False

    @property
    def reason(self) -> str:
        """Why nothing that needs it can be undone."""
        if self.cut_off:
            return f"run {self.run} was cut off when it was to remove {self.path}: reconcile that"
        return f"run {self.run} has removed {self.path} for good"

    def is_about(self, resource: ResourceId) -> bool:
        """Whether what a run wrote to a resource cannot be undone without it."""
        written = Beside(kind=resource.kind, key=resource.key)
        return any(written.is_of(one) for one in self.beside)


def removals(later: Iterable[RunRecord], computer: Computer) -> tuple[Removal, ...]:
    """What some runs have removed for good from a computer of what others have left there.

    Args:
        later: the runs.
        computer: where.
    """
    return tuple(
        Removal(found.path, found.beside, run.run.id, cut_off=record.report is None)
        for run in later
        for record in run.hosts
        if record.intent is not None and compare(computer, record.computer) is not Sameness.OTHER
        for observed in record.intent.snapshot
        if observed.resource in {change.resource for change in _written(record)}
        for found in _leftovers(observed)
    )


def _written(record: HostRecord) -> tuple[Change, ...]:
    """What a run has written to a host; all that it may have, where no verdict is recorded."""
    if record.report is not None:
        return record.report.applied
    return record.intent.changes if record.intent is not None else ()


def _leftovers(observed: Observed) -> "Iterator[Leftover]":
    from remediate.resources.leftover import NEEDED, Leftover  # noqa: PLC0415 - for rollbacks only

    with suppress(LookupError, ValidationError):  # what cannot be believed is not told
        found = as_resource(observed)
        if isinstance(found, Leftover) and found.sort in NEEDED:
            yield found


def half_made(record: HostRecord, writes: Writes) -> tuple[Change, ...]:
    """What a run that went wrong half-way was to make on a host for some playbooks.

    Args:
        record: what the store has of the host.
        writes: what these playbooks may write.
    """
    if record.intent is None or not perhaps_half_way(record):
        return ()
    ours = tuple(change for change in record.intent.changes if change.playbook in writes)
    intent = record.intent.model_copy(update={"changes": ours})
    try:
        return recorded_changes(record.model_copy(update={"intent": intent}), writes)
    except RecordRefusedError:  # what cannot be believed is not acted on
        return ()


def recorded_changes(record: HostRecord, writes: Writes | None = None) -> tuple[Change, ...]:
    """What a run was going to change on a host.

    Args:
        record: what the store has of the host.
        writes: what the run's playbooks may write; None when they are not known.

    Raises:
        RecordRefusedError: the record contradicts itself, or the playbooks.
    """
    if record.intent is None:
        raise RecordRefusedError("the record says what was changed, and not what was intended")
    before = {observed.resource: observed for observed in record.intent.snapshot}
    return tuple(_anew(change, before, writes) for change in record.intent.changes)


def _intended(change: Change, intended: tuple[Change, ...]) -> Change:
    same = (one for one in intended if _essence(one) == _essence(change))
    found = next(same, None)
    if found is None:
        raise RecordRefusedError(
            f"the record says that {change.property} of {change.resource} was changed in a way "
            "that was not intended"
        )
    return found


def _essence(change: Change) -> tuple[Any, ...]:
    return change.resource, change.property, change.before, change.after, change.renews


def _anew(change: Change, before: Mapping[ResourceId, Observed], writes: Writes | None) -> Change:
    """A recorded change, with nothing in it that only the record says."""
    what = f"{change.property} of {change.resource}"
    observed = before.get(change.resource)
    services = [one.resource for one in change.restarts if one.resource is not None]
    if writes is not None:
        kinds = {change.resource.kind, *(service.kind for service in services)}
        _check_allowed(change.playbook, what, kinds, writes)
    if observed is None:
        raise RecordRefusedError(f"the record does not say what {what} was before")
    for service in services:
        if service not in before:
            raise RecordRefusedError(f"the record does not say what {service} was before")
    try:
        then = as_resource(observed)
        if change.property not in then.settable:
            raise RecordRefusedError(f"{what} is nothing that can be set")
        if not change.renews:
            type(then).model_validate({**then.model_dump(), change.property: change.after})
    except (LookupError, ValidationError):
        raise RecordRefusedError(f"the record of {what} makes no sense") from None
    if then.recorded(change.property) != change.before:
        raise RecordRefusedError(f"the record says two things of what {what} was before")
    for_good = change.renews or change.secrets
    if (for_good and change.reversible) or (change.renews and change.after is not None):
        raise RecordRefusedError(f"the record of {what} makes no sense")
    return restated(change, then)


def _check_allowed(playbook: str, what: str, kinds: Collection[str], writes: Writes) -> None:
    may = writes.get(playbook, frozenset())
    if isinstance(may, Problem):
        raise RecordRefusedError(f"the record of {what} cannot be checked: {may.message}", may.hint)
    if not may.issuperset(kinds):
        known = playbook in writes
        raise RecordRefusedError(
            f"the record has a change of {what}, which playbook {playbook} "
            f"{'does not write' if known else 'would have made, and it is not known here'}",
            "" if known else "Name the folder that it is in with --playbooks.",
        )


def restated(change: Change, resource: Resource) -> Change:
    """A change whose words are made of a resource and the values, and not read from a record.

    Args:
        change: which property, from what to what.
        resource: the resource that it is a property of.
    """
    made = Change(
        playbook=change.playbook,
        resource=resource.resource_id,
        title=resource.title,
        property=change.property,
        before=change.before,
        after=change.after,
        before_label=resource.label(change.property, change.before),
        after_label=None if change.renews else resource.label(change.property, change.after),
        rule=change.rule,
        renews=change.renews,
        reversible=change.reversible,
        restarts=change.restarts,
        secrets=change.secrets,
    )
    return resource.timed(made)


def shown(record: HostRecord) -> HostRecord:
    """A record for a person: its changes in words that are made now."""
    if record.report is None:
        return record
    before = {one.resource: one for one in record.intent.snapshot} if record.intent else {}
    report = record.report
    plan = report.plan
    update: dict[str, Any] = {"applied": tuple(_said(report.applied, before))}
    if plan is not None:
        update["plan"] = _plan(plan, before)
    return record.model_copy(update={"report": report.model_copy(update=update)})


def _plan(plan: Plan, before: Mapping[ResourceId, Observed]) -> Plan:
    conflicts = tuple(_conflict(conflict, before) for conflict in plan.conflicts)
    changes = tuple(_said(plan.changes, before))
    return plan.model_copy(update={"changes": changes, "conflicts": conflicts})


def _conflict(conflict: Conflict, before: Mapping[ResourceId, Observed]) -> Conflict:
    [change] = _said((conflict.change,), before)
    return conflict.model_copy(update={"change": change, "current_label": None})


def _said(changes: tuple[Change, ...], before: Mapping[ResourceId, Observed]) -> Iterator[Change]:
    for change in changes:
        try:
            yield restated(change, as_resource(before[change.resource]))
        except (LookupError, ValueError):
            bare = {"title": str(change.resource), "before_label": None, "after_label": None}
            yield change.model_copy(update={**bare, "why": ""})


def refused_record(host: str, error: RecordRefusedError) -> HostReport:
    """The report of a host whose record is not acted on."""
    return HostReport(host=host, outcome=Outcome.REFUSED, problem=error.problem)
