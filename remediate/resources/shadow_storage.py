"""Where Windows keeps the shadow copies of a volume, and how large that may grow."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.model.size import Size, size_text
from remediate.powershell.script import PROGRAM_WRITER
from remediate.resources.base import Query, Resource
from remediate.resources.volume import Volume

UNBOUNDED = 2**60
"""Limits from here on are none: Windows writes 2^64-1 for it, and no volume has an exabyte."""

SMALLEST = 320 * 2**20
"""Bytes that Windows wants for it at least."""

ROUNDED = 2**20
"""Bytes, and a hundredth, by which a limit may differ from what was asked for.

Windows keeps it in bytes, and vssadmin shows it to a thousandth of its unit, such as 4.395 GB
(https://techcommunity.microsoft.com/t5/storage-at-microsoft/ba-p/423336): one that has moved by a
hundredth of the volume, which may be many times the limit, is another limit.
"""

_NAMED = 3
_VOLUME = re.compile(r"([A-Za-z])(?::(\\[^\x00-\x1f\x7f/:*?\"<>|]+)?)?\\?")


def volume_name(value: str) -> str:
    r"""Bring a drive letter, or the path of a folder in which a volume is mounted, into one form.

    Raises:
        ValueError: it is neither.
    """
    found = _VOLUME.fullmatch(value)
    if found is None:
        msg = r"a volume is written like C: or, where it is mounted in a folder, D:\mount"
        raise ValueError(msg)
    letter, folder = found.groups(default="")
    return f"{letter.upper()}:" + folder.rstrip("\\")


def shadow_storage_limit(size: int) -> int:
    """Check a limit that can be set.

    Raises:
        ValueError: it is too small, or no limit at all.
    """
    if not SMALLEST <= size < UNBOUNDED:
        msg = "the limit of shadow storage is 320MB at least, and less than 1EB"
        raise ValueError(msg)
    return size


VolumeName = Annotated[str, AfterValidator(volume_name)]
ShadowStorageLimit = Annotated[Size, AfterValidator(shadow_storage_limit)]


_BEING_MADE = {*range(1, 12), 15}
"""From VSS_SS_PREPARING to VSS_SS_PROCESSING_POSTFINALCOMMIT, and VSS_SS_POSTCOMMITTED."""

_GONE = {13, 14}
"""VSS_SS_ABORTED, VSS_SS_DELETED."""


class ShadowCopy(Model):
    """A snapshot of a volume.

    Args:
        id: Windows' id of it.
        created: when it was made, UTC in ISO 8601; None when Windows does not say.
        state: how far it is (`VSS_SNAPSHOT_STATE`); 0 when that is not known.
        persistent: it stays when the program ends that has it; None when Windows does not say.
    """

    id: str
    created: str | None = None
    state: int = 0
    persistent: bool | None = None

    @property
    def is_in_use(self) -> bool:
        """Whether a backup reads it, with the end of which it goes.

        A backup's usual copies are such (VSS_CTX_BACKUP,
        https://learn.microsoft.com/windows/win32/api/vss/ne-vss-vss_snapshot_context).
        """
        return self.persistent is False and self.state not in _GONE

    @property
    def is_being_made(self) -> bool:
        """Whether it is under way, and neither there, nor gone, nor unknown."""
        return self.state in _BEING_MADE

    def __str__(self) -> str:
        return f"{self.id} of {self.created}" if self.created else self.id


class ShadowStorage(Resource):
    r"""The shadow storage of one volume; a volume that has none is described too, without a limit.

    Args:
        volume: DeviceID of the volume whose copies they are (`\\?\Volume{…}\`).
        diff_volume: DeviceID of the volume that holds them; the same one where there is none.
        name: drive letter (`C:`) or mount path of the former; its DeviceID when it has neither.
        diff_name: the same of the latter.
        max_space: bytes that it may take, see `UNBOUNDED`; None when there is no shadow storage.
        used_space: bytes that shadow copies take.
        allocated_space: bytes that are set aside for them, those included.
        capacity: bytes of the volume that holds them; None when it is offline.
        free_space: bytes free on it; None when it is offline.
        file_system: of the same volume (`NTFS`); None when it is offline.
        copies: the volume's shadow copies, whoever made them.
    """

    kind: ClassVar[str] = "shadow_storage"
    noun: ClassVar[str] = "shadow storage"
    function: ClassVar[str] = "ShadowStorage"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (Volume.reader,)
    writer_needs: ClassVar[tuple[Path, ...]] = (PROGRAM_WRITER,)
    identity: ClassVar[tuple[str, ...]] = ("volume", "diff_volume")
    settable: ClassVar[frozenset[str]] = frozenset({"max_space"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"used_space", "allocated_space", "free_space", "copies"}
    )

    volume: str
    diff_volume: str
    name: str
    diff_name: str
    max_space: int | None
    used_space: int = 0
    allocated_space: int = 0
    capacity: int | None
    free_space: int | None
    file_system: str | None
    copies: tuple[ShadowCopy, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether the volume has shadow storage."""
        return self.max_space is not None

    @property
    def taken(self) -> int:
        """Bytes below which Windows would delete shadow copies."""
        return max(self.used_space, self.allocated_space)

    @property
    def title(self) -> str:
        """The volume by its name, and the other one where they differ."""
        where = f" on {self.diff_name}" if self.diff_volume != self.volume else ""
        return f"shadow storage of {self.name}{where}"

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "ShadowStorages":
        """The question that returns one, among all others."""
        del key
        return ShadowStorages()

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """Windows may round a limit, and says so of no other number."""
        if name != "max_space" or not (isinstance(one, int) and isinstance(other, int)):
            return one == other
        if max(one, other) >= UNBOUNDED:
            return min(one, other) >= UNBOUNDED
        return abs(one - other) <= ROUNDED + max(one, other) // 100

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """A limit in words."""
        if name != "max_space":
            return super().label(name, value)
        if not isinstance(value, int):
            return "none"
        return "unbounded" if value >= UNBOUNDED else size_text(value)

    def undo_conflict(self, change: Change, then: Resource | None) -> str | None:
        """A lower limit makes Windows delete the oldest shadow copies to fit in."""
        limit = change.before
        if not isinstance(limit, int) or (self.max_space or 0) <= limit:
            return None
        if self.taken > limit:
            return (
                f"shadow copies take {size_text(self.taken)} of it, so with {size_text(limit)}"
                f" Windows would delete some: {_list(self.copies)}"
            )
        known = {copy.id for copy in then.copies} if isinstance(then, ShadowStorage) else set()
        new = tuple(copy for copy in self.copies if copy.id not in known)
        if new:
            return f"shadow copies were made since, and need the space: {_list(new)}"
        return None


class ShadowStorages(Query):
    """The shadow storage of all volumes, and what is known of local volumes that have none."""

    resource: ClassVar[type[Resource]] = ShadowStorage


def _list(copies: tuple[ShadowCopy, ...]) -> str:
    names = ", ".join(str(copy) for copy in copies[:_NAMED])
    return f"{names} and {len(copies) - _NAMED} more" if len(copies) > _NAMED else names
