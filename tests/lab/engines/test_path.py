"""Where an engine is looked for."""

from pathlib import Path

import pytest

from remediate.lab.engines import path as engine_path
from remediate.lab.engines.path import find_pwsh


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "pwsh"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REMEDIATE_PWSH", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(engine_path, "_SHARED", Path("/nowhere/pwsh"))


def test_there_may_be_none() -> None:
    assert find_pwsh() is None


def test_the_variable_comes_first(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    monkeypatch.setenv("REMEDIATE_PWSH", str(program))
    assert find_pwsh() == program


def test_a_variable_that_names_nothing_finds_nothing_else(
    monkeypatch: pytest.MonkeyPatch, program: Path
) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("REMEDIATE_PWSH", "/nowhere/pwsh")
    assert find_pwsh() is None


def test_then_the_path_then_what_stands_beside_the_source(
    monkeypatch: pytest.MonkeyPatch, program: Path
) -> None:
    beside = program.with_name("beside")
    beside.write_bytes(program.read_bytes())
    beside.chmod(0o755)
    monkeypatch.setattr(engine_path, "_SHARED", beside)
    assert find_pwsh() == beside
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_pwsh() == program
