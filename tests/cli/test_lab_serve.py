"""`remediate lab serve` tells other programs where the hosts are, and ends when they do."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]


def test_it_prints_one_line_and_ends_with_its_input(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with subprocess.Popen(
        [sys.executable, "-m", "remediate", "lab", "serve", "--hosts", "2", "--state", str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        rest, _ = process.communicate("", timeout=60)
    names = {"name", "address", "port", "scheme", "user", "password", "auth", "ca_file"}
    assert [set(host) for host in line["hosts"]] == [names, names]
    assert rest == ""
    assert process.returncode == 0
    assert state.exists()


def test_a_state_that_cannot_be_kept_is_named(cli: Make) -> None:
    done = cli("lab", "serve", "--state", "gone/state.json")
    done.explains(64, "the state gone/state.json cannot be used: No such file", "No practice host")


def test_hosts_that_nobody_can_be_told_of_are_not_served(
    cli: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Gone())
        done = cli("lab", "serve")
    done.explains(64, "no host can be served: nobody can be told where they are")


def test_a_file_of_faults_that_makes_no_sense_is_refused(cli: Make, tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("- {do: explode}")
    cli("lab", "serve", "--faults", path).explains(64, "faults.yaml")
