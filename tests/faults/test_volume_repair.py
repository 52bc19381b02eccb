"""A scan of volumes stops anywhere: what is said is so, and no more stays than its folders."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from remediate.engine.job import Job, Task
from remediate.lab.drive import OURS, Drive, Entry
from remediate.lab.kinds import records, volume_scan
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Request
from remediate.testing.transport import MemoryTransport
from remediate.transport.errors import ConnectionLost, TimedOut, TransportError
from tests.faults.at_each_event import killed_at_each_event
from tests.faults.conftest import SCANS
from tests.faults.dying import dying
from tests.faults.half_way import HOST, Bench, Trial, explore, writes
from tests.faults.repairs import Repair
from tests.faults.test_half_way import settle
from tests.faults.under_way import Interrupt, Time

VOLUMES = ("C:", "D:")
LASTS = 100
"""Seconds that a scan takes."""


class Scan(Repair):
    """A repair whose playbook is told which volumes."""

    @property
    def job(self) -> Job:
        [playbook] = self.playbooks()
        return Job((Task(playbook, playbook.params(volume=VOLUMES)),))


SCANNED = Scan(
    "volumes that are scanned",
    lambda: [Catalogue().load("volume-repair")],
    writes=len(VOLUMES),
    host={"volume_scan": {name: {"lasts": LASTS} for name in VOLUMES}},
)
Record_ = Callable[[str, object], None]


def bench() -> tuple[Bench, MemoryTransport]:
    state = SCANNED.state()
    transport = MemoryTransport({HOST.address: state})
    return Bench(SCANNED, transport, state, time=Time()), transport


def on(one: Bench) -> tuple[dict[str, Entry], object]:
    """All files but those in our folder, and what still runs."""
    files = one.state.drive.files.items()
    rest = {path: entry for path, entry in files if not path.startswith(OURS)}
    return rest, one.state.windows.get("scan_processes")


def check_nothing_stays(one: Bench, start: object, first: Any) -> None:
    """There is nothing to undo, and once the scans have ended nothing stays but their folders."""
    one.state.wait(LASTS)
    one.check_undone(first)
    assert on(one) == start


def scans(one: Bench) -> int:
    """How many volumes were scanned."""
    return sum(each["scan"] is not None for each in records(one.state, volume_scan.KIND))


def applying(trial: Trial) -> Sequence[Request]:
    one, transport = bench()
    start, first = on(one), one.look()
    transport.trouble = trial.trouble
    report = one.apply()
    if not trial.breaks:
        assert (report.outcome, scans(one)) == (Outcome.CHANGED, len(VOLUMES))
    sent = list(transport.requests)
    settle(one, transport, report.outcome, first)
    check_nothing_stays(one, start, first)
    return sent


@pytest.mark.slow
@pytest.mark.parametrize("error", [ConnectionLost, TimedOut])
def test_a_scan_that_is_cut_off_at_any_call_is_told(
    error: type[TransportError], record_property: Record_
) -> None:
    tried = explore(applying, 1, Trial(error=error))
    record_property(SCANS, len(tried))
    assert [found for found in tried if found] == []


@pytest.mark.slow
def test_a_host_that_dies_anywhere_in_a_scan_is_told(
    monkeypatch: pytest.MonkeyPatch, record_property: Record_
) -> None:
    things = ((Drive, "put"), (volume_scan, "_start"))
    for at in count(1):
        one, transport = bench()
        start, first = on(one), one.look()
        with dying(monkeypatch, transport, at, *things) as done:
            report = one.apply()
        settle(one, transport, report.outcome, first)
        check_nothing_stays(one, start, first)
        if done[0] < at:
            break
    assert at > 2 * len(VOLUMES)
    record_property(SCANS, at - 1)


@pytest.mark.slow
def test_a_controller_that_is_killed_at_any_event_leaves_what_can_be_closed(
    record_property: Record_,
) -> None:
    events = killed_at_each_event(lambda: bench()[0], on, check_nothing_stays, undone=False)
    assert events > len(VOLUMES)
    record_property(SCANS, events)


def test_after_ctrl_c_in_any_pause_scans_go_on_and_a_reconcile_says_what_came_of_them(
    record_property: Record_,
) -> None:
    for at in count(1):
        one, transport = bench()
        start, first = on(one), one.look()
        pauses = count(1)

        def sleep(
            seconds: float, at: int = at, pauses: Iterator[int] = pauses, one: Bench = one
        ) -> None:
            if next(pauses) == at:
                one.engine.interrupted.set()
            else:
                one.engine.sleep(seconds)

        one.engine = replace(one.engine, interrupted=Interrupt(sleep))
        report = one.apply()
        if report.outcome is Outcome.CHANGED:
            break
        assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
        assert report.problem
        assert "remediate runs reconcile" in report.problem.hint
        one.engine.interrupted.clear()
        [(_, closed)] = one.engine.reconcile()
        assert closed.outcome in {Outcome.CHANGED, Outcome.FAILED_CHANGED}
        assert scans(one) == len(closed.applied)
        assert sum(map(writes, transport.requests)) <= len(VOLUMES)
        check_nothing_stays(one, start, first)
    assert at > 1
    record_property(SCANS, at - 1)
