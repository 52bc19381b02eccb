"""Temporary files that nobody has touched for days, which are moved aside and back, in parts."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.model.settling import Progress, Settling
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Place(StrEnum):
    """Where the files of a set are."""

    NONE = "none"
    THERE = "there"
    MOVING = "moving"
    ASIDE = "aside"
    RETURNING = "returning"


_WORDS = {
    Place.NONE: "there are none",
    Place.THERE: "where they were",
    Place.MOVING: "partly moved aside",
    Place.ASIDE: "moved aside",
    Place.RETURNING: "partly moved back",
}


class OldFiles(Resource):
    r"""The .tmp files of `Windows\Temp` that were both made and last written before a day.

    So no file comes to be one of them any more. They are moved to a folder beside that one, on the
    same volume and for administrators only to write to, which says itself how far that is: a file
    that is in use, or whose name is taken, stays where it is. Folders and links stay, too, and
    files that Windows is to move, replace or delete at its next start.

    Args:
        folder: where they are.
        day: the first day on which a file is too new, UTC.
        place: where they are now, as their own folder says.
        skipped: how many are still there when all others are aside.
        kept: how many are still aside when all others are back.
        current: it is the set that was asked for, and not one of another day that is aside.
        total: all .tmp files of the folder, whatever their age.
        old: how many of the set are there.
        size: bytes of these.
        aside: how many of the set are aside.
        moved: how many were when all had been moved; 0 while that goes on.
    """

    kind: ClassVar[str] = "old_files"
    noun: ClassVar[str] = "old file"
    function: ClassVar[str] = "OldFiles"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader,)
    identity: ClassVar[tuple[str, ...]] = ("folder", "day")
    settable: ClassVar[frozenset[str]] = frozenset({"place"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"current", "total", "old", "size", "aside", "moved"}
    )

    folder: str
    day: str = Field(pattern=DAY)
    place: Place
    skipped: int = 0
    kept: int = 0
    current: bool = False
    total: int = 0
    old: int = 0
    size: int = 0
    aside: int = 0
    moved: int = 0

    @property
    def title(self) -> str:
        """The set in words."""
        return rf"files {self.folder}\*.tmp from before {self.day}"

    @property
    def folder_aside(self) -> str:
        """Where they are moved."""
        return f"{self.folder}.remediate-{self.day}"

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "OldFileSets":
        """The question about the set of one day."""
        return OldFileSets(day=key["day"])

    @classmethod
    def absent(cls, key: Mapping[str, str]) -> dict[str, JsonValue]:
        """A set of which nothing is aside is not told on another day: it is where it was."""
        del key
        return {"place": Place.THERE.value}

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """Where they are, in words."""
        return _WORDS[Place(str(value))] if name == "place" else super().label(name, value)

    @classmethod
    def bookkeeping(cls, name: str) -> bool:
        """Files that stay where they are, as others use them or their names, are worth a note."""
        return name in {"skipped", "kept"}

    @classmethod
    def settling(cls, change: Change) -> Settling:
        """They are moved in parts, in half an hour at most."""
        del change
        return Settling(most=1800, again=True)

    def progress(self, change: Change) -> Progress | None:
        """How many are where they are to be."""
        if self.place not in {Place.MOVING, Place.RETURNING}:
            return None
        done = self.aside if change.after == Place.ASIDE else self.old
        return Progress(done=done, total=self.old + self.aside, unit="files")

    def lacks(self, change: Change) -> str | None:
        """The folder that they were moved to has to be there still."""
        gone = change.after == Place.ASIDE and self.place is Place.NONE
        return f"{self.folder_aside} is not there" if gone else None

    def undo_conflict(self, change: Change, then: Resource | None) -> str | None:
        """What somebody has taken out of the folder cannot be moved back."""
        del change, then
        gone = self.moved - self.aside
        if self.place is not Place.ASIDE or gone <= 0:
            return None
        return f"{gone:,} of the {self.moved:,} files are no longer in {self.folder_aside}"


class OldFileSets(Query):
    """The set of a day; without one, the set of so many days ago, and all that are aside.

    Args:
        day: the first day on which a file is too new, UTC.
        days: how many days nobody may have written or made a file.
    """

    resource: ClassVar[type[Resource]] = OldFiles
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    day: str = Field("", pattern=rf"^$|{DAY}")
    days: int = Field(7, ge=1, le=3650)

    def details(self) -> Iterator[str]:
        """Which files, and of when."""
        yield rf"Windows\Temp\*.tmp, from before {self.day or f'{self.days} days'}"

    def covers(self, wanted: ResourceId) -> bool:
        """A set of another day is told only while it is aside."""
        return wanted.kind == OldFiles.kind
