"""The budget of exchanges that the program promises, counted by practice hosts."""

import random

import pytest

from benchmarks.exchanges import audit, count, engine_for, exchanges, job
from remediate.lab.engines.functions import answer
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step
from remediate.lab.state import HostState
from remediate.model.outcome import Outcome
from remediate.powershell.messages import Call, Request
from tests.faults.matrix import NOTHING_YET


@pytest.mark.slow
def test_everything_costs_the_exchanges_that_are_promised() -> None:
    """An audit of 500 tasks costs what one of 5 does; a compliant host is not written to."""
    assert exchanges() == {
        "audit": 6,
        "audit, NTLM": 9,
        "audit, winrs": 6,
        "audit, 5 tasks": 6,
        "audit, 500 tasks": 6,
        "apply, compliant": 6,
        "apply, compliant, NTLM": 9,
        "apply, changed": 8,
        "apply, changed, NTLM": 11,
        "apply, changed, winrs": 11,
        "apply, 500 tasks changed": 8,
    }


def long_winded(kilobytes: int) -> HostState:
    """A host whose answer takes so much room when it is packed."""
    state = make_state()
    chance = random.Random(kilobytes)  # noqa: S311 - no secret
    text = chance.randbytes(kilobytes * 780).hex()
    tasks = state.section("scheduled_tasks")
    for number, task in enumerate(tasks):
        part = text[number :: len(tasks)]
        task["xml"] = task["xml"].replace("<Author>", f"<Author>{part}")
    call = Call(id="1", function="Get-RemediateScheduledTask", arguments={"folder": FOLDER})
    [packed] = answer(state, Request(run="audit", calls=(call,))).texts
    assert kilobytes * 0.85 < len(packed) / 1000 < kilobytes
    return state


FOLDER = "\\Microsoft\\OnlineBackup\\"


@pytest.mark.parametrize(("kilobytes", "requests"), [(300, 6), (650, 7), (1_000, 8), (1_350, 9)])
def test_each_further_360_kilobytes_cost_one_exchange(kilobytes: int, requests: int) -> None:
    assert count(audit, long_winded(kilobytes), expected=Outcome.WOULD_CHANGE) == requests


@pytest.mark.parametrize("waits", [0, 1, 3])
def test_each_further_20_seconds_cost_one_exchange(waits: int) -> None:
    """A host that has nothing to say for so long says just that, and is asked again."""
    opening = 1
    nothing = Fault(
        match=Step.RECEIVE, nth=opening + 1, count=waits, do=Action.FAULT, code=NOTHING_YET
    )
    with Lab([make_state()], faults=[nothing] if waits else []) as lab:
        [host] = lab.hosts
        [report] = audit(engine_for(lab), [host.target()], job())
        assert report.outcome is Outcome.WOULD_CHANGE
        assert host.requests == 6 + waits
