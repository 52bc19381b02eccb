"""Stop Task Scheduler from starting a backup while one is still running."""

from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import (
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
    TaskFolder,
)


class Params(PlaybookParams):
    folder: TaskFolder = Field(
        r"\Microsoft\OnlineBackup", description="Task Scheduler folder to repair"
    )


class ScheduleFix(ForAgent, Playbook[Params]):
    """Jobs fail with "another job was in progress" because a second instance is started."""

    id = "schedule-fix"
    title = "Do not start a new instance of a running backup task"
    topic = "schedule"
    symptoms = ("duplicate-job-started",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("no-task", "stores-password", "trigger-not-savable", "multiple-instances")
    writes = (ScheduledTask,)
    risk = "Only the setting is written: no task is started or stopped."

    def observe(self, params):
        return [ScheduledTasks(folder=params.folder), RegistryValues(values=(INSTALL_PATH,))]

    def not_applicable(self, seen, params):
        tasks = seen.all(ScheduledTask)  # they may stand in a folder that is not the agent's
        return None if tasks else super().not_applicable(seen, params)

    def decide(self, seen, params):
        tasks = seen.all(ScheduledTask)
        if not tasks:
            yield Advice(
                f"No task in {params.folder}",
                "No backup policy is saved, its tasks are gone, or the agent is not registered: "
                "open the Azure Backup console, register the server if asked, and save a backup "
                "schedule.",
                rule="no-task",
            )
        for task in tasks:
            wrong = task.multiple_instances != MultipleInstances.IGNORE_NEW
            if wrong and task.unsavable:
                yield Advice(
                    f"{task.title} {task.unsavable}",
                    "Saving it from here would fail or do more than that, so it was left alone: "
                    'set "Do not start a new instance" in Task Scheduler by hand.',
                    rule="stores-password"
                    if task.logon_type.stores_password
                    else "trigger-not-savable",
                    resource=task.resource_id,
                )
            elif task.multiple_instances == MultipleInstances.STOP_EXISTING:
                yield task.should(
                    multiple_instances=MultipleInstances.IGNORE_NEW,
                    severity=Severity.CRITICAL,
                    why="Task Scheduler kills the running backup to start the next one.",
                )
            else:
                yield task.should(multiple_instances=MultipleInstances.IGNORE_NEW)

    def assumptions(self, params):
        return ["Saving a backup policy in the console later may write the old setting back."]
