"""What is to be done on one host, and the requests and replies that do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from remediate.engine.identity import other_computer, told
from remediate.engine.job import AUDIT, Settings
from remediate.engine.observation import (
    QUESTIONS_SECONDS,
    Observation,
    Secrets,
    call_problem,
    name_of,
    observe_calls,
    write_calls,
)
from remediate.engine.planning import Planner
from remediate.engine.saved import Saved
from remediate.engine.source import Supply
from remediate.model.base import JsonValue
from remediate.model.change import Change
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.model.outcome import Holder, Worked
from remediate.model.problem import STALE, Problem
from remediate.playbook.loader import PlaybookFile, running
from remediate.powershell.messages import (
    PATIENCE,
    Call,
    CallError,
    CallResult,
    Reply,
    Request,
    Status,
)
from remediate.powershell.script import LEASE_READER, LEASE_WRITER, compose
from remediate.resources.base import Query

ANOTHER_COMPUTER = "RemediateAnotherComputer"
"""Error of a call that another computer was to carry out."""

UNFINISHED = "RemediateUnfinished"
"""Ends a write that has done its part, or begun work that goes on: what comes after it waits."""


class Verb(StrEnum):
    """What can be done with a host."""

    AUDIT = "audit"
    APPLY = "apply"
    RECONCILE = "reconcile"
    LOCKS = "locks"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done on one host, as data: another process can carry it out.

    It is replaced by one that knows more while it is carried out. Pickled, it brings the playbook
    files that run in this process along: what it is about may be defined in them.

    Args:
        verb: what is to be done.
        host: the host.
        settings: how.
        planner: what is wanted of the host; an apply and a rollback differ in this only.
        run: id of the run; `audit` when nothing is recorded.
        ask: a person has to agree to the plan.
        takes_over: runs whose lease on the host is this one's to take: the one that it undoes, and
            earlier tries to undo that.
        supplies: where playbooks have files from, by their ids.
        computer: the computer that this is about: as recorded, then as it has answered; None
            while any will do.
        notes: what the report has to say of how the computer was recognised.
        settling: seconds for which to wait for what a run that broke off has begun.
        secrets: what is written with its changes; once they are planned.
        saved: what a saved plan says of the host: exactly that is applied, or nothing; None
            where none is applied.
        worked: when the run whose record is closed has worked on the host; None where nobody knows.
    """

    verb: Verb
    host: Host
    settings: Settings
    planner: Planner
    run: str = AUDIT
    ask: bool = False
    takes_over: tuple[str, ...] = ()
    supplies: Mapping[str, Supply] = field(default_factory=dict)
    computer: Computer | None = None
    notes: tuple[str, ...] = ()
    settling: float = 0.0
    secrets: Secrets = field(default=(), repr=False)
    saved: Saved | None = None
    worked: Worked | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        values = tuple(getattr(self, each.name) for each in fields(self))
        return _order, (tuple(running()), *values)  # the files first: the values need them

    def another(self, found: Computer) -> Problem | None:
        """Why an answer is not of the computer that this is about, or None when it is."""
        return other_computer(self.computer, found, self.settings.renamed)

    def about(self, found: Computer) -> "Order":
        """The same, about the computer that has answered now."""
        note = told(self.computer, found, self.settings.renamed)
        notes = (*self.notes, note) if note and note not in self.notes else self.notes
        settings = replace(self.settings, renamed=frozenset())
        return replace(self, computer=found, settings=settings, notes=notes)

    def observe(self) -> Request:
        """The planner's questions."""
        return self._questions(observe_calls(self.planner.queries()))

    def observe_again(self, calls: tuple[Call, ...]) -> Request:
        """Some of the planner's questions, each answered at once, as one of them may hang."""
        return self._questions(calls, patience=0)

    def _questions(self, calls: tuple[Call, ...], patience: float = PATIENCE) -> Request:
        given = (call.seconds or 0.0 for call in calls)
        slow = sum(seconds for seconds in given if seconds > Query.seconds)
        seconds = max(QUESTIONS_SECONDS, slow)
        return Request(run=self.run, calls=calls, seconds=seconds, patience=patience)

    def look_again(self, fence: int) -> Request:
        """The lease, so that no pipeline of ours can still be writing, and the questions."""
        return self.request(self._lock(fence), *observe_calls(self.planner.queries()))

    def unlock(self) -> Request:
        """Gives the host's lease back: this run's, or one that it may take over."""
        runs = enumerate((self.run, *self.takes_over))
        return self.request(*(_unlock(run, f"unlock-{number}") for number, run in runs))

    def lease(self) -> Request:
        """Reads the host's lease."""
        lease = Call(id="lease", function="Get-RemediateLease", files=LEASE_READER)
        return Request(run=self.run, calls=(lease,))

    def request(self, *calls: Call) -> Request:
        """A request that only the computer that this is about carries out."""
        meant = self.computer
        if meant is not None and meant.name.casefold() in {
            name.casefold() for name in self.settings.renamed
        }:
            meant = Computer(name="", guid=meant.guid)  # whatever its name is now
        return Request(run=self.run, calls=calls, computer=meant)

    def write(
        self,
        fence: int,
        changes: tuple[Change, ...],
        *,
        undoing: bool = False,
        whole: tuple[Change, ...] = (),
    ) -> Request:
        """Lease, compare-and-set, questions, receipt, release: one pipeline.

        Args:
            fence: of the lease.
            changes: what is to be written.
            undoing: they take back what was written before.
            whole: all that the run writes, for the receipt, where this is the rest of it.
        """
        writes = write_calls(changes, "lease", self.settings.part_seconds, self.secrets)
        first = (change for change in changes if change.resource == changes[0].resource)
        in_time = all(change.settling is None for change in first)
        receipt = Call(
            id="receipt",
            function="Save-RemediateReceipt",
            arguments={
                "run": self.run,
                "operator": self.settings.operator,
                "computer": self.computer.model_dump() if self.computer else None,
                "state": "rolled_back" if undoing else "applied",
                "playbooks": [use.id for use in self.planner.uses],
                "changes": [
                    {
                        "resource": change.resource.model_dump(),
                        "title": change.title,
                        "property": change.property,
                        "before": _brief(change.before, change.before_label),
                        "after": _brief(change.after, change.after_label),
                    }
                    for change in whole or changes
                ],
            },
            needs=(writes[0].id if in_time else "lease",),  # also of what is begun only
            files=LEASE_WRITER,
        )
        request = self.request(
            self._lock(fence),
            *writes,
            *observe_calls(self.planner.queries()),
            receipt,
            _unlock(self.run, "unlock", writes[-1].id, "receipt"),
        )
        compose(request.files)  # reads them: from the intent on, nothing may fail before sending
        return request

    def _lock(self, fence: int) -> Call:
        return Call(
            id="lease",
            function="Lock-RemediateLease",
            arguments={
                "run": self.run,
                "owner": self.settings.operator,
                "fence": fence,
                "ttl": self.settings.lease_seconds,
                "undoes": list(self.takes_over),
            },
            files=LEASE_WRITER,
        )


def _order(files: tuple[PlaybookFile, ...], *values: Any) -> Order:  # noqa: ANN401 - its fields
    del files  # run by now
    return Order(*values)


def _unlock(run: str, call: str, *needs: str) -> Call:
    return Call(
        id=call,
        function="Unlock-RemediateLease",
        arguments={"run": run},
        needs=needs,
        files=LEASE_WRITER,
    )


def _brief(value: JsonValue, label: str | None) -> JsonValue:
    """A value as the receipt has it: structured ones in words."""
    return label if isinstance(value, dict | list) and label else value


def failed_with(error: CallError | None, name: str) -> bool:
    """Whether a call failed with one of the script's own errors."""
    return error is not None and name_of(error) == name


def succeeded(reply: Reply, call: str) -> bool:
    """Whether a call of a reply succeeded."""
    return reply[call].status is Status.OK


def first_problem(reply: Reply, *, here: bool = False) -> Problem | None:
    """Why not all went well in a pipeline that writes; reading is judged elsewhere.

    Args:
        reply: what the host says.
        here: the host is this machine itself.
    """
    for result in reply.calls:
        if result.status is not Status.ERROR or result.id.startswith("observe"):
            continue
        if failed_with(result.error, UNFINISHED):
            continue
        error = result.error
        moved = failed_with(error, "RemediateStale") or failed_with(error, "RemediateMissing")
        if moved and error is not None:
            return Problem(
                code=STALE,
                message=f"the host moved since it was observed: {error.message}",
                hint="Run the audit again to see how it is now.",
            )
        doing = {"lease": "taking the lease", "receipt": "leaving the receipt"}
        return call_problem(error, f"{doing.get(result.id, 'writing')} failed", here=here)
    return None


def _refused(result: CallResult) -> bool:
    names = (
        ANOTHER_COMPUTER,
        "RemediateStale",
        "RemediateMissing",
        "RemediateRefused",
        "RemediateContentMissing",
    )
    return any(failed_with(result.error, name) for name in names)


def refused_by_host(reply: Reply) -> bool:
    """Whether a write was refused by our own function, before it wrote."""
    return any(_refused(result) for result in reply.calls)


def perhaps_written(reply: Reply, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes that were written, or whose writing failed on the way.

    Our own refusals come before the write they refuse.
    """
    resources = list(dict.fromkeys(change.resource for change in changes))
    results = (result for result in reply.calls if result.id.startswith("write"))
    touched = {
        resource
        for resource, result in zip(resources, results, strict=True)
        if result.status is not Status.SKIPPED and not _refused(result)
    }
    return tuple(change for change in changes if change.resource in touched)


def still_writing(error: CallError | None) -> bool:
    """Whether the lease was denied because a pipeline is at work there."""
    detail = (error.detail if error else None) or {}
    return bool(detail.get("active"))


def held_by_us(error: CallError | None, run: str) -> int | None:
    """The fence of the lease that a run holds itself, when it was denied for being higher."""
    detail = (error.detail if error else None) or {}
    fence = detail.get("fence")
    ours = detail.get("run") == run and not detail.get("active")
    return fence if ours and isinstance(fence, int) else None


def holder_of(error: CallError | None) -> Holder | None:
    """Who holds the lease on the host, as its refusal says."""
    return holder_in(error.detail) if error else None


def holder_in(lease: JsonValue) -> Holder | None:
    """Who holds a lease, as the host describes it."""
    if not isinstance(lease, dict):
        return None
    try:
        return Holder.model_validate({name: lease.get(name) for name in Holder.model_fields})
    except ValueError:
        return None


def in_force(changes: tuple[Change, ...], seen: Observation) -> tuple[Change, ...]:
    """The changes whose value after is there now, or what else can only be ours."""
    return tuple(change for change in changes if _in_force(change, seen))


def _in_force(change: Change, seen: Observation) -> bool:
    resource = seen.find(change.resource)
    if resource is None:
        return False
    return resource.holds(change) or resource.left_by(change)
