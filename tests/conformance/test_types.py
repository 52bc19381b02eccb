"""Numbers of Windows are the same of whatever type they are, and what may be absent may be."""

from typing import Any

import pytest

from remediate.lab.kinds.scheduled_task import KIND as TASK
from remediate.lab.kinds.service import KIND as SERVICE
from remediate.lab.kinds.shadow_storage import KIND as STORAGE
from remediate.powershell.messages import Status
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, PowerShellDoor

pytestmark = [pytest.mark.slow, pytest.mark.powershell]

_OTHERS = """
foreach ($module in 'CimCmdlets', 'ScheduledTasks') {{
    if (-not (Get-Module -Name $module)) {{ Import-Module -Name $module -Global }}
}}
$script:Conversion = {{ param($Name, $Value) {conversion} }}
function Convert-Instance {{
    param($Instance)
    foreach ($property in @($Instance.CimInstanceProperties)) {{
        $value = $property.Value
        if ($null -eq $value) {{ continue }}
        if ($value -is [array] -or $null -eq $value.PSObject.Properties['CimInstanceProperties']) {{
            $property.Value = & $script:Conversion -Name $property.Name -Value $value
        }}
        else {{ $null = Convert-Instance -Instance $value }}
    }}
    return $Instance
}}
function Get-CimInstance {{
    foreach ($one in CimCmdlets\\Get-CimInstance @args) {{ Convert-Instance -Instance $one }}
}}
function Get-ScheduledTask {{
    foreach ($one in ScheduledTasks\\Get-ScheduledTask @args) {{ Convert-Instance -Instance $one }}
}}
"""
"""Modules that are loaded later put their own functions in the place of these."""
NUMBERS = (
    "if (@('Int32', 'UInt32', 'UInt64') -contains $Value.GetType().Name) {{ [{type}] $Value }}"
    " else {{ $Value }}"
)
ABSENT = (
    "if (@('Capacity', 'FreeSpace', 'FileSystem', 'InstallDate', 'CreationDate') -contains $Name)"
    " { $null } else { $Value }"
)
HOSTS: dict[str, tuple[Any, dict[str, Any], dict[str, str], dict[str, Any]]] = {
    TASK: (
        [{"name": "Backup", "policy": "StopExisting"}],
        {"folder": "\\Microsoft\\OnlineBackup\\"},
        {"path": "\\Microsoft\\OnlineBackup\\", "name": "Backup"},
        {"multiple_instances": 2},
    ),
    SERVICE: (
        {"MSiSCSI": {"status": "Stopped", "start": "Disabled"}},
        {"names": ["MSiSCSI"]},
        {"name": "MSiSCSI"},
        {"start_mode": "Manual", "status": "Running"},
    ),
    STORAGE: (
        {"C:": {"limit": "2GB", "used": "1GB", "copies": ["2026-01-05T08:00:00Z"]}},
        {},
        {},
        {"max_space": 3 * 2**30},
    ),
}
"""By kind: a host, a question, which one is written, and what."""


def _door(powershell: PowerShellHosts, conversion: str) -> PowerShellDoor:
    return PowerShellDoor(powershell, _OTHERS.format(conversion=conversion))


@pytest.mark.parametrize("type_", ["uint64", "string"])
@pytest.mark.parametrize("kind", HOSTS)
def test_a_number_is_read_and_compared_whatever_type_it_has(
    kind: str, type_: str, powershell: PowerShellHosts
) -> None:
    short, question, identity, after = HOSTS[kind]
    one = Asked(_door(powershell, NUMBERS.format(type=type_)), kind, short)
    [found] = one.get(**question)
    assert found == one.record(**identity)
    key = {name: found[name] for name in one.resource.identity}
    assert one.set(key, after).status is Status.OK
    assert after.items() <= one.record(**identity).items()


def test_what_windows_does_not_say_of_a_volume_is_not_known(powershell: PowerShellHosts) -> None:
    short, question, _, _ = HOSTS[STORAGE]
    [found] = Asked(_door(powershell, ABSENT), STORAGE, short).get(**question)
    names = ("capacity", "free_space", "file_system")
    assert [found[name] for name in names] == [None, None, None]
    assert [copy["created"] for copy in found["copies"]] == [None]


def test_when_a_process_was_created_may_not_be_known(powershell: PowerShellHosts) -> None:
    [found] = Asked(_door(powershell, ABSENT), SERVICE, {"MSiSCSI": {}}).get(names=["MSiSCSI"])
    assert found["process"]["started"] is None
