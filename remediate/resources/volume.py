"""Volumes: how large they are, what is free on them, and what keeps one from being used."""

from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import ClassVar

from remediate.resources.base import Query, Resource


class DriveType(IntEnum):
    """What a volume is on (`DriveType` of Win32_Volume)."""

    UNKNOWN = 0
    NO_ROOT = 1
    REMOVABLE = 2
    LOCAL = 3
    NETWORK = 4
    COMPACT_DISC = 5
    RAM_DISK = 6


class Volume(Resource):
    r"""A volume. It can only be looked at.

    Args:
        device: its DeviceID (`\\?\Volume{…}\`).
        name: drive letter (`C:`) or mount path; its DeviceID when it has neither.
        drive_type: what it is on.
        file_system: that it has (`NTFS`); None when nothing of it can be read: it is offline,
            locked by BitLocker, or not formatted.
        capacity: bytes that it has; None when that cannot be read.
        free_space: bytes free on it; None when that cannot be read.
        dirty: Windows wants to check it at the next start; None when it does not say.
        compressed: it is compressed as a whole, not file by file; None likewise.
        read_only: nothing can be written to it or its disk; None where that was not asked.
        deduplicated: Data Deduplication works on it; None where that was not asked.
        left_alone: folders with which it does not, with the volume's name or from its root.
    """

    kind: ClassVar[str] = "volume"
    noun: ClassVar[str] = "volume"
    function: ClassVar[str] = "Volume"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("device",)
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"free_space"})

    device: str
    name: str
    drive_type: DriveType = DriveType.UNKNOWN
    file_system: str | None = None
    capacity: int | None = None
    free_space: int | None = None
    dirty: bool | None = None
    compressed: bool | None = None
    read_only: bool | None = None
    deduplicated: bool | None = None
    left_alone: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The volume by its name."""
        return f"volume {self.name}"

    def deduplicates(self, path: str) -> bool:
        r"""Whether Data Deduplication works on a path on this volume.

        Args:
            path: such as `D:\Scratch`.
        """
        whole, own = f"{path}\\".casefold(), f"{self.name}\\".casefold()
        folders = (folder.strip("\\") for folder in self.left_alone)
        names = [f"{folder}\\".casefold() for folder in folders]
        alone = any(whole.startswith((name, own + name)) for name in names)
        return bool(self.deduplicated) and not alone

    def holds_path(self, path: str) -> bool:
        r"""Whether a path begins on it; of several, the one with the longest name holds it.

        Args:
            path: such as `D:\Scratch`.
        """
        return f"{path}\\".casefold().startswith(f"{self.name}\\".casefold())


class Volumes(Query):
    """All volumes of the host that have a letter, a mount path or a disk that is online.

    Args:
        disks: also ask Windows' storage management whether their disks are read-only, and whether
            Data Deduplication works on them.
    """

    resource: ClassVar[type[Resource]] = Volume

    disks: bool = False

    def details(self) -> Iterator[str]:
        """Whether their disks are looked at, too."""
        return iter(("what their disks are like",) if self.disks else ())


def volume_of(path: str, volumes: list[Volume]) -> Volume | None:
    r"""The volume that a path is on; None when there is none.

    Args:
        path: such as `D:\Scratch`.
        volumes: of the host.
    """
    holding = [volume for volume in volumes if volume.holds_path(path)]
    return max(holding, key=lambda volume: len(volume.name), default=None)
