"""What runs have left on a host: receipts, files that were moved, copies of a folder, scans."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from remediate.model.base import JsonValue
from remediate.model.beside import Beside
from remediate.model.change import Change, ResourceId
from remediate.model.settling import Progress, Settling
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue
from remediate.resources.scratch_move import ScratchMove
from remediate.resources.service import Moment

REMOVING = "leftovers"
"""Id of the playbook that removes what runs have left."""
MOST = 1800
"""Seconds that the removal of many files may take."""


class LeftoverSort(StrEnum):
    """What something is that a run has left."""

    NONE = "none"
    RECEIPT = "receipt"
    MOVED_FILES = "moved-files"
    COPY = "copy"
    SCAN = "scan"
    OLD_SCRATCH = "old-scratch"
    KEPT_SCRATCH = "kept-scratch"
    BEGUN_SCRATCH = "begun-scratch"


NEEDED = {LeftoverSort.MOVED_FILES, LeftoverSort.COPY, LeftoverSort.OLD_SCRATCH}
"""What the way back needs."""


class Hold(StrEnum):
    """What speaks against removing a folder that the agent has worked in."""

    NONE = ""
    IN_USE = "in-use"
    UNFINISHED = "unfinished"
    UNCLEAR = "unclear"
    NESTED = "nested"
    LINK = "link"
    NO_KEY = "no-key"
    SYSTEM = "system"
    SHORT_NAME = "short-name"
    CHANGED = "changed"
    UNLISTED = "unlisted"


REASONS = {
    Hold.IN_USE: "the agent works in it",
    Hold.UNFINISHED: "the move to where the agent works has left its service stopped: finish it "
    "with remediate runs reconcile, or take it back with remediate rollback",
    Hold.UNCLEAR: "the two values ScratchLocation do not name one folder: see scratch-location",
    Hold.NESTED: "it is in the folder that the agent works in, or one that is needed is in it",
    Hold.LINK: "it leads elsewhere, or the folder that the agent works in does",
    Hold.NO_KEY: "there is no key file in the folder that the agent works in: see encryption-key",
    Hold.SYSTEM: "it is among the folders of Windows, of programs or of users: remove it by hand",
    Hold.SHORT_NAME: "its name, or that of the folder that the agent works in, may be short for "
    "another one (~): remove it by hand",
    Hold.CHANGED: "there are files in it that the agent has not left so: move them elsewhere",
    Hold.UNLISTED: "nothing says which files the agent has left in it: remove it by hand",
}


class Leftover(Resource):
    r"""Something that a run has left on a host, where nothing else can be: it is told by its place.

    A receipt names what its run has written to. All else stands beside such a thing.

    Args:
        path: of the file or folder; below `%ProgramFiles%` as it is written here.
        present: it is there.
        sort: what it is; nothing when it is not there.
        run: whose receipt it is; empty for all else.
        beside: what it stands beside; for a receipt, all that its run has written to.
        files: how many are in it.
        moved: how many were in it at first, before any was removed; 0 where that is not known.
        size: bytes of them.
        hold: what speaks against removing it.
        changed: files in a folder that the agent has left that were not there then, or are not as
            they were; some of them.
        written: when a receipt was, UTC; None where that is not known.
    """

    kind: ClassVar[str] = "leftover"
    noun: ClassVar[str] = "leftover"
    function: ClassVar[str] = "Leftover"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader, ScratchMove.reader)
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset({"present"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"sort", "run", "beside", "files", "moved", "size", "hold", "changed", "written"}
    )

    path: str
    present: bool = True
    sort: LeftoverSort = LeftoverSort.NONE
    run: str = ""
    beside: tuple[Beside, ...] = ()
    files: int = Field(0, ge=0)
    moved: int = Field(0, ge=0)
    size: int = Field(0, ge=0)
    hold: Hold = Hold.NONE
    changed: tuple[str, ...] = ()
    written: Moment | None = None

    @property
    def reason(self) -> str:
        """What speaks against removing it, in words; empty where nothing does."""
        if not self.hold:
            return ""
        return ": ".join((REASONS[self.hold], ", ".join(self.changed))).removesuffix(": ")

    @property
    def title(self) -> str:
        """Where it is."""
        return self.path

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Leftovers":
        """The question that returns it, among others."""
        del key
        return Leftovers()

    @classmethod
    def absent(cls, key: Mapping[str, str]) -> dict[str, JsonValue]:
        """Nothing of it is left."""
        del key
        return {"present": False}

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """Whether it is there."""
        if name != "present":
            return super().label(name, value)
        return "there" if value else "removed"

    def as_before(self, change: Change) -> bool:
        """What is removed in part is not as it was, though it is there."""
        return super().as_before(change) and self.progress(change) is None

    @classmethod
    def settling(cls, change: Change) -> Settling:
        """Many files are removed in parts."""
        del change
        return Settling(most=MOST, again=True)

    def progress(self, change: Change) -> Progress | None:
        """How many of its files are removed."""
        del change
        if not 0 <= self.files < self.moved:
            return None
        return Progress(done=self.moved - self.files, total=self.moved, unit="files")


class Leftovers(Query):
    """All that runs have left on the host, but for leases."""

    resource: ClassVar[type[Resource]] = Leftover
    seconds: ClassVar[float] = 20.0  # files are counted
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    def covers(self, wanted: ResourceId) -> bool:
        """All there is, is answered."""
        return wanted.kind == Leftover.kind
