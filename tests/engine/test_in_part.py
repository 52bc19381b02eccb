"""A playbook that must not be applied leaves the plan, with those that come after it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.model.plan import Plan
from remediate.playbook import Advice, Playbook
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues
from tests.engine.world import (
    HOST,
    ForGood,
    Guarded,
    IgnoreNew,
    SetOtherwise,
    SetValue,
    World,
    job_of,
    schedule_fix,
)

OWN = RegistryName(key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Test", name="Own")
SECRET = "a-password-of-this-run"


class SetOwn(SetValue):
    """A setting of its own."""

    id = "set-own"

    def observe(self, params: Any) -> list[RegistryValues]:
        return [RegistryValues(values=(OWN,))]


class AfterGuarded(SetOwn):
    id = "after-guarded"
    after = ("guarded",)


class AfterThat(SetOwn):
    id = "after-that"
    after = ("after-guarded",)


class Broken(SetOwn):
    id = "broken"

    def decide(self, seen: Any, params: Any) -> Any:
        raise KeyError("nothing")


class NotHere(SetOwn):
    id = "not-here"

    def not_applicable(self, seen: Any, params: Any) -> str:
        return "there is no such thing here"


class Telling(SetOwn):
    id = "telling"
    wanted = SECRET


class Blind(SetOwn):
    """It wants to change what it has not looked at."""

    id = "blind"

    def decide(self, seen: Any, params: Any) -> Any:
        value = seen.one(RegistryValue)
        other = value.model_copy(update={"name": "Other"})
        yield other.should(value={"type": "String", "data": "good"})


class Advises(Guarded):
    """It has something to say as well."""

    id = "advises"

    def decide(self, seen: Any, params: Any) -> Any:
        yield from super().decide(seen, params)
        yield Advice("A backup is running", "Wait for it to end.", rule="running")


class NoMore(SetOwn):
    """It objects once the plan is shown: it has been asked twice by then."""

    id = "no-more"
    asked = 0

    def guard(self, seen: Any, params: Any) -> list[str]:
        type(self).asked += 1
        return ["a backup has begun"] if type(self).asked > 2 else []


@pytest.fixture
def world() -> World:
    world = World()
    world.settings = replace(world.settings, partial=True)
    return world


def left_out(report: HostReport) -> dict[str, str]:
    assert report.plan
    return {refusal.playbook: refusal.code for refusal in report.plan.left_out}


REFUSED: list[tuple[type[Playbook[Any]], str]] = [
    (Guarded, "guarded"),
    (Broken, "playbook_failed"),
    (Blind, "playbook_failed"),
]


@pytest.mark.parametrize(("refused", "code"), REFUSED, ids=lambda one: getattr(one, "id", ""))
def test_the_others_are_applied_without_it(
    world: World, refused: type[Playbook[Any]], code: str
) -> None:
    report = world.apply(job_of(schedule_fix(), refused()))
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.REFUSED)
    assert left_out(report) == {refused.id: code}
    assert {change.playbook for change in report.applied} == {"schedule-fix"}
    assert (report.meanwhile, report.notes) == ((), ()), "what it looked at is not asked again"
    assert world.value() is None
    [receipt] = world.state.receipts
    assert receipt["playbooks"] == ["schedule-fix"]
    [undone] = world.rollback()
    assert undone.outcome is Outcome.CHANGED


def test_one_whose_question_is_not_answered_is_left_out(world: World) -> None:
    world.state.denied = {"registry_value": "read"}
    report = world.apply(job_of(IgnoreNew(), SetValue()))
    assert (report.outcome, report.exit_code) == (Outcome.CHANGED, ExitCode.REFUSED)
    assert list(left_out(report)) == ["set-value"]


def test_one_whose_value_holds_a_secret_is_left_out(world: World) -> None:
    engine = world.engine
    engine.redaction.add(SECRET)
    job = job_of(schedule_fix(), Telling())
    [report] = engine.apply([HOST], job, world.run())
    assert (report.outcome, left_out(report)) == (Outcome.CHANGED, {"telling": "secret"})
    assert SECRET not in report.model_dump_json()


def test_those_that_come_after_it_are_left_out_too(world: World) -> None:
    job = job_of(Guarded(), AfterGuarded(), AfterThat(), schedule_fix())
    report = world.apply(job)
    assert list(left_out(report)) == ["guarded", "after-guarded", "after-that"]
    assert report.plan
    assert [one.text for one in report.plan.left_out[1:]] == [
        "it comes after guarded, which is left out",
        "it comes after after-guarded, which is left out",
    ]
    assert {change.playbook for change in report.applied} == {"schedule-fix"}


def test_what_another_playbook_wants_as_well_is_still_changed(world: World) -> None:
    """The first that wants a change has it in the plan."""
    report = world.apply(job_of(Guarded(), SetValue()))
    assert left_out(report) == {"guarded": "guarded"}
    assert [change.playbook for change in report.applied] == ["set-value"]
    assert world.value() == "good"


def test_of_two_that_contradict_each_other_none_is_preferred(world: World) -> None:
    report = world.apply(job_of(SetValue(), SetOtherwise(), schedule_fix()))
    assert list(left_out(report)) == ["set-value", "set-otherwise"]
    assert world.value() is None


def test_one_that_is_refused_contradicts_nobody(world: World) -> None:
    report = world.apply(job_of(Guarded(), SetOtherwise()))
    assert list(left_out(report)) == ["guarded"]
    assert world.value() == "other"


def test_one_that_does_not_apply_leaves_nothing_out(world: World) -> None:
    report = world.apply(job_of(schedule_fix(), NotHere()))
    assert (report.exit_code, left_out(report)) == (ExitCode.OK, {})


def test_when_nothing_is_left_to_change_all_is_refused(world: World) -> None:
    report = world.apply(job_of(Guarded(), NotHere()))
    assert (report.outcome, left_out(report)) == (Outcome.REFUSED, {})
    assert report.problem
    assert "--partial" not in report.problem.hint


def test_without_partial_all_is_refused_and_the_way_is_named(world: World) -> None:
    world.settings = replace(world.settings, partial=False)
    report = world.apply(job_of(schedule_fix(), Guarded(), AfterGuarded()))
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem
    assert report.problem.message.startswith("a backup is running")
    assert report.problem.hint == (
        "Nothing was written. Resolve this, then run it again. "
        "--partial leaves out guarded and after-guarded and applies the rest."
    )
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}


def test_a_way_that_would_be_refused_as_well_is_not_named(world: World) -> None:
    """--partial alone would not do: somebody has to accept what cannot be undone."""
    world.settings = replace(world.settings, partial=False)
    report = world.apply(job_of(ForGood(), schedule_fix(), Guarded()))
    assert report.problem
    assert report.problem.message.startswith("a backup is running")
    assert "--partial" not in report.problem.hint


@pytest.mark.parametrize("answer", [None, lambda _: True], ids=["nobody", "a person"])
def test_what_one_advises_that_is_left_out_is_still_said(
    world: World, answer: Callable[[Plan], bool] | None
) -> None:
    report = world.apply(job_of(schedule_fix(), Advises()), answer)
    assert report.outcome is Outcome.CHANGED
    assert report.plan
    assert [one.title for one in report.plan.advice] == ["A backup is running"]


def test_what_is_the_hosts_is_not_left_out(world: World) -> None:
    """Somebody has to accept what cannot be undone: that is said on the command line."""
    report = world.apply(job_of(schedule_fix(), ForGood()))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.code == "irreversible"


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked_about_the_rest(world: World, *, answer: bool) -> None:
    world.settings = replace(world.settings, partial=False)
    plans: list[Plan] = []

    def confirm(plan: Plan) -> bool:
        plans.append(plan)
        return answer

    report = world.apply(job_of(schedule_fix(), Guarded()), confirm)
    [plan] = plans
    assert [refusal.playbook for refusal in plan.left_out] == ["guarded"]
    assert {change.playbook for change in plan.changes} == {"schedule-fix"}
    assert report.outcome is (Outcome.CHANGED if answer else Outcome.REFUSED)
    assert left_out(report) == {"guarded": "guarded"}
    assert report.exit_code is ExitCode.REFUSED


def test_a_guard_that_speaks_up_while_a_person_looks_refuses_the_rest(world: World) -> None:
    """What was agreed to is one whole; it does not shrink further unasked."""
    NoMore.asked = 0
    report = world.apply(job_of(schedule_fix(), Guarded(), NoMore()), lambda _: True)
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert report.problem.message == "a backup has begun"
    assert world.state.receipts == []


def test_the_rest_is_all_or_nothing(world: World) -> None:
    world.state.denied = {"registry_value": "write"}
    report = world.apply(job_of(schedule_fix(), SetValue(), Broken()))
    assert report.outcome is Outcome.ROLLED_BACK
    assert report.exit_code is ExitCode.FAILED
    assert list(left_out(report)) == ["broken"]


def test_a_reader_sees_what_is_left_out_and_why(world: World) -> None:
    report = world.apply(job_of(schedule_fix(), Guarded(), AfterGuarded()))
    lines = host_lines(report, Subject(command="apply", hosts=["SRV01"]))
    texts = ["".join(text for text, _ in line.spans) for line in lines]
    assert texts[0] == "SRV01  CHANGED IN PART  written and read back, but for what was left out"
    assert "left out: guarded: a backup is running: wait for it to end" in texts
    assert "left out: after-guarded: it comes after guarded, which is left out" in texts
