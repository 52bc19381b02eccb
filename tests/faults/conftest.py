"""What the tests of faults share, and the lines that say how many cases were tried."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remediate.engine.job import Job
from tests.faults.controller import open_store, schedule_fix
from tests.kerberos.conftest import kdc, pytest_collection_modifyitems, realm

__all__ = ["kdc", "pytest_collection_modifyitems", "realm"]

CASES = "fault matrix"
HALF_WAY = "hosts that stop half-way"
ELSEWHERE = "addresses that lead elsewhere"
MOVES = "moves of files that stop half-way"
SCANS = "scans of volumes that stop half-way"
COUNTED = (CASES, HALF_WAY, ELSEWHERE, MOVES, SCANS)


@pytest.fixture(scope="session")
def job() -> Job:
    return schedule_fix()


@pytest.fixture(scope="session")
def blank_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("blank") / "remediate.db"
    open_store(file).close()
    return file


@pytest.fixture
def new_store(blank_store: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Makes an empty store in a folder of its own, without the time that migrations take."""

    def make(name: str = "store") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        return Path(shutil.copy(blank_store, folder))

    return make


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.01, 0.01, 0.01))
    return


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = Counter[str]()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                counts[name] += int(value) if name in COUNTED else 0
    for name in COUNTED:
        if counts[name]:
            terminalreporter.write_line(f"{name}: {counts[name]} cases")
