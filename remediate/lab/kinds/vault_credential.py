"""Vault credential files: they stand on `C:`, and what is read of them is the tenant.

In short, by path: `{age: …, tenant: …}`, or with `text` where it is no whole one.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from pydantic import TypeAdapter

from remediate.lab.drive import Drive
from remediate.lab.kinds import file
from remediate.lab.kinds.file import LONG_AGO
from remediate.lab.kinds.kind import check_access, same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.host_path import WholePath
from remediate.resources.vault_credential import EXTENSION

KIND = "vault_credential"
HEALTHY: Record = {r"C:\Users\Public\Downloads\vault-prod.VaultCredentials": {"age": 1}}
_NOW = datetime.now(UTC)
"""From when a file's age is counted; the same in all states that a process makes."""
MOST_BYTES = 65536
SECRET = "MIIpractice-of-a-private-key"  # noqa: S105 - what must never leave a practice host
PROFILE_FOLDERS = ("Desktop", "Documents", "Downloads")
_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class _Short(Model):
    """A file.

    Args:
        age: days since it was written.
        tenant: of the vault; empty when it says none.
        text: what is in it, where it is no whole one.
    """

    age: int = 300
    tenant: str = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    text: str | None = None


_SHORT = TypeAdapter(dict[WholePath, _Short])


def state(host: HostState, short: object) -> None:
    """These files and no others."""
    known = [path for path in host.drive.files if EXTENSION in path.casefold()]
    file.state(host, dict.fromkeys(known))
    for path, wanted in short_form(_SHORT, short).items():
        text = wanted.text if wanted.text is not None else _text(wanted.tenant)
        modified = _NOW - timedelta(days=wanted.age)
        file.state(host, {path: {"text": text, "modified": modified}})


def _text(tenant: str) -> str:
    said = f"<AadTenantId>{tenant}</AadTenantId>" if tenant else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<RSBackupVaultAADCreds '
        f'xmlns="http://schemas.datacontract.org/2004/07/practice"><Key>{SECRET}</Key>'
        f"{said}<ResourceId>1</ResourceId></RSBackupVaultAADCreds>\n"
    )


def read(host: HostState, folders: Sequence[str] = ()) -> Iterator[Record]:
    """Those in the folders of profiles, in Windows' own, and in some others."""
    drive = host.drive
    users = drive.folders("C:\\Users")
    profiles = (f"C:\\Users\\{user}\\{name}" for user in users for name in PROFILE_FOLDERS)
    places = dict.fromkeys(("C:\\Windows\\Temp", *folders, *profiles))
    for path in sorted(drive.files, key=str.casefold):
        folder, _, name = path.rpartition("\\")
        if any(same(folder, place) for place in places) and EXTENSION in name.casefold():
            check_access(host, file.KIND, "read")
            times: dict[str, str] = host.windows.get("file_times", {})
            modified = next((said for known, said in times.items() if same(known, path)), LONG_AGO)
            yield {"path": path, "modified": modified, "tenant": _tenant(drive, path)}


def _tenant(drive: Drive, path: str) -> str | None:
    """What stands in the one element; the twin of `Get-RemediateTenant`."""
    data = drive.read(path) or b""
    if len(data) > MOST_BYTES or b"<!DOCTYPE" in data:
        return None
    try:
        root = ET.fromstring(data)  # noqa: S314 - the lab's own file
    except ET.ParseError:
        return None
    texts = ((one.text or "").strip() for one in root.iter() if one.tag.endswith("AadTenantId"))
    return next((text for text in texts if _ID.fullmatch(text)), "")
