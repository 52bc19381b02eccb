"""An address that leads to another computer from some exchange on, and what has to be true then."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.engine.recorded import changes_to_undo
from remediate.lab.host import LabHost
from remediate.lab.kinds import put
from remediate.lab.kinds.registry_value import MACHINE_GUID, machine_guid
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.lab.state import HostState
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.resources.scheduled_task import MultipleInstances
from remediate.runner.serial import Serial
from remediate.testing.store import MemoryStore
from remediate.transport.psrp import PsrpTransport
from tests.faults.controller import (
    LEASE,
    PATIENT,
    apply_run,
    edit,
    host_state,
    undo_run,
)
from tests.faults.forward import Forward, How
from tests.faults.truth import AS_IT_WAS, PROCESS_EXIT, check_report, repaired, resources


class Who(StrEnum):
    """Which computer answers instead.

    other: another name, another GUID.
    namesake: the same name, another GUID.
    clone: the same GUID, another name.
    """

    OTHER = "other"
    NAMESAKE = "namesake"
    CLONE = "clone"


class Like(StrEnum):
    """What state it is in: the same as the one that is meant, or another."""

    SAME = "same"
    ANOTHER = "another"


class What(StrEnum):
    """What is done while the address moves."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    RECONCILE = "reconcile"


@dataclass(frozen=True)
class Case:
    """One trial.

    Args:
        what: what is done.
        exchange: from which on the address leads elsewhere, from 1.
        how: what becomes of the connection.
        who: which computer is there.
        like: what state it is in.
    """

    what: What
    exchange: int
    how: How
    who: Who
    like: Like

    def __str__(self) -> str:
        return (
            f"{self.what}, from exchange {self.exchange} on ({self.how}) to the {self.who}, "
            f"in {self.like} state"
        )


MEANT = "SRV01"
CODES = {Who.OTHER: "another_computer", Who.NAMESAKE: "another_computer", Who.CLONE: "renamed"}
EXCHANGES = 8
"""Of an apply, a rollback and a reconcile alike."""


@dataclass
class Place:
    """An address, the computer that is meant by it, another one, and a controller.

    Args:
        lab: serves both.
        meant: the one that is meant.
        other: the other one.
        forward: the address; it leads to the first.
        job: what is applied.
        disk: what a computer has on its disk, besides what its state says.
    """

    lab: Lab
    meant: LabHost
    other: LabHost
    forward: Forward
    job: Job
    disk: Callable[[LabHost], Mapping[str, bytes]] = lambda _: {}
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        password = SecretStr(self.meant.password)
        transport = PsrpTransport(lambda _: password, pause=lambda _: None)
        settings = Settings(operator="ada@bastion", timeout=PATIENT, lease=LEASE)
        self.engine = Engine(transport, settings, self.store, runner=Serial())
        self.target: Host = self.meant.target().model_copy(update={"port": self.forward.port})

    def apply(self) -> HostReport:
        """Apply at the address."""
        [report] = self.engine.apply([self.target], self.job, apply_run())
        return report

    def rollback(self, name: str = "undo-1") -> HostReport:
        """Undo at the address what was applied."""
        record = self.store.run(apply_run().id)
        [report] = self.engine.rollback(record, undo_run(name=name))
        return report

    def reconcile(self) -> HostReport:
        """Close at the address what is open."""
        [(_, report)] = self.engine.reconcile()
        return report

    def everything(self, host: LabHost) -> tuple[object, ...]:
        """All that there is of a computer, byte for byte."""
        state = host.state
        return json.dumps(state.snapshot()), json.dumps(state.freed), self.disk(host)


@contextmanager
def place(case: Case, job: Job) -> Iterator[Place]:
    """The place of a trial, with simulated hosts."""
    with Lab([host_state(MEANT), host_state("SRV02")]) as lab:
        meant, other = lab.hosts
        become(other.state, case.who, meant.state)
        with Forward(meant) as forward:
            yield Place(lab, meant, other, forward, job)


def become(state: HostState, who: Who, meant: HostState) -> None:
    """Make another computer of a host.

    Args:
        state: the host.
        who: which one.
        meant: the computer that is meant.
    """
    names = {Who.OTHER: "SRV02", Who.NAMESAKE: meant.name, Who.CLONE: "SRV01-OLD"}
    clone = machine_guid(meant)
    state.name = names[who]
    guid = clone if who is Who.CLONE else "0aa7c0ff-ee00-4000-8000-000000000002"
    put(state, {"registry_value": {MACHINE_GUID: guid}})


def try_out(case: Case, here: Place, *, whole: bool = True) -> None:
    """Do it, see that nothing untrue is said, and put everything in order afterwards.

    Args:
        case: the trial.
        here: where.
        whole: with what is put in order.
    """
    start = resources(here.meant.state)
    prepare(case, here)
    before, left = here.everything(here.meant), here.everything(here.other)
    their_start = resources(here.other.state)
    here.forward.lead_from(case.exchange, case.how, here.other)
    report = getattr(here, case.what)()
    if case.what is What.APPLY and computer_of(report) == identity(here.other.state):
        # it was there before anything had been said of the computer that was meant
        check_report(report, here.other.state, their_start)
        assert here.everything(here.meant) == before
        if whole:
            put_back(case, here, report, wrong=here.meant, right=here.other)
            assert resources(here.other.state) == their_start
            assert here.everything(here.meant) == before
        return
    check_said(case, report, here.meant.state, start)
    assert here.everything(here.other) == left
    if whole:
        put_back(case, here, report, wrong=here.other, right=here.meant)
        assert resources(here.meant.state) == start
        assert here.everything(here.other) == left


def prepare(case: Case, here: Place) -> None:
    """Bring both computers to where the trial begins."""
    meant, other = here.meant.state, here.other.state
    if case.what is What.ROLLBACK:
        assert here.apply().outcome is Outcome.CHANGED
    if case.what is What.RECONCILE:
        # with the state of the other one: of a host that was not written to, and one that is right
        when = When.AFTER if case.like is Like.SAME else When.BEFORE
        lost = Fault(match=Step.COMMAND, nth=2, count=0, do=Action.DROP, when=when)
        here.lab.faults = (lost,)
        assert here.apply().outcome is Outcome.INDETERMINATE
        here.lab.faults = ()
    with other.lock:
        guid = machine_guid(other)
        if case.like is Like.SAME:
            other.windows = meant.without_traces()
            put(other, {"registry_value": {MACHINE_GUID: guid}})
        elif case.what is What.RECONCILE:
            other.windows["scheduled_tasks"] = repaired(resources(other))
        else:
            edit(other, task=0, policy=MultipleInstances.QUEUE)


def check_said(case: Case, report: HostReport, state: HostState, start: bytes) -> None:
    """What is said is so, of the computer that is meant."""
    if report.outcome is Outcome.REFUSED:
        assert report.problem is not None
        assert report.problem.code == CODES[case.who]
    if report.outcome is Outcome.INDETERMINATE:
        assert report.problem is not None
        assert report.problem.code == CODES[case.who]
    if case.what is not What.ROLLBACK:
        check_report(report, state, start)
        return
    now = resources(state)
    assert report.exit_code == PROCESS_EXIT[report.outcome]
    if report.outcome is Outcome.CHANGED:
        assert now == start
    elif report.outcome is not Outcome.INDETERMINATE:
        assert report.outcome in AS_IT_WAS - {Outcome.COMPLIANT}
        assert json.loads(now)["scheduled_tasks"] == repaired(start)


def put_back(case: Case, here: Place, report: HostReport, wrong: LabHost, right: LabHost) -> None:
    """Close and undo the run: in vain at the wrong computer, then at the right one.

    Args:
        case: the trial.
        here: where.
        report: the last one of the run.
        wrong: the computer that the run was not about.
        right: the one that it was about.
    """
    untouched = here.everything(wrong)
    unknown = bool(here.store.open_intents(indeterminate=True))
    [record] = here.store.run(apply_run().id).hosts
    here.forward.lead(wrong)
    if unknown:
        found = here.reconcile()
        assert found.outcome is Outcome.INDETERMINATE
        assert found.problem is not None
        assert found.problem.code == CODES[case.who]
    elif changes_to_undo(record):
        refused = here.rollback("undo-8")
        assert refused.outcome is Outcome.REFUSED
        assert refused.problem is not None
        assert refused.problem.code == CODES[case.who]
    assert here.everything(wrong) == untouched
    here.forward.lead(right)
    if unknown:
        report = here.reconcile()
        assert report.outcome in {Outcome.CHANGED, Outcome.FAILED_UNCHANGED}
    [record] = here.store.run(apply_run().id).hosts
    if changes_to_undo(record):
        report = here.rollback("undo-9")
        assert report.outcome in {Outcome.CHANGED, Outcome.COMPLIANT}
    assert right.state.lease is None or report.lease_kept
    assert here.store.open_intents(indeterminate=True) == []


def computer_of(report: HostReport) -> Computer | None:
    """The computer that a report is about, when it says so."""
    facts = report.plan.facts if report.plan else None
    return facts.computer if facts else None


def identity(state: HostState) -> Computer:
    """Which computer a host is."""
    return Computer(name=state.name, guid=machine_guid(state))
