"""Windows itself. Its state has `operating_system`, and what waits for a restart in `registry`.

In short: `{domain: …, asset_tag: …, pending: [servicing, updates, file-renames]}`.
"""

from collections.abc import Iterator

from pydantic import TypeAdapter

from remediate.lab.kinds import registry_value
from remediate.lab.kinds.kind import check_access, same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.operating_system import PendingRestart

KIND = "operating_system"
HEALTHY: Record = {}
SERVER = 3
KEYS = {
    PendingRestart.SERVICING: (
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion"
        r"\Component Based Servicing\RebootPending"
    ),
    PendingRestart.UPDATES: (
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion"
        r"\WindowsUpdate\Auto Update\RebootRequired"
    ),
}
RENAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\PendingFileRenameOperations"


class _Short(Model):
    """What is not usual.

    Args:
        domain: that it is a member of.
        asset_tag: of its chassis.
        pending: what it waits for a restart with.
    """

    domain: str = ""
    asset_tag: str = "None"
    pending: tuple[PendingRestart, ...] = ()


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """This in place of what it was."""
    known = short_form(_SHORT, short)
    host.windows["operating_system"] = {"domain": known.domain, "asset_tags": [known.asset_tag]}
    keys = host.section("registry")
    keys[:] = [key for key in keys if not any(same(key["path"], path) for path in KEYS.values())]
    keys += [{"path": KEYS[one], "values": []} for one in known.pending if one in KEYS]
    renames = ["\\??\\C:\\Windows\\Temp\\old.dll", ""]
    held = {"type": "MultiString", "data": renames} if _renames(known) else None
    registry_value.state(host, {RENAMES: held})


def _renames(known: _Short) -> bool:
    return PendingRestart.FILE_RENAMES in known.pending


def read(host: HostState) -> Iterator[Record]:
    """The one that runs."""
    check_access(host, KIND, "read")
    known = host.windows.get("operating_system")
    if known is None:
        return
    check_access(host, registry_value.KIND, "read")
    pending = [one.value for one, path in KEYS.items() if _has_key(host, path)]
    if registry_value.value_of(host, RENAMES) is not None:
        pending.append(PendingRestart.FILE_RENAMES.value)
    yield {
        "name": "Windows",
        "version": host.os,
        "product_type": SERVER,
        "domain": known["domain"],
        "asset_tags": list(known["asset_tags"]),
        "pending_restart": pending,
    }


def _has_key(host: HostState, path: str) -> bool:
    return any(same(key["path"], path) for key in host.windows.get("registry", []))
