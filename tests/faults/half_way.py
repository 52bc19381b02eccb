"""A host that stops somewhere in a pipeline that writes, and what has to be true then.

A trial is one way to break off: at which pipelines, and how many of its calls the host still
carries out there. All ways are found by trying them: wherever a pipeline writes, it is broken off
after each of its calls; what writes after that, such as the undoing of it, is broken off in turn.
"""

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.engine.observation import Observation, observe_calls, read_observation
from remediate.engine.planning import PlaybookPlanner
from remediate.engine.recorded import changes_to_undo
from remediate.lab.engines.functions import answer
from remediate.lab.kinds import record, records
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.powershell.messages import Request, decode_reply
from remediate.resources.base import Resource
from remediate.runner.serial import Serial
from remediate.store.protocol import Store
from remediate.testing.store import MemoryStore
from remediate.testing.transport import Trouble
from remediate.transport.errors import ConnectionLost, TransportError
from remediate.transport.protocol import Transport
from tests.drawn import drawn
from tests.faults.controller import LEASE, PATIENT, apply_run, undo_run
from tests.faults.repairs import Repair
from tests.faults.truth import AS_IT_WAS, PROCESS_EXIT
from tests.faults.under_way import VALUES, Interrupt, Time

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
ALL = -1
"""As a number of calls: all are carried out, and only the answer is lost."""
_ONCE_MORE = 1
"""Places in a pipeline, another one by each seed, where it breaks off after another has."""


@dataclass(frozen=True)
class Trial:
    """One way to break off.

    Args:
        breaks: the numbers of pipelines, from 1, and how many of its calls each still carries out.
        away: after the last of them the host cannot be reached.
        error: what the controller hears.
    """

    breaks: tuple[tuple[int, int], ...] = ()
    away: bool = False
    error: type[TransportError] = ConnectionLost

    @property
    def last(self) -> int:
        """The last pipeline that breaks off."""
        return max((number for number, _ in self.breaks), default=0)

    def trouble(self, number: int) -> Trouble | None:
        """What goes wrong with a pipeline."""
        calls = dict(self.breaks).get(number)
        if calls is not None:
            return Trouble(self.error, calls)
        return Trouble(self.error) if self.away and number > self.last else None

    def __str__(self) -> str:
        where = [f"pipeline {number} after {calls} calls" for number, calls in self.breaks]
        return f"{', '.join(where) or 'nowhere'}{', then away' if self.away else ''}"


Tell = Callable[[Trial], Sequence[Request]]
"""Tells a story in which something breaks off, checks it, and gives the pipelines that may."""


def explore(tell: Tell, depth: int, first: Trial | None = None) -> list[str]:
    """Tell a story with every way to break off; with some of the ways to do so once more.

    Args:
        tell: the story.
        depth: how many pipelines break off at most.
        first: what breaks off already.

    Returns:
        The ways that were tried, each with what was wrong after it.
    """
    trial = first or Trial()
    try:
        sent = tell(trial)
    except AssertionError as error:
        failed = traceback.extract_tb(error.__traceback__)[-1]
        return [f"{trial}: {failed.line} ({failed.lineno}) {error}"]
    tried = [""]
    for number, request in enumerate(sent if depth else (), start=1):
        if number <= trial.last:
            continue
        places = _places(request)
        if trial.breaks:
            places = drawn(places, _ONCE_MORE, (str(trial), number))
        for calls in places:
            further = replace(trial, breaks=(*trial.breaks, (number, calls)))
            tried += explore(tell, depth - 1, further)
            tried += explore(tell, 0, replace(further, away=True))
    return tried


def _places(request: Request) -> Sequence[int]:
    """Where a pipeline may break off: anywhere in one that writes, before or after another."""
    if writes(request):
        return (*range(len(request.calls)), ALL)
    leased = any("Lease" in call.function for call in request.calls)
    return (0, ALL) if leased else ()


def writes(request: Request) -> bool:
    """Whether a pipeline writes to resources."""
    return any(call.function.startswith("Set-") for call in request.calls)


@dataclass
class Bench:
    """A host, and a controller that repairs it.

    Args:
        repair: what is wrong with it, and what is done about it.
        transport: how it is talked to.
        state: the host.
        host: the same as an inventory has it.
        auto_rollback: what does not read back as planned is undone at once.
        time: of the controller and the host, where both live in memory.
    """

    repair: Repair
    transport: Transport
    state: HostState
    host: Host = HOST
    auto_rollback: bool = True
    store: Store = field(default_factory=MemoryStore)
    time: Time | None = None
    runs: int = 0
    last: HostReport | None = None

    def __post_init__(self) -> None:
        self.job: Job = self.repair.job
        settings = Settings(
            operator="ada@bastion",
            timeout=PATIENT,
            lease=LEASE,
            auto_rollback=self.auto_rollback,
            accept_irreversible=True,
        )
        self.engine = Engine(self.transport, settings, self.store, runner=Serial())
        if self.time is not None:
            sleep, clock, now = self.time.sleep, self.time.clock, self.time.now
            parked = Interrupt(sleep)
            self.engine = replace(
                self.engine, sleep=sleep, clock=clock, now=now, interrupted=parked
            )
            self.state.clock = now
        if self.repair.reads:
            self.reading = Reading(self.state)

    def look(self) -> Observation:
        """The host as it is, by no way that can break off."""
        queries = PlaybookPlanner(self.job).queries()
        request = Request(run="look", calls=observe_calls(queries))
        return read_observation(queries, decode_reply(answer(self.state, request).texts, request))

    def apply(self) -> HostReport:
        """Repair it, and check what is said."""
        before = self.look()
        [report] = self.engine.apply([self.host], self.job, apply_run())
        return self._checked(report, before)

    def rollback(self) -> HostReport:
        """Undo the repair, and check what is said."""
        self.runs += 1
        before = self.look()
        record = self.store.run(apply_run().id)
        run = undo_run(name=f"undo-{self.runs}")
        [report] = self.engine.rollback(record, run, job=self.job)
        return self._checked(report, before)

    def reconcile(self, before: Observation) -> HostReport:
        """Close what is open, and check what is said.

        Args:
            before: the host before the run that is open.
        """
        [(_, report)] = self.engine.reconcile()
        return self._checked(report, before)

    def check_undone(self, start: Observation) -> None:
        """Undo whatever the run has left, and see that nothing of it is."""
        [record] = self.store.run(apply_run().id).hosts
        if changes_to_undo(record):
            report = self.rollback()
            assert report.outcome in {Outcome.CHANGED, Outcome.COMPLIANT}, report.problem
        assert settled(self.look()) == settled(start)
        assert self.state.lease is None or (self.last and self.last.lease_kept)
        assert self.store.leases(self.engine.now()) == []
        assert self.store.open_intents(indeterminate=True) == []

    def _checked(self, report: HostReport, before: Observation) -> HostReport:
        check_report(report, before, self.look())
        if self.repair.reads and report.outcome in {Outcome.CHANGED, *AS_IT_WAS}:
            self.reading.check()
        self.last = report
        return report


class Reading:
    """What a service has read of its values: what they were when it was started.

    Args:
        state: the host.
    """

    def __init__(self, state: HostState) -> None:
        self._state = state
        self._process: object = None
        self._read: list[Record] = []
        state.changed = self._look
        self._look()

    def check(self) -> None:
        """The values that are there are in force."""
        service = record(self._state, "service", name="MSiSCSI")
        assert service["process"] is None or self._read == self._values(), "it is not in force"

    def _look(self) -> None:
        service = record(self._state, "service", name="MSiSCSI")
        if service["process"] != self._process:
            self._process, self._read = service["process"], self._values()

    def _values(self) -> list[Record]:
        wanted = [name.model_dump() for name in VALUES]
        return records(self._state, "registry_value", values=wanted)


def settled(seen: Observation) -> list[tuple[ResourceId, dict[str, JsonValue]]]:
    """All that can be put back."""
    return sorted(
        ((id_, resource.compared()) for id_, resource in seen.resources.items()), key=repr
    )


def value(change: Change, seen: Observation) -> JsonValue:
    """What the property that a change is about is."""
    return resource_of(change, seen).recorded(change.property)


def resource_of(change: Change, seen: Observation) -> Resource:
    """What a change is about, as it is."""
    resource = seen.find(change.resource)
    assert resource is not None
    return resource


def check_report(report: HostReport, before: Observation, now: Observation) -> None:
    """What a report says of a host is so, and it says all that there is to say.

    Args:
        report: of a run.
        before: the host before it.
        now: the host after it.
    """
    assert PROCESS_EXIT[report.outcome] == report.exit_code
    if report.outcome is Outcome.INDETERMINATE:
        assert report.problem
        return
    changes = report.plan.changes if report.plan else ()
    made = [
        change
        for change in changes
        if resource_of(change, now).holds(change) or resource_of(change, now).left_by(change)
    ]
    moved = [
        change
        for change in changes
        if value(change, now) != value(change, before)
        and not (change.renews and value(change, now) is None)  # its status says that
    ]
    if report.outcome is Outcome.CHANGED:
        assert list(report.applied) == list(changes) == made
    elif report.outcome in AS_IT_WAS:
        assert settled(now) == settled(before), f"{report.outcome}, but not as it was"
        assert list(report.applied) == moved, "it hides what cannot be put back"
        assert not any(change.reversible for change in moved)
    else:
        assert report.outcome is Outcome.FAILED_CHANGED
        assert report.problem
        assert report.differing
        assert list(report.applied) == made
        for found in report.differing:
            resource = now.find(found.resource)
            assert resource is not None
            assert found.found == resource.recorded(found.property)
            assert found.renews or found.found != found.expected
        told = names(report.applied) | {(d.resource, d.property) for d in report.differing}
        assert names(moved) <= told, "it hides what was written"


def names(changes: Iterable[Change]) -> set[tuple[ResourceId, str]]:
    """What some changes are about."""
    return {(change.resource, change.property) for change in changes}
