"""A Windows that writes anew what it saves, or damages it, on both engines: the same stories."""

from collections.abc import Iterator
from typing import Any

import pytest

from remediate.lab.kinds import switches, turn_on
from remediate.lab.kinds.scheduled_task import KIND as TASK
from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.story import Teller
from tests.playbooks.unkind import FORMS, LOST, Switched, case_of, damaged, storage, teller

UNKIND, DAMAGING = switches(), switches(damaging=True)


def _both(case: Case, powershell: PowerShellHosts, *on: Switched, harm: bool = False) -> None:
    """A story on our own PowerShell, which has to be the one of the simulated engine."""
    state = case.state()
    turn_on(state, *on)
    with powershell.host(state) as (now, host, transport):
        real = Teller(case, transport, host, now, short=True)
        twin = teller(case, *on)
        twin.short = True
        if harm:
            assert damaged(real) == damaged(twin)
        else:
            assert outcomes(real.tell()) == outcomes(twin.tell())
        assert real.resources() == twin.resources()


def outcomes(seen: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(beat, said["outcome"]) for beat, said in seen if "outcome" in said]


def _parameters() -> Iterator[Any]:
    few = {"a version", "an account by its name", "64 KB", LOST}
    for on in UNKIND | DAMAGING:
        xml = FORMS["a manifest's" if on[1] == "a version" else "saved"]
        case = case_of(xml) if on[0] == TASK else storage(20_000_000_001)
        marks = [] if on[1] in few else [pytest.mark.slow]
        if on not in DAMAGING or on[0] == TASK:
            yield pytest.param(case, (on,), on in DAMAGING, id=on[1], marks=marks)
    for form, xml in FORMS.items():
        yield pytest.param(case_of(xml), (), False, id=form, marks=pytest.mark.slow)
    every = tuple(on for on in UNKIND if on[0] == TASK)
    yield pytest.param(case_of(FORMS["saved"]), every, False, id="in all ways at once")


@pytest.mark.powershell
@pytest.mark.parametrize(("case", "on", "harm"), [*_parameters()])
def test_both_engines_have_each_switch(
    case: Case, on: tuple[Switched, ...], harm: bool, powershell: PowerShellHosts
) -> None:
    _both(case, powershell, *on, harm=harm)
