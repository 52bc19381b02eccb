"""Of a vault credential file the tenant is read, through both doors, and nothing else leaves it."""

import pytest

from remediate.lab.kinds.vault_credential import MOST_BYTES, SECRET
from remediate.resources.vault_credential import VaultCredential
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, Door, PowerShellDoor

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
FILES = {
    "whole": (None, TENANT),
    "spaces": (f"<a><AadTenantId>\n {TENANT.upper()} </AadTenantId></a>", TENANT.upper()),
    "none": ("<a><Key>x</Key></a>", ""),
    "no id": (f"<a><AadTenantId>{SECRET}</AadTenantId></a>", ""),
    "nested": (f"<a><AadTenantId><Key>{SECRET}</Key></AadTenantId></a>", ""),
    "cut off": (f"<a><AadTenantId>{TENANT}</AadTenantId>", None),
    "empty": ("", None),
    "no xml": (SECRET, None),
    "definition": (
        f"<!DOCTYPE a [<!ENTITY b '{TENANT}'>]><a><AadTenantId>&b;</AadTenantId></a>",
        None,
    ),
    "too long": (f"<a>{'x' * MOST_BYTES}<AadTenantId>{TENANT}</AadTenantId></a>", None),
}
HELD = r"C:\Windows\Temp\held.VaultCredentials.crdownload"
HOLD = f"""
$place = (Resolve-Path -LiteralPath '{HELD}').ProviderPath
$held = [System.IO.File]::Open($place, 'Open', 'Read', 'None')
"""


def test_the_tenant_is_all_that_is_read(door: Door) -> None:
    """A document that defines entities, which might grow without end, is not taken at all."""
    short = {
        rf"C:\Windows\Temp\{name}.VaultCredentials": {} if text is None else {"text": text}
        for name, (text, _) in FILES.items()
    }
    found = Asked(door, VaultCredential.kind, short).get(folders=[])
    told = {one["path"].rpartition("\\")[2].partition(".")[0]: one["tenant"] for one in found}
    assert told == {name: tenant for name, (_, tenant) in FILES.items()}
    assert SECRET not in str(found)


@pytest.mark.powershell
def test_a_file_that_a_browser_keeps_open_keeps_nobody_from_the_others(
    powershell: PowerShellHosts,
) -> None:
    short: dict[str, object] = {HELD: {}, HELD.replace("held", "other"): {}}
    found = Asked(PowerShellDoor(powershell, HOLD), VaultCredential.kind, short).get(folders=[])
    assert [one["tenant"] for one in found] == ["", TENANT]
