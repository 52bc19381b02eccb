"""A move of many files stops anywhere: what is said is so, and the files come back to the last."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from remediate.engine.job import Job, Task
from remediate.lab.drive import Drive
from remediate.lab.kinds import old_files
from remediate.lab.kinds.old_files import FOLDER
from remediate.lab.state import HostState, Record
from remediate.model.event import Event, HostProgress
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Request
from remediate.testing.transport import MemoryTransport
from remediate.transport.errors import ConnectionLost, TimedOut, TransportError
from tests.faults.at_each_event import killed_at_each_event
from tests.faults.conftest import MOVES
from tests.faults.dying import dying
from tests.faults.half_way import HOST, Bench, Tell, Trial, explore
from tests.faults.repairs import Repair
from tests.faults.test_half_way import settle
from tests.faults.under_way import Time

OLD, NEW, TAKEN = 4, 1, 1
CLEANED = Repair(
    "old files that are moved in parts",
    lambda: [Catalogue().load("temp-cleanup")],
    writes=1,
    host={"old_files": {"old": OLD, "new": NEW, "in_use": TAKEN}},
)
ENDLESS = 1_000
EACH_WAY = [
    pytest.param(False, id="apply"),
    pytest.param(True, id="rollback", marks=pytest.mark.slow),
]
Record_ = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_files, "PART", 2)


def job() -> Job:
    playbook = Catalogue().load("temp-cleanup")
    return Job((Task(playbook, playbook.params(most=OLD)),))


def bench() -> tuple[Bench, MemoryTransport]:
    state = CLEANED.state()
    transport = MemoryTransport({HOST.address: state})
    made = Bench(CLEANED, transport, state, time=Time())
    made.job = job()
    return made, transport


def back_to_the_last(one: Bench, start: Record, first: Any) -> None:
    """Undo what is left: no file is anywhere else than it was, and nothing stays beside them."""
    one.check_undone(first)
    assert one.state.without_traces() == start


# --- cut off, and out of time, at each call of each pipeline ------------------------------------


def applying(trial: Trial) -> Sequence[Request]:
    one, transport = bench()
    start, first = one.state.without_traces(), one.look()
    transport.trouble = trial.trouble
    report = one.apply()
    if not trial.breaks:
        assert report.outcome is Outcome.CHANGED
        [noted] = report.noted
        assert (noted.property, noted.found) == ("skipped", TAKEN)
    sent = list(transport.requests)
    settle(one, transport, report.outcome, first)
    back_to_the_last(one, start, first)
    return sent


def undoing(trial: Trial) -> Sequence[Request]:
    one, transport = bench()
    start, first = one.state.without_traces(), one.look()
    assert one.apply().outcome is Outcome.CHANGED
    applied, before = one.look(), len(transport.requests)
    transport.trouble = lambda number: trial.trouble(number - before)
    report = one.rollback()
    sent = transport.requests[before:]
    settle(one, transport, report.outcome, applied)
    back_to_the_last(one, start, first)
    return sent


@pytest.mark.parametrize(
    ("tell", "error"),
    [
        (applying, ConnectionLost),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in ((applying, TimedOut), (undoing, ConnectionLost), (undoing, TimedOut))
        ),
    ],
)
def test_a_move_that_is_cut_off_at_any_call_is_told_and_undone(
    tell: Tell, error: type[TransportError], record_property: Record_
) -> None:
    tried = explore(tell, 1, Trial(error=error))
    record_property(MOVES, len(tried))
    assert [found for found in tried if found] == []


@pytest.mark.slow
@pytest.mark.parametrize("tell", [applying, undoing])
def test_a_move_that_is_cut_off_twice_is_told_and_undone(
    tell: Tell, record_property: Record_
) -> None:
    tried = explore(tell, 2)
    record_property(MOVES, len(tried))
    assert [found for found in tried if found] == []


# --- the host dies between any two files --------------------------------------------------------


THINGS = ((Drive, "move"), (old_files, "_say"))
"""What a write does to the disk."""


@pytest.mark.parametrize("undone", EACH_WAY)
def test_a_host_that_dies_between_two_files_is_told_and_undone(
    undone: bool, monkeypatch: pytest.MonkeyPatch, record_property: Record_
) -> None:
    for at in range(1, ENDLESS):
        one, transport = bench()
        start, first = one.state.without_traces(), one.look()
        if undone:
            one.apply()
        before = one.look()
        with dying(monkeypatch, transport, at, *THINGS) as done:
            report = one.rollback() if undone else one.apply()
        settle(one, transport, report.outcome, before)
        back_to_the_last(one, start, first)
        if done[0] < at:
            break
    assert at > OLD
    record_property(MOVES, at - 1)


# --- the controller is killed, or somebody presses Ctrl-C ---------------------------------------


@pytest.mark.parametrize("undone", EACH_WAY)
def test_a_controller_that_is_killed_at_any_event_leaves_what_can_be_closed_and_undone(
    undone: bool, record_property: Record_
) -> None:
    events = killed_at_each_event(
        lambda: bench()[0], lambda one: one.state.without_traces(), back_to_the_last, undone=undone
    )
    assert events >= OLD
    record_property(MOVES, events)


def aside(state: HostState) -> int:
    """How many files are aside."""
    return sum(
        path.endswith(".tmp") for path in state.drive.below(f"{FOLDER}.remediate-2025-12-25")
    )


def test_after_ctrl_c_the_part_ends_and_no_other_is_begun(record_property: Record_) -> None:
    """Nothing new is begun: as before or unknown, with the command that finds out and goes on."""
    for at in range(1, ENDLESS):
        one, _ = bench()
        start, first = one.state.without_traces(), one.look()
        seen: list[int] = []

        def press(seen: list[int] = seen, at: int = at, one: Bench = one) -> None:
            seen.append(aside(one.state))
            if len(seen) == at:
                one.engine.interrupted.set()

        one.state.changed = press
        report = one.apply()
        one.state.changed = None
        moved = aside(one.state)
        if report.outcome is Outcome.CHANGED:
            assert moved == OLD
            if len(seen) < at:
                break
            continue
        assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
        assert report.problem
        assert report.problem.message == (
            "it was still coming about when the run was interrupted, "
            f"{moved} of {OLD + TAKEN} files done"
        )
        assert "remediate runs reconcile" in report.problem.hint
        assert moved - seen[at - 1] in {0, old_files.PART}
        one.engine.interrupted.clear()
        [(_, closed)] = one.engine.reconcile()
        assert (closed.outcome, aside(one.state)) == (Outcome.FAILED_CHANGED, moved)
        back_to_the_last(one, start, first)
    assert at > OLD // old_files.PART
    record_property(MOVES, at - 1)


def test_progress_is_told_in_files() -> None:
    one, _ = bench()
    events: list[Event] = []
    one.engine = replace(one.engine, emit=events.append)
    one.apply()
    found = [event.far for event in events if isinstance(event, HostProgress)]
    assert found == ["2 of 5 files"]
