"""The exit code of a run is that of its gravest host, in the documented order."""

import itertools

import pytest

from remediate.model.outcome import EXIT_CODES, ExitCode, HostReport, Outcome, exit_code
from remediate.model.plan import Advice, Plan

ORDER = [1, 4, 3, 6, 5, 2, 0]


def test_every_outcome_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(Outcome)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(Outcome, 2)))
def test_of_several_the_gravest_counts(one: Outcome, other: Outcome) -> None:
    reports = [HostReport(host="a", outcome=one), HostReport(host="b", outcome=other)]
    expected = min((EXIT_CODES[one], EXIT_CODES[other]), key=ORDER.index)
    assert exit_code(reports) == expected == exit_code(reversed(reports))


def test_no_host_at_all_is_fine() -> None:
    assert exit_code([]) is ExitCode.OK


@pytest.mark.parametrize("outcome", [Outcome.CHANGED, Outcome.COMPLIANT])
def test_what_is_left_for_a_person_is_never_success(outcome: Outcome) -> None:
    plan = Plan(host="a", playbooks=(), advice=(Advice("No task", "Save a policy."),))
    report = HostReport(host="a", outcome=outcome, plan=plan)
    assert report.exit_code is ExitCode.PENDING
