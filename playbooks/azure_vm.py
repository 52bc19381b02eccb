"""Say that a server is a virtual machine of Azure, and what does not work there."""

from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.file import File, Files
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    SCRATCH,
    SCRATCH_VALUE,
    TASKS,
    ForAgent,
    backs_up_system_state,
)
from remediate.resources.operating_system import OperatingSystem, OperatingSystems
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks

WARNING = "DATALOSS_WARNING_README.txt"  # Azure puts it on the temporary disk
WARNINGS = tuple(rf"{letter}:\{WARNING}" for letter in "DEFGT")


class AzureVm(ForAgent, Playbook[PlaybookParams]):
    """On a virtual machine of Azure the agent backs up files and folders only.

    Azure is known by the asset tag of the chassis; a machine that is merely managed from Azure,
    or runs on Hyper-V elsewhere, has another one.
    """

    id = "azure-vm"
    title = "Say what of the agent does not work on a virtual machine of Azure"
    topic = "platform"
    only_looks = True
    source = "https://learn.microsoft.com/azure/backup/backup-support-matrix-mars-agent"
    rules = ("runs-in-azure", "scratch-on-temporary-disk", "system-state")

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH, SCRATCH_VALUE)),
            OperatingSystems(),
            ScheduledTasks(folder=TASKS),
            Files(paths=WARNINGS),
        ]

    def decide(self, seen, params):
        system = seen.one(OperatingSystem)
        if not system.in_azure:
            return
        temporary = {file.path[:2]: file for file in seen.all(File) if file.exists}
        scratch = seen.path(SCRATCH)
        disk = temporary.get(scratch[:2].upper())
        if disk is not None:
            yield Advice(
                f"The scratch folder is on the temporary disk {disk.path[:2]}",
                "Azure empties that disk when it moves or stops the machine, and backups fail: "
                "move it to a disk that lasts, and set both values ScratchLocation.",
                Severity.CRITICAL,
                rule="scratch-on-temporary-disk",
                resource=disk.resource_id,
                evidence=[Evidence(scratch), Evidence("warning", where=disk.path)],
            )
        for task in seen.all(ScheduledTask):
            if backs_up_system_state(task):
                yield Advice(
                    "The backup of the system state is scheduled on a virtual machine of Azure",
                    "It does not work there: take the system state out of the policy, and back up "
                    "the whole machine from its page in the portal (Backup).",
                    rule="system-state",
                    resource=task.resource_id,
                )
        yield Advice(
            "The server is a virtual machine of Azure",
            "Azure Backup can back up the whole machine without this agent, which is there for "
            "single files and folders. Leave out of its policy what is on the temporary disk "
            f"({', '.join(temporary) or 'usually D:'}), as backups of it fail when it is emptied.",
            Severity.NOTICE,
            rule="runs-in-azure",
            resource=system.resource_id,
        )
