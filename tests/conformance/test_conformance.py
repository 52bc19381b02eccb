"""The same story of every case on every engine: plans, outcomes and states are equal.

On the `simulated` engine a host is what its resource models say; on `powershell` our real code
runs against stand-in Windows commands. A difference is a lie of one of them.

An engine needs its time, so only a few cases of each playbook are told to the very end: with the
rollback of the rollback and somebody else's edit. On the simulated engine all of them are.
"""

from typing import Any

import pytest

from remediate.model.host import Auth, Host
from remediate.model.outcome import Outcome
from remediate.testing.transport import MemoryTransport
from tests.playbooks.backends import PowerShellHosts
from tests.playbooks.cases import Case, read_cases
from tests.playbooks.story import Teller

pytestmark = pytest.mark.powershell

SIMULATED = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
CASES = [case for case in read_cases() if "powershell" in case.engines]
CHANGING = [case for case in CASES if case.applied is Outcome.CHANGED]
WHOLE = 2
"""Cases of each playbook whose story is told to its end."""
Story = list[tuple[str, Any]]


def short(case: Case) -> bool:
    """Whether the story of a case ends with the rollback."""
    return case not in [one for one in CHANGING if one.playbook == case.playbook][:WHOLE]


def simulated(case: Case) -> Story:
    state = case.state()
    transport = MemoryTransport({SIMULATED.address: state})
    return Teller(case, transport, SIMULATED, state, short=short(case)).tell()


SLOW = {f"module-restore/{name}" for name in ("file-corrupt", "korean", "source-does-not-load")}
"""Cases that bring many files over, beside others that do the same."""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.slow] if case.id in SLOW else [], id=case.id)
        for case in CASES
    ],
)
def test_a_case_goes_the_same_way_on_both_engines(case: Case, powershell: PowerShellHosts) -> None:
    real = powershell.tell(case, short=short(case))
    expected = simulated(case) if "simulated" in case.engines else real
    assert [beat for beat, _ in real] == [beat for beat, _ in expected]
    for (beat, seen), (_, wanted) in zip(real, expected, strict=True):
        assert seen == wanted, beat
