r"""Volumes of every kind. Windows' state has `volumes`, which shadow storage refers to.

In short, by name, how they differ from what is there: `{"C:": {free: 1GB}, "E:": {on: Removable}}`.
One that is not there yet is added; null takes one away. A volume whose name is in brackets has no
drive letter. Numbers of 64 bits are kept as text, being more than JSON promises.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import short_form
from remediate.lab.kinds.shadow_storage import UNNAMED, volume_id
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.model.size import Size
from remediate.resources.volume import DriveType

HEALTHY: Record = {}  # those that shadow storage has


class _Short(Model):
    """A volume, as it differs from an ordinary one, or from the one that is there.

    Args:
        on: what it is on; a local disk when not said.
        file_system: that it has.
        capacity: bytes of it.
        free: bytes free on it.
        dirty: Windows wants to check it.
        compressed: it is compressed as a whole.
        read_only: nothing can be written to it.
        read_only_disk: nothing can be written to its disk.
        deduplicated: Data Deduplication works on it; false where that is installed and does not.
        left_alone: folders with which it does not.
        unreadable: nothing is known of what is on it.
    """

    on: Literal["Local", "Removable", "Compact_Disc", "Unknown"] = "Local"
    file_system: str = "NTFS"
    capacity: Size = 100 * 2**30
    free: Size = 60 * 2**30
    dirty: bool = False
    compressed: bool = False
    read_only: bool = False
    read_only_disk: bool = False
    deduplicated: bool | None = None
    left_alone: tuple[str, ...] = ()
    unreadable: bool = False


_SHORT = TypeAdapter(dict[str, _Short | None])


def state(host: HostState, short: object) -> None:
    """Change the volumes that are named."""
    volumes = host.section("volumes")
    for name, one in short_form(_SHORT, short).items():
        there = next((each for each in volumes if _shown(each) == name), None)
        if one is None:
            volumes[:] = [each for each in volumes if each is not there]
            continue
        if there is None:
            id_ = volume_id(len(volumes) + 1)
            shown = id_ if name.startswith("(") else f"{name}\\"
            there = {"id": id_, "name": shown}
            volumes.append(there)
        there.update(_stored(one))


def _stored(short: _Short) -> Record:
    known = not short.unreadable
    return {
        "drive_type": int(DriveType[short.on.upper()]),
        "file_system": short.file_system if known else None,
        "capacity": str(short.capacity) if known else None,
        "free_space": str(short.free) if known else None,
        "dirty": short.dirty if known else None,
        "compressed": short.compressed if known else None,
        "read_only": short.read_only,
        "read_only_disk": short.read_only_disk,
        "deduplicated": short.deduplicated,
        "left_alone": list(short.left_alone),
    }


def read(host: HostState, *, disks: bool = False) -> Iterator[Record]:
    """Each of which Windows knows the name; what its disk is like only when that is asked."""
    for volume in host.windows.get("volumes", []):
        if not volume["name"]:  # offline: only known to what refers to it
            continue
        closed = volume.get("read_only", False) or volume.get("read_only_disk", False)
        yield {
            "device": volume["id"],
            "name": _shown(volume),
            "drive_type": volume["drive_type"],
            "file_system": volume["file_system"],
            "capacity": _number(volume["capacity"]),
            "free_space": _number(volume["free_space"]),
            "dirty": volume.get("dirty", False),
            "compressed": volume.get("compressed", False),
            "read_only": closed if disks else None,
            "deduplicated": bool(volume.get("deduplicated")) if disks else None,
            "left_alone": volume["left_alone"] if disks and volume.get("deduplicated") else [],
        }


def _shown(volume: Record) -> str:
    name = str(volume["name"])
    return name if name.startswith(UNNAMED) else name.rstrip("\\")


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
