"""Say when Windows Server Backup starts at the time at which the agent does."""

from itertools import product

from remediate.model.evidence import Evidence
from remediate.playbook import Advice, Field, Playbook, PlaybookParams
from remediate.resources.mars_agent import INSTALL_PATH, TASKS, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks
from remediate.resources.task_starts import starts

WINDOWS = r"\Microsoft\Windows\Backup"
WINDOWS_TASK = "microsoft-windows-windowsbackup"
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
DAY, WEEK = 24 * 60, 7 * 24 * 60  # minutes


class Params(PlaybookParams):
    apart: int = Field(
        60, ge=1, le=720, description="minutes that there have to be between the two at least"
    )


class WsbConflict(ForAgent, Playbook[Params]):
    """Both take snapshots of the same volumes, and Windows takes one at a time.

    Only starts by the calendar are compared, by days and weeks: of others nobody knows when they
    come.
    """

    id = "wsb-conflict"
    title = "Let Windows Server Backup start at another time than the agent"
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    topic = "schedule"
    only_looks = True
    rules = ("same-time",)

    def observe(self, params):
        return [
            ScheduledTasks(folder=TASKS),
            ScheduledTasks(folder=WINDOWS),
            RegistryValues(values=(INSTALL_PATH,)),
        ]

    def decide(self, seen, params):
        tasks = seen.all(ScheduledTask)
        windows = [task for task in tasks if task.name.casefold() == WINDOWS_TASK]
        ours = [task for task in tasks if _is_ours(task)]
        for task, other in product(windows, ours):
            close = sorted(set(_close(task, other, params.apart)))
            if close:
                yield Advice(
                    f"Windows Server Backup starts within {params.apart} minutes of the agent",
                    "One of the two may fail: give one of them another time, in Windows Server "
                    "Backup or in the Azure Backup console, with room for the longer of them.",
                    rule="same-time",
                    resource=other.resource_id,
                    evidence=tuple(Evidence(what, task.title) for _, what in close[: len(DAYS)]),
                )


def _is_ours(task):
    return task.path.casefold().startswith(TASKS.casefold())


def _close(task, other, apart):
    """The starts of both that are too close, each with its place in the week."""
    for one, two in product(_moments(task), _moments(other)):
        between = abs(one - two)
        if min(between, WEEK - between) < apart:
            yield one, f"{_words(one)} and {_words(two)}"


def _moments(task):
    """Minutes of the week at which it starts."""
    for start in starts(task.xml):
        for day in start.days:
            yield day * DAY + start.time.hour * 60 + start.time.minute


def _words(moment):
    return f"{DAYS[moment // DAY]} {moment % DAY // 60:02}:{moment % 60:02}"
