"""A secret that a playbook gives goes beside its change: no other text, and no other playbook's."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from remediate.lab.hosts import healthy_host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan
from remediate.playbook import Advice, Evidence, PlaybookParams
from remediate.resources.registry_value import RegistryValue, RegistryValues
from tests.engine.world import HOST, VALUE, World, job_of, schedule_fix
from tests.faults.canary import CANARY, seen_in
from tests.faults.test_secret_change import DIGEST, GiveIt, Logon


class Repeats(GiveIt):
    """It writes the password into a value, too."""

    id = "repeats"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [*super().observe(params), RegistryValues(values=(VALUE,))]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield from super().decide(seen, params)
        yield seen.one(RegistryValue).should(value={"type": "String", "data": f"user={CANARY}"})


class Quotes(Repeats):
    """It has found the password in a value, and says so."""

    id = "quotes"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield from GiveIt.decide(self, seen, params)
        evidence = [Evidence(seen.one(RegistryValue).text, where="a value")]
        yield Advice("A password in clear", "Change it.", rule="clear", evidence=evidence)


class GivesNothing(GiveIt):
    """The logon has to have a password, whichever."""

    id = "aaa-gives-nothing"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Logon).should(given=True)


class GivesAnother(GiveIt):
    """The same logon, with another password."""

    id = "gives-another"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Logon).should(given=True, password=SecretStr("an0ther-w0rd"))


class GivesTwo(GiveIt):
    """One logon, and two passwords for it."""

    id = "gives-two"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield from super().decide(seen, params)
        another = SecretStr("an0ther-w0rd")
        yield seen.one(Logon).should(given=True, password=another, rule="another")


@pytest.fixture
def world() -> World:
    return a_world()


def a_world(*, given: bool = False, text: str = "") -> World:
    value = f"{VALUE.key}\\{VALUE.name}".replace("HKEY_LOCAL_MACHINE", "HKLM")
    logon = [{"name": "proxy", "given": given}]
    short = {"own_logon": logon, "registry_value": {value: text} if text else {}}
    world = World(healthy_host(resources=short))
    world.settings = replace(world.settings, accept_irreversible=True)
    return world


def logon(world: World) -> dict[str, Any]:
    [logon] = world.state.section("own_logon")
    return dict(logon)


def recorded(world: World) -> Iterator[str]:
    """All that is kept of the runs, here and there."""
    yield repr(world.state.receipts)
    for summary in world.store.runs():
        yield world.store.run(summary.run.id).model_dump_json()


@pytest.mark.parametrize("given", [False, True], ids=["needed", "not needed"])
def test_a_text_that_holds_it_is_recorded_and_shown_nowhere(*, given: bool) -> None:
    world, asked = a_world(given=given), list[Plan]()
    [audited] = world.engine.audit([HOST], job_of(Repeats()))
    applied = world.apply(job_of(Repeats()))
    a_person = world.apply(job_of(Repeats()), lambda plan: bool(asked.append(plan)))
    assert audited.plan
    assert [refusal.code for refusal in audited.plan.refusals] == ["secret"]
    assert [one.outcome for one in (applied, a_person)] == [Outcome.REFUSED] * 2
    assert [one.problem and one.problem.code for one in (applied, a_person)] == ["secret"] * 2
    assert (asked, world.value(), logon(world)) == ([], None, {"name": "proxy", "given": given})
    texts = [one.model_dump_json() for one in (audited, applied, a_person)]
    assert not [text for text in (*texts, *recorded(world)) if seen_in(text)]


def test_evidence_that_holds_it_is_shown_without_it() -> None:
    world = a_world(given=True, text=f"user={CANARY}")
    [report] = world.engine.audit([HOST], job_of(Quotes()))
    assert report.plan
    assert [one.evidence[0].what for one in report.plan.advice] == ["user=[secret]"]


@pytest.mark.parametrize("first", [GivesNothing, GiveIt], ids=["without it", "with it"])
def test_of_two_that_want_the_same_one_may_give_it(world: World, first: type[GiveIt]) -> None:
    """And what one of them cannot take back is not taken back."""
    playbooks = [GivesNothing(), GiveIt()]
    report = world.apply(job_of(*(playbooks if first is GivesNothing else playbooks[::-1])))
    assert (report.outcome, logon(world)["digest"]) == (Outcome.CHANGED, DIGEST)
    assert report.plan
    [change] = report.plan.changes
    assert (change.secrets, change.reversible) == (("password",), False)
    [undone] = world.rollback()
    assert (undone.outcome, logon(world)["digest"]) == (Outcome.COMPLIANT, DIGEST)


def test_of_two_that_give_different_ones_none_is_preferred(world: World) -> None:
    world.settings = replace(world.settings, partial=True)
    report = world.apply(job_of(GiveIt(), GivesAnother(), GivesNothing(), schedule_fix()))
    assert report.plan
    assert {one.playbook: one.text for one in report.plan.left_out} == dict.fromkeys(
        ("give-it", "gives-another"),
        "give-it and gives-another want different values for password of logon proxy: "
        "apply one of them",
    )
    assert logon(world) == {"name": "proxy", "given": True}  # as the third one wants it


def test_one_that_gives_two_has_to_be_mended(world: World) -> None:
    report: HostReport = world.apply(job_of(GivesTwo()))
    assert report.problem
    assert report.problem.code == "playbook_failed"
    assert "password of logon proxy is given twice, as two things" in report.problem.message
