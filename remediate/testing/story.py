"""The story of a host that every case goes through, told alike whatever answers for the host.

audit -> apply -> audit -> rollback -> rollback of the rollback -> apply's change undone after
somebody else has edited it. Each beat makes sure of what must hold after it; what was seen is
returned in a form in which two engines can be compared.
"""

import json
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import everything, kind_of
from remediate.lab.state import HostState, Record
from remediate.model.change import Change
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.runner.serial import Serial
from remediate.testing.case import Case
from remediate.testing.expect import expect, expect_among
from remediate.testing.reports import check_report, comparable, explain, plan_of
from remediate.testing.states import (
    Resources,
    copied,
    edit,
    find,
    in_order,
    renewable,
    still,
    unlike,
)
from remediate.testing.store import MemoryStore
from remediate.testing.transport import Meanwhile, MemoryTransport, Recorder, WithPeer
from remediate.transport.protocol import Transport

Item = TypeVar("Item")
Seen = list[tuple[str, Any]]
"""What was seen in each beat of a story."""

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
"""The host of a story that is told in memory."""
PEER = Host(name="SRV02", address="127.0.0.99", port=5985, auth=Auth.BASIC)
_SEVERAL = 12


class Passing(threading.Event):
    """Pauses that take no time: the clocks of the host and of the engine are moved on instead.

    Args:
        state: the host.
    """

    def __init__(self, state: HostState) -> None:
        super().__init__()
        self._state = state
        self._passed = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass."""
        seconds = timeout or 0.0
        self._state.wait(seconds)
        self._passed += seconds
        return self.is_set()

    def clock(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() + self._passed


@dataclass
class Teller:
    """Runs one case on one host.

    Args:
        case: the case.
        transport: talks to the host.
        host: the host as an inventory has it.
        state: the same host's state.
        job: what is run; the case's playbook when not given.
        short: end the story with the rollback, and leave out its dry run.
        thorough: somebody edits each of the changed properties in turn, not just the first.
        compared: what is seen is kept, to be compared with what another engine shows.
        store: the journal.
        seen: what was seen so far, where it is kept.
    """

    case: Case
    transport: Transport
    host: Host
    state: HostState
    job: Job | None = None
    short: bool = False
    thorough: bool = False
    compared: bool = False
    store: MemoryStore = field(default_factory=MemoryStore)
    seen: Seen = field(default_factory=list)

    def __post_init__(self) -> None:
        short, inner = self.case.meanwhile, self.transport
        self.recorder = Recorder(Meanwhile(inner, self.state, short) if short else inner)
        self.work = self.job or self.case.job()
        settings = Settings(
            operator="ada@bastion", accept_irreversible=self.case.accept_irreversible
        )
        peer = None if self.case.peer is None else healthy_host("SRV02", self.case.peer)
        transport = WithPeer(self.recorder, PEER, peer)
        passing = Passing(self.state)
        self.engine = Engine(
            transport,
            settings,
            self.store,
            runner=Serial(),
            peer=lambda _: PEER,
            clock=passing.clock,
            interrupted=passing,
        )
        self._runs = 0

    @classmethod
    def in_memory(
        cls,
        case: Case,
        transport: MemoryTransport | None = None,
        *,
        short: bool = False,
        thorough: bool = False,
        compared: bool = False,
    ) -> "Teller":
        """Tells the story of a case on a host of the simulated engine.

        Args:
            case: the case.
            transport: gets the host as its only one; one without troubles when not given.
            short: as for the class.
            thorough: as for the class.
            compared: as for the class.
        """
        state = case.state()
        transport = transport or MemoryTransport({})
        transport.states = {HOST.address: state}
        return cls(
            *(case, transport, HOST, state), short=short, thorough=thorough, compared=compared
        )

    def tell(self) -> Seen:
        """The whole story; what was seen, where it is kept.

        Raises:
            AssertionError: something is not as it has to be.
        """
        case, start = self.case, self.windows()
        report = self.audit("audit")
        expect("The outcome of the audit", report.outcome, case.audit, partial(explain, report))
        check_report(case, report)
        report = self.apply()
        expect("The outcome of apply", report.outcome, case.applied, partial(explain, report))
        said = report.problem.message if report.problem else ""
        expect_among("The reason of the refusal", [said], case.refusal or "")
        if case.problem:
            expect("The problem", report.problem and report.problem.code, case.problem)
        if report.outcome is Outcome.CHANGED:
            self.undo(start, report)
        else:
            self.is_now("The host after an apply that changed nothing", start)
        self.is_free()
        return self.seen

    def undo(self, start: Record, report: HostReport) -> None:
        """All that can follow an apply that changed something.

        Args:
            start: the state before it.
            report: of it.
        """
        changes, changed = report.applied, self.windows()
        expect("What was applied", changes, plan_of(report).changes)
        lasting = [change for change in changes if not change.reversible]
        again = self.audit("audit again")
        expect(
            "What is left to change after apply",
            plan_of(again).changes,
            (),
            partial(explain, again),
        )
        undone = self.rollback(self.applied_run)
        usual = Outcome.CHANGED if len(lasting) < len(changes) else again.outcome
        if undone.plan and len(lasting) == len(changes):
            usual = Outcome.COMPLIANT
        wanted = self.case.rollback or usual
        expect("The outcome of rollback", undone.outcome, wanted, partial(explain, undone))
        if undone.outcome is Outcome.CHANGED:
            self.is_now("The host after rollback", start, lasting)
        if undone.outcome is Outcome.CHANGED and not self.short:
            redone = self.rollback(self.last_run)
            said = "The outcome of the rollback of the rollback"
            expect(said, redone.outcome, Outcome.CHANGED, partial(explain, redone))
            self.is_now("The host after the rollback of the rollback", changed, lasting)
        drifting = [change for change in changes if change.reversible]
        if self.case.goes_back and not self.short:
            for change in ends(drifting) if self.thorough else drifting[:1]:
                self.drift(start, changed, changes, change)

    def drift(
        self, start: Record, changed: Record, changes: Iterable[Change], edited: Change
    ) -> None:
        """Somebody edits a property after apply: it is kept and named, the others go back.

        Args:
            start: the state before apply.
            changed: the state after it.
            changes: all that it changed.
            edited: what somebody edits.
        """
        self.restore(changed)
        theirs = edit(self.state, edited)
        if theirs is None:  # there is no third value
            return
        report = self.rollback(self.applied_run, f"rollback after {edited.property} drifted")
        about = f"after somebody edited {edited.title}: {edited.property}"
        said = f"The outcome of rollback {about}"
        expect(said, report.outcome, Outcome.CONFLICT, partial(explain, report))
        names = {"resource", "property", "before", "after"}
        conflicts = [one.change.model_dump(include=names) for one in plan_of(report).conflicts]
        expect(f"The conflicts {about}", conflicts, [edited.model_dump(include=names)])
        lasting = [change for change in changes if not change.reversible]
        self.is_now(f"The host {about} and rollback", start, lasting, edited)
        now = find(self.state, edited)[edited.property]
        expect(f"The value {about} and rollback", now, theirs)

    # --- beats --------------------------------------------------------------------------------

    def audit(self, beat: str) -> HostReport:
        """Look, and change nothing: the state is the same byte for byte."""
        before, asked = self.state.snapshot(), len(self.recorder.requests)
        [report] = self.engine.audit([self.host], self.work)
        self._is_untouched("The host after an audit", before)
        calls = [call for request in self.recorder.requests[asked:] for call in request.calls]
        others = [call.function for call in calls if not call.function.startswith("Get-")]
        expect("What an audit sends besides questions", others, [])
        return self._note(beat, report)

    def apply(self) -> HostReport:
        """Apply as a run of its own, `applied_run`."""
        run = self.new_run(RunKind.APPLY)
        self.applied_run = run.id
        [report] = self.engine.apply([self.host], self.work, run)
        return self._note("apply", report)

    def rollback(self, undoes: str, beat: str = "rollback") -> HostReport:
        """Undo a run, after a dry run that says the same and changes nothing."""
        record = self.store.run(undoes)
        said = None
        if not self.short:
            before = self.state.snapshot()
            [dry] = self.engine.rollback(
                record, self.new_run(RunKind.ROLLBACK, undoes), dry_run=True
            )
            self._is_untouched("The host after the dry run of a rollback", before)
            said = plan_of(dry)
        [report] = self.engine.rollback(record, self.new_run(RunKind.ROLLBACK, undoes))
        if said is not None:
            plan = plan_of(report)
            expect("What a rollback changes", plan.changes, said.changes)
            expect("What a rollback leaves to its new owner", plan.conflicts, said.conflicts)
        return self._note(beat, report)

    def new_run(self, kind: RunKind, undoes: str | None = None) -> Run:
        """The next run, `last_run` from now on."""
        self._runs += 1
        self.last_run = f"20260101-000000-{self._runs:04}"
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._runs)
        return Run(
            id=self.last_run,
            kind=kind,
            playbooks=self.work.uses,
            operator="ada@bastion",
            started=now,
            undoes=undoes,
        )

    def _note(self, beat: str, report: HostReport) -> HostReport:
        if self.compared:
            self.seen.append((beat, comparable(report)))
            self.seen.append((f"state after {beat}", renewable(self.resources())))
        return report

    # --- the state ----------------------------------------------------------------------------

    def resources(self) -> Resources:
        """All that can be said of the host, in an order of its own."""
        return in_order(everything(self.state))

    def windows(self) -> Record:
        """A copy of the state of the host's Windows."""
        with self.state.lock:
            return copied(self.state.windows)

    def restore(self, windows: Record) -> None:
        """Put the host back as it was."""
        with self.state.lock:
            self.state.windows = copied(windows)

    def is_now(
        self,
        what: str,
        start: Record,
        lasting: Iterable[Change] = (),
        theirs: Change | None = None,
    ) -> None:
        """The host is as it was, but for changes that cannot be put back, and somebody's edit.

        Args:
            what: it is now, for who reads a failed test.
            start: what it was.
            lasting: changes that cannot be put back.
            theirs: what somebody has edited.
        """
        expected = HostState("expected", copied(start), clock=self.state.clock)
        for change in lasting:
            if not change.renews:  # what gets any other value moves by itself
                wanted = {change.property: change.after}
                kind_of(change.resource.kind).write(expected, find(expected, change), wanted)
        if theirs is not None:
            edit(expected, theirs)
        if self.state.without_traces() == expected.without_traces():
            return  # and so is all that can be said of it
        if self.state.edits:
            expect(what, sorted(unlike(self.resources(), everything(expected))), [])
        else:
            expect(what, still(self.resources()), still(everything(expected)))

    def _is_untouched(self, what: str, before: Record) -> None:
        now = self.state.snapshot()
        expect(what, now, before)
        expect(f"{what}, byte for byte,", json.dumps(now), json.dumps(before))

    def is_free(self) -> None:
        """Nobody holds the host."""
        expect("The lease that is left on the host", self.state.lease, None)


def ends(several: Sequence[Item]) -> Sequence[Item]:
    """The first and last few; of thirty tasks the tenth is like the eleventh."""
    return several if len(several) <= _SEVERAL else [*several[:3], *several[-4:]]
