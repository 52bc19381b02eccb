"""Look through volumes for damage while they are in use, and say what repairs it."""

from datetime import datetime, timedelta

from remediate.model.text import count
from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    SCRATCH,
    SCRATCH_VALUE,
    ForAgent,
    plain_folder,
)
from remediate.resources.registry_value import RegistryValues
from remediate.resources.shadow_storage import VolumeName
from remediate.resources.volume_scan import NTFS, VolumeScan, VolumeScans


class Params(PlaybookParams):
    volume: tuple[VolumeName, ...] = Field(
        (),
        description="Volume to look at, such as D:; else that of the scratch folder and those "
        "that are backed up",
    )
    days: int = Field(7, ge=1, le=36_500, description="Days for which a scan counts")


class VolumeRepair(ForAgent, Playbook[Params]):
    """A volume that is damaged fails its backup with 0x80070570, and so does the scratch folder's.

    `Repair-Volume -Scan` looks through a volume with NTFS while it is in use, and repairs nothing.
    It may take hours, and goes on when the session has ended. What repairs the volume takes it
    offline, so that is left to a person: the report has the command. Damage that Windows already
    knows of is told without a scan.
    """

    id = "volume-repair"
    title = "Scan volumes for damage, and say what repairs it"
    topic = "storage"
    symptoms = ("file-corrupt",)
    source = "https://learn.microsoft.com/powershell/module/storage/repair-volume"
    rules = ("no-volume", "not-ntfs", "not-known", "damaged", "refused", "scan")
    on_demand = True
    writes = (VolumeScan,)
    risk = "The disks of the volume are read for minutes to hours; a scan makes way for others."
    rollback = "A scan changes nothing that could be put back."

    def observe(self, params):
        questions = [VolumeScans(), RegistryValues(values=(INSTALL_PATH, SCRATCH_VALUE))]
        return questions if params.volume else [*questions, BackupRecords()]

    def not_applicable(self, seen, params):
        return None if params.volume else super().not_applicable(seen, params)

    def decide(self, seen, params):
        volumes = seen.all(VolumeScan)
        if not params.volume and (record := seen.one(BackupRecord)) and record.items is None:
            yield Advice(
                "Which volumes are backed up is not known",
                "Only that of the scratch folder is looked at. Name the others with --volume.",
                Severity.NOTICE,
                rule="not-known",
                resource=record.resource_id,
            )
        meant, missing = _meant(seen, params, volumes)
        if missing:
            yield Advice(
                f"There is no local volume {', '.join(missing)}",
                "No disk of the host has this drive letter or mount path with a file system that "
                "Windows knows: bring it online, or unlock it.",
                rule="no-volume",
            )
        for volume in meant:
            if volume.file_system != NTFS:
                yield Advice(
                    f"{_begins(volume)} has {volume.file_system}",
                    "It cannot be scanned while it is in use. ReFS repairs itself; of others "
                    f"chkdsk {volume.name} says without further options what is wrong.",
                    Severity.NOTICE,
                    rule="not-ntfs",
                    resource=volume.resource_id,
                )
            else:
                yield from _judged(seen, params, volume)

    def assumptions(self, params):
        yield "How long a scan takes is not known: six hours are waited for, and it may go on."
        yield (
            "The scan runs in a process that WMI starts: a security product may stop that, and the "
            "report says so."
        )


def _begins(volume):
    return f"{volume.title[0].upper()}{volume.title[1:]}"


def _meant(seen, params, volumes):
    """The volumes to look at, each once; and the names among those given that none has."""
    names = list(params.volume) or [
        plain_folder(seen.path(SCRATCH)),
        *(
            item.text
            for record in seen.all(BackupRecord)
            for item in record.items or ()
            if not item.excluded
        ),
    ]
    found = {name: _of(name, volumes, whole=bool(params.volume)) for name in names if name}
    missing = [name for name, volume in found.items() if volume is None and params.volume]
    meant = {volume.device: volume for volume in found.values() if volume is not None}
    return meant.values(), missing


def _of(path, volumes, *, whole):
    """The volume with a name, or that a path is on; of several, the one with the longest name."""
    asked = f"{path.rstrip(chr(92))}\\".casefold()
    names = {f"{volume.name}\\".casefold(): volume for volume in volumes}
    if whole:
        return names.get(asked)
    longest = max((name for name in names if asked.startswith(name)), key=len, default="")
    return names.get(longest)


def _judged(seen, params, volume):
    now = datetime.fromisoformat(seen.facts.utc)
    ended = datetime.fromisoformat(volume.scan) if volume.scan else None
    if ended is None or now - ended > timedelta(days=params.days):
        yield volume.should_renew(
            "scan", "made", why="Damage that nobody has looked for is not known."
        )
    if volume.why_not:
        yield Advice(
            f"{_begins(volume)} was not scanned",
            f"{volume.why_not[0].upper()}{volume.why_not[1:]}. Try again. If that does not help, "
            f"run {_command(volume, whole=True)} there, which takes it offline for hours.",
            rule="refused",
            resource=volume.resource_id,
        )
    found = volume.corruptions
    if found or (found is None and volume.said == "ErrorsFound"):
        known = count(found, "corruption") if found else "the last scan found some"
        yield Advice(
            f"{_begins(volume)} is damaged",
            f"Backups of it may fail with 0x80070570. {_remedy(volume)}",
            Severity.CRITICAL,
            rule="damaged",
            resource=volume.resource_id,
            evidence=[Evidence(known, where=volume.name, at=ended)],
        )


def _remedy(volume):
    spot, whole = _command(volume), _command(volume, whole=True)
    if volume.system:
        return (
            f"Windows runs from it, and cannot take it offline: run {spot} and restart the server "
            f"when that may be. If it is still damaged then, run {whole} and restart it again."
        )
    return (
        f"When nothing uses it, run {spot} there, which takes it offline for seconds. If it is "
        f"still damaged then, run {whole} there, which may take it offline for hours."
    )


def _command(volume, *, whole=False):
    return f"Repair-Volume -Path '{volume.device}' -{'OfflineScanAndFix' if whole else 'SpotFix'}"
