"""What a write that was cut off has left is told, and put right, or left to a person and named."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from remediate.lab.engines import functions
from remediate.lab.kinds import put, record, records
from remediate.lab.state import HostState
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.registry_value import RegistryValue
from remediate.resources.service import Service, ServiceStatus
from remediate.testing.transport import Trouble
from remediate.transport.errors import ConnectionLost
from tests.engine.world import SetValue, World, job_of, schedule_fix
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
