"""What a write that was cut off has left is told, and put right, or left to a person and named."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from remediate.lab.engines import functions
from remediate.lab.kinds import everything, put, record, records
from remediate.lab.state import HostState
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.base import Query, Resource, resource_type
from remediate.resources.registry_value import RegistryValue
from remediate.resources.service import Service, ServiceStatus
from remediate.testing.transport import Trouble
from remediate.transport.errors import ConnectionLost
from tests.engine.test_stories import SetValue, World, job_of, schedule_fix
from tests.faults.repairs import IN_BETWEEN, STARTED

LEASE_AND_ONE_WRITE = 2


def lost_after(calls: int) -> Trouble:
    return Trouble(ConnectionLost, calls)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0))


@pytest.fixture
def world() -> World:
    world = World(IN_BETWEEN.state())
    world.settings = replace(world.settings, accept_irreversible=True)
    return world


def process(world: World) -> object:
    return record(world.state, "service", name="MSiSCSI")["process"]


def status(world: World) -> str:
    return str(record(world.state, "service", name="MSiSCSI")["status"])


# --- a value that is in force only after a restart ----------------------------------------------


def test_a_value_whose_restart_was_lost_is_not_called_changed(world: World) -> None:
    """The playbook sees nothing left to change; the restart is owed all the same."""
    world.settings = replace(world.settings, auto_rollback=False)
    world.trouble = {2: lost_after(LEASE_AND_ONE_WRITE)}.get
    before = process(world)
    report = world.apply(IN_BETWEEN.job)
    assert process(world) == before
    assert report.outcome is Outcome.FAILED_CHANGED
    assert [change.property for change in report.applied] == ["value"]
    owed = [found for found in report.differing if found.renews]
    assert [(found.property, found.found) for found in owed] == [("process", before)]


def test_a_value_whose_restart_was_lost_is_put_back(world: World) -> None:
    world.trouble = {2: lost_after(LEASE_AND_ONE_WRITE)}.get
    before = process(world)
    report = world.apply(IN_BETWEEN.job)
    assert report.outcome is Outcome.ROLLED_BACK
    assert (process(world), own_values(world), report.applied) == (before, [], ())


def test_a_restart_that_was_made_is_named_when_the_rest_is_put_back(world: World) -> None:
    world.trouble = {2: lost_after(LEASE_AND_ONE_WRITE + 1)}.get
    before = process(world)
    report = world.apply(IN_BETWEEN.job)
    assert report.outcome is Outcome.ROLLED_BACK
    assert process(world) != before
    assert [change.property for change in report.applied] == ["process"]


# --- the undoing of a write whose answer was lost -----------------------------------------------


def test_after_a_lost_connection_the_undoing_comes_with_the_fence_that_is_in_force(
    world: World,
) -> None:
    """Recovery takes the lease again, with a higher fence; a lower one would be refused."""
    start = world.policies()
    world.trouble = {2: lost_after(LEASE_AND_ONE_WRITE)}.get
    report = world.apply(job_of(schedule_fix()))
    assert (report.outcome, report.exit_code) == (Outcome.ROLLED_BACK, ExitCode.FAILED)
    assert world.policies() == start
    assert fences(world) == [1, 2, 2]
    assert world.state.lease is None


def fences(world: World) -> list[int]:
    calls = (call for request in world.transport.requests for call in request.calls)
    return [call.arguments["fence"] for call in calls if call.function == "Lock-RemediateLease"]


def test_a_rollback_that_broke_can_be_done_again_at_once(world: World) -> None:
    """The report names the command, so the lease of the first try must not stand in its way."""
    job = job_of(schedule_fix())
    start = world.policies()
    world.apply(job)
    world.trouble = {4: lost_after(LEASE_AND_ONE_WRITE), 6: lost_after(0)}.get
    [broken] = world.rollback()
    assert (broken.outcome, broken.lease_kept) == (Outcome.FAILED_CHANGED, True)
    world.trouble = lambda _: None
    [again] = world.rollback()
    assert again.outcome is Outcome.CHANGED
    assert world.policies() == start
    assert world.state.lease is None


# --- what was not seen --------------------------------------------------------------------------


class Unseen(SetValue):
    """Wants a service to run that it does not ask for."""

    id = "unseen"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Service(
            name="Spooler",
            status=ServiceStatus.STOPPED,
            start_mode="Manual",
            process=None,
            dependents=(),
            in_use=None,
        ).should(status=ServiceStatus.RUNNING)


def test_a_wish_for_what_was_not_seen_is_refused(world: World) -> None:
    """Whether it came true could not be told, nor what to put back."""
    report = world.apply(job_of(Unseen()))
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem
    assert "service Spooler, which it has not looked at" in report.problem.message
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}
    assert world.store.open_intents() == []


# --- what would stop something that is in use ---------------------------------------------------


class StartedBetween(Playbook[PlaybookParams]):
    """Two values and a service that runs; a backup job runs in it as soon as it does."""

    id = "started-between"
    title = "Start a service between two values"
    source = "https://example.com/kb/4"
    busy = True

    def observe(self, params: PlaybookParams) -> list[Any]:
        return IN_BETWEEN.playbooks()[0].observe(params)

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        first, last = seen.all(RegistryValue)
        good = {"type": "String", "data": "good"}
        yield first.should(value=good)
        yield seen.one(Service).should(start_mode="Manual", status=ServiceStatus.RUNNING)
        yield last.should(value=good)

    def guard(self, seen: Any, params: PlaybookParams) -> Iterator[str]:
        if self.busy and seen.one(Service).status == ServiceStatus.RUNNING:
            yield "a backup job is running: wait for it to end"


@pytest.fixture
def stopped() -> World:
    return World(STARTED.state())


CUT_BEFORE_THE_LAST = {2: lost_after(LEASE_AND_ONE_WRITE + 1)}


def own_values(world: World) -> list[str]:
    found = records(world.state, "registry_value")
    return [one["value"]["data"] for one in found if "Contoso" in one["key"]]


def test_a_guard_is_asked_before_an_undo_that_stops_something(stopped: World) -> None:
    """Values are put back; what the guard objects to is left to a person, with the command."""
    stopped.trouble = CUT_BEFORE_THE_LAST.get
    report = stopped.apply(job_of(StartedBetween()))
    assert (report.outcome, report.exit_code) == (Outcome.FAILED_CHANGED, ExitCode.NEEDS_PERSON)
    assert (status(stopped), own_values(stopped)) == ("Running", [])
    assert [change.property for change in report.applied] == ["status"]
    assert [(found.property, found.found) for found in report.differing] == [("status", "Running")]
    assert any("a backup job is running" in note for note in report.notes)
    assert "to undo: remediate rollback run-1" in said(report)


def said(report: HostReport) -> list[str]:
    subject = Subject(command="apply", hosts=[report.host], run="run-1")
    return ["".join(text for text, _ in each.spans) for each in host_lines(report, subject)]


def test_without_an_objection_all_is_undone(stopped: World) -> None:
    playbook = StartedBetween()
    playbook.busy = False
    stopped.trouble = CUT_BEFORE_THE_LAST.get
    report = stopped.apply(job_of(playbook))
    assert report.outcome is Outcome.ROLLED_BACK
    assert (status(stopped), own_values(stopped)) == ("Stopped", [])


def test_a_guard_refuses_a_rollback_that_stops_something(stopped: World) -> None:
    playbook = StartedBetween()
    job = job_of(playbook)
    assert stopped.apply(job).outcome is Outcome.CHANGED
    before = stopped.state.snapshot()
    [dry] = stopped.rollback(job=job, dry_run=True)
    assert dry.plan
    assert [refusal.playbook for refusal in dry.plan.refusals] == ["started-between"]
    [report] = stopped.rollback(job=job)
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem
    assert (report.problem.code, report.problem.message) == (
        "guarded",
        "a backup job is running: wait for it to end",
    )
    assert stopped.state.snapshot() == before
    playbook.busy = False
    [report] = stopped.rollback(job=job)
    assert report.outcome is Outcome.CHANGED
    assert (status(stopped), own_values(stopped)) == ("Stopped", [])


def test_a_rollback_that_nobody_can_object_to_says_so(stopped: World) -> None:
    """Its playbook may have been uninstalled since."""
    assert stopped.apply(job_of(StartedBetween())).outcome is Outcome.CHANGED
    [dry] = stopped.rollback(dry_run=True)
    assert dry.plan
    [assumed] = dry.plan.assumptions
    assert assumed.startswith("Nothing speaks against stopping or restarting service MSiSCSI now")


def test_a_guard_is_not_asked_where_its_playbook_does_not_apply_any_more(stopped: World) -> None:
    class Gone(StartedBetween):
        """The program is uninstalled once it has run."""

        id = "gone"

        def not_applicable(self, seen: Any, params: PlaybookParams) -> str | None:
            running = seen.one(Service).status == ServiceStatus.RUNNING
            return "it is not installed" if running and installed == [] else None

    installed = ["it"]
    job = job_of(Gone())
    assert stopped.apply(job).outcome is Outcome.CHANGED
    installed.clear()
    [report] = stopped.rollback(job=job)
    assert report.outcome is Outcome.CHANGED


# --- resources of an author's own, and errors in them -------------------------------------------


class Sized(Resource):
    """What several kinds have in common; no kind itself."""

    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"size"})

    name: str
    size: int


class Log(Sized):
    """A log."""

    kind: ClassVar[str] = "own_log"
    noun: ClassVar[str] = "log"
    function: ClassVar[str] = "OwnLog"
    reader: ClassVar[Any] = RegistryValue.reader  # which a simulated host does not run
    writer: ClassVar[Any] = RegistryValue.writer

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Logs":
        del key
        return Logs()


class Logs(Query):
    """All logs."""

    resource: ClassVar[type[Resource]] = Log


class BigLog(Log):
    """A kind that is made of another kind."""

    kind: ClassVar[str] = "own_big_log"
    function: ClassVar[str] = "OwnBigLog"
    settable: ClassVar[frozenset[str]] = frozenset({"size", "archived"})

    archived: bool

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "BigLogs":
        del key
        return BigLogs()


class BigLogs(Query):
    """All big ones."""

    resource: ClassVar[type[Resource]] = BigLog


class Resize(SetValue):
    """Logs that are large enough."""

    id = "resize"

    def observe(self, params: PlaybookParams) -> Any:
        return [Logs(), BigLogs()]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for log in seen.all(Log):
            yield log.should(size=2)


@pytest.mark.parametrize("lost", [None, 0, LEASE_AND_ONE_WRITE])
def test_kinds_that_are_made_of_others_are_written_reconciled_and_undone(lost: int | None) -> None:
    """Each record is read as what it is a record of."""
    logs: dict[str, Any] = {
        "own_log": [{"name": "Application", "size": 1}],
        "own_big_log": [{"name": "Security", "size": 1, "archived": True}],
    }
    world = World(HostState("SRV01", logs))
    start = world.state.without_traces()
    if lost is not None:
        world.trouble = lambda n: lost_after(lost) if n > 1 else None
    report = world.apply(job_of(Resize()))
    world.trouble = lambda _: None
    if lost is not None:
        assert report.outcome is Outcome.INDETERMINATE
        [(_, report)] = world.engine.reconcile()
    wanted = {None: Outcome.CHANGED, 0: Outcome.FAILED_UNCHANGED, 2: Outcome.FAILED_CHANGED}
    assert report.outcome is wanted[lost]
    if lost != 0:
        [undone] = world.rollback()
        assert undone.outcome is Outcome.CHANGED
    assert world.state.without_traces() == start


def test_a_kind_is_one_class_so_that_records_can_be_read() -> None:
    with pytest.raises(TypeError, match="LongLog needs a `kind` of its own: Log is 'own_log'"):

        class LongLog(Log):
            """Says no kind of its own."""

    with pytest.raises(TypeError, match="Other needs a `kind` of its own: Log is 'own_log'"):

        class Other(Resource):
            """Takes somebody else's."""

            kind: ClassVar[str] = "own_log"

    assert resource_type("own_log") is Log


@pytest.mark.parametrize("name", ["Own-Log", "OwnLog2", "Öwn", ""])
def test_a_host_calls_functions_that_are_named_in_letters_only(name: str) -> None:
    with pytest.raises(TypeError, match="Numbered needs a `function` of letters only"):

        class Numbered(Sized):
            """A kind whose functions the envelope would not call."""

            kind: ClassVar[str] = "own_numbered"
            function: ClassVar[str] = name


@pytest.mark.parametrize("what", ["content", "request", "before"])
def test_what_fails_before_a_write_is_sent_leaves_no_intent(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that can fail stands between the record and the sending."""

    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    place = {
        "content": "remediate.engine.host_run.folders",
        "request": "remediate.engine.order.write_calls",
        "before": "remediate.engine.host_run.records",
    }
    world = World(HostState("SRV01", {"own_log": [{"name": "Application", "size": 1}]}))
    monkeypatch.setattr(place[what], fail)
    report = world.apply(job_of(Resize()))
    assert report.outcome is Outcome.INTERNAL_ERROR
    [said_of] = world.store.run("run-1").hosts
    assert (said_of.intent, said_of.report) == (None, report)
    assert world.store.leases(world.engine.now()) == []
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}
    monkeypatch.undo()
    assert world.apply(job_of(Resize())).outcome is Outcome.CHANGED


def test_what_a_playbook_cannot_judge_when_it_is_read_back_is_not_proven(world: World) -> None:
    """Its write is made, and taken back: nobody can say that it does what it is for."""

    class Fragile(SetValue):
        """Fails once it has what it wants."""

        id = "fragile"

        def decide(self, seen: Any, params: PlaybookParams) -> Any:
            if seen.one(RegistryValue).text == self.wanted:
                raise ZeroDivisionError
            return super().decide(seen, params)

    before = everything(world.state)
    report = world.apply(job_of(Fragile()))
    assert report.outcome is Outcome.ROLLED_BACK
    assert everything(world.state) == before
    assert list(world.engine.reconcile()) == []


# --- a restart that was cut off between its stop and its start ----------------------------------


STOPPED = {"MSiSCSI": {"status": "Stopped"}}


def stop_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make simulated hosts die when a restart has stopped the service."""
    real = functions._set

    def cut_off(resource: Any, state: HostState, arguments: Any) -> Any:
        if "process" not in arguments["after"]:
            return real(resource, state, arguments)
        put(state, {"service": STOPPED})
        raise functions.CallFailedError("Gone", "the host went down")

    monkeypatch.setattr(functions, "_set", cut_off)


def test_a_service_that_a_restart_has_left_stopped_is_started_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_only(monkeypatch)
    report = world.apply(IN_BETWEEN.job)
    assert report.outcome is Outcome.ROLLED_BACK
    assert status(world) == "Running"
    assert [change.property for change in report.applied] == ["process"]


def test_a_rollback_starts_what_a_cut_off_restart_has_left_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settings = replace(world.settings, auto_rollback=False)
    stop_only(monkeypatch)
    report = world.apply(IN_BETWEEN.job)
    assert report.outcome is Outcome.FAILED_CHANGED
    assert status(world) == "Stopped"
    assert {found.property for found in report.differing} >= {"status", "process"}
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert (status(world), own_values(world)) == ("Running", [])


def test_a_rollback_starts_nothing_that_somebody_has_stopped_since(world: World) -> None:
    assert world.apply(IN_BETWEEN.job).outcome is Outcome.CHANGED
    put(world.state, {"service": STOPPED})
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED
    assert status(world) == "Stopped"
