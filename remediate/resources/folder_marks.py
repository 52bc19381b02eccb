"""What NTFS does to each file that is made in a folder: it is compressed, or encrypted."""

from collections.abc import Mapping
from enum import IntFlag
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from remediate.model.base import JsonValue, Model
from remediate.powershell.script import PROGRAM_WRITER
from remediate.resources.base import Query, Resource
from remediate.resources.host_path import HOST_PATH_READER, HostPath, WholePath
from remediate.resources.registry_value import RegistryValue


class Marks(IntFlag):
    """What a file or folder is marked as, among what the agent does not support.

    The numbers are those of Windows (FILE_ATTRIBUTE_…,
    https://learn.microsoft.com/windows/win32/fileio/file-attribute-constants).
    """

    SPARSE = 0x200
    LINK = 0x400
    COMPRESSED = 0x800
    ENCRYPTED = 0x4000

    def __str__(self) -> str:
        return ", ".join(str(mark.name).lower() for mark in self)


class Marked(Model):
    """What stands in a folder and is marked.

    Args:
        name: without the folder's path.
        folder: it is a folder, or leads to one.
        marks: what it is marked as, see `Marks`.
    """

    name: str
    folder: bool
    marks: int

    def __str__(self) -> str:
        return f"{self.name} ({Marks(self.marks)})"


class FolderMarks(Resource):
    """What a folder is marked as, and what in it is marked. What is in files is not read.

    To mark it is about what is made in it from then on: files and folders that are there stay as
    they are (https://learn.microsoft.com/windows-server/administration/windows-commands/compact,
    https://learn.microsoft.com/windows/win32/fileio/handling-encrypted-files-and-directories).

    Args:
        path: the folder, each backslash once.
        compressed: files that are made in it are compressed.
        encrypted: they are encrypted, with the key of whoever makes them.
        leads_elsewhere: it is a link or a mount point, so that what is in it stands elsewhere. It
            is not looked into, and not written.
        inside: what stands right in it and is marked, a hundred at most.
        looked_at: how much of what stands in it was looked at; 5,000 at most.
    """

    kind: ClassVar[str] = "folder_marks"
    noun: ClassVar[str] = "folder"
    function: ClassVar[str] = "FolderMarks"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (HOST_PATH_READER, RegistryValue.reader)
    writer_needs: ClassVar[tuple[Path, ...]] = (PROGRAM_WRITER,)
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset({"compressed", "encrypted"})
    volatile: ClassVar[frozenset[str]] = frozenset({"inside", "looked_at"})

    path: str
    compressed: bool
    encrypted: bool
    leads_elsewhere: bool = False
    inside: tuple[Marked, ...] = ()
    looked_at: int = 0

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """Yes or no."""
        return super().label(name, value) if name not in cls.settable else "yes" if value else "no"

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "FoldersMarks":
        """The question about one."""
        return FoldersMarks(paths=(key["path"],))


class FoldersMarks(Query):
    """Some folders; one that is not there, or on no drive, is not answered.

    Args:
        paths: where they are.
    """

    resource: ClassVar[type[Resource]] = FolderMarks
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    paths: tuple[HostPath | WholePath, ...] = Field(min_length=1)
