"""Say when the last backup was, what has become of it, and whether the next one will come."""

from datetime import datetime, timedelta
from typing import NamedTuple

from remediate.model.evidence import Evidence
from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import (
    AgentJob,
    AgentPolicy,
    BackupRecord,
    BackupRecords,
)
from remediate.resources.base import Resource
from remediate.resources.mars_agent import (
    INSTALLED,
    TASKS,
    ForAgentModule,
    backs_up_system_state,
)
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks
from remediate.resources.task_starts import says_zone, starts

FILES_TASK = "microsoft-onlinebackup"
USUAL = timedelta(hours=24)  # between two backups, where no schedule is known
WEEK = timedelta(weeks=1)
AGAIN = (
    "In the Azure Backup console, open Schedule Backup, save the schedule again, and back up once "
    "by hand: the vault and the host then have the same."
)


class Params(PlaybookParams):
    max_age: int | None = Field(
        None,
        ge=1,
        le=5_256_000,
        description="hours for which a backup counts as recent; the longest pause of the schedule "
        "and a day when not given",
    )


class LastBackup(ForAgentModule, Playbook[Params]):
    """The agent itself is asked for its last backups, its policy and its recovery points.

    Its PowerShell module is run for that. What it does not say is not known, and not guessed.
    """

    id = "last-backup"
    title = "Have a recent backup, and a schedule that brings the next one"
    source = "https://learn.microsoft.com/azure/backup/backup-azure-file-folder-backup-faq"
    topic = "schedule"
    only_looks = True
    deep = True
    rules = (
        "not-known",
        "never",
        "too-old",
        "failed",
        "warning",
        "no-policy",
        "paused",
        "no-task",
        "schedule-differs",
    )

    def observe(self, params):
        return [
            BackupRecords(),
            ScheduledTasks(folder=TASKS),
            RegistryValues(values=INSTALLED),
        ]

    def decide(self, seen, params):
        record = seen.one(BackupRecord)
        tasks = seen.all(ScheduledTask)
        if record.problems:
            yield Advice(
                "Not all is known of the backups",
                "Ask again for this playbook alone. If it is still so: module-restore finds out "
                "whether the agent's PowerShell module is whole, and its service (obengine) has to "
                "run.",
                rule="not-known",
                resource=record.resource_id,
                evidence=tuple(Evidence(problem) for problem in record.problems),
            )
        if record.finished is not None:
            for part in _parts(record, tasks):
                yield from _last(part, record, seen, params)
        if record.policy is not None:
            yield from _schedule(record, tasks)


class Part(NamedTuple):
    """What is backed up by a schedule of its own.

    Args:
        name: of it.
        about: the resource that its findings are about.
        backups: of it that have ended, the newest first.
        planned: more are to come, as far as is known.
        pause: the longest time between two of them.
    """

    name: str
    about: Resource
    backups: list[AgentJob]
    planned: bool
    pause: timedelta


def _parts(record, tasks):
    """Files and the system state, in so far as they are backed up: a good one hides no bad one."""
    state = next(filter(backs_up_system_state, tasks), None)
    planned = record.policy is None or record.policy.saved
    if planned or state is None:
        backups = [job for job in record.backups if not job.of_system_state]
        pause = record.policy.longest_pause if record.policy else None
        yield Part("files", record, backups, planned, pause or USUAL)
    if state is not None:
        backups = [job for job in record.backups if job.of_system_state]
        pause = _pause(state) or WEEK
        yield Part("the system state", state, backups, planned=True, pause=pause)


def _last(part, record, seen, params):
    good = next((job for job in part.backups if job.succeeded), None)
    nothing = record.points is not None and not record.points.count
    if good is None and nothing and (part.backups or part.planned):
        yield Advice(
            f"No backup of {part.name} has ever succeeded",
            "Nothing can be restored: run one from the Azure Backup console, and see what it says.",
            Severity.CRITICAL,
            rule="never",
            resource=part.about.resource_id,
        )
    at = good.started if good else record.points and record.points.newest
    now = datetime.fromisoformat(seen.facts.utc)
    most = timedelta(hours=params.max_age) if params.max_age else part.pause + timedelta(days=1)
    if at is not None and now - at > most:
        yield Advice(
            f"The last backup of {part.name} is of {at:%Y-%m-%d %H:%M} UTC",
            f"That is more than {most // timedelta(hours=1)} h ago: look at the schedule and at "
            "the backup task, and run one by hand.",
            Severity.CRITICAL,
            rule="too-old",
            resource=part.about.resource_id,
        )
    newest = part.backups[0] if part.backups else None
    if newest and not newest.succeeded:
        yield Advice(
            f"The last backup of {part.name} has ended as {newest.state}",
            f"The agent says {newest.codes}."
            if newest.codes
            else "The agent names no error: see its log.",
            Severity.CRITICAL,
            rule="failed",
            resource=part.about.resource_id,
            evidence=(_seen(newest),),
        )
    elif newest and newest.state == "CompletedWithWarning":
        yield Advice(
            f"The last backup of {part.name} has left files out",
            "failed-files says which, and why.",
            rule="warning",
            resource=part.about.resource_id,
            evidence=(_seen(newest),),
        )


def _pause(task):
    """The longest time between two starts of a task; None when that is not known."""
    found = starts(task.xml)
    return AgentPolicy(
        saved=True,
        days=tuple(day for start in found for day in start.days),
        times=tuple(f"{start.time:%H:%M:%S}" for start in found),
        weeks=max((start.weeks for start in found), default=1),
    ).longest_pause


def _seen(job):
    what = " ".join(filter(None, (job.type, job.state, *job.sources, job.codes)))
    return Evidence(what, "Get-OBJob", job.ended or job.started)


def _schedule(record, tasks):
    """What keeps the next backup from coming, as far as policy and task tell."""
    policy = record.policy
    task = next((task for task in tasks if task.name.casefold() == FILES_TASK), None)
    about = {"resource": record.resource_id}
    if not policy.saved:
        if task is not None:
            yield Advice("A backup task is left of no policy", AGAIN, rule="no-policy", **about)
        return
    if policy.state == "Paused":
        yield Advice(
            "The backup policy is paused",
            "No backup runs until it is resumed: Set-OBPolicyState, or the Azure Backup console.",
            Severity.CRITICAL,
            rule="paused",
            **about,
        )
    elif task is None:
        yield Advice(
            "A backup policy is saved, and there is no task that runs it",
            AGAIN,
            Severity.CRITICAL,
            rule="no-task",
            **about,
        )
    elif policy.times and _planned(policy) != _started(task) and not says_zone(task.xml):
        yield Advice(
            "The schedule of the backup policy is not that of its task",
            f"The agent may say that no backup is configured. {AGAIN}",
            rule="schedule-differs",
            evidence=(
                Evidence(_words(_planned(policy)), "Get-OBSchedule"),
                Evidence(_words(_started(task)), task.title),
            ),
            **about,
        )


def _planned(policy):
    return {(day, time[:5]) for day in policy.days for time in policy.times}


def _started(task):
    return {(day, f"{start.time:%H:%M}") for start in starts(task.xml) for day in start.days}


def _words(moments):
    names = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
    return ", ".join(f"{names[day]} {time}" for day, time in sorted(moments)) or "never"
