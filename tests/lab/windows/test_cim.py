"""What Get-CimInstance understands, whichever class it is asked for."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.powershell, pytest.mark.slow]  # the ordinary run has tests/conformance

ASK = "param($Filter) @(Get-CimInstance -ClassName Win32_OperatingSystem -Filter $Filter).Count"


@pytest.fixture
def host(windows: Callable[..., Any]) -> Any:
    return windows()


@pytest.mark.parametrize(
    ("wql", "found"),
    [
        ("SystemDrive = 'c:'", 1),
        ("SystemDrive <> 'C:'", 0),
        ("ProductType = 3 AND SystemDrive = 'C:'", 1),
        ("ProductType = 3 and SystemDrive = 'D:'", 0),
        (r"Name LIKE '%\\Device\\Harddisk_\\%'", 1),
        (r'Name LIKE "\\Device%"', 0),
    ],
)
def test_a_filter_is_wql(host: Any, wql: str, found: int) -> None:
    assert host.run(ASK, Filter=wql) == [found]


@pytest.mark.parametrize("wql", ["Nonsense = 1", "ProductType > 1", "Name LIKE '[a-c]%'", "Name ="])
def test_what_a_stand_in_does_not_know_is_an_error(host: Any, wql: str) -> None:
    assert str(host.fail(ASK, Filter=wql)).startswith("The stand-in ")


def test_only_the_properties_that_are_asked_for_have_a_value(host: Any) -> None:
    script = (
        "$os = Get-CimInstance -ClassName win32_operatingsystem -Namespace root\\cimv2 "
        "-Property Version; $os.Version; $null -eq $os.CSName"
    )
    assert host.run(script) == ["10.0.17763", True]


def test_a_class_is_only_in_its_own_namespace(host: Any) -> None:
    error = host.fail("Get-CimInstance -ClassName Win32_OperatingSystem -Namespace root/wmi")
    assert error.FullyQualifiedErrorId.startswith("HRESULT 0x80041010")
