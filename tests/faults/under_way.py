"""Things that take longer than a write: a pile that is moved in parts, and a scan that goes on."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from remediate.lab.kinds import add_folder
from remediate.model.change import Change
from remediate.model.settling import Progress, Settling
from remediate.playbook import Playbook, PlaybookParams
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues

add_folder(Path(__file__).parent)

VALUES = [
    RegistryName(key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso", name=name)
    for name in ("Before", "After")
]
PARTLY = "partly"


@dataclass
class Time:
    """A clock that only sleeping moves."""

    seconds: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Interrupt(threading.Event):
    """What ends all pauses, by a clock that only sleeping moves.

    Args:
        sleep: moves it.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        super().__init__()
        self._sleep = sleep

    def wait(self, timeout: float | None = None) -> bool:
        self._sleep(timeout or 0.0)
        return self.is_set()


class Named(Resource):
    """What both have in common."""

    identity: ClassVar[tuple[str, ...]] = ("name",)
    reader: ClassVar[Path] = RegistryValue.reader  # which a simulated host does not run
    writer: ClassVar[Path] = RegistryValue.reader

    name: str


class Pile(Named):
    """Files that are moved from one place to another, a few at a time.

    Args:
        name: of the pile.
        place: where it is: `there`, `aside`, or `partly`.
        moved: how many of its files are aside.
        total: how many it has.
        fault: what is wrong with the files, so that no more can be moved.
    """

    kind: ClassVar[str] = "own_pile"
    noun: ClassVar[str] = "pile"
    function: ClassVar[str] = "OwnPile"
    settable: ClassVar[frozenset[str]] = frozenset({"place"})
    volatile: ClassVar[frozenset[str]] = frozenset({"moved", "total", "fault"})
    secret: ClassVar[frozenset[str]] = frozenset({"key"})

    place: str
    moved: int
    total: int
    fault: str = ""

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Piles":
        return Piles(name=key["name"])

    @classmethod
    def settling(cls, change: Change) -> Settling | None:
        del change
        return Settling(most=600, again=True)

    def progress(self, change: Change) -> Progress | None:
        if self.place != PARTLY:
            return None
        done = self.moved if change.after == "aside" else self.total - self.moved
        return Progress(done=done, total=self.total, unit="files", failed=self.fault)


class Piles(Query):
    """The pile with a name."""

    resource: ClassVar[type[Resource]] = Pile

    name: str


class Scan(Named):
    """A scan that, once begun, goes on by itself.

    Args:
        name: of what is scanned.
        depth: of its scans, `quick` or `full`.
        result: of the last scan; `scanning` while one goes on.
        percent: how far that is.
        fault: why it has ended early.
    """

    kind: ClassVar[str] = "own_scan"
    noun: ClassVar[str] = "scan"
    function: ClassVar[str] = "OwnScan"
    settable: ClassVar[frozenset[str]] = frozenset({"depth", "result"})
    volatile: ClassVar[frozenset[str]] = frozenset({"percent", "fault"})

    depth: str
    result: str
    percent: int
    fault: str = ""

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Scans":
        return Scans(name=key["name"])

    @classmethod
    def settling(cls, change: Change) -> Settling | None:
        return Settling(most=600, pause=10, away=True) if change.property == "result" else None

    def progress(self, change: Change) -> Progress | None:
        if change.property != "result" or self.result != "scanning":
            return None
        return Progress(done=self.percent, total=100, unit="%", failed=self.fault)


class Scans(Query):
    """The scan of something."""

    resource: ClassVar[type[Resource]] = Scan

    name: str


class MoveAside(Playbook[PlaybookParams]):
    """A pile has to be elsewhere; then a value is to say so."""

    id = "move-aside"
    title = "Move a pile aside, and say so"
    source = "https://example.com/kb/6"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [Piles(name="old"), RegistryValues(values=tuple(VALUES))]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Pile).should(place="aside")
        yield seen.all(RegistryValue)[0].should(value={"type": "String", "data": "good"})


class ScanIt(MoveAside):
    """A scan, and a value that says that it was made."""

    id = "scan-it"
    title = "Scan a volume, and say so"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [Scans(name="C:"), super().observe(params)[1]]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Scan).should(result="clean")
        yield seen.all(RegistryValue)[0].should(value={"type": "String", "data": "good"})
