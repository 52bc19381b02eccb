"""When a host was worked on, and for how long, by the engine's own clock."""

from dataclasses import replace
from datetime import timedelta

from remediate.engine.job import Job
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome, Worked
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import Refused
from tests.engine.test_settling import Slow, world_of
from tests.engine.world import HOST, job_of, schedule_fix
from tests.faults.repairs import MOVED, SCANNED


def worked(report: HostReport) -> Worked:
    assert report.worked is not None
    return report.worked


def slowed(world: Slow, seconds: float) -> None:
    """Each pipeline takes so long."""

    def slow(number: int) -> Trouble | None:
        world.time.sleep(seconds)
        return None

    world.trouble = slow


def test_the_seconds_are_those_until_the_verdict_and_those_of_a_person_are_told_apart() -> None:
    world = world_of(MOVED)
    slowed(world, 2)
    world.time.sleep(50)

    def agree(_: object) -> bool:
        world.time.sleep(100)
        return True

    began = world.time.now()
    report = world.apply(job_of(schedule_fix()), agree)
    assert (report.outcome, len(world.transport.requests)) == (Outcome.CHANGED, 3)
    assert worked(report) == Worked(began=began, seconds=106, asked=100)
    assert worked(report).own == 6
    assert world.store.run("run-1").hosts[0].report == report


def test_a_host_that_is_left_alone_until_a_change_has_come_about_has_taken_that_time() -> None:
    world = world_of(SCANNED)
    report = world.apply(SCANNED.job)
    assert report.outcome is Outcome.CHANGED
    assert worked(report).seconds == worked(report).rested == sum(world.slept) > 0


def test_a_host_that_cannot_be_reached_took_what_dialling_it_took(job: Job) -> None:
    class Ahead(MemoryTransport):
        async def ahead(self, host: Host, within: float) -> None:
            pass

        def seconds_ahead(self, host: Host) -> float:
            return 15.0

        def forget(self, host: Host) -> None:
            pass

    world = world_of(MOVED)
    transport = Ahead({}, lambda _: Trouble(Refused, after_send=False))
    [report] = replace(world.engine, transport=transport).audit([HOST], job)
    assert report.outcome is Outcome.UNREACHABLE
    began = world.time.now() - timedelta(seconds=15)
    assert worked(report) == Worked(began=began, seconds=15)


def test_a_verdict_that_is_found_later_keeps_the_time_of_its_run() -> None:
    world = world_of(MOVED)
    world.pile()["busy"] = 3
    first = world.apply(MOVED.job)
    slowed(world, 7)
    [(_, closed)] = world.engine.reconcile()
    assert (first.outcome, closed.outcome) == (Outcome.INDETERMINATE, Outcome.FAILED_CHANGED)
    assert worked(closed).began > worked(first).began
    [record] = world.store.run("run-1").hosts
    assert record.report
    assert record.report == closed.model_copy(update={"worked": first.worked})


def test_a_host_whose_turn_did_not_come_has_no_time(job: Job) -> None:
    world = world_of(MOVED)

    def interrupt(number: int) -> Trouble | None:
        raise KeyboardInterrupt

    world.trouble = interrupt
    reports = world.engine.audit([HOST, HOST.model_copy(update={"name": "SRV02"})], job)
    skipped = [one for one in reports if one.outcome is Outcome.SKIPPED]
    assert skipped
    assert [one.worked for one in skipped] == [None] * len(skipped)
