"""Where the journal goes when the store fails."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from remediate.model.outcome import HostReport, Outcome
from remediate.store.spill import SpillEntry, SpillFile, read_spill, spill
from tests.store.records import RUN, a_report, an_intent

ENTRY = SpillEntry(run=RUN, host="SRV01", report=a_report())


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_what_was_spilled_is_read_back_in_order(tmp_path: Path) -> None:
    first = SpillEntry(run=RUN, host="SRV01", intent=an_intent())
    path = spill(first, tmp_path)
    assert path == spill(ENTRY, tmp_path)
    assert [SpillFile(path=path, entries=(first, ENTRY))] == read_spill(tmp_path)


def test_what_was_spilled_is_on_disk_when_that_is_said(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    synced = mocker.spy(os, "fsync")
    spill(ENTRY, tmp_path)
    assert synced.call_count == 1


def test_without_the_folder_it_goes_to_the_temporary_files(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "file").touch()
    path = spill(ENTRY, tmp_path / "file")
    assert temporary == path.parent
    assert [SpillFile(path=path, entries=(ENTRY,))] == read_spill(tmp_path / "file")


def test_a_line_cut_short_costs_only_itself(tmp_path: Path) -> None:
    path = spill(ENTRY, tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    spill(ENTRY, tmp_path)
    assert [SpillFile(path=path, entries=(ENTRY,), damaged=1)] == read_spill(tmp_path)


def test_more_lines_than_any_run_writes_are_not_looked_through(tmp_path: Path) -> None:
    path = spill(ENTRY, tmp_path)
    with path.open("ab") as file:
        file.write(b"{}\n" * 200_001)
    (found,) = read_spill(tmp_path)
    assert (found.path, found.entries) == (path, ())
    assert found.problem.startswith("It has more than 200000 lines")


def test_many_threads_spill_whole_lines(tmp_path: Path) -> None:
    entries = [SpillEntry(run=RUN, host=str(n), report=a_report(str(n))) for n in range(50)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda entry: spill(entry, tmp_path), entries))
    [found] = read_spill(tmp_path)
    assert {str(n) for n in range(50)} == {entry.host for entry in found.entries}
    assert found.damaged == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists, not modes")
def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    assert spill(ENTRY, tmp_path).stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_file_that_another_account_put_there_is_not_believed(
    tmp_path: Path, temporary: Path
) -> None:
    (tmp_path / "file").touch()
    os.chown(spill(ENTRY, tmp_path / "file"), 12345, 12345)
    assert read_spill(tmp_path) == []


def test_a_line_about_another_host_than_it_says_is_damaged(tmp_path: Path) -> None:
    """Taken in, it would close one host with the verdict of another."""
    report = HostReport(host="SRV02", outcome=Outcome.CHANGED)
    path = spill(SpillEntry(run="one", host="SRV01", report=report), tmp_path)
    [file] = [file for file in read_spill(tmp_path) if file.path == path]
    assert (file.entries, file.damaged) == ((), 1)
