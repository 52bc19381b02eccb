"""The stand-in registry provider does to paths, keys and values what that of Windows does."""

from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.hosts import make_state
from remediate.lab.kinds import records
from remediate.lab.state import HostState

pytestmark = [pytest.mark.powershell, pytest.mark.slow]  # the ordinary run has tests/conformance

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso"
VALUES = {
    "Text": {"type": "String", "data": "한국어 $(x)"},
    "Path": {"type": "ExpandString", "data": "%COMPUTERNAME%;%NotSet%"},
    "Number": {"type": "DWord", "data": -1},
    "Big": {"type": "QWord", "data": 2**40},
    "List": {"type": "MultiString", "data": ["one"]},
    "Bytes": {"type": "Binary", "data": [0, 255]},
    "[a]*": {"type": "String", "data": "brackets"},
    "a": {"type": "String", "data": "neighbour"},
}


def contoso(**more: Any) -> HostState:
    state = make_state()
    values = [{"name": name, **value} for name, value in VALUES.items()]
    state.windows["registry"] = [{"path": KEY, "values": values}]
    for name, value in more.items():
        setattr(state, name, value)
    return state


Windows = Callable[..., Any]


@pytest.mark.parametrize(
    "path",
    [
        "Registry::HKEY_LOCAL_MACHINE\\SOFTWARE\\Contoso",
        "HKLM:\\SOFTWARE\\contoso",
        "HKLM:/SOFTWARE/Contoso",
        "HKLM:\\SOFTWARE",
        "HKLM:\\",
        "HKCU:\\",
    ],
)
def test_a_key_is_there_under_each_of_its_paths(windows: Windows, path: str) -> None:
    """Whatever the case; a key above another is there too; a slash is a backslash."""
    script = "param($Path) Test-Path -LiteralPath $Path"
    assert windows(contoso()).run(script, Path=path) == [True]


def test_keys_are_listed_with_those_below(windows: Windows) -> None:
    script = """
    param([string[]] $Names)
    foreach ($name in $Names) { $null = New-Item -Path $name -Force }
    (Get-ChildItem -LiteralPath 'HKLM:\\SOFTWARE' -Recurse).Name
    Get-ChildItem -LiteralPath 'HKLM:\\SOFTWARE\\Contoso' -Name
    """
    found = windows(contoso()).run(
        script, Names=["HKLM:\\SOFTWARE\\Contoso\\" + name for name in ("b\\c", "a")]
    )
    below = [KEY, KEY + "\\a", KEY + "\\b", KEY + "\\b\\c"]
    ours = [name for name in found if r"\Microsoft" not in name]  # which has the computer's GUID
    assert ours == [*below, "a", "b"]


def test_windows_makes_drives_for_two_hives_only(windows: Windows) -> None:
    script = "(Get-PSDrive | Where-Object { $_.Provider.Name -eq 'Registry' }).Name"
    assert windows(contoso()).run(script) == ["HKCU", "HKLM"]


def test_an_item_tells_names_kinds_and_unexpanded_data(windows: Windows) -> None:
    script = """
    param($Path)
    $item = Get-Item -LiteralPath $Path
    $item.Property -join '|'
    $item.ValueCount
    foreach ($name in $item.GetValueNames()) { [string] $item.GetValueKind($name) }
    $item.GetValue('path', $null, 'DoNotExpandEnvironmentNames')
    $item.GetValue('path')
    $item.GetValue('none', 'default')
    $item.GetValue('list').GetType().Name
    $item.GetValue('bytes').GetType().Name
    """
    found = windows(contoso()).run(script, Path="Registry::" + KEY)
    assert found[0] == "|".join(VALUES)
    assert found[1] == len(VALUES)
    assert found[2:10] == [value["type"] for value in VALUES.values()]
    assert found[10:] == [
        "%COMPUTERNAME%;%NotSet%",
        "SRV01;%NotSet%",
        "default",
        "String[]",
        "Byte[]",
    ]


def test_values_are_written_with_their_type_and_the_rest_is_left_alone(windows: Windows) -> None:
    script = """
    param($Path)
    $null = New-ItemProperty -LiteralPath $Path -Name '[a]' -PropertyType 'QWord' -Value 5 -Force
    Set-ItemProperty -LiteralPath $Path -Name 'Text' -Value '%new%' -Type ExpandString
    Set-ItemProperty -LiteralPath $Path -Name 'Number' -Value 7
    Remove-ItemProperty -LiteralPath $Path -Name '[a]*'
    """
    host = windows(contoso())
    host.run(script, Path="Registry::" + KEY)
    now = {one["name"]: one["value"] for one in records(host.state, "registry_value")}
    assert now == {
        **{name: value for name, value in VALUES.items() if name != "[a]*"},
        "[a]": {"type": "QWord", "data": 5},
        "Text": {"type": "ExpandString", "data": "%new%"},
        "Number": {"type": "DWord", "data": 7},
    }


def test_forcing_a_key_that_is_there_loses_its_values(windows: Windows) -> None:
    """The trap of New-Item -Force, which our own code keeps away from."""
    host = windows(contoso())
    host.run("param($Path) $null = New-Item -Path $Path -Force", Path="Registry::" + KEY)
    assert records(host.state, "registry_value") == []


@pytest.mark.parametrize(
    ("script", "error", "category"),
    [
        ("Get-Item -LiteralPath 'HKLM:\\None'", "PathNotFound", "ObjectNotFound"),
        (
            "Get-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\Contoso' -Name 'None'",
            "System.Management.Automation.PSArgumentException",
            "InvalidArgument",
        ),
        (
            "Remove-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\Contoso' -Name 'None'",
            "System.Management.Automation.PSArgumentException",
            "InvalidArgument",
        ),
        (
            "New-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\Contoso' -Name 'Text' -Value 'x'",
            "System.IO.IOException",
            "ResourceExists",
        ),
    ],
)
def test_what_is_missing_or_in_the_way_is_an_error_of_its_own(
    windows: Windows, script: str, error: str, category: str
) -> None:
    record = windows(contoso()).fail(script)
    assert record.FullyQualifiedErrorId.partition(",")[0] == error
    assert record.CategoryInfo.Category.name == category


@pytest.mark.parametrize(
    ("access", "script"),
    [
        ("read", "Get-Item -LiteralPath 'HKLM:\\SOFTWARE\\Contoso'"),
        ("write", "Set-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\Contoso' -Name 'Text' -Value 1"),
        ("write", "$null = New-Item -Path 'HKLM:\\SOFTWARE\\New' -Force"),
    ],
)
def test_access_can_be_denied(windows: Windows, access: str, script: str) -> None:
    host = windows(contoso(denied={"registry_value": access}))
    before = host.state.snapshot()
    record = host.fail(script)
    assert record.FullyQualifiedErrorId.partition(",")[0] == "System.Security.SecurityException"
    assert record.CategoryInfo.Category.name == "PermissionDenied"
    assert host.state.snapshot() == before
