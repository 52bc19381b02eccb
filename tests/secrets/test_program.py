"""A password program is bounded in time and output, and nobody repeats its arguments."""

import sys
from pathlib import Path

import pytest

from remediate.secrets import SecretError, program
from remediate.secrets.program import ask_program, to_keep

CHILD_HAS_THE_PIPE_TOO = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
time.sleep(600)
"""


def python(tmp_path: Path, code: str) -> str:
    """A command line that runs some Python."""
    script = tmp_path / "program.py"
    script.write_text(code, encoding="utf-8")
    return f'"{sys.executable}" "{script}"'


def test_a_program_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    line = python(tmp_path, "while True: print('c4nary' * 1000)")
    assert len(ask_program(line, most=5000)) == 5001


def test_a_program_gets_neither_the_password_nor_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "c4nary")
    monkeypatch.setenv("REMEDIATE_STORE", "postgresql+psycopg://u:c4nary@srv/db")
    monkeypatch.setenv("A_TOKEN", "its own")
    code = "import os; print([v for v in os.environ.values() if 'c4nary' in v or v == 'its own'])"
    assert ask_program(python(tmp_path, code), most=5000).strip() == b"['its own']"


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "import os, time; os.close(1); time.sleep(600)",  # it prints nothing more, and stays
        CHILD_HAS_THE_PIPE_TOO,
    ],
)
def test_a_program_that_does_not_end_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(program, "SECONDS", 0.5)
    with pytest.raises(SecretError, match=r"has not ended after 0.5 s") as error:
        ask_program(python(tmp_path, code) + " c4nary", most=5000)
    assert "c4nary" not in f"{error.value!r} {error.value.__context__!r}"


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ("env:NAME", "env:NAME"),
        ("prompt:", "prompt:"),
        ("file:/a b", "file:/a b"),
        ("command:tool", "command:tool"),
        ("command:tool c4nary", "command:tool \u2026"),
        ("command:'C:\\a b\\tool.exe' --token 'c4nary x'", 'command:"C:\\a b\\tool.exe" \u2026'),
        ("command:tool 'c4nary", "command:\u2026"),
    ],
)
def test_a_record_has_the_program_and_never_runs_it_without_its_arguments(
    reference: str, kept: str
) -> None:
    assert kept == to_keep(reference) == to_keep(kept)
    if "\u2026" in kept:
        with pytest.raises(SecretError, match="give the whole command with --password-from"):
            ask_program(kept.removeprefix("command:"), most=5000)
