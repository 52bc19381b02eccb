"""A playbook that is refused leaves the rest to be applied, when somebody says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.lab import Lab

Make = Callable[..., Any]

BUSY = '''
from remediate.playbook import Playbook, PlaybookParams
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues

NAME = RegistryName(key="HKEY_LOCAL_MACHINE\\\\SOFTWARE\\\\Contoso", name="Busy")


class Busy(Playbook[PlaybookParams]):
    """It must never be applied."""

    id = "busy"
    title = "Set a value that must not be set"
    source = "https://example.com/busy"

    def observe(self, params):
        return [RegistryValues(values=(NAME,))]

    def decide(self, seen, params):
        yield seen.one(RegistryValue).should(value={"type": "String", "data": "x"})

    def guard(self, seen, params):
        return ["a backup is running: wait for it to end"]
'''


@pytest.fixture
def both(tmp_path: Path, at: list[str]) -> list[str]:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "busy.py").write_text(BUSY)
    return ["apply", "busy", "schedule-fix", "--playbooks", str(folder), *at]


def test_with_yes_all_is_refused_and_partial_named(cli: Make, lab: Lab, both: list[str]) -> None:
    before = lab.hosts[0].state.without_traces()
    refused = cli(*both, "--yes")
    assert refused.code == 6
    assert "--partial leaves out busy and applies the rest." in refused.out
    assert lab.hosts[0].state.without_traces() == before


def test_with_partial_the_rest_is_applied_and_can_be_undone(
    cli: Make, lab: Lab, both: list[str]
) -> None:
    before = lab.hosts[0].state.without_traces()
    applied = cli(*both, "--yes", "--partial")
    assert applied.code == 6
    assert "CHANGED IN PART  written and read back, but for what was left out" in applied.out
    assert "  left out: busy: a backup is running: wait for it to end\n" in applied.out
    assert "read back: IgnoreNew (2)" in applied.out
    run = cli("runs", "list", "--format", "json").data["runs"][0]["run"]["id"]
    shown = cli("runs", "show", run)
    assert "left out: busy" in shown.out
    assert cli("rollback", run, "--yes").code == 0
    assert lab.hosts[0].state.without_traces() == before


def test_programs_read_what_was_left_out(cli: Make, both: list[str]) -> None:
    [report] = cli(*both, "--yes", "--partial", "--format", "json").data["hosts"]
    assert report["outcome"] == "changed"
    assert report["plan"]["left_out"] == [
        {
            "playbook": "busy",
            "text": "a backup is running: wait for it to end",
            "code": "guarded",
            "hint": "",
        }
    ]
    assert [use["id"] for use in report["plan"]["playbooks"]] == ["schedule-fix"]
