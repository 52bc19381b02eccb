"""A Windows that writes anew what it saves, or damages it, on both engines: the same stories."""

from collections.abc import Iterator
from typing import Any

import pytest

from remediate.lab.content import MODULE
from remediate.lab.kinds import names, record, switches, turn_on
from remediate.lab.kinds.agent_proxy import KIND as PROXY
from remediate.lab.kinds.boot import KIND as BOOT
from remediate.lab.kinds.defender_exclusion import KIND as EXCLUSION
from remediate.lab.kinds.folder_access import KIND as ACCESS
from remediate.lab.kinds.folder_marks import KIND as MARKS
from remediate.lab.kinds.registry_value import KIND as REGISTRY
from remediate.lab.kinds.scheduled_task import KIND as TASK
from remediate.lab.kinds.service import KIND as SERVICE
from remediate.lab.kinds.shadow_storage import KIND as STORAGE
from remediate.lab.kinds.time_zone import KIND as ZONE
from remediate.lab.kinds.volume_scan import KIND as SCAN
from remediate.lab.state import HostState
from remediate.model.outcome import Outcome
from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.states import renewable
from remediate.testing.story import Teller
from tests.drawn import drawn
from tests.playbooks.unkind import (
    FORMS,
    LOST,
    Switched,
    case_of,
    damaged,
    named,
    service,
    storage,
    teller,
)

UNKIND, DAMAGING = switches(), switches(damaging=True)
CASES = {
    TASK: case_of(FORMS["saved"]),
    STORAGE: storage(20_000_000_001),
    SERVICE: service(status="Stopped", start="Disabled"),
    REGISTRY: named("module-path", "missing"),
    BOOT: named("restart-server", "old"),
    EXCLUSION: named("antivirus-exclusions", "somebody-elses-are-left"),
    MARKS: named("scratch-attributes", "files-inside"),
    ACCESS: named("scratch-access", "read-only"),
    PROXY: named("proxy-settings", "another"),
    ZONE: named("time-zone", "switched-off"),
    SCAN: named("volume-repair", "never"),
}
"""What is written of each kind."""
MOST = 20
"""Stories of the slow run; `tests/playbooks` tells all of them on the simulated engine."""
LATE = 1
"""Kinds of which the slow run tries what comes of answers that are all late, for minutes."""
MODULES = named("module-restore", "file-missing")
"""The same of modules, with whose files the real engine does nothing of the sort."""


def _both(powershell: PowerShellHosts, case: Case, state: HostState, *, harm: bool = False) -> None:
    """A story on our own PowerShell, which has to be the one of the simulated engine."""
    twin = teller(case)
    twin.state.edits, twin.state.hangs, twin.short = state.edits, state.hangs, True
    twin.compared = True
    with powershell.host(state) as (now, host, transport):
        real = Teller(case, transport, host, now, short=True, compared=True)
        if not harm:
            assert outcomes(real.tell()) == outcomes(twin.tell())
        elif TASK in case.host:
            assert damaged(real) == damaged(twin)
        else:
            assert harmed(real) == harmed(twin)
        assert renewable(real.resources()) == renewable(twin.resources())


def outcomes(seen: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(beat, said["outcome"]) for beat, said in seen if "outcome" in said]


def harmed(one: Teller) -> tuple[Outcome, list[str]]:
    report = one.apply()
    assert report.outcome is not Outcome.CHANGED
    return report.outcome, [found.property for found in report.differing]


def _parameters() -> Iterator[Any]:
    few = {"a version", "an account by its name", "a text is cut off", LOST}
    few |= {
        "the files in it, too",
        "it becomes encrypted",
        "an entry in two",
        "something behind its id",
        "daylight saving time is off",
    }
    for on in UNKIND | DAMAGING:
        case = case_of(FORMS["a manifest's"]) if on[1] == "a version" else CASES.get(on[0])
        marks = [] if on[1] in few else [pytest.mark.slow]
        if case is not None:
            yield pytest.param(case, (on,), on in DAMAGING, id=" ".join(on), marks=marks)
    every = tuple(on for on in UNKIND if on[0] == TASK)
    for form, xml in FORMS.items():
        marks = [] if form == "saved" else [pytest.mark.slow]
        yield pytest.param(case_of(xml), (), False, id=form, marks=pytest.mark.slow)
        yield pytest.param(case_of(xml), every, False, id=f"{form}, in all ways", marks=marks)
        some = [on for on in DAMAGING if on[0] == TASK][len(form) % 5 :: 5]  # others for each form
        for on in some:
            if form != "saved":
                name = f"{form}, {on[1]}"
                yield pytest.param(case_of(xml), (on,), True, id=name, marks=pytest.mark.slow)


def _few_and_some() -> list[Any]:
    """What an ordinary run tries, and some of the rest for the slow one."""
    known = [*_parameters()]
    rest = [one for one in known if one.marks]
    return [*(one for one in known if not one.marks), *drawn(rest, MOST, "switches")]


@pytest.mark.powershell
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("case", "on", "harm"), _few_and_some())
def test_both_engines_have_each_switch(
    case: Case,
    on: tuple[Switched, ...],
    harm: bool,
    powershell: PowerShellHosts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A restart is waited for an hour, and looked for every ten seconds: a tenth of that does."""
    monkeypatch.setattr("remediate.resources.boot.MOST", 360)
    state = case.state()
    turn_on(state, *on)
    _both(powershell, case, state, harm=harm)


@pytest.mark.slow
@pytest.mark.powershell
@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", drawn([*CASES, MODULE], LATE, "late"))
def test_answers_that_come_late_are_waited_for(kind: str, powershell: PowerShellHosts) -> None:
    case = CASES.get(kind, MODULES)
    state = case.state()
    state.hangs = dict.fromkeys(names(), "late")
    _both(powershell, case, state)


@pytest.mark.slow
@pytest.mark.powershell
def test_a_stop_that_outlasts_our_patience_is_waited_for_before_the_service_is_started_again(
    powershell: PowerShellHosts,
) -> None:
    case = service()
    state = case.state()
    state.edits = {SERVICE: [("stop", "40")]}
    with powershell.host(state) as (now, host, transport):
        assert Teller(case, transport, host, now, short=True).apply().outcome is Outcome.ROLLED_BACK
        assert record(now, SERVICE, name="MSiSCSI")["status"] == "Running"
