"""Say which volumes the agent does not back up, and why."""

import re

from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALLED, SCRATCH, SCRATCH_VALUE, ForOwnData
from remediate.resources.registry_value import RegistryValues
from remediate.resources.shadow_storage import VolumeName
from remediate.resources.volume import DriveType, Volume, Volumes, volume_of


class Params(PlaybookParams):
    volume: tuple[VolumeName, ...] = Field(
        (), description="Volume to look at, such as D:; else each one that has a name"
    )


class UnsupportedFiles(ForOwnData, Playbook[Params]):
    """The agent backs up local volumes with NTFS that can be read and written to.

    Within such a volume it leaves out what is encrypted and sparse, compressed or sparse streams,
    reparse points, hard links, and files that are only in a cloud: failed-files names those that a
    backup met. Volumes without a drive letter or mount path are not looked at.
    """

    id = "unsupported-files"
    title = "Keep what is to be backed up on volumes that the agent can back up"
    source = "https://learn.microsoft.com/azure/backup/backup-support-matrix-mars-agent"
    topic = "agent"
    only_looks = True
    rules = (
        "no-volume",
        "unreadable",
        "removable",
        "not-ntfs",
        "read-only",
        "scratch-deduplicated",
    )

    def observe(self, params):
        return [Volumes(disks=True), RegistryValues(values=(*INSTALLED, SCRATCH_VALUE))]

    def decide(self, seen, params):
        volumes = [each for each in seen.all(Volume) if not each.name.startswith("\\")]
        wanted = {name.casefold() for name in params.volume}
        missing = wanted - {volume.name.casefold() for volume in volumes}
        if missing:
            yield Advice(
                f"There is no volume {', '.join(sorted(missing)).upper()}",
                "No disk of the host has this drive letter or mount path.",
                rule="no-volume",
            )
        for volume in volumes:
            why = _why_not(volume)
            if why and (not wanted or volume.name.casefold() in wanted):
                rule, what, text = why
                yield Advice(
                    f"{volume.title[0].upper()}{volume.title[1:]} {what}",
                    text,
                    Severity.WARNING if wanted or rule == "unreadable" else Severity.NOTICE,
                    rule=rule,
                    resource=volume.resource_id,
                )
        folder = re.sub(r"\\+", r"\\", seen.path(SCRATCH))
        scratch = volume_of(folder, volumes)
        if scratch is not None and scratch.deduplicates(folder):
            yield Advice(
                f"The scratch folder is on the deduplicated volume {scratch.name}",
                "It must not be deduplicated: exclude it from Data Deduplication (Set-DedupVolume "
                "-ExcludeFolder, with the folders that it has already), or move it.",
                rule="scratch-deduplicated",
                resource=scratch.resource_id,
            )


def _why_not(volume):
    """Why the agent does not back a volume up, as rule, what it is, and what to do; or None."""
    move = "The agent does not back it up: keep nothing there that has no other backup."
    if volume.drive_type == DriveType.REMOVABLE and volume.file_system:
        return "removable", "is on a removable disk", move
    if volume.drive_type != DriveType.LOCAL:
        return None  # an optical drive, or one with nothing in it
    if volume.file_system is None:
        text = "It is offline, locked by BitLocker, or not formatted. No backup has it meanwhile."
        return "unreadable", "cannot be read", text
    if volume.file_system != "NTFS":
        return "not-ntfs", f"has {volume.file_system}, not NTFS", move
    if volume.read_only:
        text = "No snapshot can be made of it: take that from it, or from its disk."
        return "read-only", "is read-only", text
    return None
