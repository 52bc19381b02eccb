"""The demo tells the whole story, and is honest about it."""

import importlib.util
import re
from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.lab import Lab

Make = Callable[..., Any]


def test_the_demo_shows_each_command_and_holds_every_promise(cli: Make) -> None:
    result = cli("demo")
    assert result.code == 0, result.out + result.err
    commands = re.findall(r"^\$ remediate (.*)$", result.out, re.MULTILINE)
    verbs = [re.sub(r" --host .*| \d{8}-\S+", "", command) for command in commands]
    assert verbs == [
        "audit schedule-fix",
        "apply schedule-fix --dry-run",
        "apply schedule-fix --yes",
        "audit schedule-fix",
        "rollback --yes",
    ]
    assert "Every promise held." in result.out
    assert "NOT SO" not in result.out
    assert "password" not in "".join(commands).lower()
    assert "basic" not in "".join(commands), "that would teach to hand out the password"
    assert result.err == ""


def test_the_demo_says_what_did_not_hold(cli: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that somebody else changes meanwhile is not byte-identical at the end."""

    class Meddled(Lab):
        def start(self) -> None:
            super().start()
            state = self.hosts[0].state

            def meddle(host: Any, number: int) -> None:
                if number == 4:
                    host.section("scheduled_tasks").append(make_task("Meddled"))

            state.before_pipeline = meddle

    monkeypatch.setattr("remediate.lab.lab.Lab", Meddled)
    result = cli("demo")
    assert result.code == 1
    assert "✗ NOT SO: " in result.out


def test_without_the_lab_it_says_how_to_get_it(cli: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "psrpcore" else find(name)
    )
    for words in (["demo"], ["lab", "serve"]):
        cli(*words).explains(
            64, "need the extra `lab`, of which psrpcore is missing", "pip install"
        )
