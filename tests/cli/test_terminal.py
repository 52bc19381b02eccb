"""At a real terminal: questions, progress, Ctrl-C."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.hosts import make_state
from remediate.lab.kinds import records
from remediate.lab.lab import Lab

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals on this system")

SECONDS = 60


class Screen:
    """A person in front of a terminal."""

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.text = ""

    def until(self, words: str) -> None:
        """Read until these words are on the screen."""
        end = time.monotonic() + SECONDS
        while words not in self.text:
            assert time.monotonic() < end, self.text
            assert self._read(), self.text

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def end(self) -> int:
        """Read the rest and return the exit code."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], SECONDS)[0]:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.text += data.decode()
        return bool(data)


Start = Callable[..., Screen]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a command at a terminal of 80 columns."""
    with _terminals() as begin:
        yield begin


@contextmanager
def _terminals() -> Iterator[Start]:
    screens: list[tuple[Screen, int]] = []

    def begin(*words: str) -> Screen:
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "50"}
        environment.pop("NO_COLOR", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "remediate", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        screens.append((Screen(process, ours), ours))
        return screens[-1][0]

    try:
        yield begin
    finally:
        for screen, ours in screens:
            screen.process.kill()
            screen.process.wait(SECONDS)
            os.close(ours)


def tasks(lab: Lab) -> list[int]:
    found = records(lab.hosts[0].state, "scheduled_task")
    return [task["multiple_instances"] for task in found]


def test_apply_shows_the_plan_and_asks(start: Start, lab: Lab, at: list[str]) -> None:
    before = tasks(lab)
    screen = start("apply", "schedule-fix", *at)
    screen.until("[yes/no] ")
    assert "CHANGES PLANNED" in screen.text
    assert tasks(lab) == before
    screen.type("yes\n")
    assert screen.end() == 0
    assert "read back: " in screen.text
    assert "to undo: " in screen.text
    assert tasks(lab) != before


@pytest.mark.slow
def test_ctrl_c_at_the_question_changes_nothing_and_says_so(
    start: Start, lab: Lab, at: list[str]
) -> None:
    before = tasks(lab)
    screen = start("apply", "schedule-fix", *at)
    screen.until("[yes/no] ")
    screen.process.send_signal(signal.SIGINT)
    assert screen.end() == 130
    assert "interrupted; what was under way was finished" in screen.text
    assert "remediate runs show" in screen.text
    assert "Traceback" not in screen.text
    assert tasks(lab) == before


def test_ctrl_c_in_the_middle_finishes_the_host_under_way_and_skips_the_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lab([make_state("A"), make_state("B")], latency=0.2) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        names = [f"{host.address}:{host.port}" for host in lab.hosts]
        at = ["--host", names[0], "--host", names[1], "--user", lab.hosts[0].user]
        screen = start("apply", "schedule-fix", *at, "--auth", "basic", "--yes", "--workers", "1")
        screen.until("looking at")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert "Stopping: hosts under way are finished first." in screen.text
        assert "1 changed, 1 skipped" in screen.text
        assert lab.hosts[1].requests == 0


def test_who_is_told_to_stop_and_then_again_leaves_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a CI system tells it that cancels a job."""
    with Lab([make_state("A"), make_state("B")], latency=1) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        names = [f"{host.address}:{host.port}" for host in lab.hosts]
        at = ["--host", names[0], "--host", names[1], "--user", lab.hosts[0].user]
        screen = start("apply", "schedule-fix", *at, "--auth", "basic", "--yes")
        screen.until("looking at")
        screen.process.send_signal(signal.SIGTERM)
        screen.until("Stopping: hosts under way are finished first. Again to leave now.")
        time.sleep(0.3)
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert re.search(
            r"interrupted; (1 host was|2 hosts were) still being looked at", screen.text
        )
        assert "in the middle of a change" not in screen.text
        assert "CHANGED" not in screen.text


def test_a_password_is_asked_for_and_not_shown(
    start: Start, lab: Lab, at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    screen = start("audit", "schedule-fix", *at)
    screen.until(f"Password of labadmin for {lab.hosts[0].address}:{lab.hosts[0].port}: ")
    screen.type(f"{lab.hosts[0].password}\n")
    assert screen.end() == 2
    assert lab.hosts[0].password not in screen.text


@pytest.mark.slow
def test_a_password_file_that_only_the_record_names_is_asked_about(
    start: Start, cli: Callable[..., Any], lab: Lab, at: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text(lab.hosts[0].password)
    words = ["--password-from", f"file:{file}", "--yes", "--format", "json"]
    run = cli("apply", "schedule-fix", *at, *words).data["run"]
    requests = lab.hosts[0].requests
    screen = start("rollback", run, "--dry-run")
    screen.until("Is that right? [yes/no] ")
    shown = " ".join(screen.text.split())
    assert "The record says to log on with what is in the file" in shown
    assert f"{at[1]}: negotiate over HTTP as labadmin" in shown
    assert lab.hosts[0].requests == requests
    screen.type("yes\n")
    assert screen.end() == 2
    assert "WOULD BE UNDONE" in screen.text
