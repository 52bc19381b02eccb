"""The same story on every engine: plans, outcomes and states are equal.

On the `simulated` engine a host is what the lab's kinds say; on `powershell` our real code runs
against stand-in Windows commands. A difference is a lie of one of them.

An engine needs its time, so an ordinary run tells two stories of each playbook, to the very end;
that both engines agree on all that all stories ask and write, `test_kinds.py` shows.
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
Story = list[tuple[str, Any]]


def told(cases: list[Case]) -> list[Case]:
    """The first and the last story of each playbook in which something is changed."""
    changing = [case for case in cases if case.applied is Outcome.CHANGED]
    first = {case.playbook: case for case in reversed(changing)}
    last = {case.playbook: case for case in changing}
    return [*first.values(), *last.values()]


def simulated(case: Case) -> Story:
    state = case.state()
    transport = MemoryTransport({SIMULATED.address: state})
    return Teller(case, transport, SIMULATED, state).tell()


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in told(CASES) else [pytest.mark.slow], id=case.id)
        for case in CASES
    ],
)
def test_a_case_goes_the_same_way_on_both_engines(case: Case, powershell: PowerShellHosts) -> None:
    real = powershell.tell(case)
    expected = simulated(case) if "simulated" in case.engines else real
    assert [beat for beat, _ in real] == [beat for beat, _ in expected]
    for (beat, seen), (_, wanted) in zip(real, expected, strict=True):
        assert seen == wanted, beat
