"""Practice hosts on both engines, the one with a real PowerShell shared by all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Door, PowerShellDoor, SimulatedDoor, give_time

IN_EACH_RUN = {"test_kinds"}
"""What asks and writes each kind on a real engine; the rest, which takes it long, is slow."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs an engine is skipped without one, and says how to get it."""
    for item in items:
        here = item.path.parent == Path(__file__).parent and item.path.stem not in IN_EACH_RUN
        if here and item.get_closest_marker("powershell"):
            item.add_marker(pytest.mark.slow)
    skip = pytest.mark.skip(reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
    for item in items:
        if item.get_closest_marker("powershell") and find_pwsh() is None:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a question may take is another matter: see `test_unanswered.py`."""
    give_time(monkeypatch)


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
