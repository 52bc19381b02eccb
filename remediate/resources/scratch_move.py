"""The agent's scratch folder, and another that it is to work in: copied in parts, then switched."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from remediate.model.base import JsonValue
from remediate.model.change import Change
from remediate.model.settling import Progress, Settling
from remediate.resources.backup_record import BackupRecord
from remediate.resources.base import Query, Resource
from remediate.resources.host_path import WholePath
from remediate.resources.registry_value import RegistryValue
from remediate.resources.service import Service

Seconds = Annotated[str, Field(pattern=r"^[0-9]{1,4}$")]
"""As text, being part of what identifies a move."""


class Place(StrEnum):
    """Which folder the agent works in."""

    THERE = "there"
    COPYING = "copying"
    SPLIT = "split"
    STOPPED = "stopped"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"


_WORDS = {
    Place.THERE: "in the folder as it was",
    Place.COPYING: "in the folder as it was, which is partly copied",
    Place.SPLIT: "in either folder: its two values differ",
    Place.STOPPED: "in none: its service is stopped, to be started again",
    Place.MOVED: "in the new folder",
    Place.ELSEWHERE: "in another folder, or none",
}


class Content(StrEnum):
    """What stands where the scratch folder is to be."""

    NONE = "none"
    OURS = "ours"
    FOREIGN = "foreign"
    LINK = "link"
    NOWHERE = "nowhere"


class ScratchMove(Resource):
    """The scratch folder, which the agent finds by two values, and one to which it is moved.

    The new folder gets its name when it has the owner and access list of the old one, and a file
    that names that and both values. What is copied has its name only when it is whole. In the last
    write the service is stopped, what has moved since is copied, both values are set, and the
    service is started again. The old folder stays. Taken back, the copy goes, but for what is newer
    than in the old folder.

    Args:
        folder: where the agent worked when that was begun; empty where its values name no folder.
        target: where it is to work.
        downtime: seconds for which its service may be stopped so that the rest is copied.
        place: where it works now.
        key: there is a key file in the folder that it works in.
        new: what stands in place of the new folder.
        links: what in the old folder leads elsewhere, some of it; nothing of that is copied.
        files: how many the old folder has.
        total: bytes of these.
        copied: bytes of those that are the same in the new folder.
        whole: the old folder has a key file, and no removal of it has begun.
        used: something in the new folder is newer than in the old one, or not there.
    """

    kind: ClassVar[str] = "scratch_move"
    noun: ClassVar[str] = "scratch folder"
    function: ClassVar[str] = "ScratchMove"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader, Service.reader)
    writer_needs: ClassVar[tuple[Path, ...]] = (
        *BackupRecord.reading_files(),
        RegistryValue.writer,
        Service.writer,
    )
    identity: ClassVar[tuple[str, ...]] = ("folder", "target", "downtime")
    settable: ClassVar[frozenset[str]] = frozenset({"place"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"new", "links", "files", "total", "copied", "whole", "used"}
    )

    folder: str
    target: str
    downtime: Seconds
    place: Place
    key: bool = False
    new: Content = Content.NONE
    links: tuple[str, ...] = ()
    files: int = 0
    total: int = 0
    copied: int = 0
    whole: bool = True
    used: bool = False

    @property
    def title(self) -> str:
        """Both folders."""
        return f"scratch folder {self.folder}, to be {self.target}"

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "ScratchMoves":
        """The question about one move."""
        return ScratchMoves(**key)

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """Where the agent works, in words."""
        return _WORDS[Place(str(value))] if name == "place" else super().label(name, value)

    @classmethod
    def disrupts(cls, change: Change) -> bool:
        """The service is stopped for a moment, whichever way."""
        del change
        return True

    @classmethod
    def settling(cls, change: Change) -> Settling:
        """It is copied in parts, and waits for a job that runs: six hours at most."""
        return Settling(most=21_600 if change.after == Place.MOVED else 1_800, again=True)

    def progress(self, change: Change) -> Progress | None:
        """How much of it is copied, or of the copy taken away."""
        if self.place not in {Place.COPYING, Place.SPLIT, Place.STOPPED}:
            return None
        copied = min(self.copied, self.total)
        done = copied if change.after == Place.MOVED else self.total - copied
        return Progress(done=done, total=self.total, unit="bytes")

    def lacks(self, change: Change) -> str | None:
        """The old folder has to be there still, with its key file."""
        del change
        if self.place is not Place.MOVED or self.whole:
            return None
        return (
            f"{self.folder} is gone, removed in part, or without its key file: where a removal was "
            "cut off, finish it with remediate hosts leftovers; to work elsewhere than in "
            f"{self.target}, apply scratch-move"
        )

    def undo_conflict(self, change: Change, then: Resource | None) -> str | None:
        """What the agent has written since would be lost to it."""
        del change, then
        if self.place is not Place.MOVED or not self.used:
            return None
        return f"the agent has written in {self.target} since, such as in a backup"


class ScratchMoves(Query):
    """The move to a folder; none when the agent is not installed.

    Args:
        target: where the agent is to work.
        downtime: seconds for which its service may be stopped so that the rest is copied.
        folder: where it worked when the move was begun; where it works when not given.
    """

    resource: ClassVar[type[Resource]] = ScratchMove
    seconds: ClassVar[float] = 20.0  # both folders are looked through
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    target: WholePath
    downtime: Seconds
    folder: str = ""

    def details(self) -> Iterator[str]:
        """Where to."""
        yield f"to {self.target}"
