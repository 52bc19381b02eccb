"""Say when the agent's scratch folder is about to run out of space."""

import re

from remediate.model.size import Size, size_text
from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    SCRATCH,
    SCRATCH_VALUE,
    TASKS,
    ForAgent,
    backs_up_system_state,
)
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks
from remediate.resources.volume import Volume, Volumes, volume_of

FAILING, SCARCE = 5, 10  # per cent of the data, as the guide has it


class Params(PlaybookParams):
    data_size: Size | None = Field(
        None, description="Size of all data that is backed up; unknown, only --floor counts"
    )
    floor: Size = Field("2.5GB", validate_default=True, description="Smallest free space to accept")
    system_state_space: Size = Field(
        "35GB",
        validate_default=True,
        description="Free space that a backup of the system state needs besides",
    )


class DiskSpace(ForAgent, Playbook[Params]):
    """Backups fail when the volume of the scratch folder has less free than 5 to 10 % of the data.

    The size of the data is not known on the host. Without it only the least that any backup needs
    is looked for, and what the system state needs where that is backed up.
    """

    id = "disk-space"
    title = "Keep enough space free for the agent's scratch folder"
    topic = "storage"
    only_looks = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("no-volume", "unreadable", "below-floor", "failing", "scarce")

    def observe(self, params):
        return [
            Volumes(),
            ScheduledTasks(folder=TASKS),
            RegistryValues(values=(INSTALL_PATH, SCRATCH_VALUE)),
        ]

    def decide(self, seen, params):
        scratch = re.sub(r"\\+", r"\\", seen.path(SCRATCH))
        volume = volume_of(scratch, seen.all(Volume))
        if volume is None:
            yield Advice(
                f"The scratch folder {scratch} is on no volume of this host",
                "It has to be on a local disk: bring the disk back, or move the folder and let "
                "both ScratchLocation values in the registry say where it is.",
                Severity.CRITICAL,
                rule="no-volume",
            )
        elif volume.free_space is None:
            yield Advice(
                f"Nothing of {volume.title} can be read",
                f"The scratch folder {scratch} is on it: bring it online, or unlock it.",
                Severity.CRITICAL,
                rule="unreadable",
                resource=volume.resource_id,
            )
        else:
            yield from _too_little(seen, params, scratch, volume)


def _too_little(seen, params, scratch, volume):
    system_state = any(map(backs_up_system_state, seen.all(ScheduledTask)))
    floor = params.floor + (params.system_state_space if system_state else 0)
    free, data = volume.free_space, params.data_size or 0
    room = f"{volume.name} has {size_text(free)} free of {size_text(volume.capacity)}"
    remedy = (
        f"Free some space, or move the scratch folder {scratch} to a volume with 10 % of the size "
        "of the data free."
    )
    if free < floor:
        besides = ", the system state included," if system_state else ""
        yield Advice(
            room,
            f"A backup{besides} needs {size_text(floor)} there. {remedy}",
            Severity.CRITICAL,
            rule="below-floor",
            resource=volume.resource_id,
        )
    elif free * 100 < data * FAILING:
        yield Advice(
            f"{room}, less than {FAILING} % of the data",
            f"Backups fail. {remedy}",
            Severity.CRITICAL,
            rule="failing",
            resource=volume.resource_id,
        )
    elif free * 100 < data * SCARCE:
        yield Advice(
            f"{room}, less than {SCARCE} % of the data",
            f"Backups may fail. {remedy}",
            rule="scarce",
            resource=volume.resource_id,
        )
