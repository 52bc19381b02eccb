"""What runs have left on a host is listed by run, and removed when that is asked for."""

import json
from collections.abc import Callable

import pytest

from remediate.lab.kinds import leftover, old_files, put, record, scheduled_task
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.scheduled_task import BACKUP_TASKS
from remediate.lab.kinds.scratch_move import AGENT, TARGET
from remediate.lab.lab import Lab
from remediate.resources.mars_agent import KEY_FILE
from tests.cli.conftest import Result

Cli = Callable[..., Result]


@pytest.fixture
def run(cli: Cli, lab: Lab, at: list[str]) -> str:
    """A run that has moved files aside."""
    old_files.state(lab.hosts[0].state, {"old": 2})
    done = cli("apply", "temp-cleanup", "--most", 1, "--yes", "--format", "json", *at)
    assert done.code == 0, done.err
    found = json.loads(done.out)["run"]
    assert isinstance(found, str)
    return found


def asides(lab: Lab) -> list[str]:
    files = lab.hosts[0].state.drive.files
    return [path for path in files if path.startswith(f"{old_files.FOLDER}.remediate-")]


def test_what_a_run_has_left_is_listed_by_run_and_removed_for_good(
    cli: Cli, lab: Lab, at: list[str], run: str
) -> None:
    shown = cli("hosts", "leftovers", *at)
    assert shown.code == 2
    assert f"Run {run} left 6 bytes in 1 place" in shown.out
    dry = cli("hosts", "leftovers", "--remove", run, "--dry-run", *at)
    assert dry.code == 2
    assert "moved-files: 2 files, 6 bytes" in dry.out
    assert len(asides(lab)) == 3
    removed = cli("hosts", "leftovers", "--remove", run, "--yes", "--accept-irreversible", *at)
    assert (removed.code, asides(lab)) == (0, [])
    assert cli("hosts", "leftovers", "--remove", run, "--dry-run", *at).code == 0


@pytest.mark.parametrize("words", [["--dry-run"], ["--yes"], ["--yes", "--force"]], ids=str)
def test_a_run_whose_leftovers_were_removed_cannot_be_undone_by_force_neither(
    cli: Cli, at: list[str], run: str, words: list[str]
) -> None:
    remove = ("hosts", "leftovers", "--remove", run, "--yes", "--accept-irreversible")
    by = json.loads(cli(*remove, "--format", "json", *at).out)["run"]
    result = cli("rollback", run, *words, *at[2:])
    assert result.code == 6
    assert "this can no longer be undone" in result.out
    assert rf"run {by} has removed {old_files.FOLDER}.remediate-" in result.out
    assert "--force" not in result.out


def test_what_does_not_need_the_leftovers_is_undone(cli: Cli, lab: Lab, at: list[str]) -> None:
    host = lab.hosts[0].state
    old_files.state(host, {"old": 2})
    task = BACKUP_TASKS[0]
    scheduled_task.state(host, [{"name": task, "policy": "Parallel"}])
    names = ("temp-cleanup", "schedule-fix")
    run = json.loads(cli("apply", *names, "--most", 1, "--yes", "--format", "json", *at).out)["run"]
    cli("hosts", "leftovers", "--remove", run, "--yes", "--accept-irreversible", *at)
    result = cli("rollback", run, "--yes", *at[2:])
    assert result.code == 0
    assert "can no longer be undone: files" in result.out
    assert record(host, "scheduled_task", name=task)["multiple_instances"] == 0


def test_what_somebody_else_has_removed_cannot_be_undone_neither(
    cli: Cli, lab: Lab, at: list[str], run: str
) -> None:
    drive = lab.hosts[0].state.drive
    aside = asides(lab)[0].rpartition("\\")[0]
    drive.remove(aside)
    result = cli("rollback", run, "--yes", "--force", *at[2:])
    assert result.code == 6
    assert f"{aside} is not there" in result.out


def test_what_another_run_has_left_since_is_undone(
    cli: Cli, lab: Lab, at: list[str], run: str
) -> None:
    cli("hosts", "leftovers", "--remove", run, "--yes", "--accept-irreversible", *at)
    old_files.state(lab.hosts[0].state, {"old": 3})
    done = cli("apply", "temp-cleanup", "--most", 1, "--yes", "--format", "json", *at)
    assert cli("rollback", json.loads(done.out)["run"], "--yes", *at[2:]).code == 0
    assert asides(lab) == []


@pytest.mark.parametrize("words", [["--yes"], []], ids=["not accepted", "nobody to ask"])
def test_nothing_is_removed_unless_that_is_accepted(
    cli: Cli, lab: Lab, at: list[str], run: str, words: list[str]
) -> None:
    assert cli("hosts", "leftovers", "--remove", run, *words, *at).code == 6
    assert len(asides(lab)) == 3


@pytest.mark.usefixtures("unsent")
def test_what_can_be_no_run_is_told(cli: Cli) -> None:
    result = cli("hosts", "leftovers", "--remove", r"..\x", "--host", "SRV01")
    assert result.code == 64
    assert "is not the id of a run" in result.err


def test_the_beginning_of_a_runs_id_is_enough(cli: Cli, lab: Lab, at: list[str], run: str) -> None:
    remove = ("hosts", "leftovers", "--remove", run[:-2], "--yes", "--accept-irreversible")
    assert (cli(*remove, *at).code, asides(lab)) == (0, [])


def test_a_run_that_a_host_knows_nothing_of_is_told(
    cli: Cli, lab: Lab, at: list[str], run: str
) -> None:
    remove = ("hosts", "leftovers", "--remove", "20200101-000000-dead", "--yes")
    result = cli(*remove, "--accept-irreversible", *at)
    assert (result.code, len(asides(lab))) == (0, 3)
    assert "SKIPPED" in result.out
    assert "no receipt of run 20200101-000000-dead is here" in result.out


@pytest.mark.usefixtures("unsent")
def test_no_name_of_a_run_is_no_listing(cli: Cli) -> None:
    result = cli("hosts", "leftovers", "--remove", "", "--host", "SRV01")
    assert result.code == 64
    assert "--remove has no id of a run" in result.err


# --- the scratch folder -------------------------------------------------------------------------


@pytest.fixture
def moved(cli: Cli, lab: Lab, at: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that has moved the scratch folder."""
    monkeypatch.setattr(leftover, "PART", 2)
    put(lab.hosts[0].state, {"service": {AGENT: {}}, "scratch_move": {"files": 5}})
    done = cli("apply", "scratch-move", "--to", TARGET, "--yes", "--format", "json", *at)
    assert done.code == 0, done.err
    return str(json.loads(done.out)["run"])


def test_the_old_scratch_folder_is_removed_in_parts_and_only_then_the_move_is_for_good(
    cli: Cli, lab: Lab, at: list[str], moved: str
) -> None:
    state = lab.hosts[0].state
    now = sorted(state.drive.below(TARGET))
    shown = cli("hosts", "leftovers", *at)
    assert "old-scratch: 6 files" in shown.out
    assert f"Run {moved} left 38 bytes in 1 place, today" in shown.out
    remove = ("hosts", "leftovers", "--remove", moved, "--yes", "--accept-irreversible")
    by = cli(*remove, "--format", "json", *at)
    assert by.code == 0, by.out
    assert not state.drive.has_folder(SCRATCH)
    assert sorted(state.drive.below(TARGET)) == now
    result = cli("rollback", moved, "--yes", "--force", *at[2:])
    assert result.code == 6
    assert f"run {json.loads(by.out)['run']} has removed {SCRATCH} for good" in result.out


def test_a_move_is_not_taken_back_by_force_to_what_is_removed_in_part(
    cli: Cli, lab: Lab, at: list[str], moved: str
) -> None:
    drive = lab.hosts[0].state.drive
    drive.remove(rf"{SCRATCH}\{KEY_FILE}")
    drive.write(rf"{SCRATCH}\remediate.removing", b"6")
    there = sorted(drive.files)
    result = cli("rollback", moved, "--yes", "--force", *at[2:])
    assert (result.code, sorted(drive.files)) == (6, there)
    assert f"{SCRATCH} is gone, removed in part, or without its key file" in result.out
    remove = ("hosts", "leftovers", "--remove", moved, "--yes", "--accept-irreversible")
    assert cli(*remove, *at).code == 0
    assert not lab.hosts[0].state.drive.has_folder(SCRATCH)


def test_a_scratch_folder_without_a_key_where_the_agent_works_keeps_the_old_one(
    cli: Cli, lab: Lab, at: list[str], moved: str
) -> None:
    state = lab.hosts[0].state
    state.drive.remove(rf"{TARGET}\{KEY_FILE}")
    there = sorted(state.drive.below(SCRATCH))
    remove = ("hosts", "leftovers", "--remove", moved, "--yes", "--accept-irreversible")
    result = cli(*remove, *at)
    assert result.code == 6
    assert f"{SCRATCH} cannot be removed: there is no key file" in result.out
    assert sorted(state.drive.below(SCRATCH)) == there
