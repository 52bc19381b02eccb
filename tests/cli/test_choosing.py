"""Which playbooks an audit of everything looks at, and what is said of those that only look."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]

PLAYBOOK = '''
from remediate.playbook import Advice, Playbook, PlaybookParams
class {name}(Playbook[PlaybookParams]):
    """Says something of every host."""
    id = "{id}"
    title = "{name}"
    source = "https://example.org/"
    topic = "{topic}"
    only_looks = True
    {stated}
    def observe(self, params):
        return ()
    def decide(self, seen, params):
        yield Advice("{name} was here", "Go on.", rule="here")
'''


@pytest.fixture
def own(tmp_path: Path) -> list[object]:
    """Makes three playbooks known that only look: an ordinary one, a slow one, one to be named."""
    rows = {
        "quick": ("own", ""),
        "slow": ("own", "deep = True"),
        "named": ("x", "on_demand = True"),
    }
    for name, (topic, stated) in rows.items():
        text = PLAYBOOK.format(name=name.capitalize(), id=name, topic=topic, stated=stated)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return ["--playbooks", tmp_path]


def looked(result: Any) -> set[str]:
    """The playbooks of one's own that have looked."""
    [host] = result.data["hosts"]
    return {use["id"] for use in host["plan"]["playbooks"]} & {"quick", "slow", "named"}


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ([], {"quick"}),
        (["--deep"], {"quick", "slow"}),
        (["--topic", "own"], {"quick"}),
        (["--topic", "own", "--deep"], {"quick", "slow"}),
        (["--topic", "schedule"], set()),
        (["--except", "quick", "--deep"], {"slow"}),
        (["slow", "named"], {"slow", "named"}),
    ],
)
def test_an_audit_of_everything_leaves_out_what_is_slow_or_about_an_event(
    cli: Make, own: list[object], at: list[str], words: list[str], chosen: set[str]
) -> None:
    assert looked(cli("audit", *words, *own, *at, "--format", "json")) == chosen


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--topic", "disks"], "no playbook is about disks"),
        (["--topic", "x"], "Name them: named."),
        (["quick", "--topic", "own"], "a playbook is named, and a topic too"),
        (["quick", "--except", "slow"], "a playbook is named, and one is left out"),
        (["--except", "quik"], "there is no playbook 'quik': did you mean quick?"),
        (["--topic", "own", "--except", "quick"], "are left out of an audit of everything"),
    ],
)
def test_a_choice_of_nothing_is_refused_before_any_host(
    cli: Make, own: list[object], unsent: Make, words: list[str], says: str
) -> None:
    host = ["--host", "127.0.0.1:1", "--user", "u"]
    cli("audit", *words, *own, *host, transport=unsent).explains(64, says)


def test_an_unknown_topic_is_answered_with_those_there_are(cli: Make, own: list[object]) -> None:
    said = cli("audit", "--topic", "disks", *own, "--host", "127.0.0.1:1").err
    assert "Topics are own, " in " ".join(said.split()) or ", own," in said
    assert "schedule" in said


def test_they_are_listed_by_topic_with_when_they_look(cli: Make, own: list[object]) -> None:
    lines = cli("list", *own).out.splitlines()
    own_ones = lines[lines.index("own") + 1 :][:2]
    assert [line.split(maxsplit=1) for line in own_ones] == [
        ["quick", "Quick (only looks)"],
        ["slow", "Slow (only looks, with --deep)"],
    ]
    assert "Named (only looks, when named)" in "\n".join(lines)
    rows = cli("list", *own, "--format", "json").data["playbooks"]
    [slow] = [row for row in rows if row["id"] == "slow"]
    assert (slow["topic"], slow["deep"], slow["on_demand"], slow["only_looks"]) == (
        "own",
        True,
        False,
        True,
    )


def test_show_says_that_one_only_looks(cli: Make, own: list[object]) -> None:
    shown = cli("show", "slow", *own).out
    assert "It only looks: nothing is written." in shown
    assert "runs:     when it is named, or with audit --deep" in shown
    assert "rollback" not in shown


def test_what_only_looks_is_audited_where_it_is_applied(
    cli: Make, own: list[object], at: list[str]
) -> None:
    """Nobody is asked, no run is recorded, and the exit code is that of an audit."""
    result = cli("apply", "quick", *own, *at)
    assert result.code == cli("audit", "quick", *own, *at).code == 2
    assert "quick only looks: there is nothing to apply.\n" in result.err
    assert "Quick was here" in result.out
    assert "run 2" not in result.out
    assert cli("runs", "list").out.startswith("No run is recorded")


def test_what_only_looks_may_stand_beside_what_is_applied(
    cli: Make, own: list[object], at: list[str]
) -> None:
    result = cli("apply", "quick", "schedule-fix", "--yes", *own, *at)
    assert "quick only looks: there is nothing to apply.\n" in result.err
    assert "read back" in result.out
    assert "Quick was here" in result.out


def test_what_matters_less_than_asked_for_is_neither_told_nor_in_the_exit_code(
    cli: Make, own: list[object], at: list[str]
) -> None:
    """The lab's host has critical findings of schedule-fix; one's own playbook only warns."""
    asked = ["audit", *own, *at, "--severity", "critical"]
    graver = cli(*asked)
    assert graver.code == 2
    assert "Quick was here" not in graver.out
    assert "less than critical: left out, as asked" in graver.out
    assert "--severity" not in graver.out.splitlines()[-1], (
        "it is about looking, not about changing"
    )
    assert cli(*asked, "--except", "schedule-fix").code == 0
    assert cli("audit", *own, *at, "--except", "schedule-fix").code == 2
