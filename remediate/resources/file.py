"""Files on a host, as far as that can be told without opening them; a program says its version."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import AwareDatetime, Field

from remediate.resources.base import Query, Resource
from remediate.resources.host_path import HOST_PATH_READER, HostPath, WholePath
from remediate.resources.registry_value import RegistryValue


class File(Resource):
    """What stands at a path. Nothing of what is in it is read.

    Args:
        path: as it was asked for, whole.
        size: bytes; None where there is no such file.
        modified: when it was last written, UTC.
        version: of a program (.exe, .dll), four numbers; empty when it has none.
    """

    kind: ClassVar[str] = "file"
    noun: ClassVar[str] = "file"
    function: ClassVar[str] = "File"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (HOST_PATH_READER, RegistryValue.reader)
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"size", "modified", "version"})

    path: str
    size: int | None = None
    modified: AwareDatetime | None = None
    version: str = ""

    @property
    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.size is not None

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Files":
        """The question about one."""
        return Files(paths=(key["path"],))


class Files(Query):
    """Some files; each whose path is one on a drive is answered once, if only by its absence.

    Args:
        paths: where they are.
    """

    resource: ClassVar[type[Resource]] = File
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    paths: tuple[HostPath | WholePath, ...] = Field(min_length=1)
