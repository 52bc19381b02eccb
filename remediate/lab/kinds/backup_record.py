r"""What the agent knows of its backups. Windows' state has `agent`: its jobs, policy and points.

In short, what is otherwise than where each night is backed up: `{finished: [{state: Aborted}]}`.
Jobs are said from the oldest to the newest, as the agent has them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field, TypeAdapter

from remediate.lab.kinds.agent_module import AGENT_FOLDER, loading
from remediate.lab.kinds.kind import short_form
from remediate.lab.kinds.registry_value import path_of
from remediate.lab.kinds.scheduled_task import BACKUP_TASKS, make_task
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.host_path import HostPath
from remediate.resources.mars_agent import MODULE_FOLDER
from remediate.resources.task_starts import starts

HEALTHY: dict[str, Any] = {}
_NIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
"""When backups have last begun; the same in all states that a process makes."""
_HOUR = timedelta(hours=1)
_MOST, _LONGEST = 500, 1000  # items of a policy that are told, and characters of one


class _Job(Model):
    """An operation of the agent.

    Args:
        type: `Backup` or `Recovery`.
        state: what has become of it.
        started: when; the last night when not said.
        ended: when; an hour later when not said, never while it runs.
        error: code of what went wrong.
        detail: code of what is behind that.
        sources: names of what is backed up.
        drive: letter of the recovery volume that it has mounted.
    """

    type: str = "Backup"
    state: str = "Completed"
    started: datetime = _NIGHT
    ended: datetime | None = None
    error: int = 0
    detail: int = 0
    sources: tuple[str, ...] = ("C:\\",)
    drive: str = ""

    def stored(self, *, runs: bool = False) -> Record:
        end = None if runs else self.ended or self.started + _HOUR
        times = {"started": _text(self.started), "ended": end and _text(end)}
        return {**self.model_dump(mode="json"), **times}


class _Item(Model):
    """What the policy includes or excludes.

    Args:
        text: a volume, folder, file or pattern.
        excluded: it is left out.
        recursive: what is below counts, too.
    """

    text: str
    excluded: bool = False
    recursive: bool = True


class _Policy(Model):
    """The policy for files.

    Args:
        state: `Valid` or `Paused`.
        days: on which it backs up, 0 is Sunday.
        times: at which it does; those of the task when not said.
        weeks: each so many.
    """

    state: str = "Valid"
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    times: tuple[str, ...] | None = None
    weeks: int = 1


class _Short(Model):
    """What the agent knows, as it differs from what that of a healthy host does.

    Args:
        running: operations that run.
        finished: those that have ended.
        policy: for files; None when none is saved.
        items: of the policy; None when the module says them in another way.
        points: how many recovery points there are, one each night.
        fails: commands that fail, each with the id of its error.
    """

    running: tuple[_Job, ...] = ()
    finished: tuple[_Job, ...] = (_Job(started=_NIGHT - 24 * _HOUR), _Job())
    policy: _Policy | None = _Policy()
    items: tuple[_Item, ...] | None = (
        _Item(text="C:\\"),
        _Item(text="D:\\"),
        _Item(text=f"{AGENT_FOLDER}\\Scratch", excluded=True),
        _Item(text=f"{AGENT_FOLDER}\\bin", excluded=True),
    )
    points: int = 30
    fails: dict[str, str] = Field(default_factory=dict)


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """What the agent knows, and nothing else."""
    known = short_form(_SHORT, short)
    policy = None
    if known.policy is not None:
        said = known.policy.times
        times = _times_of_task() if said is None else said
        policy = {**known.policy.model_dump(mode="json"), "times": list(times)}
    host.windows["agent"] = {
        "running": [job.stored(runs=True) for job in known.running],
        "finished": [job.stored() for job in known.finished],
        "policy": policy,
        "items": known.model_dump(mode="json")["items"],
        "points": [_text(_NIGHT - 24 * _HOUR * nights) for nights in range(known.points)],
        "fails": known.fails,
    }


def _times_of_task() -> tuple[str, ...]:
    """When the task of a healthy host starts a backup."""
    return tuple(f"{start.time:%H:%M:%S}" for start in starts(make_task(BACKUP_TASKS[0])["xml"]))


def read(host: HostState, path: Record | None = None, most: int = 50) -> Iterator[Record]:
    """What the agent says, in so far as its module loads and its commands do not fail."""
    folder = path_of(host, MODULE_FOLDER if path is None else HostPath.model_validate(path))
    if folder is None:
        return
    record: Record = {"path": folder, "problems": [], **dict.fromkeys(_PARTS)}
    problem = _no_module(host, folder)
    if problem:
        yield {**record, "problems": [problem]}
        return
    agent = host.windows.get("agent", {})
    for command, part in _PARTS_OF.items():
        if part is _items and not (record["policy"] or {}).get("saved"):
            continue
        error = agent.get("fails", {}).get(command)
        if error:
            record["problems"].append(f"{command} fails with {error}.")
        else:
            record |= part(agent, most)
    yield record


def _no_module(host: HostState, folder: str) -> str:
    """Why the module cannot be asked; empty when it can."""
    if host.drive.find(f"{folder}\\MSOnlineBackup.psd1") is None:
        return "Its PowerShell module is not there."
    loads, error, _ = loading(host.drive, folder)
    if loads is None:
        return "It has not answered in the time that this question has."
    return error


def _jobs(agent: Record, most: int) -> Record:
    running, finished = agent.get("running", []), agent.get("finished", [])
    return {
        "running": [_job(job) for job in running[:most]],
        "finished": [_job(job) for job in finished[-most:]],
    }


def _job(job: Record) -> Record:
    names = ("type", "state", "started", "ended")
    return {
        **{name: job[name] for name in names},
        "error": str(job["error"]),
        "detail": str(job["detail"]),
        "sources": list(job["sources"]),
        "drives": [job["drive"]] if job["drive"] else [],
    }


def _policy(agent: Record, most: int) -> Record:
    del most
    none = {"state": "", "days": [], "times": [], "weeks": 1}
    policy = agent.get("policy")
    return {"policy": {"saved": policy is not None, **(policy or none)}}


def _items(agent: Record, most: int) -> Record:
    del most
    items = agent.get("items")
    if items is None or len(items) > _MOST or any(len(item["text"]) > _LONGEST for item in items):
        return {}
    return {"items": [dict(item) for item in items]}


def _points(agent: Record, most: int) -> Record:
    del most
    points = agent.get("points", [])
    return {"points": {"count": len(points), "newest": max(points, default=None)}}


_PARTS = ("running", "finished", "policy", "items", "points")
_PARTS_OF = {
    "Get-OBJob": _jobs,
    "Get-OBPolicy": _policy,
    "Get-OBFileSpec": _items,
    "Get-OBAllRecoveryPoints": _points,
}


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
