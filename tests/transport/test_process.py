"""A program of this machine ends when it has to, with all that it has started."""

import os
import sys
from pathlib import Path

import pytest

from remediate.transport.process import Command, Ran, run_to_end
from remediate.transport.protocol import Deadline

pytestmark = pytest.mark.skipif(os.name == "nt", reason="what is looked at is of POSIX")

ECHO = """
import sys
data = sys.stdin.read()
sys.stderr.write("said")
print(len(data))
sys.exit(7)
"""
LEAVES_ONE = """
import fcntl, os, subprocess, sys, time
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(file, fcntl.LOCK_EX)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[file])
"""
STAYS = f"{LEAVES_ONE}\ntime.sleep(600)"
NEVER_ENDS = "import sys\nwhile True: sys.stdout.write('x' * 65536)"


def run(
    text: str, *args: str, given: bytes = b"", seconds: float = 30, most: int = 1_000_000
) -> Ran:
    command = Command((sys.executable, "-c", text, *args), {"PATH": "/nowhere"}, Path("/"))
    return run_to_end(command, given, 1, Deadline(seconds), most)


def test_it_gets_its_input_and_its_streams_are_apart() -> None:
    ran = run(ECHO, given=b"x" * 1_000_000)
    assert (bytes(ran.stdout), bytes(ran.stderr), ran.exit_code) == (b"1000000\n", b"said", 7)
    assert (ran.begun, ran.late, ran.too_much) == (True, False, False)


def test_it_has_no_other_environment_than_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "c4nary")
    ran = run("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))")
    assert bytes(ran.stdout) == b"['PATH']\n"


@pytest.mark.parametrize(("text", "late"), [(LEAVES_ONE, False), (STAYS, True)])
def test_what_it_has_started_ends_with_it(text: str, late: bool, tmp_path: Path) -> None:
    """What it has started holds a lock as long as it runs."""
    fcntl = pytest.importorskip("fcntl")
    file = tmp_path / "lock"
    file.touch()
    ran = run(text, str(file), seconds=2 if late else 30)
    assert ran.late is late
    with file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_one_that_puts_out_too_much_is_ended() -> None:
    ran = run(NEVER_ENDS, most=100_000)
    assert ran.too_much
    assert not ran.late
    assert len(ran.stdout) <= 100_000 + 65536


def test_what_never_reads_its_input_was_not_given_it_whole() -> None:
    """So it has not begun to act: the end of the input is what a loader waits for."""
    ran = run("import time; time.sleep(600)", given=b"x" * 1_000_000, seconds=1)
    assert (ran.late, ran.begun) == (True, False)


def test_one_that_is_not_there_does_not_start(tmp_path: Path) -> None:
    command = Command((str(tmp_path / "nothing"),), {}, tmp_path)
    with pytest.raises(FileNotFoundError):
        run_to_end(command, b"", 1, Deadline(30), 100)
