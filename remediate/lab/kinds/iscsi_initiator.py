"""Devices of the iSCSI initiator. Windows' state has `devices`.

In short, error codes by device.
"""

from collections.abc import Iterator

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import short_form
from remediate.lab.state import HostState, Record

HEALTHY = {r"ROOT\ISCSIPRT\0000": 0}
_INITIATOR = r"root\iscsiprt"
_SHORT = TypeAdapter(dict[str, int])


def state(host: HostState, short: object) -> None:
    """These devices and no others."""
    devices = short_form(_SHORT, short).items()
    host.windows["devices"] = [{"device": name, "error_code": code} for name, code in devices]


def read(host: HostState) -> Iterator[Record]:
    """Those of the initiator, whatever else there is."""
    for device in host.windows.get("devices", []):
        if device["device"].casefold().startswith(_INITIATOR):
            yield dict(device)
