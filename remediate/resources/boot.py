"""The boot of a host: since when its Windows runs, and whether it has run anew since."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.model.settling import Progress, Settling
from remediate.resources.base import Query, Resource
from remediate.resources.service import Moment

PROCESSES = ("lsass.exe", "services.exe", "wininit.exe")
"""What Windows starts once in each boot, and does not survive the end of."""

MOST = 3600
"""Seconds that a restart may take: updates are installed meanwhile, and memory is tested."""


QUIET = 15
"""Minutes after which a key that says that servicing waits means no more, while nothing installs.

How long Windows may wait before it goes on to install is not documented.
"""

PENDING = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
"""The key that says that servicing waits for a restart."""


class BootProcess(Model):
    """A process that Windows starts once in each boot.

    Args:
        name: of its program.
        id: of the process.
        created: when, UTC, to 100 ns; None when Windows does not say.
    """

    name: str
    id: int
    created: Moment | None


class BootTime(Model):
    """What tells one boot from another, and when it began.

    Args:
        processes: those that Windows has started once.
        since: when it began, as Windows says by its clock of now, UTC. No proof: it moves with it.
    """

    processes: tuple[BootProcess, ...]
    since: Moment


class Boot(Resource):
    """The boot that goes on. A restart makes it another one, and cannot be undone.

    Another boot is told by these processes: each was created at another time, and their numbers
    are not all the same. That Windows says of itself when it was started is no proof: it moves with
    the clock. Numbers alone are none either, as they are given again.

    While Windows goes on to install what it was restarted for, the restart is not done:
    TiWorker.exe runs, or the registry says that servicing waits for a restart. TrustedInstaller.exe
    alone says nothing: it runs for minutes whenever somebody asks what is installed. A key that
    stays although nothing has been installed for a while keeps no restart from being done.

    Args:
        name: `Windows`, of which a host has one.
        boot: what tells it from others; None of one that is to come.
        asked: the boot that was to be ended when our Set last asked for a restart.
        installing: TiWorker.exe runs.
        servicing: servicing waits for a restart, as `PENDING` says.
        minutes: for how long it runs; an hour is as good as more.
    """

    kind: ClassVar[str] = "boot"
    noun: ClassVar[str] = "boot"
    function: ClassVar[str] = "Boot"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"boot"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"boot", "asked", "installing", "servicing", "minutes"}
    )

    name: str
    boot: BootTime | None
    asked: str = ""
    installing: bool = False
    servicing: bool = False
    minutes: int = 0

    @property
    def title(self) -> str:
        """The boot in words."""
        return "Windows"

    @property
    def _processes(self) -> tuple[BootProcess, ...]:
        return self.boot.processes if self.boot else ()

    @property
    def is_told(self) -> bool:
        """Whether it can be told from another boot."""
        known = (one.name.casefold() for one in self._processes if one.created)
        return sorted(known) == sorted(PROCESSES)

    @property
    def is_asked(self) -> bool:
        """Whether a restart was asked for in this boot."""
        marks = ";".join(f"{one.name} {one.id} {one.created}" for one in self._processes)
        return bool(marks) and self.asked == marks

    @property
    def key_stays(self) -> bool:
        """Whether `PENDING` is still there, though Windows installs nothing any more."""
        return self.servicing and not self.installing and self.minutes >= QUIET

    @property
    def _goes_on(self) -> bool:
        """Whether Windows goes on to install what it was restarted for, or may."""
        return self.installing or (self.servicing and not self.key_stays)

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Boots":
        """The question that returns it."""
        del key
        return Boots()

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """When it began; the rest says it itself."""
        if name != "boot" or value is None:
            return None
        since = datetime.fromisoformat(BootTime.model_validate(value).since)
        return f"since {since:%Y-%m-%d %H:%M:%S} UTC"

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """Another boot has other processes; what is in between cannot be told."""
        if name != "boot" or one is None or other is None:
            return super().same(name, one, other)
        first, second = _by_name(one), _by_name(other)
        if first == second:
            return True
        if sorted(first) != sorted(PROCESSES) or sorted(second) != sorted(PROCESSES):
            return None
        pairs = [(first[name], second[name]) for name in first]
        anew = all(a.created and b.created and a.created != b.created for a, b in pairs)
        return False if anew and any(a.id != b.id for a, b in pairs) else None

    @classmethod
    def disrupts(cls, change: Change) -> bool:
        """All that runs is ended."""
        del change
        return True

    @classmethod
    def settling(cls, change: Change) -> Settling | None:
        """The host is away for a while, and comes back."""
        del change
        return Settling(most=MOST, pause=10, away=True)

    def holds(self, change: Change) -> bool:
        """It is another boot, and Windows has done what it was restarted for."""
        return super().holds(change) and not self._goes_on

    def progress(self, change: Change) -> Progress | None:
        """Asked for, but not begun; or restarted, but not done."""
        if super().holds(change):
            step = Progress(done=1, total=2, unit="steps of the restart")
            return step if self._goes_on else None
        return Progress(done=0, total=2, unit="steps of the restart") if self.is_asked else None


def _by_name(value: JsonValue) -> dict[str, BootProcess]:
    return {one.name.casefold(): one for one in BootTime.model_validate(value).processes}


class Boots(Query):
    """The boot that goes on."""

    resource: ClassVar[type[Resource]] = Boot
