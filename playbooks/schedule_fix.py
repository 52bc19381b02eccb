"""Let Task Scheduler start each backup, and none while one is still running."""

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import (
    LogonType,
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
    TaskFolder,
)
from remediate.resources.task_definition import runs_as, triggers

WANTED = ("S-1-5-18", "S-1-5-32-544")  # SYSTEM, and the group of administrators


class Params(PlaybookParams):
    folder: TaskFolder = Field(
        r"\Microsoft\OnlineBackup", description="Task Scheduler folder to repair"
    )


class ScheduleFix(ForAgent, Playbook[Params]):
    """A task that is off is never started; with a second instance, jobs fail.

    Those say "another job was in progress". Triggers and accounts are looked at only: what Windows
    keeps of them when they are saved from here is not known.
    """

    id = "schedule-fix"
    title = "Start each backup, and none while one is still running"
    topic = "schedule"
    symptoms = ("duplicate-job-started", "schedule-not-running")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "no-task",
        "disabled",
        "stores-password",
        "trigger-not-savable",
        "trigger",
        "run-as",
        "multiple-instances",
        "enabled",
    )
    writes = (ScheduledTask,)
    risk = (
        "Only the two settings are written: no task is started or stopped. One that somebody has "
        "turned off on purpose is on again, and its backups with it."
    )

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
            yield from self._enabled(task)
            yield from self._instances(task)
            yield from self._triggers(task)
            yield from self._account(task)

    def _enabled(self, task):
        if not task.enabled and task.unsavable_trigger:
            yield Advice(
                f"{task.title} is off",
                f"It {task.unsavable_trigger}, so it was left alone: turn it on in Task Scheduler.",
                Severity.CRITICAL,
                rule="disabled",
                resource=task.resource_id,
            )
            return
        yield task.should(
            enabled=True, severity=Severity.CRITICAL, why="Task Scheduler never starts it."
        )

    def _instances(self, task):
        wrong = task.multiple_instances != MultipleInstances.IGNORE_NEW
        if wrong and task.unsavable:
            yield Advice(
                f"{task.title} cannot be saved from here",
                f'It {task.unsavable}: set "Do not start a new instance" in Task Scheduler by '
                "hand. It was left alone.",
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

    def _triggers(self, task):
        known = triggers(task.xml)
        off = [words for words, on in known if not on]
        if known and not off:
            return
        title = "Nothing starts" if len(off) == len(known) else "A trigger is off of"
        yield Advice(
            f"{title} {task.title}",
            "Save the backup schedule again in the Azure Backup console, or turn the trigger on in "
            "Task Scheduler.",
            rule="trigger",
            resource=task.resource_id,
            evidence=[Evidence(words, where=task.title) for words in off],
        )

    def _account(self, task):
        service = task.logon_type is LogonType.SERVICE_ACCOUNT
        others = [
            written
            for sid, written in runs_as(task.xml)
            # only three accounts log on so, and the name of one may be SYSTEM's in any language
            if sid not in WANTED and (sid.startswith("S-1-") or not service)
        ]
        if others:
            yield Advice(
                f"{task.title} does not run as SYSTEM",
                "The guide has it run as SYSTEM, or as an administrator of the host, which cannot "
                "be told from here: look at the account in Task Scheduler.",
                rule="run-as",
                resource=task.resource_id,
                evidence=[Evidence(written, where=task.title) for written in others],
            )

    def assumptions(self, params):
        return ["Saving a backup policy in the console later may write the old settings back."]
