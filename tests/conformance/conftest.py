"""Practice hosts with a real PowerShell engine, shared by all tests of this folder."""

from collections.abc import Iterator

import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from tests.playbooks.backends import PowerShellHosts


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs an engine is skipped without one, and says how to get it."""
    skip = pytest.mark.skip(reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
    for item in items:
        if item.get_closest_marker("powershell") and find_pwsh() is None:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def powershell() -> Iterator[PowerShellHosts]:
    hosts = PowerShellHosts()
    yield hosts
    hosts.close()
