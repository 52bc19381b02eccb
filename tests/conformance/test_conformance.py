"""The same story of every case on every engine: plans, outcomes and states are equal.

On the `simulated` engine a host is what its resource models say; on `powershell` our real code
runs against stand-in Windows commands. A difference is a lie of one of them.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from remediate.model.host import Auth, Host
from remediate.testing.transport import MemoryTransport
from tests.playbooks.backends import PowerShellHosts
from tests.playbooks.cases import Case, read_cases
from tests.playbooks.story import Teller

pytestmark = pytest.mark.powershell

SIMULATED = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
CASES = [case for case in read_cases() if "powershell" in case.engines]
Story = list[tuple[str, Any]]


def simulated(case: Case) -> Story:
    state = case.state()
    return Teller(case, MemoryTransport({SIMULATED.address: state}), SIMULATED, state).tell()


@pytest.fixture(scope="session")
def told(
    powershell: PowerShellHosts, request: pytest.FixtureRequest
) -> Callable[[Case], "Future[Story]"]:
    """All stories that this session asks for, begun together on the hosts there are."""
    asked = {
        item.callspec.params["case"].id: item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "told" in item.fixturenames
    }
    stories = powershell.tell_all(list(asked.values()))
    return lambda case: stories[case.id]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_goes_the_same_way_on_both_engines(
    case: Case, told: Callable[[Case], "Future[Story]"]
) -> None:
    real = told(case).result(timeout=100)
    expected = simulated(case) if "simulated" in case.engines else real
    assert [beat for beat, _ in real] == [beat for beat, _ in expected]
    for (beat, seen), (_, wanted) in zip(real, expected, strict=True):
        assert seen == wanted, beat
