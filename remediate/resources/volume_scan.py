"""Scans of volumes: when one was last looked through for damage, and what is known of that."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from remediate.model.base import JsonValue
from remediate.model.change import Change
from remediate.model.settling import Progress, Settling
from remediate.resources.base import Query, Resource
from remediate.resources.service import Moment
from remediate.resources.volume import Volume

MOST = 6 * 3600
"""Seconds that a scan may take: it makes way for others, and there may be millions of files."""

NTFS = "NTFS"


class ScanState(StrEnum):
    """What has become of the last scan that was asked for here."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    BROKEN_OFF = "broken-off"


REFUSALS = {
    40001: "the account may not do it",
    40004: "the disk could not be read: ask Windows for its state",
    43001: "Windows does not scan this file system",
    43006: "the volume is read-only",
    43008: "the scan failed",
    43009: "no snapshot of the volume could be made: try again",
    43010: "another scan of the volume is under way: wait until it has ended",
    43011: "no snapshot of the volume could be made: try again",
    43012: "no snapshot of the volume could be made: it can only be looked at offline",
    43013: "the volume could not be opened",
    43014: "Windows does not know its file system",
}
"""What the numbers mean that the method Repair of MSFT_Volume returns.

https://learn.microsoft.com/windows-hardware/drivers/storage/repair-msft-volume
"""


class VolumeScan(Resource):
    r"""The last scan of a local volume, made by `Repair-Volume -Scan` while the volume is in use.

    A scan repairs nothing: Windows writes down what it finds, and counts it. It is made by a
    process that outlives the session and writes down when it has ended, for administrators only
    to write to.

    Args:
        device: DeviceID of the volume (`\\?\Volume{…}\`).
        name: drive letter (`D:`) or mount path; its DeviceID when it has neither.
        file_system: that it has (`NTFS`).
        system: Windows runs from it.
        scan: when the last scan of ours ended, UTC; None when there was none.
        said: what Windows made of it, as the names of the values of `RepairStatus` have it.
        state: what has become of the last that was asked for.
        refused: why it was not made, as a number; 0 when it was, or Windows does not say.
        corruptions: how many Windows has written down and not repaired; None when it does not say.
    """

    kind: ClassVar[str] = "volume_scan"
    noun: ClassVar[str] = "volume"
    function: ClassVar[str] = "VolumeScan"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (Volume.reader,)
    identity: ClassVar[tuple[str, ...]] = ("device",)
    settable: ClassVar[frozenset[str]] = frozenset({"scan"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"scan", "said", "state", "refused", "corruptions"}
    )

    device: str
    name: str
    file_system: str
    system: bool = False
    scan: Moment | None = None
    said: str = ""
    state: ScanState = ScanState.NONE
    refused: int = 0
    corruptions: int | None = Field(None, ge=0)

    @property
    def title(self) -> str:
        """The volume by its name."""
        return f"volume {self.name}"

    @property
    def why_not(self) -> str:
        """Why the last scan that was asked for has not been made; empty when it has, or may be."""
        if self.state is ScanState.BROKEN_OFF:
            return "the scan ended without saying what it found"
        if self.state is not ScanState.REFUSED:
            return ""
        number = f" ({self.refused})" if self.refused else ""
        return f"{REFUSALS.get(self.refused, 'Windows did not scan the volume')}{number}"

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "VolumeScans":
        """The question that returns it, among others."""
        del key
        return VolumeScans()

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """When it was."""
        if name != "scan":
            return super().label(name, value)
        if value is None:
            return "never"
        return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M:%S} UTC"

    @classmethod
    def settling(cls, change: Change) -> Settling:
        """Windows scans, and nobody has to wait in a session."""
        del change
        return Settling(most=MOST)

    def progress(self, change: Change) -> Progress | None:
        """Under way, or given up; Windows does not say how far it is."""
        if self.holds(change):
            return None
        if self.state is ScanState.RUNNING:
            return Progress(done=0, total=1, unit="scans")
        failed = self.why_not
        return Progress(done=0, total=1, unit="scans", failed=failed) if failed else None


class VolumeScans(Query):
    """All local volumes with a file system that Windows knows."""

    resource: ClassVar[type[Resource]] = VolumeScan
