"""Runs commands in this process, and proves that nothing was sent."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from remediate.cli.app import run
from remediate.cli.wiring import Parts
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.model.host import Host
from remediate.transport.protocol import Session

PASSWORD = "Canary-7f3a-pässword"


@dataclass(frozen=True)
class Result:
    """What a command did.

    Args:
        code: exit code.
        out: standard output.
        err: standard error.
    """

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    def explains(self, code: int, *says: str) -> None:
        """Check that it ended with one clear sentence, and what to do next."""
        assert self.code == code, self.err
        assert self.out == ""
        message, *hint = self.err.splitlines()
        assert message.startswith("Error: ")
        assert message[-1] in ".?"
        assert len(hint) <= 1, self.err
        assert "Traceback" not in self.err
        for text in says:
            assert text in self.err


@dataclass
class Unsent:
    """A transport that nothing may be sent with; remembers who tried."""

    tried: list[str] = field(default_factory=list)

    def __call__(self, secret_for: object) -> "Unsent":
        del secret_for
        return self

    def session(self, host: Host) -> Session:
        self.tried.append(host.name)
        raise AssertionError(f"a session with {host.name} was asked for")


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REMEDIATE_STORE", str(tmp_path / "store" / "runs.db"))
    monkeypatch.setenv("REMEDIATE_PASSWORD", PASSWORD)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    yield
    root, ours = logging.getLogger(), logging.getLogger("remediate")
    for logger in (root, ours):
        for handler in list(logger.handlers):
            if type(handler).__module__ == "remediate.cli.logs":
                logger.removeHandler(handler)
    root.setLevel(logging.WARNING)


@pytest.fixture
def unsent() -> Iterator[Unsent]:
    """A transport that fails the test when it is used."""
    transport = Unsent()
    yield transport
    assert transport.tried == []


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command line."""

    def start(
        *words: object,
        transport: Callable[..., Any] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> Result:
        capsys.readouterr()
        code = run([str(word) for word in words], Parts(transport=transport, now=now))
        shown = capsys.readouterr()
        return Result(code, shown.out, shown.err)

    return start


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """One practice host, with its password in REMEDIATE_PASSWORD."""
    with Lab([make_state()]) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        yield lab


@pytest.fixture
def at(lab: Lab) -> list[str]:
    """Options that reach the practice host."""
    host = lab.hosts[0]
    return ["--host", f"{host.address}:{host.port}", "--user", host.user]


@pytest.fixture
def playbook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a playbook of one's own, and returns its folder."""

    def write(fields: str = "", name: str = "own-fix", base: str = "own") -> Path:
        folder = tmp_path / base
        folder.mkdir(exist_ok=True)
        (folder / f"{name.replace('-', '_')}.py").write_text(
            "from enum import Enum, IntEnum\n"
            "from typing import Annotated, Literal\n"
            "from pydantic import SecretStr, model_validator\n"
            "from remediate.playbook import Field, Playbook, PlaybookParams\n"
            "class Level(IntEnum):\n    NOT_MUCH = 1\n    A_LOT = 5\n"
            f"class Params(PlaybookParams):\n    '''None of its own.'''\n{fields}\n"
            "class Own(Playbook[Params]):\n"
            f"    id = '{name}'\n    title = 'Own fix'\n    source = 'https://example.org/'\n"
            "    def observe(self, params):\n        return ()\n"
            "    def decide(self, seen, params):\n        return ()\n",
            encoding="utf-8",
        )
        return folder

    return write
