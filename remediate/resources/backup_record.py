"""What the agent says of its backups: operations, schedule and recovery points.

Only the agent's own PowerShell module knows them, and that is code of somebody else's: it runs in a
process of its own, and what it does not say in time is not known.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from remediate.model.base import Model
from remediate.resources.base import Query, Resource
from remediate.resources.host_path import HOST_PATH_READER, HostPath
from remediate.resources.mars_agent import MODULE_FOLDER
from remediate.resources.own_process import OWN_PROCESS
from remediate.resources.registry_value import RegistryValue

BACKUP = "Backup"
SUCCEEDED = {
    "Completed",
    "CompletedWithWarning",
    "CompletedWithWaitingForImportJob",
    "CompletedWithWaitingForCopyBlob",
}
SYSTEM_STATE = "System State"
"""Name of a source, in whatever language the host's Windows is."""
_ON_ITS_WAY = {"CompletedWithWaitingForImportJob", "CompletedWithWaitingForCopyBlob"}
_ASK = Path(__file__).with_suffix(".ask.ps1")


class AgentJob(Model):
    """An operation of the agent (`Get-OBJob`).

    Args:
        type: of the operation (`Backup`; any other is a restore).
        state: what has become of it (`Completed`, `Aborted`).
        started: when, UTC.
        ended: when, UTC; None when it runs.
        error: code of the error, as the agent writes it; empty or 0 when there is none.
        detail: code of what is behind that.
        sources: what is backed up or restored, by name.
        drives: letters of recovery volumes that it has mounted.
    """

    type: str
    state: str
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""
    detail: str = ""
    sources: tuple[str, ...] = ()
    drives: tuple[str, ...] = ()

    @property
    def is_backup(self) -> bool:
        """Whether it backs up; else it restores."""
        return self.type == BACKUP

    @property
    def of_system_state(self) -> bool:
        """Whether it is about the system state, which has a schedule of its own, and no files."""
        return self.sources == (SYSTEM_STATE,)

    @property
    def succeeded(self) -> bool:
        """Whether there is something to restore from it."""
        return self.state in SUCCEEDED

    @property
    def codes(self) -> str:
        """The codes of what went wrong, in words; empty when there are none."""
        return " and ".join(code for code in (self.error, self.detail) if code.strip("0x"))


class AgentPolicy(Model):
    """The policy for files that is saved on the host (`Get-OBPolicy`).

    Args:
        saved: there is one.
        state: `Valid`, or `Paused` when somebody has stopped it.
        days: on which it backs up; 0 is Sunday.
        times: at which it does, by the host's clock (`21:00:00`).
        weeks: it does so each so many weeks.
    """

    saved: bool
    state: str = ""
    days: tuple[int, ...] = ()
    times: tuple[str, ...] = ()
    weeks: int = Field(1, ge=1)

    @property
    def longest_pause(self) -> timedelta | None:
        """The longest time between two starts; None when it starts never."""
        starts = sorted(
            day * 24 + float(time.split(":")[0]) for day in set(self.days) for time in self.times
        )
        if not starts:
            return None
        week = 7 * 24
        round_the_end = starts[0] + week * self.weeks - starts[-1]
        between = (later - earlier for earlier, later in pairwise(starts))
        return timedelta(hours=max(round_the_end, *between, 0.0))


class PolicyItem(Model):
    r"""What the policy for files includes or excludes (`Get-OBFileSpec`).

    The names of its properties are those of the article on the agent's PowerShell module
    (https://learn.microsoft.com/azure/backup/backup-client-automation).

    Args:
        text: a volume, a folder or a file; its last part may have a `*` (`C:\dir\*.tmp`).
        excluded: it is left out.
        recursive: what is in folders below counts, too.
    """

    text: str
    excluded: bool
    recursive: bool

    def covers(self, path: str) -> bool:
        r"""Whether a file is meant.

        Args:
            path: of the file, on a drive (`C:\dir\file.txt`).
        """
        whole, asked = self.text.casefold().rstrip("\\"), path.casefold()
        if whole == asked:
            return True
        folder, _, pattern = whole.rpartition("\\")
        if "*" not in pattern:
            folder, pattern = whole, "*"
        above, _, name = asked.rpartition("\\")
        where = f"{above}\\".startswith(f"{folder}\\") if self.recursive else above == folder
        return where and _matches(name, pattern)

    def covers_all_in(self, folder: str) -> bool:
        r"""Whether all is meant that is in a folder and below.

        Args:
            folder: on a drive (`C:\dir`).
        """
        return self.covers(rf"{folder}\*\*")  # no file is called so: only what means each one does


class RecoveryPoints(Model):
    """What there is to restore from (`Get-OBAllRecoveryPoints`).

    Args:
        count: how many; 20,000 at most.
        newest: of when, UTC; None when there is none.
    """

    count: int
    newest: datetime | None = None


class BackupRecord(Resource):
    """What the agent that is installed says of its backups. It can only be looked at.

    Args:
        path: folder of its PowerShell module.
        problems: why something is not known, each as a sentence.
        running: operations that run now; None when that is not known.
        finished: the newest that have ended; None when that is not known.
        policy: for files; None when that is not known.
        items: that the policy includes and excludes; None when they are not known.
        points: to restore from; None when that is not known.
    """

    kind: ClassVar[str] = "backup_record"
    noun: ClassVar[str] = "record of backups"
    function: ClassVar[str] = "BackupRecord"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (
        _ASK,
        HOST_PATH_READER,
        OWN_PROCESS,
        RegistryValue.reader,
    )
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"problems", "running", "finished", "points"})

    path: str
    problems: tuple[str, ...] = ()
    running: tuple[AgentJob, ...] | None = None
    finished: tuple[AgentJob, ...] | None = None
    policy: AgentPolicy | None = None
    items: tuple[PolicyItem, ...] | None = None
    points: RecoveryPoints | None = None

    @property
    def backups(self) -> list[AgentJob]:
        """The backups that have ended, the newest first."""
        never = datetime.min.replace(tzinfo=UTC)
        found = [job for job in self.finished or () if job.is_backup]
        return sorted(found, key=lambda job: job.started or never, reverse=True)

    @property
    def seeding(self) -> AgentJob | None:
        """The first backup that goes to Azure on disks, and that has not taken them in yet."""
        return next((job for job in self.backups[:1] if job.state in _ON_ITS_WAY), None)


def _matches(name: str, pattern: str) -> bool:
    """Whether a name is one of a pattern; `*.*` is any."""
    parts = (re.escape(part) for part in ("*" if pattern == "*.*" else pattern).split("*"))
    return re.fullmatch(".*".join(parts), name) is not None


class BackupRecords(Query):
    """The record of the agent, wherever that is installed; none when it is not.

    Args:
        path: folder of its PowerShell module.
        most: how many operations of each sort.
    """

    resource: ClassVar[type[Resource]] = BackupRecord
    seconds: ClassVar[float] = 20.0  # a process is started, loads the module and asks the vault
    bounded: ClassVar[bool] = False

    path: HostPath = MODULE_FOLDER
    most: int = Field(50, ge=1, le=500)

    def details(self) -> Iterator[str]:
        """Where it is; how much of it is read says little."""
        yield str(self.path)
