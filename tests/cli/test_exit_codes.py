"""Exit codes are said in one place, and everybody else repeats it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.engine.host_worker import _SHARE
from remediate.model.event import Phase
from remediate.model.exit_code import FIRST, ExitCode

Make = Callable[..., Any]
GUIDE = Path(__file__).parents[2] / "docs" / "hosts.md"


def test_the_help_has_each_with_its_meaning(cli: Make) -> None:
    shown = cli("--help").out.partition("Exit codes:\n")[2]
    listed = dict(re.findall(r"^ +(\d+) +(.+)$", shown, re.MULTILINE))
    assert listed == {str(int(code)): code.meaning for code in ExitCode}


def test_the_guide_has_each() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("## Exit codes")[2]
    codes = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    assert [int(code) for code in codes] == list(ExitCode)


def test_both_say_which_of_several_counts(cli: Make) -> None:
    order = f"the first of {', '.join(str(int(code)) for code in FIRST)}."
    assert order in cli("--help").out
    assert order in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["frobnicate"], ExitCode.USAGE),
        (["apply", "schedule-fix", "--host", "A", "--user", "u"], ExitCode.REFUSED),
        (["runs", "show", "x"], ExitCode.REFUSED),
    ],
)
def test_what_ends_before_hosts_are_contacted_has_one_of_them(
    words: list[str], code: ExitCode, cli: Make
) -> None:
    assert cli(*words).code == code


def test_what_is_pending_is_said_of_an_apply_too() -> None:
    """Reports of every command have these words; an apply leaves advice, or a restart."""
    assert ExitCode.PENDING.meaning == "changes, advice or a restart pending"


def test_the_help_says_what_part_of_the_timeout_a_question_and_a_write_may_take(cli: Make) -> None:
    words = " ".join(cli("apply", "schedule-fix", "--help").out.split())
    assert (_SHARE[Phase.OBSERVE], _SHARE[Phase.APPLY]) == (0.5, 0.6)
    assert "A question may take half of what is left, a write 60 %" in words
