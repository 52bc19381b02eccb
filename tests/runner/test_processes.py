"""Another process is spoken to in lines of JSON, and what is none is no message."""

import io
import os
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remediate.model.base import Model
from remediate.runner import processes
from remediate.runner.processes import Pipe, PipeError, WorkerProcess

PATIENT = 30


class Word(Model):
    word: str


def read(data: bytes) -> Iterator[dict[str, Any]]:
    return iter(Pipe(io.BytesIO(data), io.BytesIO()))


def test_a_message_arrives_as_it_was_sent() -> None:
    """Also what is no valid Unicode, as a host may have sent it; posted ones come in their turn."""
    there = io.BytesIO()
    pipe = Pipe(io.BytesIO(), there)
    pipe.post(Word(word="first"))
    assert there.getvalue() == b""
    pipe.send(Word(word="\ud800\n\u2028"), Word(word=""))
    assert [one["word"] for one in read(there.getvalue())] == ["first", "\ud800\n\u2028", ""]


def test_what_is_posted_is_sent_although_nothing_follows() -> None:
    there, here = os.pipe()
    with os.fdopen(there, "rb") as reading, os.fdopen(here, "wb") as writing:
        Pipe(io.BytesIO(), writing).post(Word(word="alone"))
        assert next(iter(Pipe(reading, writing))) == {"word": "alone"}


@pytest.mark.parametrize("line", [b"nonsense", b"[1]", b"\xff", b"[" * 100_000, b"", b'{"a": 1'])
def test_what_is_no_message_is_an_error(line: bytes) -> None:
    with pytest.raises(PipeError):
        list(read(b'{"word": "good"}\n' + line + b"\n"))


def test_what_was_cut_off_is_no_message() -> None:
    assert list(read(b'{"word": "good"}\n{"word": "half')) == [{"word": "good"}]


def test_a_line_has_a_bound_in_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_LINE", 100)
    with pytest.raises(PipeError, match="too long"):
        list(read(b'"' + b"x" * 200 + b'"\n'))
    there = io.BytesIO()
    with pytest.raises(ValueError, match="too long"):
        Pipe(io.BytesIO(), there).send(Word(word=""), Word(word="x" * 200))
    assert there.getvalue() == b""


def test_nobody_is_there_any_more() -> None:
    there, here = os.pipe()
    os.close(there)
    pipe = Pipe(io.BytesIO(), os.fdopen(here, "wb"))
    with pytest.raises(PipeError, match="has ended"):
        pipe.send(Word(word="heard by nobody"))
    pipe.close()


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Starts a program, and returns what was heard of it, and how it ended."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def start(text: str) -> tuple[list[Any], str]:
        (tmp_path / "another_program.py").write_text(textwrap.dedent(text))
        heard: list[Any] = []
        how: list[str] = []
        over = threading.Event()

        def ended(text: str) -> None:
            how.append(text)
            over.set()

        process = WorkerProcess("another_program", heard.append, ended)
        process.send(Word(word="go"))
        assert over.wait(PATIENT)
        process.close()
        assert len(how) == 1
        return heard, how[0]

    return start


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize(
    ("end", "how"),
    [
        ("", "ended with exit code 0"),
        ("raise SystemExit(3)", "ended with exit code 3"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("print('nonsense', flush=True); time.sleep(60)", "was ended, as a line is no JSON"),
    ],
)
def test_how_it_ended_is_told(started: Callable[[str], Any], end: str, how: str) -> None:
    program = f"import os, sys, time\nsys.stdin.readline()\nprint('{{}}', flush=True)\n{end}\n"
    assert started(program) == ([{}], how)
