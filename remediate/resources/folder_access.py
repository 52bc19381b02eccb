"""Who may do what in a folder: its security descriptor, without what is audited."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from remediate.model.base import JsonValue
from remediate.resources.access_list import (
    ADMINISTRATORS,
    SYSTEM,
    same_access,
    same_account,
    sid_of,
)
from remediate.resources.base import Query, Resource
from remediate.resources.host_path import HOST_PATH_READER, HostPath, WholePath
from remediate.resources.registry_value import RegistryValue

_NAMES = {SYSTEM: "SYSTEM", ADMINISTRATORS: "Administrators"}


class FolderAccess(Resource):
    """Who may do what in a folder. Each value is as Windows writes it in SDDL.

    Windows makes what comes from the folder above anew with each write, and passes what is written
    on to what is in the folder. What is audited is kept.

    Args:
        path: the folder, each backslash once.
        owner: who may always change it.
        group: that it has; nothing is done with it.
        access: its access list, with what it inherits.
        leads_elsewhere: it is a link or a mount point, and not written.
    """

    kind: ClassVar[str] = "folder_access"
    noun: ClassVar[str] = "access to folder"
    function: ClassVar[str] = "FolderAccess"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (HOST_PATH_READER, RegistryValue.reader)
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset({"owner", "access"})

    path: str
    owner: str
    group: str
    access: str
    leads_elsewhere: bool = False

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "FoldersAccess":
        """The question about one."""
        return FoldersAccess(paths=(key["path"],))

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """What Windows writes in several ways is the same; see `access_list`."""
        if not (isinstance(one, str) and isinstance(other, str)):
            return one == other
        return same_access(one, other) if name == "access" else same_account(one, other)

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """An owner by its number, or the name by which everybody knows it."""
        if name != "owner" or not isinstance(value, str):
            return super().label(name, value)
        sid = sid_of(value)
        return _NAMES.get(sid, sid)


class FoldersAccess(Query):
    """Some folders; one that is not there, or on no drive, is not answered.

    Args:
        paths: where they are.
    """

    resource: ClassVar[type[Resource]] = FolderAccess
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    paths: tuple[HostPath | WholePath, ...] = Field(min_length=1)
