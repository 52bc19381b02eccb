"""A stream that cannot be written to breaks nothing off, and is no secret."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.cli.output import Output
from remediate.lab.hosts import make_state
from remediate.testing.transport import MemoryTransport

Make = Callable[..., Any]
APPLY = ("apply", "schedule-fix", "--host", "SRV01", "--user", "u", "--yes")
FULL = Path("/dev/full")


class Broken(io.StringIO):
    """Takes so many writes."""

    def __init__(self, error: OSError, most: int = 0) -> None:
        super().__init__()
        self._error = error
        self._left = most

    def write(self, text: str) -> int:
        if self._left == 0:
            raise self._error
        self._left -= 1
        return super().write(text)


def test_what_failed_once_is_not_tried_again() -> None:
    stream = Broken(OSError(28, "No space left on device"), most=1)
    output = Output(stream)
    for text in ("first", "second", "third"):
        assert output.write(text) == len(text)
    assert (stream.getvalue(), str(output.fault)) == ("first", "[Errno 28] No space left on device")


@pytest.mark.parametrize("form", ["console", "json", "ndjson", "github"])
@pytest.mark.parametrize(
    ("error", "code"), [(BrokenPipeError(32, "Broken pipe"), 0), (OSError(28, "No space"), 1)]
)
def test_hosts_come_first_whatever_becomes_of_the_result(
    form: str, error: OSError, code: int, cli: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = MemoryTransport({"SRV01": make_state("SRV01")})
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Broken(error))
        done = cli(*APPLY, "--format", form, transport=lambda _: transport)
    assert done.code == code, done.err
    assert ("the result is not written to stdout" in done.err) is bool(code)
    assert "What was to be done was done (exit code 0)" in done.err or not code
    [run] = cli("runs", "list", "--format", "json").data["runs"]
    assert run["outcomes"] == {"changed": 1}


def test_messages_that_nobody_can_read_break_nothing_off(
    cli: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = MemoryTransport({"SRV01": make_state("SRV01")})
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    monkeypatch.setattr("sys.stderr", Broken(OSError(28, "No space")))
    assert cli(*APPLY, "--debug", transport=lambda _: transport).code == 0
    assert cli("audit", "--hots").code == 64


def remediate(*words: str, **how: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "remediate", *words]
    return subprocess.run(command, text=True, timeout=60, check=False, **how)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows hands its handles on in another way")
@pytest.mark.parametrize(("words", "code"), [("validate gone.yaml", 64), ("list", 0)])
def test_a_process_that_begins_without_streams_ends_as_its_work_does(
    words: str, code: int, tmp_path: Path
) -> None:
    """Else what is opened next is taken for stdout. Who closes it does not want the result."""
    closed = f"exec {sys.executable} -m remediate {words} <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", closed], cwd=tmp_path, check=False).returncode == code


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="it is Linux that has one")
def test_a_full_disk_is_called_by_its_name() -> None:
    with FULL.open("w") as full:
        done = remediate("list", stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, "No space left on device" in done.stderr) == (1, True)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has other pipes")
def test_who_reads_the_beginning_only_gets_it_and_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = remediate("list", stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
