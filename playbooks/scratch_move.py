"""Have the agent work in a scratch folder on a volume with more room."""

import re
from types import MappingProxyType

from remediate.model.size import Size, size_text
from remediate.model.text import count
from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.host_path import TypedFolder
from remediate.resources.mars_agent import (
    AGENT,
    INSTALLED,
    REGISTRATION,
    ForAgentModule,
    ForRegisteredAgent,
)
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scratch_move import Content, Place, ScratchMove, ScratchMoves
from remediate.resources.service import Service, Services, ServiceStatus
from remediate.resources.volume import DriveType, Volume, Volumes, volume_of

SERVICE = "obengine"
RATE = 50_000_000  # bytes in a second, as an ordinary disk copies
WINDOWS = re.compile(
    r".:\\(Windows|Program Files( \(x86\))?|ProgramData|Users|\$Recycle\.Bin|"
    r"System Volume Information)(\\|$)",
    re.IGNORECASE,
)


class Params(PlaybookParams):
    to: TypedFolder = Field(
        description=r"Folder to work in, such as D:\Scratch, which is not there yet"
    )
    most_downtime: int = Field(
        30,
        ge=5,
        le=300,
        description="Seconds for which the agent's service may be stopped to copy the rest; more "
        "than 30 need a longer --timeout",
    )
    room: Size = Field(
        "2.5GB", validate_default=True, description="Free space to leave on the new volume"
    )


class MoveScratch(ForRegisteredAgent, ForAgentModule, Playbook[Params]):
    """Backups fail where the volume of the scratch folder has no room for what the agent keeps.

    The folder is copied on the server while the agent works, in parts, with who may do what, and no
    link is followed. The last part stops its service, copies what has moved since, sets both values
    ScratchLocation, and starts the service again; it waits for a job that runs. Wherever that is
    cut off, the agent has a whole folder to work in, the old one or the new one, and a reconcile
    says which.

    Where the system state is backed up, a volume is mounted in the folder. Such a folder is left
    alone: a person takes that volume offline first, as the source says.

    Apply it in a run of its own: what else is about the scratch folder judges by where it was.
    """

    id = "scratch-move"
    title = "Move the agent's scratch folder to a volume with room"
    topic = "storage"
    symptoms = ("scratch-volume-full", "passphrase-not-configured", "activation-incomplete")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-file-folder-backup-faq"
    writes = (ScratchMove,)
    on_demand = True  # where it is to be is somebody's decision
    example = MappingProxyType({"to": r"D:\Scratch"})
    rules = ("location", "no-key", "links", "move")
    risk = (
        "The agent's service is stopped for some seconds, though not while it backs up or restores."
    )
    rollback = (
        "Both values name the old folder again, and the copy goes. Once the agent has written in "
        "the new folder, such as in a backup, that needs --force; what is newer there stays there."
    )

    def observe(self, params):
        return [
            ScratchMoves(target=params.to, downtime=str(params.most_downtime)),
            RegistryValues(values=(*INSTALLED, *REGISTRATION)),
            Volumes(disks=True),
            Services(names=(SERVICE,)),
            BackupRecords(),
        ]

    def decide(self, seen, params):
        move = seen.one(ScratchMove)
        reason = _left(move)
        if move.place is Place.MOVED:
            return
        if reason:
            yield reason
        else:
            yield move.should(
                rule="move",
                place=Place.MOVED,
                why=f"Copying it takes about {_time(move.total - move.copied)}, and the service is "
                f"stopped for {params.most_downtime} seconds at most. {move.folder} stays.",
                evidence=_evidence(move, seen),
            )

    def guard(self, seen, params):
        move, service = seen.one(ScratchMove), seen.one(Service)
        yield from _busy(service, seen.one(BackupRecord))
        if move.place is Place.THERE:  # else it has begun
            yield from _unfit(move, seen, params)

    def assumptions(self, params):
        yield (
            "The old folder stays until somebody removes it, after a backup that has succeeded: "
            "remediate hosts leftovers."
        )
        yield "Files that the agent has open all the time are copied while its service is stopped."


def _busy(service, record):
    """Why the service cannot be stopped and started now."""
    if service is None:
        yield f"there is no service {SERVICE}: see agent-service"
    elif service.status is not ServiceStatus.STOPPED:
        reason = service.restart_conflict()
        if reason:
            yield f"the service {SERVICE} has to be stopped for a moment, and {reason}"
        if record.running is None:
            yield (
                "the agent does not say whether it backs up or restores, which the move would end: "
                "see module-restore"
            )
        elif record.running:
            yield "the agent backs up or restores, which the move would end: wait until it has"
    if record.seeding:
        yield (
            "a first backup on disks is on its way, which needs the scratch folder where it is: "
            "wait until Azure has taken it in"
        )


def _unfit(move, seen, params):
    """Why the new folder is none that the agent could work in."""
    old, new = f"{move.folder}\\".casefold(), f"{move.target}\\".casefold()
    if old.startswith(new) or new.startswith(old):
        yield f"{move.target} and the old folder are one within the other: name another folder"
        return
    if WINDOWS.match(move.target) and not new.startswith(f"{seen.path(AGENT)}\\".casefold()):
        yield f"{move.target} is in a folder of Windows: name another one"
    volume = volume_of(move.target, seen.all(Volume))
    if volume is None:
        yield f"{move.target} is on no volume of this server: name one on a local disk"
        return
    if move.new in _TAKEN:
        yield _TAKEN[move.new].format(move.target)
    yield from _cannot_hold(volume, move.target, move.total + params.room)


_TAKEN = {
    Content.FOREIGN: "{} is there already: name a folder that is not",
    Content.LINK: "{} leads elsewhere, or a folder above it does: name where it leads to",
    Content.NOWHERE: "the folder in which {} is to be is not there: make it first",
}


def _cannot_hold(volume, folder, needed):
    """Why a volume cannot hold the scratch folder."""
    free = volume.free_space or 0
    if volume.drive_type is not DriveType.LOCAL or volume.file_system not in {"NTFS", "ReFS"}:
        yield f"{volume.title} is no local disk with NTFS or ReFS: name a folder on one"
    elif volume.read_only:
        yield f"{volume.title} cannot be written to: name a folder on another one"
    elif volume.compressed or volume.deduplicates(folder):
        yield (
            f"{volume.title} is compressed or deduplicated, which the agent cannot work with: name "
            "a folder on another one"
        )
    elif free < needed:
        yield f"{volume.title} has {size_text(free)} free, and {size_text(needed)} are needed"


def _left(move):
    """What a person has to do first; None where it can be moved."""
    if move.place is Place.ELSEWHERE:
        return Advice(
            "The values ScratchLocation do not name one folder",
            "Have both name the folder with the key file first: see scratch-location.",
            Severity.CRITICAL,
            rule="location",
        )
    if not move.key:
        return Advice(
            "There is no key file in the scratch folder",
            f"{move.folder} is not what the agent needs: see encryption-key.",
            Severity.CRITICAL,
            rule="no-key",
            resource=move.resource_id,
        )
    if move.links:
        return Advice(
            "Something in the scratch folder leads elsewhere",
            "As where the system state is backed up: stop the service obengine, take the disks "
            "CBSSBVol_… offline in Disk Management, then move the folder as the source says.",
            rule="links",
            resource=move.resource_id,
            evidence=tuple(Evidence(link, where=move.folder) for link in move.links),
        )
    return None


def _evidence(move, seen):
    yield Evidence(f"{size_text(move.total)} in {count(move.files, 'file')}", where=move.folder)
    volume = volume_of(move.target, seen.all(Volume))
    if volume is not None and volume.free_space is not None:
        free = f"{size_text(volume.free_space)} free of {size_text(volume.capacity)}"
        yield Evidence(free, where=volume.title)


def _time(size):
    """How long so many bytes take, in words."""
    minutes = size // RATE // 60
    return f"{minutes + 1:,} minutes" if minutes else "a minute or less"
