"""All that an audit finds and a rollback could take back, in one run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.lab import Lab

Make = Callable[..., Any]

FOR_GOOD = '''
from remediate.playbook import Advice, Playbook, PlaybookParams
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues

NAME = RegistryName(key="HKEY_LOCAL_MACHINE\\\\SOFTWARE\\\\Contoso", name="Keys")


class ForGood(Playbook[PlaybookParams]):
    """What it takes away is nowhere else."""

    id = "for-good"
    title = "Forget the keys"
    source = "https://example.com/for-good"

    def observe(self, params):
        return [RegistryValues(values=(NAME,))]

    def decide(self, seen, params):
        wanted = {"type": "String", "data": ""}
        yield seen.one(RegistryValue).should(value=wanted, irreversible=True)
'''


@pytest.fixture
def safe(tmp_path: Path, at: list[str]) -> list[str]:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "for_good.py").write_text(FOR_GOOD)
    return ["apply", "--all-safe", "--playbooks", str(folder), *at]


def test_what_is_found_and_can_be_undone_is_one_run_and_one_rollback(
    cli: Make, lab: Lab, safe: list[str]
) -> None:
    state = lab.hosts[0].state
    before = state.without_traces()
    [report] = cli(*safe, "--yes", "--format", "json").data["hosts"]
    assert report["outcome"] == "changed"
    assert {change["playbook"] for change in report["applied"]} == {"schedule-fix"}
    loosening = {"antivirus-exclusions", "execution-policy"}
    assert not loosening & {use["id"] for use in report["plan"]["playbooks"]}
    [left] = report["plan"]["left_out"]
    assert (left["playbook"], left["code"]) == ("for-good", "irreversible")
    assert left["hint"] == "Apply it by itself: remediate apply for-good"
    [run] = cli("runs", "list", "--format", "json").data["runs"]
    assert cli("rollback", run["run"]["id"], "--yes").code == 0
    assert state.without_traces() == before


def test_what_cannot_be_undone_is_left_out_even_where_that_was_accepted(
    cli: Make, lab: Lab, safe: list[str]
) -> None:
    [report] = cli(*safe, "--yes", "--accept-irreversible", "--format", "json").data["hosts"]
    assert {change["playbook"] for change in report["applied"]} == {"schedule-fix"}


def test_a_dry_run_says_what_is_left_out_and_how_it_is_done(
    cli: Make, lab: Lab, safe: list[str]
) -> None:
    before = lab.hosts[0].state.without_traces()
    told = cli(*safe, "--dry-run")
    assert told.code == 2
    assert "it cannot be undone: the value of" in told.out
    assert "remediate apply --all-safe --playbooks" in told.out
    assert lab.hosts[0].state.without_traces() == before


def test_one_can_be_left_out_and_topics_be_chosen(cli: Make, safe: list[str]) -> None:
    [report] = cli(*safe, "--yes", "--except", "schedule-fix", "--format", "json").data["hosts"]
    assert report["outcome"] == "refused"
    [report] = cli(*safe, "--yes", "--topic", "agent", "--format", "json").data["hosts"]
    assert report["outcome"] == "compliant"
    assert {use["id"] for use in report["plan"]["playbooks"]} >= {"temp-cleanup"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["apply", "--yes"], "--all-safe"),
        (["apply", "schedule-fix", "--all-safe", "--yes"], "Give one of both."),
        (["apply", "schedule-fix", "--topic", "agent", "--yes"], "Give one of both."),
        (["apply", "schedule-fix", "--deep", "--yes"], "Leave it out."),
    ],
)
def test_it_is_said_what_is_to_be_applied_and_only_once(
    cli: Make, at: list[str], words: list[str], says: str
) -> None:
    cli(*words, *at).explains(64, says)
