"""A move of the scratch folder stops anywhere: the agent has a whole one, and all goes back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from remediate.engine.job import Job, Task
from remediate.lab.drive import Drive, Entry
from remediate.lab.kinds import backup_record, record, registry_value, scratch_move, service
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.scratch_move import AGENT, OWN, TARGET
from remediate.lab.state import HostState, Record
from remediate.model.event import Event, HostProgress
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Request
from remediate.resources.mars_agent import SCRATCHES
from remediate.testing.transport import MemoryTransport
from remediate.transport.errors import ConnectionLost, TimedOut, TransportError
from tests.faults.at_each_event import killed_at_each_event
from tests.faults.conftest import MOVES
from tests.faults.controller import apply_run, undo_run
from tests.faults.dying import dying
from tests.faults.half_way import HOST, Bench, Tell, Trial, explore
from tests.faults.repairs import Repair
from tests.faults.test_half_way import settle
from tests.faults.under_way import Time

FILES = 3


class Move(Repair):
    """A repair whose playbook needs to be told something."""

    @property
    def job(self) -> Job:
        [playbook] = self.playbooks()
        return Job((Task(playbook, playbook.params(to=TARGET)),))


MOVED = Move(
    "a scratch folder that is moved",
    lambda: [Catalogue().load("scratch-move")],
    writes=1,
    host={"service": {AGENT: {}}, "scratch_move": {"files": FILES - 1, "held": 1}},
)
ENDLESS = 1_000
ENDS = 9
"""Pipeline from which on no backup runs any more."""
EACH_WAY = [
    pytest.param(False, id="apply"),
    pytest.param(True, id="rollback", marks=pytest.mark.slow),
]
Record_ = Callable[[str, object], None]
Host = tuple[dict[str, Entry], list[str], str]


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_move, "PART", 1)


def bench() -> tuple[Bench, MemoryTransport]:
    state = MOVED.state()
    transport = MemoryTransport({HOST.address: state})
    return Bench(MOVED, transport, state, time=Time()), transport


def on(one: Bench) -> Host:
    """The files of both folders, both values, and whether the service runs."""
    files = {
        path: entry
        for path, entry in one.state.drive.files.items()
        if path.startswith((SCRATCH, f"{TARGET}\\")) or path == TARGET
    }
    values = [
        registry_value.value_of(one.state, rf"{name.key}\ScratchLocation") for name in SCRATCHES
    ]
    texts = [str(value["data"]) for value in values if value]
    return files, texts, str(record(one.state, "service", name=AGENT)["status"])


def works_in_a_whole_folder(one: Bench) -> None:
    """Each value names a folder with all that was in the old one."""
    files, texts, _ = on(one)
    there = (path for path in files if path.startswith(f"{SCRATCH}\\"))
    inside = (path[len(SCRATCH) + 1 :] for path in there)
    wanted = {f"\\{path}": files[rf"{SCRATCH}\{path}"] for path in inside if path not in OWN}
    for text in texts:
        assert all(files[text + path] == said for path, said in wanted.items())


def check_taken_back(one: Bench, start: Host, first: Any) -> None:
    """Undo what is left: all is as it was, and nothing stays where the new folder was."""
    works_in_a_whole_folder(one)
    one.check_undone(first)
    assert on(one) == start


# --- cut off, and out of time, at each call of each pipeline ------------------------------------


def applying(trial: Trial) -> Sequence[Request]:
    one, transport = bench()
    start, first = on(one), one.look()
    transport.trouble = trial.trouble
    report = one.apply()
    if not trial.breaks:
        assert report.outcome is Outcome.CHANGED
        assert on(one)[1:] == ([TARGET, TARGET], "Running")
    sent = list(transport.requests)
    settle(one, transport, report.outcome, first)
    check_taken_back(one, start, first)
    return sent


def undoing(trial: Trial) -> Sequence[Request]:
    one, transport = bench()
    start, first = on(one), one.look()
    assert one.apply().outcome is Outcome.CHANGED
    applied, before = one.look(), len(transport.requests)
    transport.trouble = lambda number: trial.trouble(number - before)
    report = one.rollback()
    sent = transport.requests[before:]
    settle(one, transport, report.outcome, applied)
    check_taken_back(one, start, first)
    return sent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tell", "error"),
    [
        (applying, ConnectionLost),
        (applying, TimedOut),
        (undoing, ConnectionLost),
        (undoing, TimedOut),
    ],
)
def test_a_move_that_is_cut_off_at_any_call_is_told_and_undone(
    tell: Tell, error: type[TransportError], record_property: Record_
) -> None:
    tried = explore(tell, 1, Trial(error=error))
    record_property(MOVES, len(tried))
    assert [found for found in tried if found] == []


# --- the host dies between any two things that it does ------------------------------------------


THINGS = (
    *((Drive, name) for name in ("put", "remove", "rename")),
    (registry_value, "write"),
    (service, "write"),
)
"""What a write does."""


@pytest.mark.parametrize("undone", EACH_WAY)
def test_a_host_that_dies_anywhere_in_a_move_is_told_and_undone(
    undone: bool, monkeypatch: pytest.MonkeyPatch, record_property: Record_
) -> None:
    for at in range(1, ENDLESS):
        one, transport = bench()
        start, first = on(one), one.look()
        if undone:
            one.apply()
        before = one.look()
        with dying(monkeypatch, transport, at, *THINGS) as done:
            report = one.rollback() if undone else one.apply()
        settle(one, transport, report.outcome, before)
        check_taken_back(one, start, first)
        if done[0] < at:
            break
    assert at > FILES
    record_property(MOVES, at - 1)


# --- the controller is killed, or somebody presses Ctrl-C ---------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("undone", [False, True])
def test_a_controller_that_is_killed_at_any_event_leaves_what_can_be_closed_and_undone(
    undone: bool, record_property: Record_
) -> None:
    events = killed_at_each_event(lambda: bench()[0], on, check_taken_back, undone=undone)
    assert events >= FILES
    record_property(MOVES, events)


@pytest.mark.slow
def test_after_ctrl_c_the_part_ends_and_no_other_is_begun(record_property: Record_) -> None:
    for at in range(1, ENDLESS):
        one, _ = bench()
        start, first = on(one), one.look()
        seen: list[int] = []

        def press(seen: list[int] = seen, at: int = at, one: Bench = one) -> None:
            seen.append(len(on(one)[0]))
            if len(seen) == at:
                one.engine.interrupted.set()

        one.state.changed = press
        report = one.apply()
        one.state.changed = None
        one.engine.interrupted.clear()
        if report.outcome is Outcome.CHANGED:
            if len(seen) < at:
                break
            continue
        assert (report.outcome, report.exit_code) == (Outcome.INDETERMINATE, ExitCode.NEEDS_PERSON)
        assert report.problem
        assert "when the run was interrupted" in report.problem.message
        assert "remediate runs reconcile" in report.problem.hint
        [(_, closed)] = one.engine.reconcile()
        assert closed.outcome is Outcome.FAILED_CHANGED
        check_taken_back(one, start, first)
    assert at > FILES - 1
    record_property(MOVES, at - 1)


# --- what keeps it from being moved, or taken back ----------------------------------------------


def test_progress_is_told_in_bytes() -> None:
    one, _ = bench()
    events: list[Event] = []
    one.engine = replace(one.engine, emit=events.append)
    one.apply()
    found = [event.far for event in events if isinstance(event, HostProgress)]
    assert len(found) == FILES - 2
    assert all(far.endswith("of 20 bytes") for far in found), found


def test_a_backup_that_begins_meanwhile_is_waited_for_and_not_ended() -> None:
    one, transport = bench()
    start = on(one)
    seen: list[Host] = []

    def meanwhile(number: int) -> None:
        if number == FILES:
            backup_record.state(one.state, {"running": [{"state": "InProgress"}]})
        if number == ENDS:
            seen.append(on(one))
            backup_record.state(one.state, {})

    transport.trouble = meanwhile
    assert one.apply().outcome is Outcome.CHANGED
    [(files, *rest)] = seen
    assert rest == [*start[1:]]
    assert rf"{TARGET}\VHDs\held00000.vhd" not in files
    assert on(one)[1] == [TARGET, TARGET]


def test_a_backup_that_begins_as_the_service_is_stopped_is_told_and_the_service_runs_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, _ = bench()
    start, write = on(one), service.write

    def stop(host: HostState, found: Record, after: Record) -> None:
        write(host, found, after)
        if after.get("status") == "Stopped":
            backup_record.state(host, {"running": [{"state": "InProgress"}]})

    monkeypatch.setattr(service, "write", stop)
    first, report = one.look(), one.apply()
    assert report.outcome is Outcome.FAILED_CHANGED
    assert report.problem
    assert "A backup began just before" in report.problem.message
    assert on(one)[1:] == start[1:]
    backup_record.state(one.state, {})
    check_taken_back(one, start, first)


def test_what_the_agent_has_written_in_the_new_folder_is_not_lost_without_being_asked() -> None:
    one, _ = bench()
    one.apply()
    one.state.drive.put(rf"{TARGET}\VHDs\new.vhd", "a backup of last night")
    [report] = one.engine.rollback(one.store.run(apply_run().id), undo_run(), job=one.job)
    assert report.outcome is Outcome.CONFLICT
    assert report.plan
    assert report.plan.conflicts[0].reason == (
        rf"the agent has written in {TARGET} since, such as in a backup"
    )
    assert on(one)[1] == [TARGET, TARGET]
