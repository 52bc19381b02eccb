"""What every playbook plans can be saved, and is carried out later: exactly so, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from remediate.engine.saved import Saved, in_other_words
from remediate.lab.call_error import CallFailedError
from remediate.model.change import Change
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import RunKind
from remediate.model.saved_plan import PlannedHost, SavedPlan, read_plan, written
from remediate.testing import Case
from remediate.testing.reports import explain
from remediate.testing.states import edit
from remediate.testing.story import HOST, Teller
from tests.playbooks.test_contract import CHANGING, ORDINARY

HOURS = 2
CASES = [
    *ORDINARY,
    *(pytest.param(case, marks=pytest.mark.slow) for case in CHANGING if case not in ORDINARY),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


class Noon(datetime):
    """Two hours later it is still the same day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz).replace(hour=12, minute=0)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hosts say of days is a part of a plan: no run of these tests is to be near midnight."""
    monkeypatch.setattr("remediate.testing.case.datetime", Noon)


def told(case: Case) -> Teller:
    teller = Teller.in_memory(case)
    teller.engine = replace(teller.engine, now=lambda: Noon.now(UTC))
    return teller


def saved(case: Case) -> Saved:
    """What is to be changed on the host of a case, by way of a file."""
    teller = told(case)
    [(report, seen)] = teller.engine.plan([HOST], teller.work)
    now = datetime(2026, 11, 29, 10, tzinfo=UTC)
    planned = PlannedHost(host=HOST, report=report, seen=seen)
    plan = SavedPlan(
        tool="1",
        operator="ada@bastion",
        created=now,
        expires=now + timedelta(days=1),
        playbooks=(),
        hosts=(planned,),
    ).sealed()
    again = read_plan(written(plan))
    assert again == plan
    assert in_other_words(report, seen) == ""
    return Saved.of(again.hosts[0])


def applied(teller: Teller, plan: Saved) -> HostReport:
    run = teller.new_run(RunKind.APPLY)
    [report] = teller.engine.apply([HOST], teller.work, run, saved={HOST.name: plan})
    return report


@each_case
def test_a_saved_plan_is_carried_out_later_as_it_would_have_been_at_once(case: Case) -> None:
    plan, teller = saved(case), told(case)
    teller.state.wait(HOURS * 3600)
    report = applied(teller, plan)
    assert report.outcome is case.applied, explain(report)
    teller.is_free()


@each_case
def test_where_somebody_has_changed_any_of_it_a_saved_plan_writes_nothing(case: Case) -> None:
    plan = saved(case)
    for change in plan.plan.changes:
        for teller in edited(case, change):
            before = teller.windows()
            report = applied(teller, plan)
            made = plan_is_made(report)
            assert made or report.outcome is Outcome.REFUSED, explain(report)
            assert teller.windows() == before


def plan_is_made(report: HostReport) -> bool:
    """Whether somebody did just what was wanted, such as a restart."""
    return bool(report.plan) and report.plan.changes == () and report.problem is None


def edited(case: Case, change: Change) -> Iterator[Teller]:
    """The host of a case after somebody edited what is to be changed; none where nobody can."""
    teller = told(case)
    try:
        theirs = edit(teller.state, change)
    except (CallFailedError, KeyError):  # it is denied, or not there
        return
    if theirs is not None:
        yield teller
