"""An author's mistake is named with playbook, file and line, and concerns his playbook only."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.model.host import Host
from remediate.model.outcome import ExitCode, Outcome
from remediate.model.run import Run, RunKind
from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams
from remediate.playbook.catalogue import Catalogue
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks
from remediate.runner import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport
from tests.engine.world import NOW

HOST = Host(name="SRV01", address="127.0.0.1", port=5985)
SCHEDULE_FIX = Catalogue().load("schedule-fix")


class Own(Playbook[PlaybookParams]):
    """A playbook of somebody's own."""

    id = "own-one"
    title = "Look at tasks"
    source = "https://example.com/kb/1"

    def observe(self, params: PlaybookParams) -> Any:
        return [ScheduledTasks(folder="\\Microsoft\\OnlineBackup")]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for task in seen.all(ScheduledTask):
            yield task.should(multiple_instances=2)


class Misspelt(Own):
    """`shoud`."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for task in seen.all(ScheduledTask):
            yield task.shoud(multiple_instances=2)


class Returns(Own):
    """`return` instead of `yield`."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        return seen.all(ScheduledTask)[0].should(multiple_instances=2)


class Nothing(Own):
    """Neither."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        """It forgets to say anything."""


class NotSettable(Own):
    """A property that cannot be set."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.all(ScheduledTask)[0].should(state=3)


class NoObserve(Playbook[PlaybookParams]):
    """No questions."""

    id = "own-one"
    title = "Look at nothing"
    source = "https://example.com/kb/1"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("x", "y")


class BadQuestion(Own):
    """A question that cannot be asked."""

    def observe(self, params: PlaybookParams) -> Any:
        return [ScheduledTasks(folder=7)]  # type: ignore[arg-type]


class BadGuard(Own):
    """A guard that raises."""

    def guard(self, seen: Any, params: PlaybookParams) -> Iterable[str]:
        return [seen.nothing]


class GuardSaysText(Own):
    """A guard that returns one reason."""

    def guard(self, seen: Any, params: PlaybookParams) -> Any:
        return "a backup is running"


class GuardSaysNothing(Own):
    """A guard that forgets to return."""

    def guard(self, seen: Any, params: PlaybookParams) -> Any:
        """It has looked at something."""


class NumberAsReason(Own):
    """How many things cannot be undone."""

    def irreversible(self, params: PlaybookParams) -> Any:
        return [3]


class FlagAsReason(Own):
    """That it does not apply, and not why."""

    def not_applicable(self, seen: Any, params: PlaybookParams) -> Any:
        return True


class OneQuestion(Own):
    """A question that is not in a list."""

    def observe(self, params: PlaybookParams) -> Any:
        return ScheduledTasks(folder="\\Microsoft\\OnlineBackup")


class BadOrigin(Own):
    """Files that nobody knows the place of."""

    def origin(self, params: PlaybookParams) -> Any:
        return params.nowhere  # type: ignore[attr-defined]


class Leaves(Own):
    """The end of the program, with an exit code that says that all is well."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        raise SystemExit(0)


class Over(BaseException):
    """An author's own."""


class Quits(Own):
    """An error that is none of Python's usual ones."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        raise Over("it is over")


class NoQuestion(Own):
    """A question that is none."""

    def observe(self, params: PlaybookParams) -> Any:
        return [ScheduledTasks]


class NotApplicable(Own):
    """A reason that is no sentence."""

    def not_applicable(self, seen: Any, params: PlaybookParams) -> Any:
        return True


class NoRule(Own):
    """Advice without a rule."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("No task", "Make one.")


class BadRule(Own):
    """A rule with a blank in it."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("No task", "Make one.", rule="no task")


class UnknownRule(Own):
    """A rule that it has not declared."""

    rules = ("no-task",)

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("No task", "Make one.", rule="no-tasks")


class SameRule(Own):
    """Two findings that could not be told apart."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("No task", "Make one.", rule="no-task")
        yield Advice("No policy", "Save one.", rule="no-task")


class BadEvidence(Own):
    """Evidence that is just text."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("No task", "Make one.", rule="no-task", evidence="none")  # type: ignore[arg-type]


class NumberAsEvidence(Own):
    """The id of an event, as evidence."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        evidence = [Evidence(4625, where="event")]  # type: ignore[arg-type]
        yield seen.all(ScheduledTask)[0].should(evidence=evidence, multiple_instances=2)


class NumberAsAdvice(Own):
    """A count of days, as what to do."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield Advice("No task", 5, rule="no-task")  # type: ignore[arg-type]


class NoZone(Own):
    """Evidence of a time that might be any zone's."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        evidence = [Evidence("none", at=datetime(2026, 1, 1))]  # noqa: DTZ001 - the mistake
        yield seen.all(ScheduledTask)[0].should(evidence=evidence, multiple_instances=2)


class OnlyLooks(Own):
    """A change, although it says that it makes none."""

    only_looks = True

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.all(ScheduledTask)[0].should(multiple_instances=2)


class OneRuleForTwo(Own):
    """Two properties under one rule."""

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.all(ScheduledTask)[0].should(rule="wrong", multiple_instances=2, state=3)


def task(playbook: Playbook[Any]) -> Task:
    return Task(playbook, playbook.params())


def engine(store: MemoryStore | None = None) -> Engine:
    transport = MemoryTransport({HOST.address: make_state()})
    return Engine(transport, Settings(operator="ada@here"), store, runner=Serial())


MISTAKES = [
    Misspelt,
    Returns,
    Nothing,
    NotSettable,
    NoObserve,
    BadQuestion,
    BadGuard,
    GuardSaysText,
    GuardSaysNothing,
    NumberAsReason,
    FlagAsReason,
    OneQuestion,
    BadOrigin,
    Leaves,
    Quits,
    NoQuestion,
    NotApplicable,
    NoRule,
    BadRule,
    UnknownRule,
    SameRule,
    OneRuleForTwo,
    BadEvidence,
    NumberAsEvidence,
    NumberAsAdvice,
    NoZone,
    OnlyLooks,
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_all_others_are_judged(mistake: type[Playbook[Any]]) -> None:
    job = Job((task(mistake()), task(SCHEDULE_FIX)))
    [report] = engine().audit([HOST], job)
    assert report.outcome is Outcome.WOULD_CHANGE
    assert report.plan
    assert {change.playbook for change in report.plan.changes} == {"schedule-fix"}
    [question] = report.unanswered
    assert question.playbooks == ("own-one",)
    assert question.problem.code == "playbook_failed"
    assert "playbook own-one fails" in question.problem.message
    assert "engine/test_authors_mistakes.py" in question.problem.message or mistake is NoObserve
    assert report.exit_code is ExitCode.FAILED


@pytest.mark.parametrize(
    ("mistake", "line", "said"),
    [
        (Misspelt, 2, "shoud"),
        (Quits, 1, "it is over"),
        (NoRule, 1, "'No task' has no rule"),
        (BadRule, 1, "rule 'no task' must be small letters, digits and single dashes"),
        (UnknownRule, 1, "rule 'no-tasks' is not among the `rules` of the playbook"),
        (SameRule, 2, "rule 'no-task' has two findings: give one of them another rule"),
        (BadEvidence, 1, "`evidence` has to be several Evidence"),
        (NumberAsEvidence, 1, "evidence is a text, and where it was seen, not 4625"),
        (NumberAsAdvice, 1, "title and text of Advice are texts, not 'No task' and 5"),
        (NoZone, 1, "the time of evidence needs its time zone: 2026-01-01T00:00:00"),
        (OneRuleForTwo, 1, "rule 'wrong' is about one property, not multiple_instances, state"),
    ],
)
def test_the_line_is_that_of_the_playbook(
    mistake: type[Playbook[Any]], line: int, said: str
) -> None:
    [report] = engine().audit([HOST], Job((task(mistake()),)))
    assert report.problem
    line += mistake.decide.__code__.co_firstlineno
    assert f"engine/test_authors_mistakes.py:{line}" in report.problem.message
    assert said in report.problem.message


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (GuardSaysText, "`guard` has to return several texts, not 'a backup is running'"),
        (GuardSaysNothing, "`guard` has to return several texts, not None"),
        (NumberAsReason, "`irreversible` has to return several texts, not 3"),
        (FlagAsReason, "`not_applicable` has to return a text or None, not True"),
        (OneQuestion, "`observe` has to return several questions, not ScheduledTasks(folder="),
    ],
)
def test_what_is_not_of_its_kind_is_shown(mistake: type[Playbook[Any]], said: str) -> None:
    [report] = engine().audit([HOST], Job((task(mistake()),)))
    assert report.problem
    assert said in report.problem.message


def test_what_a_broken_playbook_has_done_is_not_undone_unchecked() -> None:
    """What it may write, which a record is held against, it cannot say any more."""
    store = MemoryStore()
    run = Run(id="one", kind=RunKind.APPLY, playbooks=(), operator="a", started=NOW)
    working = engine(store)
    [report] = working.apply([HOST], Job((task(Own()),)), run)
    assert report.outcome is Outcome.CHANGED
    undo = run.model_copy(update={"id": "two", "kind": RunKind.ROLLBACK, "undoes": "one"})
    [report] = working.rollback(store.run("one"), undo, job=Job((task(BadQuestion()),)))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert "cannot be checked: playbook own-one fails: ValidationError" in report.problem.message


@pytest.mark.parametrize("mistake", MISTAKES)
def test_nothing_is_applied_with_a_mistake(mistake: type[Playbook[Any]]) -> None:
    store = MemoryStore()
    run = Run(id="one", kind=RunKind.APPLY, playbooks=(), operator="a", started=NOW)
    working = engine(store)
    assert isinstance(working.transport, MemoryTransport)
    state = working.transport.states[HOST.address]
    before = state.snapshot()
    [report] = working.apply([HOST], Job((task(mistake()),)), run)
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert state.snapshot() == before
