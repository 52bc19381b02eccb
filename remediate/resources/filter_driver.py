"""Drivers that stand between programs and the file system: minifilters, by their altitude."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue
from remediate.resources.service import StartMode

_GROUPS = {
    (420_000, 430_000): "Filter",
    (400_000, 410_000): "Top",
    (360_000, 390_000): "Activity Monitor",
    (340_000, 350_000): "Undelete",
    (320_000, 330_000): "Anti-Virus",
    (300_000, 310_000): "Replication",
    (280_000, 290_000): "Continuous Backup",
    (260_000, 270_000): "Content Screener",
    (240_000, 250_000): "Quota Management",
    (220_000, 230_000): "System Recovery",
    (200_000, 210_000): "Cluster File System",
    (180_000, 190_000): "HSM",
    (170_000, 175_001): "Imaging",
    (160_000, 170_000): "Compression",
    (140_000, 150_000): "Encryption",
    (130_000, 140_000): "Virtualization",
    (120_000, 130_000): "Physical Quota Management",
    (100_000, 110_000): "Open File",
    (80_000, 90_000): "Security Enhancer",
    (60_000, 70_000): "Copy Protection",
    (40_000, 50_000): "Bottom",
    (20_000, 30_000): "System",
    (0, 20_000): "Infrastructure",
}
"""Microsoft gives each product an altitude in the range of what it does: learn.microsoft.com/
windows-hardware/drivers/ifs/load-order-groups-and-altitudes-for-minifilter-drivers."""

_ALTITUDE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,90})?")
_WINDOWS = re.compile(
    "ahcache|appid|applockerfltr|bfs|bindflt|ccffilter|cldflt|csvflt|csvnsflt|datascrn|"
    "dedup|dfsrro|filecrypt|fileinfo|filetrace|fsdepends|ioqos|iorate|luafv|msnfsflt|mssecflt|"
    "npsvctrig|prjflt|quota|resumekeyfilter|smbbandwidthlimitfilter|storqosflt|svhdxflt|"
    "ucpd|unionfs|wcifs|wcnfs|wdfilter|wimmount|wof",
    re.IGNORECASE,
)
"""Those that come with Windows and its roles; the same page's list of allocated altitudes."""


class FilterDriver(Resource):
    """A minifilter that is installed, loaded or not.

    Args:
        name: its short name, which is that of its service.
        running: it is loaded.
        start_mode: when Windows loads it.
        altitudes: where its instances stand, as text: decimal numbers of any precision.
    """

    kind: ClassVar[str] = "filter_driver"
    noun: ClassVar[str] = "filter driver"
    function: ClassVar[str] = "FilterDriver"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader,)
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset()

    name: str
    running: bool
    start_mode: StartMode
    altitudes: tuple[str, ...]

    @property
    def of_windows(self) -> bool:
        """It comes with Windows, Defender's included."""
        return _WINDOWS.fullmatch(self.name) is not None

    @property
    def groups(self) -> tuple[str, ...]:
        """What it does, by the ranges of altitudes; none that Microsoft has given to nobody."""
        return tuple(dict.fromkeys(self._groups()))

    def _groups(self) -> Iterator[str]:
        for text in self.altitudes:
            if _ALTITUDE.fullmatch(text):
                place = Decimal(text)
                yield from (group for (low, end), group in _GROUPS.items() if low <= place < end)

    def __str__(self) -> str:
        what = f", {' and '.join(self.groups)}" if self.groups else ""
        loaded = "loaded" if self.running else "not loaded"
        return f"{self.name} at altitude {', '.join(self.altitudes)}{what}, {loaded}"


class FilterDrivers(Query):
    """All of them, Windows' own too."""

    resource: ClassVar[type[Resource]] = FilterDriver
