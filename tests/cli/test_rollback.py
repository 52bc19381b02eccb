"""A rollback asks the run's playbooks, as they were run, before it stops something."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.kinds import record
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from tests.faults.repairs import STARTED

PLAYBOOK = """
from remediate.playbook import Field, Playbook, PlaybookParams
from remediate.resources.service import Service, Services


class Params(PlaybookParams):
    patience: int = Field(5, ge=%d, description="minutes")


class OwnStart(Playbook[Params]):
    '''Starts a service; a backup job runs in it then.'''

    id = "own-start"
    title = "Start a service"
    source = "https://example.org/"

    def observe(self, params):
        return [Services(names=("MSiSCSI",))]

    def decide(self, seen, params):
        yield seen.one(Service).should(start_mode="Manual", status="Running")

    def guard(self, seen, params):
        if seen.one(Service).status == "Running":
            yield f"a backup job is running: wait {params.patience} minutes"
"""


@dataclass
class Started:
    """A service that a run has started.

    Args:
        cli: runs commands.
        state: the host.
        options: that reach it.
        folder: of the playbook.
        run: the run.
    """

    cli: Callable[..., Any]
    state: HostState
    options: list[str]
    folder: Path
    run: str = field(default="")

    def rollback(self, *words: object) -> Any:
        return self.cli("rollback", self.run, "--host", self.options[1], *words)

    @property
    def status(self) -> str:
        return str(record(self.state, "service", name="MSiSCSI")["status"])


@pytest.fixture
def started(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Started]:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own_start.py").write_text(PLAYBOOK % 1, encoding="utf-8")
    with Lab([STARTED.state()]) as lab:
        [host] = lab.hosts
        monkeypatch.setenv("REMEDIATE_PASSWORD", host.password)
        target = f"{host.address}:{host.port}"
        at = ["--host", target, "--user", host.user, "--auth", "basic"]
        here = Started(cli, host.state, at, folder)
        options = ("--playbooks", folder, "--patience", "20", "--yes", *at, "--format", "json")
        applied = cli("apply", "own-start", *options)
        assert applied.code == 0, applied.err
        here.run = applied.data["run"]
        yield here


def test_a_guard_refuses_a_rollback_with_the_parameters_of_the_run(started: Started) -> None:
    text = "a backup job is running: wait 20 minutes"
    dry = started.rollback("--playbooks", started.folder, "--dry-run")
    assert (dry.code, f"refused by own-start: {text}" in dry.out) == (2, True)
    refused = started.rollback("--playbooks", started.folder, "--yes")
    assert (refused.code, refused.err) == (6, "")
    assert f"what happened: {text}" in refused.out
    assert started.status == "Running"


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (None, 6, "it is not known here"),
        (PLAYBOOK % 30, 6, "it is not known here"),
        ("import nothing_of_the_kind\n" + PLAYBOOK % 1, 64, "No module named"),
    ],
    ids=["not named", "other parameters", "broken"],
)
def test_what_a_playbook_wrote_that_cannot_be_asked_is_not_undone(
    started: Started, spoil: str | None, code: int, says: str
) -> None:
    """What it may write is not known, nor what speaks against it."""
    options = () if spoil is None else ("--playbooks", started.folder)
    if spoil is not None:
        (started.folder / "own_start.py").write_text(spoil, encoding="utf-8")
    for mode in ("--dry-run", "--yes"):
        result = started.rollback(mode, *options)
        assert result.code == code
        assert says in result.out + result.err
    assert started.status == "Running"
