"""Give shadow copies of backed-up volumes room to grow."""

from typing import Annotated

from pydantic import AfterValidator, model_validator

from remediate.model.size import Size, size_text
from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, install_path
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues
from remediate.resources.shadow_storage import UNBOUNDED, ShadowStorage, ShadowStorages

MB = 2**20
SMALLEST = 320 * MB
DEFAULT = 10 * 2**30
# The size with which Windows begins an area, in MB. More than the limit, and copies malfunction.
BEGINNING = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\VolSnap", name="MinDiffAreaFileSize"
)


def _a_limit(size):
    if not SMALLEST <= size < UNBOUNDED:
        msg = "shadow storage has a limit of 320MB at least, and less than 1EB"
        raise ValueError(msg)
    return size


def _volume(name):
    name = name.rstrip("\\")
    if len(name) == 1:
        name += ":"
    drive = name[:1].isascii() and name[:1].isalpha() and name[1:2] == ":"
    if not drive or (name[2:] and name[2] != "\\") or not name.isprintable():
        msg = "a volume is written like C: or, where it is mounted in a folder, D:\\mount"
        raise ValueError(msg)
    return name[0].upper() + name[1:]


class Params(PlaybookParams):
    size: Annotated[Size, AfterValidator(_a_limit)] | None = Field(
        None, description="smallest limit to accept, such as 320MB; 10GB unless percent is given"
    )
    percent: int | None = Field(
        None, ge=1, le=100, description="the same as a part of the volume that holds the copies"
    )
    volume: tuple[Annotated[str, AfterValidator(_volume)], ...] = Field(
        (), description="volume to look at, such as C:; else each one that has shadow storage"
    )
    create: bool = Field(
        default=False, description="also give shadow storage to a named volume that has none"
    )

    @model_validator(mode="after")
    def _make_sense(self):
        if self.size is not None and self.percent is not None:
            msg = "give a size or a percentage, not both"
            raise ValueError(msg)
        if self.create and not self.volume:
            msg = "to create shadow storage, name the volume"
            raise ValueError(msg)
        return self

    def limit(self, storage):
        """The smallest limit to accept there, in bytes: never more than the volume has.

        In whole MB, as Windows may round what is finer.
        """
        whole = -(-(self.size or DEFAULT) // MB)
        if self.percent is not None:
            whole = max(SMALLEST, storage.capacity * self.percent // 100) // MB
        return min(whole, storage.capacity // MB) * MB


class ShadowStorageRoom(Playbook[Params]):
    """Backups fail when a volume's snapshot outgrows the limit of its shadow storage.

    A limit is only ever raised: Windows deletes shadow copies to get below a lower one.
    Volumes without a drive letter or mount path are left alone.
    """

    id = "shadow-storage"
    title = "Let the shadow copies of volumes grow as large as backups need"
    symptoms = ("shadow-storage-full",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    risk = "Shadow copies may take more of the volume; a limit is never lowered, so none is lost."
    rollback = (
        "Writes the old limit back, but not below what shadow copies take, and not while there are "
        "some that were made since: Windows would delete them. Shadow storage that was created "
        "stays."
    )

    def observe(self, params):
        return [ShadowStorages(), RegistryValues(values=(INSTALL_PATH, BEGINNING))]

    def not_applicable(self, seen, params):
        if install_path(seen.all(RegistryValue)) is None:
            return "the Azure Backup agent is not installed"
        return None

    def decide(self, seen, params):
        there = [s for s in seen.all(ShadowStorage) if not s.name.startswith("\\")]
        if params.volume:
            wanted = {name.casefold() for name in params.volume}
            chosen = [s for s in there if s.name.casefold() in wanted]
            missing = wanted - {s.name.casefold() for s in chosen}
            for name in params.volume:
                if name.casefold() in missing:
                    yield Advice(
                        f"There is no volume {name}",
                        "No local disk of the host has this drive letter or mount path.",
                    )
        else:
            chosen = [s for s in there if s.exists]
            if not chosen:
                yield Advice(
                    "No volume has shadow storage",
                    "Windows gives it to a volume at its first snapshot, with a limit of its own. "
                    "To set one before, name the volume: --volume C: --create",
                    Severity.NOTICE,
                )
        beginning = next(v.data for v in seen.all(RegistryValue) if v.name == BEGINNING.name)
        for storage in chosen:
            yield from self._judge(storage, params, (beginning or 0) * MB)

    def _judge(self, storage, params, beginning):
        if storage.capacity is None or storage.free_space is None:
            yield Advice(
                f"The volume of the {storage.title} cannot be read",
                f"{storage.diff_name} is offline or locked: bring it back first.",
            )
            return
        limit = params.limit(storage)
        enough = storage.exists and storage.max_space >= limit
        if not enough:
            reason = self._obstacle(storage, params)
            if reason:
                yield reason
                return
            if storage.exists:
                yield storage.should(max_space=limit)
            else:
                yield storage.should(
                    max_space=limit,
                    irreversible=True,
                    why="Taking it away again would delete the volume's shadow copies.",
                )
        room = storage.free_space + storage.allocated_space
        if room < limit:
            yield Advice(
                f"{storage.diff_name} has {size_text(storage.free_space)} free",
                f"The {storage.title} is to grow to {size_text(limit)}, and a limit makes no "
                "space: free some.",
            )
        if beginning > max(limit, storage.max_space or 0):
            yield Advice(
                f"MinDiffAreaFileSize is more than the limit of the {storage.title}",
                f"Windows begins with {size_text(beginning)}, and shadow copies may fail: "
                f"use --size {beginning // MB}MB, or lower that registry value.",
            )

    def _obstacle(self, storage, params):
        """What keeps a limit from being written, or None."""
        if storage.file_system != "NTFS":
            return Advice(
                f"{storage.diff_name} is not an NTFS volume",
                "Shadow storage has to be on one: add it there by hand, with vssadmin.",
            )
        if storage.diff_name.startswith("\\"):
            return Advice(
                f"The volume of the {storage.title} has no drive letter",
                "vssadmin wants a drive letter or mount path: give it one.",
            )
        if storage.capacity < SMALLEST:
            return Advice(
                f"{storage.diff_name} is too small", "Shadow storage needs 320 MB at least."
            )
        if storage.exists or params.create:
            return None
        return Advice(
            f"{storage.name} has no shadow storage",
            "Windows makes it at the first snapshot, with a limit of its own. To make it now, "
            "which a rollback will not take back: --create",
        )
