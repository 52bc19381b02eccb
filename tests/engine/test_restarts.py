"""A value that is in force only after a restart: planned, proven, undone, and told."""

from dataclasses import replace
from typing import Any

import pytest

from remediate.engine.job import Job
from remediate.lab.kinds import everything, record, records
from remediate.model.change import ResourceId, Restart, RestartOf
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.playbook import MACHINE, PROCESS, PlaybookParams
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.registry_value import RegistryValue
from remediate.resources.service import Service
from remediate.testing.transport import Trouble
from remediate.transport.errors import ConnectionLost
from tests.engine.world import HOST, World, job_of
from tests.faults.repairs import NEEDED, NeedsRestart


class AlsoNeedsIt(NeedsRestart):
    """The same values, and another restart that they need."""

    id = "also-needs-it"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for value in seen.all(RegistryValue):
            yield value.should(value={"type": "String", "data": "good"}, restarts=PROCESS)


class Manual(NeedsRestart):
    """Wants something of the service itself, and says so first."""

    id = "manual"
    mode = "Auto"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Service).should(start_mode=self.mode)
        yield from super().decide(seen, params)


class Explicit(NeedsRestart):
    """Restarts the service itself, whatever is connected to it."""

    id = "explicit"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        if any(value.text != "good" for value in seen.all(RegistryValue)):
            yield seen.one(Service).should_renew("process", "restarted")
        yield from super().decide(seen, params)


@pytest.fixture
def world() -> World:
    return World(NEEDED.state())


def service(world: World) -> Any:
    return record(world.state, "service", name="MSiSCSI")


def windows(world: World) -> Any:
    """The service as Windows' state has it, to be changed."""
    [found] = world.state.section("services")
    return found


def values(world: World) -> list[str]:
    found = records(world.state, "registry_value")
    return [record["value"]["data"] for record in found if "Contoso" in record["key"]]


def planned(report: HostReport) -> list[str]:
    assert report.plan
    return [change.property for change in report.plan.changes]


def stop(world: World) -> None:
    windows(world).update(state="Stopped", process=None)


def start(world: World, number: int) -> None:
    process = {"id": number, "started": "2026-02-01T00:00:00Z", "shared": False}
    windows(world).update(state="Running", process=process)


def connect(world: World) -> None:
    windows(world)["sessions"] = ["iqn.2026-01.example:disk"]


@pytest.mark.parametrize(
    "job",
    [NEEDED.job, job_of(NeedsRestart(), AlsoNeedsIt()), job_of(AlsoNeedsIt(), NeedsRestart())],
    ids=["one", "two", "two, the restart in the second"],
)
def test_two_values_need_one_restart_which_comes_last(world: World, job: Job) -> None:
    before = service(world)["process"]
    report = world.apply(job)
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.OK)
    assert planned(report) == ["value", "value", "process"]
    assert [change.property for change in report.applied] == ["value", "value", "process"]
    assert service(world)["process"] != before
    assert report.plan
    assert report.plan.irreversible == ()  # a rollback restarts it again


def test_what_a_plan_does_to_the_service_comes_after_the_values(world: World) -> None:
    report = world.apply(job_of(Manual()))
    assert report.outcome is Outcome.CHANGED
    assert planned(report) == ["value", "value", "start_mode", "process"]


def test_a_restart_that_a_playbook_plans_itself_is_made_once_and_last(world: World) -> None:
    """What it says of the service is its own decision, also while the service is in use."""
    connect(world)
    world.settings = replace(world.settings, accept_irreversible=True)
    report = world.apply(job_of(Explicit()))
    assert report.outcome is Outcome.CHANGED
    assert planned(report) == ["value", "value", "process"]


def test_a_rollback_restarts_the_service_again(world: World) -> None:
    world.apply(NEEDED.job)
    process = service(world)["process"]
    [report] = world.rollback()
    assert report.outcome is Outcome.CHANGED
    assert planned(report) == ["value", "value", "process"]
    assert (values(world), service(world)["process"] != process) == ([], True)


def test_the_rollback_of_a_rollback_restarts_it_once_more(world: World) -> None:
    world.apply(NEEDED.job)
    world.rollback()
    process = service(world)["process"]
    [report] = world.rollback("run-2")
    assert report.outcome is Outcome.CHANGED
    assert values(world) == ["good", "good"]
    assert service(world)["process"] != process


def test_a_stopped_service_needs_no_restart(world: World) -> None:
    stop(world)
    report = world.apply(NEEDED.job)
    assert report.outcome is Outcome.CHANGED
    assert planned(report) == ["value", "value"]
    assert service(world)["status"] == "Stopped"


def test_a_service_that_was_started_since_is_restarted_by_the_rollback(world: World) -> None:
    """It has read the values that are put back now."""
    stop(world)
    world.apply(NEEDED.job)
    start(world, 77)
    [report] = world.rollback()
    assert planned(report) == ["value", "value", "process"]
    assert report.outcome is Outcome.CHANGED
    assert service(world)["process"]["id"] != 77


def half_done(world: World, job: Job) -> None:
    """The values are written; the connection breaks before the restart is made; the lease ends."""
    world.settings = replace(world.settings, auto_rollback=False)
    world.trouble = lambda number: Trouble(ConnectionLost, calls=3) if number == 2 else None
    assert world.apply(job).outcome is Outcome.FAILED_CHANGED
    world.trouble = lambda _: None
    world.store.release_lease(HOST.endpoint, "run-1")
    world.state.lease = None


def test_a_restart_that_a_run_has_left_undone_is_made_by_the_next_one(world: World) -> None:
    """Though the values are right by now: they are not in force."""
    half_done(world, NEEDED.job)
    process = service(world)["process"]
    [dry] = world.engine.audit([HOST], NEEDED.job)
    assert (dry.outcome, planned(dry)) == (Outcome.WOULD_CHANGE, ["process"])
    report = world.apply(NEEDED.job)
    assert (report.outcome, planned(report)) == (Outcome.CHANGED, ["process"])
    assert service(world)["process"] != process
    assert world.apply(NEEDED.job).outcome is Outcome.COMPLIANT


def test_a_restart_that_a_rollback_has_left_undone_is_made_by_the_next_one(world: World) -> None:
    """Though the values are back by now: they are not in force."""
    world.apply(NEEDED.job)
    process = service(world)["process"]
    world.settings = replace(world.settings, auto_rollback=False)
    world.trouble = lambda number: Trouble(ConnectionLost, calls=3) if number == 4 else None
    [broken] = world.rollback()
    assert (broken.outcome, values(world)) == (Outcome.FAILED_CHANGED, [])
    assert service(world)["process"] == process
    world.trouble = lambda _: None
    [again] = world.rollback()
    assert (again.outcome, planned(again)) == (Outcome.CHANGED, ["process"])
    assert service(world)["process"] != process


def test_what_was_restarted_or_undone_since_is_not_owed(world: World) -> None:
    half_done(world, NEEDED.job)
    start(world, 77)
    assert world.apply(NEEDED.job).outcome is Outcome.COMPLIANT


def test_a_restart_that_is_owed_to_another_playbook_is_not_made(world: World) -> None:
    half_done(world, NEEDED.job)
    assert world.apply(job_of(AlsoNeedsIt())).outcome is Outcome.COMPLIANT


def test_a_guard_is_asked_before_what_is_owed_is_made(world: World) -> None:
    class Busy(NeedsRestart):
        """A backup job runs by now."""

        def guard(self, seen: Any, params: PlaybookParams) -> Any:
            if all(value.text == "good" for value in seen.all(RegistryValue)):
                yield "a backup job is running: wait for it to end"

    half_done(world, NEEDED.job)
    report = world.apply(job_of(Busy()))
    assert report.problem
    assert report.problem.message == "a backup job is running: wait for it to end"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"sessions": ["iqn.x"]}, "it is connected to iqn.x"),
        ({"dependents": [{"name": "Other", "status": "Running"}]}, "Other would have to be"),
        ({"start_mode": "Disabled"}, "it is disabled and could not be started again"),
        ({"state": "Paused"}, "it is Paused"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_service_that_must_not_be_restarted_refuses_the_plan(
    world: World, wrong: dict[str, Any], reason: str
) -> None:
    windows(world).update(wrong)
    before = everything(world.state)
    report = world.apply(NEEDED.job)
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem
    assert "a value needs service MSiSCSI to be restarted, and " + reason in report.problem.message
    assert everything(world.state) == before


def test_a_disabled_service_that_the_plan_enables_is_restarted(world: World) -> None:
    windows(world)["start_mode"] = "Disabled"
    assert world.apply(job_of(Manual())).outcome is Outcome.CHANGED


def test_a_service_in_use_keeps_its_values_at_a_rollback_unless_forced(world: World) -> None:
    world.apply(NEEDED.job)
    connect(world)
    [report] = world.rollback()
    assert (report.outcome, report.exit_code) == (Outcome.CONFLICT, ExitCode.NEEDS_PERSON)
    assert report.plan
    [reason] = {found.reason for found in report.plan.conflicts}
    assert reason.endswith("be restarted, and it is connected to iqn.2026-01.example:disk")
    assert values(world) == ["good", "good"]
    [forced] = world.rollback(force=True)
    assert (forced.outcome, values(world)) == (Outcome.CHANGED, [])


def test_a_guard_is_asked_before_a_rollback_restarts_something(world: World) -> None:
    class Busy(NeedsRestart):
        """A backup job runs once it has been restarted."""

        id = "busy"

        def guard(self, seen: Any, params: PlaybookParams) -> Any:
            if all(value.text == "good" for value in seen.all(RegistryValue)):
                yield "a backup job is running: wait for it to end"

    job = job_of(Busy())
    world.apply(job)
    [report] = world.rollback(job=job)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.message == "a backup job is running: wait for it to end"
    assert values(world) == ["good", "good"]


# --- what is not restarted here -------------------------------------------------------------------


class Elsewhere(NeedsRestart):
    """Values whose readers are not restarted by us."""

    id = "elsewhere"
    needed: Restart | tuple[Restart, ...] = MACHINE

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        first, _ = seen.all(RegistryValue)
        yield first.should(value={"type": "String", "data": "good"}, restarts=self.needed)


def lines(report: HostReport) -> str:
    subject = Subject(command="apply", hosts=[report.host], run="run-1")
    return "\n".join(
        "".join(text for text, _ in each.spans) for each in host_lines(report, subject)
    )


def test_a_restart_of_the_server_is_left_to_do_and_said(world: World) -> None:
    [dry] = world.engine.audit([HOST], job_of(Elsewhere()))
    assert "in force: once the server is restarted, which is left to you" in lines(dry)
    report = world.apply(job_of(Elsewhere()))
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.PENDING)
    assert planned(report) == ["value"]
    [note] = report.notes
    assert note.startswith("Left to do: restart the server. Until then this is not in force: value")
    assert note in lines(report)


def test_a_new_process_is_enough_and_said(world: World) -> None:
    playbook = Elsewhere()
    playbook.needed = PROCESS
    report = world.apply(job_of(playbook))
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.OK)
    [note] = report.notes
    assert note.startswith("In force for processes that are started from now on: value of registry")
    assert "in force: for processes that are started from then on" in lines(report)


# --- mistakes and records ---------------------------------------------------------------------


def test_a_service_that_was_not_looked_at_is_not_restarted(world: World) -> None:
    class Blind(NeedsRestart):
        """Looks at the values only."""

        id = "blind"

        def observe(self, params: PlaybookParams) -> Any:
            return super().observe(params)[:1]

        def decide(self, seen: Any, params: PlaybookParams) -> Any:
            unseen = Service.model_validate({**service(world), "name": "Spooler"})
            for value in seen.all(RegistryValue):
                yield value.should(value={"type": "String", "data": "x"}, restarts=unseen)

    report = world.apply(job_of(Blind()))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert "it wants to restart service Spooler, which it has not looked at" in (
        report.problem.message
    )


def test_what_cannot_be_restarted_is_the_authors_mistake(world: World) -> None:
    class Mistaken(NeedsRestart):
        """Gives a value where a service is meant."""

        id = "mistaken"

        def decide(self, seen: Any, params: PlaybookParams) -> Any:
            first, last = seen.all(RegistryValue)
            yield first.should(value={"type": "String", "data": "x"}, restarts=last)

    [report] = world.engine.audit([HOST], job_of(Mistaken()))
    assert report.plan
    [question] = report.plan.unanswered
    assert "a registry value is nothing that can be restarted" in question.problem.message


@pytest.mark.parametrize("name", ["MSiSCSI", "Spooler"])
def test_a_record_restarts_nothing_that_its_playbook_does_not_write(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write a store could add the restart of any service to it."""
    monkeypatch.setattr(NeedsRestart, "writes", (RegistryValue,) if name == "MSiSCSI" else ())
    world.apply(NEEDED.job)
    record = world.store.run("run-1")
    [host] = record.hosts
    assert host.intent
    assert host.report
    spooler = ResourceId(kind="service", key={"name": name})
    added = Restart(of=RestartOf.SERVICE, resource=spooler)
    update = {"restarts": (added,)}
    changes = tuple(one.model_copy(update=update) for one in host.intent.changes)
    tampered = host.model_copy(
        update={
            "intent": host.intent.model_copy(update={"changes": changes}),
            "report": host.report.model_copy(update={"applied": changes}),
        }
    )
    forged = record.model_copy(update={"hosts": (tampered,)})
    [report] = world.engine.rollback(forged, world.run("run-1"), job=NEEDED.job)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.code == "record_refused"
    assert values(world) == ["good", "good"]
