"""What authors of playbooks are told when a case, or what comes of it, is not as it has to be."""

import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

import pytest

from remediate.lab.engines.path import find_pwsh
from remediate.playbook.loader import PlaybookError
from remediate.testing import Case, cases, lose_connection, tell, unreached

WRONG = {"scheduled_task": [{"name": "Microsoft-OnlineBackup", "policy": "Parallel"}]}


def case(**said: object) -> Case:
    told = {"playbook": "schedule-fix", "name": "parallel", "title": "a", "host": WRONG}
    return Case.model_validate({"audit": "would_change", **told, **said})


def told(**said: object) -> str:
    with pytest.raises(AssertionError) as failure:
        tell(case(**said))
    return str(failure.value)


def test_a_case_that_is_as_it_has_to_be() -> None:
    tell(case(changes=["multiple_instances: Parallel -> IgnoreNew"]))


def test_an_outcome_that_is_another_is_shown_with_the_report() -> None:
    text = told(audit="compliant")
    assert text.startswith(
        "The outcome of the audit is not as expected:\n"
        '  expected "compliant"\n'
        '  found    "would_change"\n'
    )
    assert '"property": "multiple_instances"' in text


def test_a_text_that_is_missing_is_shown_with_those_that_are_there() -> None:
    assert told(changes=["threads: 1 -> 2"]) == (
        "The changes: 'threads: 1 -> 2' stands in none of these:\n"
        r"  task \Microsoft\OnlineBackup\Microsoft-OnlineBackup "
        "multiple_instances: Parallel -> IgnoreNew"
    )
    assert told(advice=["Save a backup policy"]).endswith("stands in none of these:\n  nothing")


def test_more_than_the_case_says_is_too_much() -> None:
    assert told(changes=[]).startswith("The changes: how many is not as expected:")


def test_a_statement_that_no_case_reaches_is_shown() -> None:
    [missed, *_] = unreached([case()])
    assert missed.startswith("schedule_fix.py:")
    assert "yield Advice(" in "".join(unreached([case()]))


def test_a_lie_about_a_lost_connection_is_told_with_the_trouble() -> None:
    """Here the lie is the case's: that there is something that can be put back."""
    lose_connection(case(audit="compliant"))  # where nothing is changed, nothing is lost
    with pytest.raises(AssertionError) as failure:
        lose_connection(case(host={}))
    assert "in case schedule-fix/parallel" in "".join(failure.value.__notes__)


def test_an_engine_that_a_case_leaves_out_is_a_test_that_is_skipped() -> None:
    with pytest.raises(SkipTest, match="not for the powershell engine: too slow"):
        tell(case(engines=["simulated"], why="too slow"), "powershell")


@pytest.mark.skipif(find_pwsh() is not None, reason="there is an engine")
def test_without_an_engine_it_is_said_how_to_get_one() -> None:
    with pytest.raises(SkipTest, match="no PowerShell engine"):
        tell(case(), "powershell")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "schedule-fix",
            "a: {title: a, audit: fine}",
            "schedule-fix.yaml: a: audit: Input should be",
        ),
        ("schedule-fix", "a: {title: a, audit: compliant, hots: {}}", "hots"),
        ("schedule-fix", "a: {title: a}\na: {title: b}", "a is there twice"),
        ("schedule-fix", "- a\n- b", "a case stands under its name"),
        ("schedule-fix", "a: b", "schedule-fix.yaml: a: "),
    ],
)
def test_a_file_of_cases_that_cannot_be_used(
    name: str, text: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / f"{name}.yaml").write_text(text)
    with pytest.raises(ValueError, match=says):
        cases(tmp_path)


def test_a_file_of_cases_is_called_as_a_playbook_is(tmp_path: Path) -> None:
    (tmp_path / "schedule-fx.yaml").write_text("a: {title: a, audit: compliant}")
    with pytest.raises(PlaybookError, match="did you mean schedule-fix"):
        cases(tmp_path)


def test_a_folder_without_cases_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"those of a playbook stand in <its id>\.yaml"):
        cases(tmp_path)


def test_no_test_framework_is_needed() -> None:
    text = "import sys; sys.modules['pytest'] = None; import remediate.testing"
    subprocess.run([sys.executable, "-c", text], check=True)
