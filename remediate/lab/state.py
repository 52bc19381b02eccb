r"""What a practice host is: the state of its Windows, in memory and as a JSON file.

The state is Windows' own: keys of the registry, definitions of tasks, files on `C:`. How a kind of
resource is read from it and written to it is said in `kinds`, one file for each; the PowerShell
engine has stand-ins of Windows' commands that work on the same.
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from remediate.lab.drive import OURS, Drive

Record = dict[str, Any]
"""Something as JSON has it: a part of Windows' state, or a resource as its model writes it."""

Access = Literal["read", "write"]

Hang = Literal["late", "slow", "stuck"]
"""How a command hangs: it takes a second and does its work then; it takes longer than any limit and
honours the one that it is given; or it never returns."""

Edit = tuple[str, str]
"""A pattern and what is put in its place (`$1` is a group), alike in Python and .NET; or `step` and
a number of bytes, or of per cent of a volume, to whose multiples a size is rounded down; or `less`
and how many per cent a size is smaller then. Of services: what they do, and with what, see their
kind."""

BeforePipeline = Callable[["HostState", int], float | None]
"""Called with the state and the number of the pipeline (from 1) before it runs. It may change
the state (drift), and may return seconds for which the pipeline has to wait."""

_LEASE = OURS + "lease.json"
_FREED = OURS + "freed.json"
_RECEIPTS = OURS + "receipts\\"


@dataclass
class HostState:
    """The state of one practice host. Take `lock` to look at or change several things at once.

    Args:
        name: what the host calls itself.
        windows: the state of its Windows, by section, such as `registry` and `files`; what there
            is none of has no section.
        lease_active: a pipeline that writes is running at this moment.
        os: version of the operating system.
        powershell: version of the engine.
        culture: display language.
        denied: kind of resource → "write", or "read" for all access, where the account that
            comes in has none.
        hangs: kind of resource → how the commands of that kind hang.
        lacks: kinds of resource whose commands or classes this Windows has not, and `vssadmin`,
            `tzutil` or `whoami` where a security product does not let that start.
        edits: kind of resource → what its Windows makes of each thing of that kind that it saves,
            see `kinds.switches`.
        answers: script or command line → what it puts out; only these scripts can be run.
        before_pipeline: hook for tests.
        clock: the host's clock.
    """

    name: str
    windows: Record = field(default_factory=dict)
    lease_active: bool = False
    os: str = "10.0.17763"
    powershell: str = "5.1.17763.6893"
    culture: str = "en-US"
    denied: dict[str, Access] = field(default_factory=dict)
    hangs: dict[str, Hang] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    before_pipeline: BeforePipeline | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    pipelines: int = 0
    changed: Callable[[], None] | None = None

    @property
    def drive(self) -> Drive:
        """The files of its `C:`."""
        return Drive(self.windows)

    def wait(self, seconds: float) -> None:
        """Let time pass by the host's clock, and by no other."""
        begun = self.clock
        self.clock = lambda: begun() + timedelta(seconds=seconds)

    def section(self, name: str) -> list[Record]:
        """A list in Windows' state, to be changed; reading is `windows.get(name, [])`."""
        found: list[Record] = self.windows.setdefault(name, [])
        return found

    def saved_text(self, kind: str, text: str) -> str:
        """What becomes of a text when this Windows saves it."""
        for pattern, replacement in self.edits.get(kind, ()):
            text = re.sub(pattern, re.sub(r"\$(\d)", r"\\g<\1>", replacement), text)
        return text

    def saved_size(self, kind: str, size: int, volume: int) -> int:
        """What becomes of a number of bytes when this Windows saves it.

        Args:
            kind: of what is saved.
            size: the bytes.
            volume: bytes of the volume that they are on.
        """
        for how, much in self.edits.get(kind, ()):
            if how == "less":
                size -= size * int(much.rstrip("%")) // 100
            else:
                number, percent, _ = much.partition("%")
                unit = volume * int(number) // 100 if percent else int(number)
                size = max(unit, size - size % unit)
        return size

    # --- what runs leave on the host: files, as `lease.ps1` writes them ---------------------------

    @property
    def lease(self) -> Record | None:
        """Who holds the host, with times in seconds since 1970; None when nobody does."""
        return self._read(_LEASE)

    @lease.setter
    def lease(self, lease: Record | None) -> None:
        self._write(_LEASE, lease)

    @property
    def freed(self) -> list[Record]:
        """The last lease that each of some runs gave back or lost, the newest first.

        A pipeline of such a run that comes late meets it.
        """
        found = self._parsed(_FREED)
        return [dict(one) for one in (found if isinstance(found, list) else [found]) if one]

    @freed.setter
    def freed(self, leases: list[Record]) -> None:
        self._write(_FREED, leases)

    @property
    def receipts(self) -> list[Record]:
        """What runs left word of, the oldest first."""
        found = [self._read(path) for path in self.drive.below(_RECEIPTS)]
        return sorted(filter(None, found), key=lambda one: str(one.get("written")))

    def save_receipt(self, receipt: Record) -> None:
        """Leave word of a run, in place of what it left before."""
        self._write(f"{_RECEIPTS}{receipt['run']}.json", receipt)

    def _read(self, path: str) -> Record | None:
        found = self._parsed(path)
        return dict(found) if isinstance(found, dict) else None

    def _parsed(self, path: str) -> Any:  # noqa: ANN401 - a document
        data = self.drive.read(path)
        try:
            return None if data is None else json.loads(data.decode("utf-8-sig"))
        except ValueError:  # cut off: whoever was writing it died
            return None

    def _write(self, path: str, document: Record | list[Record] | None) -> None:
        if not document:
            self.drive.remove(path)
        else:
            self.drive.write(path, json.dumps(document).encode())

    # --- the whole --------------------------------------------------------------------------------

    def without_traces(self) -> Record:
        """A copy of Windows' state without the files in which runs say that they were there."""
        with self.lock:
            windows = dict(json.loads(json.dumps(self.windows)))
        Drive(windows).remove(OURS)
        return {name: said for name, said in windows.items() if said or name != "files"}

    def snapshot(self) -> Record:
        """A copy of everything that is kept in a file."""
        with self.lock:
            document = {
                "name": self.name,
                "os": self.os,
                "powershell": self.powershell,
                "culture": self.culture,
                "denied": self.denied,
                "hangs": self.hangs,
                "lacks": self.lacks,
                "edits": self.edits,
                "windows": self.windows,
            }
            return dict(json.loads(json.dumps(document)))
