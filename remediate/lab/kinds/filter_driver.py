r"""Minifilter drivers. Windows' state has `drivers`; their altitudes are in its registry.

In short, by name: `{StorageSync: {altitudes: ['180460']}}`; one without altitudes is no filter.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import Field, TypeAdapter

from remediate.lab.kinds import registry_value
from remediate.lab.kinds.kind import short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.service import ServiceName, StartMode

HEALTHY: dict[str, Any] = {
    "disk": {"start": "Boot"},
    "FileInfo": {"start": "Boot", "altitudes": ["40500"]},
    "WdFilter": {"start": "Boot", "altitudes": ["328010"]},
}
_SERVICES = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
_INSTANCE = re.compile(
    re.escape(_SERVICES) + r"\\([^\\]+)(?:\\Parameters)?\\Instances\\[^\\]+", re.IGNORECASE
)


class _Short(Model):
    """A driver.

    Args:
        altitudes: of its instances.
        parameters: these stand below its key `Parameters`, as they may on new Windows.
        running: it is loaded.
        start: when Windows loads it.
    """

    altitudes: tuple[str, ...] = Field(default=(), max_length=9)
    parameters: bool = False
    running: bool = True
    start: StartMode = StartMode.AUTO


_SHORT = TypeAdapter(dict[ServiceName, _Short])


def state(host: HostState, short: object) -> None:
    """These drivers and no others."""
    drivers = short_form(_SHORT, short)
    host.windows["drivers"] = [
        {"name": name, "running": one.running, "start_mode": one.start.value}
        for name, one in drivers.items()
    ]
    registry_value.state(host, {f"{key}\\Altitude": None for _, key, _ in _altitudes(host)})
    for name, one in drivers.items():
        below = r"Parameters\Instances" if one.parameters else "Instances"
        key = f"{_SERVICES}\\{name}\\{below}"
        values = {
            f"{key}\\{name} {number}\\Altitude": altitude
            for number, altitude in enumerate(one.altitudes, 1)
        }
        registry_value.state(host, values)


def read(host: HostState) -> Iterator[Record]:
    """Those that have altitudes."""
    there = list(_altitudes(host))
    for driver in host.windows.get("drivers", []):
        own = [text for name, _, text in there if name.casefold() == driver["name"].casefold()]
        if own:
            yield {**driver, "altitudes": own}


def _altitudes(host: HostState) -> Iterator[tuple[str, str, str]]:
    """Each with its driver's name and its instance's key."""
    for value in registry_value.read(host):
        found = _INSTANCE.fullmatch(value["key"])
        if found and value["name"].casefold() == "altitude":
            yield found[1], value["key"], str(value["value"]["data"])
