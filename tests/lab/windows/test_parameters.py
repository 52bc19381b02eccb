"""Stand-in commands have exactly the real ones' parameters, and none that Windows lacks."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import remediate.lab.windows

pytestmark = pytest.mark.powershell

DATA = Path(__file__).parents[2] / "surface" / "data" / "commands.json.gz"
MODULES = sorted(
    path.parent.name for path in Path(remediate.lab.windows.__file__).parent.glob("*/*.psd1")
)
SHORT = {
    "Microsoft.Management.Infrastructure.CimSession[]": "cimsession[]",
    "Microsoft.Management.Infrastructure.CimClass": "Microsoft.Management.Infrastructure.CimClass",
    "Microsoft.Management.Infrastructure.Options.CimSessionOptions": (
        "Microsoft.Management.Infrastructure.Options.CimSessionOptions"
    ),
    "Microsoft.Management.Infrastructure.Options.PasswordAuthenticationMechanism": (
        "Microsoft.Management.Infrastructure.Options.PasswordAuthenticationMechanism"
    ),
    "System.Collections.IDictionary": "System.Collections.IDictionary",
    "System.Char[]": "char[]",
    "System.Guid[]": "guid[]",
    "System.Collections.Hashtable[]": "hashtable[]",
    "System.Int32": "int",
    "System.Int64": "long",
    "System.Management.Automation.PSCredential": "pscredential",
    "System.Management.Automation.SwitchParameter": "switch",
    "System.Object": "ciminstance",
    "System.String": "string",
    "System.String[]": "string[]",
    "System.UInt32": "uint32",
    "System.UInt32[]": "uint32[]",
    "System.Uri": "uri",
    "System.Xml.XmlDocument": "xml",
}
OTHERS = {
    "LabAccess": {"Microsoft.PowerShell.Management", "Microsoft.PowerShell.Security"},
    "LabServices": {"Microsoft.PowerShell.Management"},
}
"""Modules of which a real PowerShell engine has the rest."""
COLLECTED = {"ws2012r2", "ws2016", "ws2019"}
"""Versions whose types were read off a server; those of the others come from pages."""

REFLECT = """
param($Modules)
$all = foreach ($command in Get-Command -Module (Import-Module -Name $Modules -PassThru)) {
    $ours = [ordered]@{}
    foreach ($one in $command.Parameters.Values) {
        if ($one.Name -in [System.Management.Automation.Cmdlet]::CommonParameters) { continue }
        $sets = [ordered]@{}
        foreach ($entry in $one.ParameterSets.GetEnumerator()) {
            $set = $entry.Value
            $flags = ''
            if ($set.IsMandatory) { $flags += 'M' }
            if ($set.ValueFromPipeline) { $flags += 'V' }
            if ($set.ValueFromPipelineByPropertyName) { $flags += 'N' }
            if ($set.Position -ge 0) { $flags += $set.Position }
            $name = if ($entry.Key -eq '__AllParameterSets') { '*' } else { $entry.Key }
            $sets[$name] = $flags
        }
        $kind = @($one.Attributes | ForEach-Object -Process {
            if ($_ -is [System.Management.Automation.PSTypeNameAttribute]) { $_.PSTypeName } })
        $ours[$one.Name] = [ordered]@{
            type    = $one.ParameterType.FullName
            kind    = [string] ($kind -join '')
            aliases = @($one.Aliases)
            sets    = $sets
        }
    }
    [ordered]@{ name = $command.Name; module = $command.ModuleName; parameters = $ours }
}
ConvertTo-Json -InputObject @($all) -Depth 8 -Compress
"""


@pytest.fixture
def commands(windows: Callable[..., Any]) -> list[dict[str, Any]]:
    [text] = windows().run(REFLECT, Modules=MODULES)
    return json.loads(text)


@pytest.fixture(scope="module")
def versions() -> list[dict[str, Any]]:
    return json.loads(gzip.decompress(DATA.read_bytes()))["versions"]


@pytest.mark.slow
def test_each_version_of_windows_has_all_of_them(
    commands: list[dict[str, Any]], versions: list[dict[str, Any]]
) -> None:
    assert len(commands) >= 10
    wrong = []
    for command in commands:
        if command["name"].endswith(".exe"):  # a program gets its words as they are
            assert command["parameters"] == {}
            assert all(command["name"] in version["native"] for version in versions)
            continue
        real = [(version["id"], version["commands"][command["name"]]) for version in versions]
        for name, ours in command["parameters"].items():
            theirs = {system: one["parameters"].get(name) for system, one in real}
            wrong += [f"{command['name']} -{name} {what}" for what in differences(ours, theirs)]
        [module] = {one["module"] for _, one in real}
        assert module in OTHERS.get(command["module"], {command["module"]})
    assert "\n".join(wrong) == ""


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """How a parameter differs from the real one, by version of Windows."""
    found = []
    for system, real in theirs.items():
        if real is None:
            found.append(f"does not exist on {system}")
            continue
        if ours["aliases"] != real.get("aliases", []):
            found.append(f"has other aliases on {system}")
        if ours["sets"].keys() != real["sets"].keys():
            found.append(f"is in other sets on {system}: {sorted(real['sets'])}")
        if system in COLLECTED and type_of(ours) != real["type"]:
            found.append(f"is a {real['type']} on {system}")
        if system in COLLECTED and places(ours) != places(real):
            found.append(f"is bound in another way on {system}: {real['sets']}")
    # some of the lists have lost which ones are mandatory
    mandatory = {name for real in theirs.values() if real for name in must(real)}
    if must(ours) != mandatory:
        found.append(f"is mandatory in {sorted(mandatory)}")
    return found


def must(parameter: dict[str, Any]) -> set[str]:
    return {name for name, flags in parameter["sets"].items() if "M" in flags}


def places(parameter: dict[str, Any]) -> dict[str, str]:
    return {name: flags.replace("M", "") for name, flags in parameter["sets"].items()}


def type_of(ours: dict[str, Any]) -> str:
    name = ours["kind"].rpartition("#")[2]
    many = "[]" if ours["type"].endswith("[]") else ""
    if "#" in ours["kind"]:
        return f"ciminstance#{name}{many}"
    if name and name != "Microsoft.Management.Infrastructure.CimInstance":
        return name + many
    return SHORT[ours["type"]] if name or ours["type"] != "System.Object" else "object"


def test_what_windows_lacks_would_be_noticed() -> None:
    real = {"ws2019": {"type": "string", "sets": {"A": "M0"}}}
    ours = {"type": "System.String", "kind": "", "aliases": [], "sets": {"A": "M0"}}
    assert differences(ours, real) == []
    assert differences(ours, {"ws2019": None})
    assert differences({**ours, "aliases": ["x"]}, real)
    assert differences({**ours, "sets": {"B": "M0"}}, real)
    assert differences({**ours, "sets": {"A": "M1"}}, real)
    assert differences({**ours, "sets": {"A": "0"}}, real)
    assert differences({**ours, "type": "System.Int32"}, real)
