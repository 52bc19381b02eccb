"""Practice hosts on both engines, the one with a real PowerShell shared by all tests here."""

from collections.abc import Iterator

import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Door, PowerShellDoor, SimulatedDoor

LONG = {
    "test_agent_proxy",
    "test_backup_record",
    "test_scratch_move",
    "test_unanswered",
    "test_volume_scan",
}
"""What takes a real engine long: the ordinary run leaves it to `test_kinds` to ask one."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs an engine is skipped without one, and says how to get it."""
    for item in items:
        if item.get_closest_marker("powershell") and item.path.stem in LONG:
            item.add_marker(pytest.mark.slow)
    skip = pytest.mark.skip(reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
    for item in items:
        if item.get_closest_marker("powershell") and find_pwsh() is None:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def powershell() -> Iterator[PowerShellHosts]:
    hosts = PowerShellHosts()
    yield hosts
    hosts.close()


@pytest.fixture(params=["simulated", pytest.param("powershell", marks=pytest.mark.powershell)])
def door(request: pytest.FixtureRequest) -> Door:
    """Each of the two doors to a host's state: what a kind promises holds of both."""
    if request.param == "simulated":
        return SimulatedDoor()
    return PowerShellDoor(request.getfixturevalue("powershell"))
