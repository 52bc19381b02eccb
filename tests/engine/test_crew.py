"""What is promised of one process holds of several; and of one that ends in the middle."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from pydantic import SecretStr

from remediate.engine.elsewhere.giving import Giving
from remediate.engine.elsewhere.messages import (
    Define,
    OrderPart,
    PlaybookPart,
    RecordPart,
    UndoPart,
)
from remediate.engine.elsewhere.parcels import Packing, StaysError, Unpacking
from remediate.engine.elsewhere.service import FarOrder, Gone
from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.engine.order import Order, Verb
from remediate.engine.planning import PlaybookPlanner
from remediate.engine.recorded import Removal
from remediate.engine.rollback import RecordPlanner, UndoPlanner
from remediate.engine.saved import Saved
from remediate.engine.surroundings import Surroundings
from remediate.lab.hosts import make_state
from remediate.lab.kinds import turn_on
from remediate.lab.kinds.boot import KIND
from remediate.model.base import Model
from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer
from remediate.model.connection import Via
from remediate.model.event import Event, HostProgress
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome, Worked
from remediate.model.plan import Plan
from remediate.model.waiver import Waiver, Waivers
from remediate.playbook.loader import running
from remediate.powershell.messages import Reply, Request
from remediate.store.errors import StoreUnavailable
from remediate.store.run_lock import is_running
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import AuthenticationFailed, ConnectionLost
from remediate.transport.gate import Gate
from remediate.transport.protocol import Deadline, Session
from tests.engine.crews import PATIENT, Started
from tests.faults.controller import STARTED, apply_run, undo_run
from tests.faults.repairs import REBOOTED

DAY = date(2026, 12, 31)
SOON = 5.0
NAMES = [f"SRV{number:02}" for number in range(1, 7)]
HOSTS = [
    Host(name=name, address=name, port=5985, user="CONTOSO\\ada", password="env:X")
    for name in NAMES
]


@dataclass
class World:
    """Hosts in memory, a store, and an engine that works for them alone or with others."""

    alone: bool
    store: Any = field(default_factory=MemoryStore)
    hook: Any = None

    def __post_init__(self) -> None:
        self.states = {name: make_state(name) for name in NAMES}
        self.transport = MemoryTransport(self.states)
        self.started = Started(lambda *_: self)
        self.engine = Engine(
            self.transport,
            Settings(operator="ada@bastion", workers=8),
            self.store,
            redaction=self.started.redaction,
            crew=None if self.alone else self.started.crew,
        )

    def session(self, host: Host) -> Session:
        """What the others talk through."""
        return (self.hook or self.transport).session(host)

    def close(self) -> None:
        self.started.crew.close()


@pytest.fixture(params=[True, False], ids=["one process", "several"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with closing(World(request.param)) as world:
        yield world


@pytest.fixture
def several() -> Iterator[World]:
    with closing(World(alone=False)) as world:
        yield world


def by_host(reports: Iterable[HostReport]) -> dict[str, HostReport]:
    return {report.host: report for report in reports}


def test_nothing_of_an_order_is_left_behind() -> None:
    """What is new in an order, and is not in its message, would be as if nobody had said it."""
    stays = {"supplies", "secrets"}  # an order with some of these is carried out here
    assert {each.name for each in fields(Order)} - stays == OrderPart.model_fields.keys()
    named = {"job": {"tasks", "named", "safe"}, "originals": set[str]()}
    for kind, part in (
        (PlaybookPlanner, PlaybookPart),
        (RecordPlanner, RecordPart),
        (UndoPlanner, UndoPart),
    ):
        names = [named.get(each.name, {each.name}) for each in fields(kind)]
        assert set[str]().union(*names) == part.model_fields.keys() - {"kind"}
    assert {each.name for each in fields(Job)} == {*named["job"], "own"}


def test_an_order_arrives_as_it_was_sent(job: Job) -> None:
    """With all that it may say, by way of JSON; playbooks are made anew there."""
    until = Waiver(host="*", playbook="schedule-fix", rule="*", reason="x", who="y", expires=DAY)
    planner = PlaybookPlanner(job, waivers=Waivers((until,), (until,), STARTED))
    computer = Computer(name="SRV01", guid="f3b9a0de-6a2b-4a3f-9d6e-1f2e3d4c5b6a")
    order = Order(
        Verb.APPLY,
        HOSTS[0].model_copy(update={"ca_file": Path("/ca.pem")}),
        Settings(operator="ada@bastion", renamed=frozenset({"OLD"}), timeout=1.5),
        planner,
        "apply-1",
        ask=True,
        takes_over=("apply-0",),
        computer=computer,
        notes=("noted",),
        settling=7.5,
        saved=Saved(Plan(host="SRV01", playbooks=job.uses), ()),
        worked=Worked(began=STARTED, seconds=0.1, asked=0.025),
    )
    files = tuple(running())
    packing, unpacking = Packing(files), Unpacking(files)
    sent = json.loads(json.dumps(packing.pack(order).model_dump(mode="json")))
    for define in packing.defined(order):
        unpacking.define(Define.model_validate(json.loads(define.model_dump_json())))
    there = unpacking.order(OrderPart.model_validate(sent))
    assert isinstance(there.planner, PlaybookPlanner)
    assert there.planner.job.uses == job.uses
    assert replace(there, planner=replace(there.planner, job=job)) == order


def test_what_there_is_to_undo_arrives_as_it_was_sent(job: Job) -> None:
    restart = Change(
        playbook="schedule-fix",
        resource=ResourceId(kind="service", key={"name": "obengine"}),
        title="service obengine",
        property="process",
        before=None,
        after=None,
        renews=True,
    )
    removal = Removal(r"C:\Scratch", (), "run-9", cut_off=True)
    planner = UndoPlanner(
        job.uses,
        (restart,),
        (),
        force=True,
        guards=PlaybookPlanner(job),
        cut_off=True,
        restarts=(restart,),
        harmed=True,
        removals=(removal,),
    )
    order = Order(Verb.APPLY, HOSTS[0], Settings(operator="ada@bastion"), planner, "undo-1")
    files = tuple(running())
    packing, unpacking = Packing(files), Unpacking(files)
    sent = json.loads(json.dumps(packing.pack(order).model_dump(mode="json")))
    for define in packing.defined(order):
        unpacking.define(define)
    there = unpacking.order(OrderPart.model_validate(sent)).planner
    assert isinstance(there, UndoPlanner)
    assert replace(there, guards=planner.guards) == planner
    assert there.guards is not None


def test_this_machine_is_worked_on_by_this_process_only(job: Job) -> None:
    here = HOSTS[0].model_copy(update={"transport": Via.LOCAL})
    order = Order(Verb.AUDIT, here, Settings(operator="ada@bastion"), PlaybookPlanner(job))
    with pytest.raises(StaysError, match="this machine itself"):
        Packing(tuple(running())).pack(order)


def test_all_that_a_run_does_is_the_same(world: World, job: Job) -> None:
    """Applied, of which one write was lost; reconciled; undone, with all guards; looked at."""
    engine = world.engine

    def lost(number: int) -> Trouble | None:
        request = world.transport.requests[number - 1]
        ours = request.computer is not None and request.computer.name == "SRV02"
        return Trouble(ConnectionLost, -1) if ours else None

    world.transport.trouble = lost
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("remediate.engine.writing.RECOVERY_PAUSES", ())
        applied = by_host(engine.apply(HOSTS, job, apply_run()))
    lost_one = applied.pop("SRV02")
    assert lost_one.outcome is Outcome.INDETERMINATE
    assert {report.outcome for report in applied.values()} == {Outcome.CHANGED}
    world.transport.trouble = lambda _: None
    [(_, closed)] = engine.reconcile()
    assert (closed.host, closed.outcome) == ("SRV02", Outcome.CHANGED)
    record = world.store.run(apply_run().id)
    assert record.finished
    times = {each.host.name: each.report.worked for each in record.hosts if each.report}
    assert times == {
        name: report.worked for name, report in (applied | by_host([lost_one])).items()
    }
    assert None not in times.values()
    dry = by_host(engine.rollback(record, undo_run(), dry_run=True, job=job))
    assert {report.outcome for report in dry.values()} == {Outcome.WOULD_CHANGE}
    undone = by_host(engine.rollback(record, undo_run(), job=job))
    assert {report.outcome for report in undone.values()} == {Outcome.CHANGED}
    seen = by_host(engine.audit(HOSTS, job))
    assert {report.outcome for report in seen.values()} == {Outcome.WOULD_CHANGE}
    assert world.store.leases(apply_run().started) == []
    elsewhere = sum(len(other.messages) for other in world.started.others)
    assert (elsewhere == 0) == world.alone


def test_a_person_is_asked_here(world: World, job: Job) -> None:
    asked = Counter[str]()

    def confirm(plan: Any) -> bool | None:
        asked[plan.host] += 1
        return {"SRV01": None, "SRV03": True}.get(plan.host, False)

    reports = by_host(world.engine.apply(HOSTS, job, apply_run(), confirm))
    assert asked == Counter(NAMES)
    changed = [name for name, report in reports.items() if report.outcome is Outcome.CHANGED]
    assert changed == ["SRV03"]
    codes = {name: report.problem.code for name, report in reports.items() if report.problem}
    assert codes == {name: "declined" for name in NAMES if name != "SRV03"} | {"SRV01": "halted"}
    assert reports["SRV01"].exit_code == 130  # somebody left before it was answered
    assert world.store.leases(apply_run().started) == []


def test_an_interrupt_begins_no_new_host_and_finishes_the_others(several: World, job: Job) -> None:
    several.started.crew._workers = 2
    begun, go_on = threading.Semaphore(0), threading.Event()

    def stand_still(number: int) -> None:
        if number > 1:
            begun.release()
            assert go_on.wait(PATIENT)

    several.transport.trouble = stand_still
    settings, planner = several.engine.settings, PlaybookPlanner(job)
    results = several.engine._work([Order(Verb.AUDIT, one, settings, planner) for one in HOSTS])
    outcomes = Counter([next(results)[1].outcome])
    for _ in range(2):
        assert begun.acquire(timeout=PATIENT)
    threading.Timer(0.3, go_on.set).start()
    _, second = results.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    outcomes.update([second.outcome, *(report.outcome for _, report in results)])
    assert outcomes == {Outcome.WOULD_CHANGE: 3, Outcome.SKIPPED: 3}


def test_what_rests_is_left_to_itself_by_an_interrupt(several: World) -> None:
    """Servers that are asked to restart and do not, which would be waited for a long time."""
    for name in NAMES:
        several.states[name] = state = REBOOTED.state(name)
        turn_on(state, (KIND, "somebody stops the restart"))
    several.transport.states = several.states
    at_rest = set[str]()

    def hear(event: Event) -> None:
        if isinstance(event, HostProgress):
            at_rest.add(event.host)
            if len(at_rest) == len(NAMES):  # with two workers
                several.engine.interrupted.set()

    several.started.crew._workers = 2
    settings = replace(several.engine.settings, accept_irreversible=True)
    engine = replace(several.engine, settings=settings, emit=hear)
    reports = by_host(engine.apply(HOSTS, REBOOTED.job, apply_run()))
    found = {(one.outcome, one.problem.code) for one in reports.values() if one.problem}
    assert found == {(Outcome.INDETERMINATE, "interrupted")}


def test_a_store_that_fails_is_told_as_ever(job: Job) -> None:
    class Broken(MemoryStore):
        def record_intent(self, intent: Any) -> None:
            raise StoreUnavailable("runs.db", "the disk is full", "Make room.")

    with closing(World(alone=False, store=Broken())) as world:
        reports = by_host(world.engine.apply(HOSTS, job, apply_run()))
    assert {report.outcome for report in reports.values()} == {Outcome.REFUSED}
    assert {report.problem.message for report in reports.values()} == {  # type: ignore[union-attr]
        "the store runs.db cannot be used: the disk is full"
    }


def test_a_run_goes_on_while_one_of_its_processes_does(
    several: World, job: Job, tmp_path: Path
) -> None:
    """One may outlive the first for a moment, and nobody is to close what it has open."""
    several.started.crew._shared = replace(several.started.crew._shared, locks=tmp_path)
    run, seen = apply_run(), set[bool]()
    several.transport.trouble = lambda _: seen.add(is_running(run.id, tmp_path))
    list(several.engine.apply(HOSTS, job, run))
    assert seen == {True}
    several.close()
    assert not is_running(run.id, tmp_path)


# --- one ends -------------------------------------------------------------------------------------


@dataclass
class Deadly:
    """A transport that kills the first process when it talks to SRV01."""

    world: World
    writing: bool

    def session(self, host: Host) -> Session:
        return _Deadly(self, host, self.world.transport.session(host))


@dataclass
class _Deadly:
    deadly: Deadly
    host: Host
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        writes = request.computer is not None
        if self.host.name == "SRV01" and writes == self.deadly.writing:
            self.deadly.world.started.others[0].kill()
        return self.inner.run(script, request, deadline)

    def close(self) -> None:
        self.inner.close()


def killed(world: World, job: Job, *, writing: bool) -> dict[str, HostReport]:
    """What is said when a process is killed with two hosts before it and one under way."""
    world.started.crew._workers = 2
    world.hook = Deadly(world, writing)
    return by_host(world.engine.apply(HOSTS, job, apply_run()))


def test_one_that_ends_while_it_writes_leaves_its_host_open(several: World, job: Job) -> None:
    reports = killed(several, job, writing=True)
    lost = reports["SRV01"]
    assert lost.outcome is Outcome.INDETERMINATE
    assert lost.problem is not None
    assert "the process that worked on it ended by signal 9" in lost.problem.message
    assert "remediate runs reconcile" in lost.problem.hint
    assert lost.plan is not None
    assert lost.plan.changes
    assert [name for name, report in reports.items() if report.worked is None] == ["SRV01"]
    others = {report.outcome for name, report in reports.items() if name != "SRV01"}
    assert others == {Outcome.CHANGED}, "what it had not begun was done by the other one"
    assert [address for address, _ in several.store.leases(apply_run().started)] == [
        HOSTS[0].endpoint
    ]
    [(_, closed)] = several.engine.reconcile()
    assert (closed.host, closed.outcome) == ("SRV01", Outcome.CHANGED)
    assert several.store.leases(apply_run().started) == []


def test_one_that_ends_before_it_writes_has_written_nothing(several: World, job: Job) -> None:
    reports = killed(several, job, writing=False)
    outcomes = Counter(report.outcome for report in reports.values())
    assert outcomes == {Outcome.UNREACHABLE: 1, Outcome.CHANGED: len(HOSTS) - 1}
    lost = reports["SRV01"].problem
    assert lost is not None
    assert lost.code == "process_ended"
    assert lost.hint == "Nothing was written. Run it again for this host."
    assert several.store.leases(apply_run().started) == []
    assert several.store.open_intents(indeterminate=True) == []


def test_an_order_for_one_that_has_ended_is_not_lost(several: World, job: Job) -> None:
    settings = Settings(operator="ada@bastion")
    order = Order(Verb.AUDIT, HOSTS[0], settings, PlaybookPlanner(job))
    crew = several.started.crew
    assert crew.takes([order])
    gone = several.started.others[0]
    gone.kill()
    gone._threads[0].join(PATIENT)
    far = FarOrder(order, Surroundings(several.transport, None), SimpleQueue())
    crew._members[0].give(far)
    assert far.told.get(timeout=PATIENT) is far
    assert far.came_to == Gone("ended by signal 9")


class Together:
    """A transport of a process that is killed with two hosts, and of others that are in step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.over = threading.Event()
        self._lost, self._rest = threading.Barrier(2), threading.Barrier(4)
        self._met = set[str]()

    def session(self, host: Host) -> Session:
        return _Met(self, host, self.world.transport.session(host))

    def meet(self, name: str) -> None:
        """Stay for ever in the process that ends, or until all others are there."""
        if name in self._met:
            return
        self._met.add(name)
        if name not in {"SRV01", "SRV03"}:
            self._rest.wait(SOON)
            return
        if self._lost.wait(PATIENT) == 0:
            self.world.started.others[0].kill()
        self.over.wait(PATIENT)


@dataclass
class _Met:
    together: Together
    host: Host
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        self.together.meet(self.host.name)
        return self.inner.run(script, request, deadline)

    def close(self) -> None:
        self.inner.close()


def test_what_one_had_not_begun_is_done_beside_the_rest_with_its_workers(
    several: World, job: Job
) -> None:
    several.started.crew._workers = 4
    several.hook = together = Together(several)
    try:
        reports = by_host(several.engine.audit(HOSTS, job))
    finally:
        together.over.set()
    done = {reports[name].outcome for name in ("SRV02", "SRV04", "SRV05", "SRV06")}
    assert done == {Outcome.WOULD_CHANGE}


def test_where_none_is_left_no_host_is_begun(several: World, job: Job) -> None:
    several.transport.trouble = lambda _: [one.kill() for one in several.started.others] and None
    reports = by_host(several.engine.audit(HOSTS, job))
    assert {report.outcome for report in reports.values()} == {Outcome.UNREACHABLE}
    again = by_host(several.engine.audit(HOSTS, job))
    assert {report.problem.message for report in again.values()} == {  # type: ignore[union-attr]
        "the process that worked on it ended by signal 9, and no other is left"
    }


def test_an_order_that_crosses_with_ctrl_c_is_not_begun(job: Job) -> None:
    """The first order of a share takes back what was said to stop the one before."""
    heard: list[str] = []
    halted = threading.Event()

    class Crossing:
        alive = True
        how = ""

        def give(self, far: FarOrder) -> None:
            heard.append("do")
            giving.stopped.set()

        def send(self, *messages: Model) -> None:
            heard.extend(message.type for message in messages)  # type: ignore[attr-defined]
            if heard[-1] == "halt":
                halted.set()

    orders = [
        Order(Verb.AUDIT, one, Settings(operator="ada@bastion"), PlaybookPlanner(job))
        for one in HOSTS
    ]
    around = Surroundings(MemoryTransport({}), None)
    giving = Giving([Crossing()], 8, [])
    giving._left.put([FarOrder(order, around, SimpleQueue()) for order in orders])
    assert halted.wait(PATIENT)
    giving.end()
    assert heard[-3:] == ["do", "go", "halt"]


# --- secrets --------------------------------------------------------------------------------------


@dataclass
class Door:
    """A transport whose hosts take no password; it counts those that are tried."""

    secret_for: Any
    gate: Gate
    tried: list[str]
    takes: str

    def session(self, host: Host) -> Session:
        return _Try(self, host)


@dataclass
class _Try:
    door: Door
    host: Host

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        del script, request
        secret: SecretStr = self.door.secret_for(self.host)
        turn = self.door.gate.turn(self.host, secret)
        turn.check()
        turn.take(deadline)
        self.door.tried.append(self.host.name)
        if secret.get_secret_value() == self.door.takes:
            turn.accepted()
            raise ConnectionLost(self.host.name)
        turn.refused()
        turn.left()
        raise AuthenticationFailed(self.host.name)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("takes", ["another", "not-it"])
def test_a_wrong_password_is_tried_once_by_all_processes(job: Job, takes: str) -> None:
    tried: list[str] = []
    started = Started(lambda secrets, gate: Door(secrets, gate, tried, takes), "not-it")
    settings = Settings(operator="ada@bastion", workers=8)
    engine = Engine(MemoryTransport({}), settings, crew=started.crew)
    with closing(started.crew):
        reports = by_host(engine.audit(HOSTS, job))
    codes = Counter(report.problem.code for report in reports.values() if report.problem)
    if takes == "not-it":
        assert set(tried) == set(NAMES)
        return
    assert len(tried) == 1
    assert codes == {"authentication_failed": 1, "account_refused_elsewhere": len(HOSTS) - 1}


def test_an_account_of_one_host_is_tried_once_whatever_the_host_is_called(job: Job) -> None:
    tried: list[str] = []
    started = Started(lambda secrets, gate: Door(secrets, gate, tried, "another"), "not-it")
    engine = Engine(
        MemoryTransport({}), Settings(operator="ada@bastion", workers=8), crew=started.crew
    )
    names = [f"NAME{number}" for number in range(6)]
    hosts = [HOSTS[0].model_copy(update={"name": name, "user": ".\\ada"}) for name in names]
    with closing(started.crew):
        reports = by_host(engine.audit([*hosts, HOSTS[1]], job))
    assert len(reports) == len(hosts) + 1
    assert len(tried) == 2, "one there, and one at the host of another account"


def test_a_secret_that_is_known_here_is_recorded_from_nowhere_else(
    several: World, job: Job
) -> None:
    several.started.redaction.add("C4nary-Secret")
    for state in several.states.values():
        for task in state.windows["scheduled_tasks"]:
            task["xml"] = task["xml"].replace("<Author>", "<Author>C4nary-Secret ")
    run = apply_run()
    reports = by_host(several.engine.apply(HOSTS, job, run))
    assert {report.outcome for report in reports.values()} == {Outcome.CHANGED}
    assert "C4nary" not in several.store.run(run.id).model_dump_json()


def test_a_secret_that_is_learned_elsewhere_is_masked_here(several: World, job: Job) -> None:
    list(several.engine.audit(HOSTS, job))
    other = several.started.others[0]
    other._heard({"type": "learned", "secret": "brought-to-light", "user": ""})
    assert several.started.redaction("it is brought-to-light") == "it is [secret]"
