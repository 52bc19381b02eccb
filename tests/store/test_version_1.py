"""What version 1 of the program recorded is still read, undone and reconciled."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remediate.cli.app import run as command
from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.runner.serial import Serial
from remediate.store.place import store_place
from remediate.store.spill import read_spill
from remediate.store.sql import SqlStore
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import ConnectionLost

VERSION_1 = Path(__file__).parent / "version_1"
RUNS = {
    "CHANGED": "20261120-030001-aaaa",
    "UNDONE": "20261120-030005-bbbb",
    "HALF": "20261120-030013-cccc",
    "UNKNOWN": "20261120-030018-dddd",
    "KILLED": "20261120-030023-eeee",
}
BY_NAME = "known by its name only"


def now() -> datetime:
    return datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


def new_run(kind: RunKind, undoes: str | None = None) -> Run:
    return Run(id="new", kind=kind, playbooks=(), operator="ada@x", started=now(), undoes=undoes)


def engine(host: Host, state: HostState, store: SqlStore | MemoryStore) -> Engine:
    transport = MemoryTransport({host.address: state})
    settings = Settings(operator="ada@bastion", timeout=1)
    return Engine(transport, settings, store, now=now, runner=Serial())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    for file in VERSION_1.iterdir():
        Path(shutil.copy(file, tmp_path)).chmod(0o600)
    return tmp_path / "remediate.db"


@pytest.fixture
def store(place: Path) -> Iterator[SqlStore]:
    with SqlStore(store_place(str(place))) as opened:
        yield opened


def recorded_host(store: SqlStore, name: str) -> Host:
    [record] = store.run(RUNS[name]).hosts
    return record.host


def after(writes: int, host: Host, store: SqlStore, *, named: str = "") -> HostState:
    """The host after so many of the run's two writes; its tasks were as the record has them."""
    state = make_state(named or host.name)
    [record] = store.run(RUNS[host.name]).hosts
    assert record.intent is not None
    was = {task.resource.key["name"]: task.properties for task in record.intent.snapshot}
    for task in state.windows["scheduled_tasks"]:
        task["xml"] = was.get(task["name"], task)["xml"]
    if writes:
        working = engine(host, state, MemoryStore())
        lost = Trouble(ConnectionLost, calls=1 + writes)
        assert isinstance(working.transport, MemoryTransport)
        working.transport.trouble = lambda n: lost if n == 2 else None
        working = Engine(
            working.transport,
            Settings(operator="ada@bastion", auto_rollback=False),
            working.store,
            now=now,
            runner=Serial(),
        )
        playbook = Catalogue().load("schedule-fix")
        job = Job((Task(playbook, playbook.params()),))
        list(working.apply([host], job, new_run(RunKind.APPLY)))
    state.lease, state.freed = None, []
    return state


def test_every_run_is_listed_and_shown(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMEDIATE_STORE", str(place))
        assert command(["runs", "list", "--format", "json"]) == 0
        listed = json.loads(capsys.readouterr().out)["runs"]
        assert [each["run"]["id"] for each in listed] == [
            RUNS["KILLED"],
            RUNS["UNKNOWN"],
            RUNS["HALF"],
            "20261120-030009-b0b0",
            RUNS["UNDONE"],
            RUNS["CHANGED"],
        ]
        for each in listed:
            assert command(["runs", "show", each["run"]["id"]]) == 0
    shown = capsys.readouterr().out
    assert "multiple_instances is 3, should be 2" in shown
    assert "OPEN" in shown


@pytest.mark.parametrize(("name", "writes"), [("CHANGED", 2), ("HALF", 1)])
def test_what_it_changed_is_put_back(store: SqlStore, name: str, writes: int) -> None:
    host = recorded_host(store, name)
    state = after(writes, host, store)
    assert state.without_traces() != after(0, host, store).without_traces()
    working = engine(host, state, store)
    record = store.run(RUNS[name])
    [report] = working.rollback(record, new_run(RunKind.ROLLBACK, undoes=record.run.id))
    assert report.outcome is Outcome.CHANGED, report
    assert state.without_traces() == after(0, host, store).without_traces()
    assert BY_NAME in report.notes[-1]


def test_what_it_undid_has_nothing_left_to_undo(store: SqlStore) -> None:
    host = recorded_host(store, "UNDONE")
    record = store.run(RUNS["UNDONE"])
    [report] = engine(host, make_state("UNDONE"), store).rollback(
        record, new_run(RunKind.ROLLBACK), dry_run=True
    )
    assert report.outcome is Outcome.COMPLIANT


def test_its_records_hold_for_a_computer_of_that_name_only(store: SqlStore) -> None:
    """They do not say more of the computer than its name."""
    host = recorded_host(store, "CHANGED")
    other = after(2, host, store, named="OTHER")
    before = other.snapshot()
    record = store.run(RUNS["CHANGED"])
    [report] = engine(host, other, store).rollback(record, new_run(RunKind.ROLLBACK))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.code == "another_computer"
    assert other.snapshot() == before


@pytest.mark.parametrize(
    ("name", "writes", "outcome"),
    [
        ("UNKNOWN", 0, Outcome.FAILED_UNCHANGED),
        ("UNKNOWN", 2, Outcome.CHANGED),
        ("KILLED", 0, Outcome.FAILED_UNCHANGED),
        ("KILLED", 2, Outcome.CHANGED),
    ],
)
def test_what_it_left_open_is_closed_by_what_that_computer_says(
    store: SqlStore, name: str, writes: int, outcome: Outcome
) -> None:
    host = recorded_host(store, name)
    reports = {
        run.id: report
        for run, report in engine(host, after(writes, host, store), store).reconcile()
    }
    assert reports[RUNS[name]].outcome is outcome
    assert BY_NAME in reports[RUNS[name]].notes[-1]
    assert [run.id for run, _ in store.open_intents(indeterminate=True)] == [
        open_ for open_ in (RUNS["UNKNOWN"], RUNS["KILLED"]) if open_ != RUNS[name]
    ]


def test_a_verdict_that_it_spilled_is_read(place: Path) -> None:
    [file] = read_spill(place.parent)
    assert file.damaged == 0
    [entry] = file.entries
    report: HostReport | None = entry.report
    assert report
    assert (report.outcome, report.differing) == (Outcome.FAILED_CHANGED, ())
    assert "multiple_instances is 3, should be 2" in report.notes[-1]
