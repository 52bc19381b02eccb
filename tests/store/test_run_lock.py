"""The lock that says that a run is alive."""

from pathlib import Path

import pytest

from remediate.store.errors import StoreUnavailable
from remediate.store.run_lock import RunLock, is_running


def test_a_run_is_running_from_with_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "locks"
    assert not is_running("a", folder)
    with RunLock("a", folder):
        assert is_running("a", folder)
        assert is_running("a", folder), "looking does not take the lock away"
        assert not is_running("b", folder)
    assert not is_running("a", folder)
    assert list(folder.iterdir()) == []


def test_a_run_goes_on_while_one_of_its_processes_does(tmp_path: Path) -> None:
    with RunLock("a", tmp_path, 2):
        with RunLock("a", tmp_path):
            assert is_running("a", tmp_path)
        assert is_running("a", tmp_path)
    assert not is_running("a", tmp_path)


def test_an_exception_ends_the_run_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), RunLock("a", tmp_path):
        raise KeyboardInterrupt
    assert not is_running("a", tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"a\.lock"), RunLock("a", tmp_path / "file" / "x"):
        pass


@pytest.mark.parametrize("run", ["", "../a", "a/b", ".", "a\x00"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, run: str) -> None:
    with pytest.raises(ValueError, match="not the id of a run"):
        is_running(run, tmp_path)
