"""The exit code of a run is that of its gravest host, in the documented order."""

import itertools
from datetime import date

import pytest

from remediate.model.exit_code import GRAVITY, gravest
from remediate.model.finding import Advice, RecordedFinding
from remediate.model.outcome import EXIT_CODES, ExitCode, HostReport, Outcome, exit_code
from remediate.model.plan import Plan, Unanswered
from remediate.model.problem import Problem
from remediate.model.waiver import Waived, Waiver

ORDER = [1, 4, 3, 6, 5, 2, 0]


def test_every_outcome_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(Outcome)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(Outcome, 2)))
def test_of_several_the_gravest_counts(one: Outcome, other: Outcome) -> None:
    reports = [HostReport(host="a", outcome=one), HostReport(host="b", outcome=other)]
    expected = min((EXIT_CODES[one], EXIT_CODES[other]), key=ORDER.index)
    assert exit_code(reports) == expected == exit_code(reversed(reports))


@pytest.mark.parametrize("code", GRAVITY)
def test_that_a_run_was_interrupted_is_told_whatever_else_there_is(code: ExitCode) -> None:
    """Whoever has called it is to stop, too."""
    assert gravest([code, ExitCode.INTERRUPTED]) is ExitCode.INTERRUPTED


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_waived_makes_no_outcome_any_better(outcome: Outcome) -> None:
    finding = RecordedFinding(playbook="p", rule="r", title="t")
    waiver = Waiver(host="*", playbook="p", rule="*", reason="r", who="w", expires=date(2999, 1, 1))
    found = Plan(host="a", playbooks=(), advice=(Advice("No task", "Save a policy."),))
    for plan in (Plan(host="a", playbooks=()), found):
        waived = plan.model_copy(update={"waived": (Waived(finding=finding, waiver=waiver),)})
        codes = {
            HostReport(host="a", outcome=outcome, plan=one).exit_code for one in (plan, waived)
        }
        assert len(codes) == 1


def test_no_host_at_all_is_fine() -> None:
    assert exit_code([]) is ExitCode.OK


@pytest.mark.parametrize("outcome", [Outcome.CHANGED, Outcome.COMPLIANT])
def test_what_is_left_for_a_person_is_never_success(outcome: Outcome) -> None:
    plan = Plan(host="a", playbooks=(), advice=(Advice("No task", "Save a policy."),))
    report = HostReport(host="a", outcome=outcome, plan=plan)
    assert report.exit_code is ExitCode.PENDING


NO_TIME = Problem(code="no_time", message="the host has not answered within 10 s")


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("named", [True, False])
def test_what_was_not_answered_is_a_failure_only_where_it_was_asked_for_by_name(
    outcome: Outcome, named: bool
) -> None:
    """And where nothing graver is to be told; else it is just left to be looked at."""
    question = Unanswered(question="tasks", problem=NO_TIME, named=named)
    plan = Plan(host="a", playbooks=(), unanswered=(question,))
    report = HostReport(host="a", outcome=outcome, plan=plan)
    own = EXIT_CODES[outcome]
    expected = own
    if own in {ExitCode.OK, ExitCode.PENDING}:
        expected = ExitCode.FAILED if named else ExitCode.PENDING
    assert report.exit_code is expected
