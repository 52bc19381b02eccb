"""Every text that a person can meet, met once: it speaks of the host, and ends with what to do."""

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import remediate
from remediate.cli.explaining import stop_for
from remediate.cli.stop import Interrupted, Stop
from remediate.engine.verdict import internal_error
from remediate.errors import RemediateError
from remediate.model.change import Change, ResourceId
from remediate.model.finding import Advice
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Conflict, Plan, PlaybookUse, Refusal, Unanswered
from remediate.model.problem import Problem
from remediate.report.views import VIEWS
from remediate.report.words import VERDICTS
from remediate.transport.classify import classify
from remediate.transport.errors import TransportError
from remediate.transport.errors import kinds as transport_kinds
from tests.test_errors import kinds, made

_TYPES = "|".join(
    name for name, value in vars(builtins).items() if isinstance(value, type) and not name.islower()
)
_FOREIGN = re.compile(
    rf"\b(?:{_TYPES}|NoneType|[A-Za-z]+Error|Traceback)\b"  # Python's, and our own classes
    r"|<[a-z]+ |object at 0x|\bself\b|__\w+__"
    r"|\b(?:remediate|pydantic|pypsrp|requests|urllib3|spnego|sqlalchemy|ssl|socket|yaml)\.\w"
    r"|\b[a-z]+\.[a-z]+_[a-z_.]+"  # report.lease_kept
    r"|hosts\.\d"
)
"""What is no word of a person who repairs servers."""

TOLD_BY_OTHERS = {"FileRefused", "Unreadable", "_PrologHasEnded", "_UnsureError", "StoreError"}
"""Errors that are caught where they are raised, and told in the words of what was to be done."""

PROBLEMS = {"Problem"}
ENDS = {"Stop", "StoreUnavailable"}


def plain(text: str) -> str:
    """`text`, when it is in a person's words."""
    assert not _FOREIGN.search(text), text
    return text


@pytest.mark.parametrize("text", ["KeyError: 'a'", "remediate.model.x", "hosts.0", "<class int>"])
def test_what_only_a_programmer_understands_is_known_as_such(text: str) -> None:
    assert _FOREIGN.search(text)


def our_errors() -> list[type[RemediateError]]:
    return [
        kind
        for kind in kinds()
        if issubclass(kind, RemediateError)
        and kind is not RemediateError
        and not kind.__module__.startswith(("remediate.lab", "remediate.testing"))
        and kind.__name__ not in TOLD_BY_OTHERS
    ]


def as_told(error: RemediateError) -> tuple[str, str]:
    """What is said of an error to whoever meets it, and what to do."""
    inner = type(error).__module__.startswith(("remediate.transport", "remediate.powershell"))
    if inner and not isinstance(error, TransportError):
        error = classify(error, "SRV01")
    problem = getattr(error, "problem", None)
    if isinstance(problem, Problem):
        return problem.message, problem.hint
    stop = error if isinstance(error, Stop) else stop_for(error)
    return str(stop), stop.hint


@pytest.mark.parametrize("kind", our_errors(), ids=lambda kind: kind.__name__)
def test_an_error_is_told_in_words_with_what_to_do(kind: type[RemediateError]) -> None:
    error = made(kind)
    assert isinstance(error, RemediateError)
    message, hint = map(plain, as_told(error))
    assert "failed in a way" not in message  # it is not one of nobody's
    assert hint or kind is Interrupted
    assert message


def test_each_way_in_which_a_connection_fails_says_what_to_do() -> None:
    for kind in transport_kinds():
        assert plain(kind.says)
        assert re.fullmatch(r"[A-Z-].*[.?)]", plain(kind.hint))


@pytest.mark.parametrize("error", [KeyError("hosts.0"), RecursionError(), TypeError("'x' object")])
def test_what_nobody_foresaw_is_neither_named_nor_quoted(error: Exception) -> None:
    stop = stop_for(error)
    assert plain(str(stop))
    assert "--debug" in plain(stop.hint)


def calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Where these are made in the product's own code."""
    root = Path(next(iter(remediate.__path__)))
    for path in sorted(root.rglob("*.py")):
        if {"lab", "testing"} & set(path.relative_to(root).parts[:1]):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in names
            ):
                yield f"{path.relative_to(root)}:{node.lineno}", node


def literal(node: ast.expr | None) -> str | None:
    """A text as it stands in the code, with X where something is put in; None for another."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts
            )
    return None


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """What is given for an argument."""
    named = next((each.value for each in call.keywords if each.arg == name), None)
    return call.args[position] if position < len(call.args) else named


@pytest.mark.parametrize(("names", "at"), [(PROBLEMS, 2), (ENDS, 1)], ids=["host", "command"])
def test_whatever_goes_wrong_is_made_with_what_to_do(names: set[str], at: int) -> None:
    lacking = []
    for place, call in calls(names):
        hint = argument(call, at, "hint")
        starred = any(isinstance(each, ast.Starred) for each in call.args)
        if not starred and (hint is None or literal(hint) == ""):
            lacking.append(place)
        for text in (literal(part) for part in (*call.args, *(one.value for one in call.keywords))):
            plain(text or "")
    assert lacking == []


CHANGE = Change(
    playbook="schedule-fix",
    resource=ResourceId(kind="scheduled_task", key={"name": "B"}),
    title=r"task \A\B",
    property="multiple_instances",
    before=3,
    after=2,
)
ADVICE = Advice("No policy", "Save one.", playbook="schedule-fix", rule="no-policy")
PROBLEM = Problem(code="x", message="it broke", hint="Look at the host.")
UNANSWERED = Unanswered(question="tasks", playbooks=("schedule-fix",), problem=PROBLEM)
LEFT_OUT = Refusal(playbook="module-path", text="a backup runs", hint="Wait for it.")


def plan(**values: Any) -> Plan:
    return Plan(host="SRV01", playbooks=(PlaybookUse(id="schedule-fix"),), **values)


def report(outcome: Outcome, **values: Any) -> HostReport:
    return HostReport(host="SRV01", outcome=outcome, **values)


WRITTEN = plan(changes=(CHANGE,))
REPORTS = {
    "compliant": report(Outcome.COMPLIANT, plan=plan()),
    "compliant, in part": report(Outcome.COMPLIANT, plan=plan(unanswered=(UNANSWERED,))),
    "attention": report(Outcome.ATTENTION, plan=plan(advice=(ADVICE,))),
    "would change": report(Outcome.WOULD_CHANGE, plan=WRITTEN),
    "would be refused": report(
        Outcome.WOULD_CHANGE, plan=WRITTEN.model_copy(update={"refusals": (LEFT_OUT,)})
    ),
    "changed": report(Outcome.CHANGED, plan=WRITTEN, applied=(CHANGE,)),
    "changed in part": report(
        Outcome.CHANGED, plan=WRITTEN.model_copy(update={"left_out": (LEFT_OUT,)})
    ),
    "failed": report(Outcome.FAILED_UNCHANGED, plan=WRITTEN, problem=PROBLEM),
    "rolled back": report(Outcome.ROLLED_BACK, plan=WRITTEN, problem=PROBLEM),
    "half changed": report(
        Outcome.FAILED_CHANGED, plan=WRITTEN, applied=(CHANGE,), problem=PROBLEM, lease_kept=True
    ),
    "conflict": report(
        Outcome.CONFLICT, plan=plan(conflicts=(Conflict(change=CHANGE, current=1),))
    ),
    "lost": report(
        Outcome.CONFLICT, plan=plan(conflicts=(Conflict(change=CHANGE, current=1, lost=True),))
    ),
    "unknown": report(Outcome.INDETERMINATE, plan=WRITTEN, problem=PROBLEM, lease_kept=True),
    "unreachable": report(Outcome.UNREACHABLE, problem=PROBLEM),
    "refused": report(Outcome.REFUSED, plan=WRITTEN, problem=PROBLEM),
    "skipped": report(Outcome.SKIPPED, problem=PROBLEM),
    "not applicable": report(
        Outcome.SKIPPED, plan=plan(not_applicable={"schedule-fix": "it has no agent"})
    ),
    "internal error": internal_error("SRV01"),
}
NOTHING_TO_DO = {"compliant", "not applicable"}
WHAT_TO_DO = ("what to do:", "to undo:", "to find out:", "to overwrite it:", "to try again:")


@pytest.mark.parametrize("command", ["audit", "apply", "runs show", *VIEWS])
@pytest.mark.parametrize("which", REPORTS)
def test_each_verdict_of_each_command_is_told_in_words_with_what_to_do(
    which: str, command: str, shown: Callable[..., str]
) -> None:
    of_a_rollback = command.startswith("rollback") or REPORTS[which].outcome is Outcome.CONFLICT
    undone = "20261123-010203-abcd" if of_a_rollback else None
    text = shown(
        REPORTS[which],
        command=command,
        run="20261128-010203-abcd",
        undone=undone,
        proceed=lambda ids: f"remediate apply {' '.join(ids)}",
    )
    plain(text)
    if which in NOTHING_TO_DO:
        return
    advised = ("for a person", "Wait for it.", "Look at the host.", "to do it: ", "by a person")
    assert any(each in text for each in (*WHAT_TO_DO, *advised)), text


def test_no_verdict_is_left_out_of_the_walk() -> None:
    assert {each.outcome for each in REPORTS.values()} == set(Outcome) == set(VERDICTS)
