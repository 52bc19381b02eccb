"""Which run `rollback` and `runs show` are about when none is named; what a shell completes."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from remediate.cli.run_ids import to_undo
from remediate.cli.stop import Stop
from remediate.cli.terminal import Terminal
from remediate.lab.lab import Lab
from remediate.model.outcome import Outcome
from remediate.model.run import RunKind
from remediate.redaction import Redaction
from remediate.testing.store import MemoryStore
from tests.store.records import NOW, TTL, a_host, a_report, a_run, an_intent

Make = Callable[..., Any]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody at a terminal, who is asked these questions and says yes to all but the last."""
    asked: list[str] = []

    def ask(_: Terminal, text: str) -> str:
        asked.append(text)
        return "yes" if "Undo it" in text else "no"

    monkeypatch.setattr(Terminal, "interactive", property(lambda _: True))
    monkeypatch.setattr(Terminal, "ask", ask)
    return asked


@pytest.fixture
def run(cli: Make, at: list[str]) -> str:
    """A run that changed a host."""
    assert cli("apply", "schedule-fix", "--yes", *at).code == 0
    return runs(cli)[0]


def runs(cli: Make) -> list[str]:
    found = cli("runs", "list", "--format", "json").data["runs"]
    return [one["run"]["id"] for one in found]


def test_the_newest_run_is_shown(cli: Make, run: str) -> None:
    assert cli("runs", "show").out == cli("runs", "show", run).out


@pytest.mark.usefixtures("lab")
def test_nothing_is_shown_or_undone_where_nothing_was_run(cli: Make) -> None:
    for words in (["runs", "show"], ["rollback", "--dry-run"]):
        result = cli(*words)
        assert "does not exist yet" in result.err


def test_a_person_is_told_which_run_it_is_before_the_host_is_asked(
    cli: Make, lab: Lab, run: str, person: list[str]
) -> None:
    before = lab.hosts[0].state.snapshot()
    requests = lab.hosts[0].counters.total()
    result = cli("rollback")
    which, what = person
    assert which.startswith(f"The newest run to undo is {run}: schedule-fix on ")
    assert which.endswith("Undo it? [yes/no] ")
    assert what.startswith("Write this to ")
    assert result.code == 6
    assert (
        lab.hosts[0].state.snapshot()["windows"]["scheduled_tasks"]
        == (before["windows"]["scheduled_tasks"])
    )
    assert lab.hosts[0].counters.total() > requests


def test_who_says_no_to_the_run_has_asked_the_host_nothing(
    cli: Make, lab: Lab, run: str, person: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Terminal, "ask", lambda *_: "no")
    requests = lab.hosts[0].counters.total()
    result = cli("rollback")
    assert (result.code, "nothing was done" in result.err) == (6, True)
    assert (person, lab.hosts[0].counters.total()) == ([], requests)
    assert runs(cli) == [run]


def test_without_a_person_the_run_must_be_named(cli: Make, run: str) -> None:
    cli("rollback", "--yes").explains(6, "the run to undo must be named", run)


def test_a_dry_run_is_of_the_newest_run_and_names_it(cli: Make, run: str) -> None:
    result = cli("rollback", "--dry-run")
    assert result.code == 2
    assert f"The newest run to undo is {run}: " in result.err
    assert f"to do it: remediate rollback {run}\n" in result.out


def test_a_run_that_was_undone_is_not_offered_again(cli: Make, run: str) -> None:
    assert cli("rollback", run, "--yes").code == 0
    cli("rollback", "--dry-run").explains(64, "no recent run is left to be undone")


OPEN = None
"""A host whose verdict is not recorded."""

Outcomes = Mapping[str, Outcome | None]


def offered(run: Outcomes, *rollbacks: Outcomes) -> bool:
    """Whether a run is offered to be undone after these rollbacks of it."""
    store = MemoryStore()
    for number, outcomes in enumerate((run, *rollbacks)):
        begun = a_run(f"run-{number}", NOW + number * TTL)
        if number:
            begun = begun.model_copy(update={"kind": RunKind.ROLLBACK, "undoes": "run-0"})
        store.begin_run(begun, [a_host(name) for name in outcomes])
        for name, outcome in outcomes.items():
            if outcome is OPEN or outcome is Outcome.CHANGED:
                store.record_intent(an_intent(begun.id, name))
            if outcome is not OPEN:
                store.close_host(begun.id, name, a_report(name, outcome))
    try:
        return to_undo(store, Terminal(Redaction()), asks=False) == "run-0"
    except Stop:
        return False


CHANGED, COMPLIANT, REFUSED = Outcome.CHANGED, Outcome.COMPLIANT, Outcome.REFUSED


@pytest.mark.parametrize(
    ("run", "rollbacks"),
    [
        ({"A": CHANGED, "B": COMPLIANT, "C": REFUSED}, [{"A": CHANGED}]),
        ({"A": CHANGED, "B": CHANGED}, [{"A": CHANGED}, {"B": CHANGED}]),
        ({"A": CHANGED, "B": OPEN}, [{"A": CHANGED, "B": REFUSED}, {"B": CHANGED}]),
        ({"A": OPEN}, [{"A": COMPLIANT}]),
    ],
)
def test_a_run_of_which_nothing_is_left_on_any_host_is_not_offered(
    run: Outcomes, rollbacks: list[Outcomes]
) -> None:
    assert not offered(run, *rollbacks)


@pytest.mark.parametrize(
    ("run", "rollbacks"),
    [
        ({"A": CHANGED, "B": CHANGED}, [{"A": CHANGED}, {"A": COMPLIANT}]),
        ({"A": CHANGED}, [{"A": Outcome.CONFLICT}]),
        ({"A": CHANGED}, [{"A": OPEN}]),
        ({"A": OPEN, "B": COMPLIANT}, []),
    ],
)
def test_a_run_is_offered_while_something_of_it_may_be_left_on_a_host(
    run: Outcomes, rollbacks: list[Outcomes]
) -> None:
    assert offered(run, *rollbacks)


@pytest.mark.parametrize("words", ["rollback", "runs show"])
def test_ids_are_completed(
    cli: Make,
    run: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("_REMEDIATE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"remediate {words} {run[:4]}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) + 1))
    with pytest.raises(SystemExit):
        cli()
    assert capsys.readouterr().out == f"plain,{run}\n"
