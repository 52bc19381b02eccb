"""Give shadow copies of backed-up volumes room to grow."""

from remediate.model.size import size_text
from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.event import Event, Events
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryName, RegistryValues
from remediate.resources.shadow_storage import (
    SMALLEST,
    ShadowStorage,
    ShadowStorageLimit,
    ShadowStorages,
    VolumeName,
)

MB = 2**20
FULL = 80  # percent of its limit from which an area is told
ABORTED = 36  # a limit that somebody has set kept an area from growing, so its copies are lost
# Windows has written either; a query tells capitals apart.
PROVIDERS = ("volsnap", "Volsnap")
# The size with which Windows begins an area, in MB. More than the limit, and copies malfunction.
BEGINNING = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\VolSnap", name="MinDiffAreaFileSize"
)


class Params(PlaybookParams):
    size: ShadowStorageLimit | None = Field(
        None, description="Smallest limit to accept; without it and --percent nothing is written"
    )
    percent: int | None = Field(
        None,
        ge=1,
        le=100,
        description="The same in percent of the volume with the copies; of both, the larger counts",
    )
    days: int = Field(7, ge=1, le=3650, description="days in which lost snapshots are told")
    volume: tuple[VolumeName, ...] = Field(
        (),
        description="Volume to look at, such as C:; else each one that has shadow storage, and "
        "for a limit only those that are backed up",
    )
    create: bool = Field(
        default=False, description="Also give shadow storage to a named volume that has none"
    )

    @property
    def wanted(self):
        """Whether somebody has said what a limit has to be; the guide does not."""
        return self.size is not None or self.percent is not None

    def limit(self, storage):
        """The smallest limit to accept there, in bytes: never more than the volume has.

        In whole MB, as Windows may round what is finer.
        """
        part = max(SMALLEST, storage.capacity * (self.percent or 0) // 100)
        return min(max(-(-(self.size or 0) // MB), part // MB), storage.capacity // MB) * MB


class ShadowStorageRoom(ForAgent, Playbook[Params]):
    """Backups fail when a volume's snapshot outgrows the limit of its shadow storage.

    Without --size and --percent it only looks: for shadow storage of which 80 % are used, and for
    snapshots that were lost in the last days as it could not grow. A limit is only ever raised:
    Windows deletes shadow copies to get below a lower one. Volumes without a drive letter or mount
    path are left alone. A limit is for volumes of which the agent's policy for files backs up
    something: its own PowerShell module is asked for that, unless --volume says it.
    """

    id = "shadow-storage"
    title = "Let the shadow copies of volumes grow as large as backups need"
    topic = "storage"
    symptoms = ("shadow-storage-low",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "no-volume",
        "no-shadow-storage",
        "sources-unknown",
        "offline",
        "nearly-full",
        "aborted",
        "not-ntfs",
        "too-small",
        "none-yet",
        "no-space",
        "beginning",
        "max-space",
    )
    writes = (ShadowStorage,)
    risk = (
        "Shadow copies may take more of the volume; a limit is never lowered, so none is lost. "
        "Security products watch vssadmin, and may call or stop it: tell their owner first."
    )
    rollback = (
        "Writes the old limit back, but not below what shadow copies take, and not while there are "
        "some that were made since: Windows would delete them. Shadow storage stays, also where "
        "Windows would have taken it away with its last copy."
    )

    def observe(self, params):
        asked = [ShadowStorages(), RegistryValues(values=(INSTALL_PATH, BEGINNING))]
        if params.wanted:
            return asked if params.volume else [*asked, BackupRecords()]
        events = {"log": "System", "ids": (ABORTED,), "days": params.days, "most": 20}
        return [*asked, *(Events(provider=provider, **events) for provider in PROVIDERS)]

    def decide(self, seen, params):
        chosen = [s for s in seen.all(ShadowStorage) if s.exists and not s.name.startswith("\\")]
        if params.volume:
            named = {s.name.casefold() for s in seen.all(ShadowStorage)}
            wanted = {name.casefold() for name in params.volume}
            chosen = [s for s in seen.all(ShadowStorage) if s.name.casefold() in wanted]
            missing = [name for name in params.volume if name.casefold() not in named]
            if missing:
                yield Advice(
                    f"There is no volume {', '.join(dict.fromkeys(missing))}",
                    "No local disk of the host has this drive letter or mount path.",
                    rule="no-volume",
                )
        elif params.wanted and _items(seen) is not None:
            backed_up = _backed_up(_items(seen), seen.all(ShadowStorage))
            chosen = [s for s in chosen if s.volume in backed_up]
        elif params.wanted and chosen:
            yield Advice(
                "Which volumes are backed up is not known",
                "The agent does not say it, so each one that has shadow storage counts: name those "
                "that are, with --volume, if others are to be left alone.",
                Severity.NOTICE,
                rule="sources-unknown",
            )
        if params.wanted and not params.volume and not chosen:
            yield Advice(
                "No volume that is backed up has shadow storage",
                "Windows gives it to a volume at the first snapshot, with a limit of its own, and "
                "takes it away with the last; --volume C: --create sets one before.",
                Severity.NOTICE,
                rule="no-shadow-storage",
            )
        beginning = seen.value(BEGINNING).data
        for storage in chosen:
            yield from self._judge(storage, params, beginning if isinstance(beginning, int) else 0)
        if params.wanted:
            return
        named = [s for s in seen.all(ShadowStorage) if not s.name.startswith("\\")]
        yield from self._aborted(seen, chosen if params.volume else named)
        if params.create:
            yield Advice(
                "How large the new shadow storage is to be was not said",
                "With --create, give --size or --percent, too.",
                rule="none-yet",
            )

    def _judge(self, storage, params, beginning):
        if storage.capacity is None or storage.free_space is None:
            yield Advice(
                f"The shadow copies of {storage.name} are on a volume that cannot be read",
                f"{storage.diff_name} is offline or locked: bring it back first.",
                rule="offline",
                resource=storage.resource_id,
            )
            return
        if not params.wanted:
            if storage.exists and storage.used_space * 100 >= storage.max_space * FULL:
                yield Advice(
                    f"The {storage.title} is nearly full",
                    f"{size_text(storage.used_space)} of {size_text(storage.max_space)} are used: "
                    f"raise the limit, with --size or --percent and --volume {storage.name}.",
                    rule="nearly-full",
                    resource=storage.resource_id,
                )
            return
        limit = params.limit(storage)
        if not storage.exists or storage.max_space < limit:
            obstacle = self._obstacle(storage, params)
            if obstacle:
                rule, title, text = obstacle
                yield Advice(title, text, rule=rule, resource=storage.resource_id)
                return
            why = "" if storage.exists else "Undone, it would take the shadow copies with it."
            yield storage.should(max_space=limit, irreversible=not storage.exists, why=why)
        if storage.free_space + storage.allocated_space < limit:
            yield Advice(
                f"{storage.diff_name} has {size_text(storage.free_space)} free",
                f"Raising the limit does not create space: free some so that the {storage.title} "
                f"can grow to {size_text(limit)}.",
                rule="no-space",
                resource=storage.resource_id,
            )
        if beginning * MB > max(limit, storage.max_space or 0):
            yield Advice(
                f"MinDiffAreaFileSize is more than the limit of the {storage.title}",
                f"Windows begins with {beginning} MB, and shadow copies may fail: use "
                f"--size {beginning}MB, or lower that registry value.",
                rule="beginning",
                resource=storage.resource_id,
            )

    def _aborted(self, seen, chosen):
        """What Windows said of snapshots that it has lost, by the volume that it names."""
        for storage in chosen:
            names = {name.rstrip("\\").casefold() for name in (storage.name, storage.volume)}
            lost = [
                event
                for event in seen.all(Event)
                if names & {text.rstrip("\\").casefold() for text in event.data}
            ]
            if lost:
                was, create = "went with the last of them,", " and --create"
                if storage.exists:
                    was = f"may take {storage.label('max_space', storage.max_space)}"
                    create = ""
                yield Advice(
                    f"Snapshots of {storage.name} were lost",
                    f"Their shadow storage {was} and had to be larger: raise the limit, with "
                    f"--size or --percent and --volume {storage.name}{create}.",
                    rule="aborted",
                    resource=storage.resource_id,
                    evidence=[
                        Evidence(
                            " ".join(event.data),
                            where=f"{event.log}, {event.provider} {event.id}",
                            at=event.time,
                        )
                        for event in lost
                    ],
                )

    def assumptions(self, params):
        if params.wanted and not params.volume:
            yield (
                "Volumes are backed up on which the agent's policy includes something; where the "
                "agent does not say what, each one that has shadow storage is."
            )

    def irreversible(self, params):
        yield ("the automatic size of shadow storage, which Windows takes away with its last copy")

    def _obstacle(self, storage, params):
        """What keeps a limit from being written, as rule, title and text, or None."""
        if storage.file_system != "NTFS":
            title = f"{storage.diff_name} is not an NTFS volume"
            text = "Shadow storage has to be on one: add it there by hand, with vssadmin."
            return "not-ntfs", title, text
        if storage.capacity < SMALLEST:
            title = f"{storage.diff_name} is too small"
            return "too-small", title, "Shadow storage needs 320 MB at least."
        if storage.exists or params.create:
            return None
        text = (
            "Windows gives it one at the first snapshot, with a limit of its own; --create does it "
            "now, and no rollback takes it back."
        )
        return "none-yet", f"{storage.name} has no shadow storage", text


def _items(seen):
    """What the policy includes and excludes; None when that is not known."""
    record = seen.one(BackupRecord)
    return record and record.items


def _backed_up(items, storages):
    """Ids of the volumes on which something is that a policy includes."""
    names = [(name.rstrip("\\"), s.volume) for s in storages for name in (s.name, s.volume)]
    found = set()
    for item in items:
        path = item.text.rstrip("\\").casefold() + "\\"
        on = [(len(name), id_) for name, id_ in names if path.startswith(f"{name.casefold()}\\")]
        if on and not item.excluded:
            found.add(max(on)[1])
    return found
