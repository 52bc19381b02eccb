"""Vault credential files on a host: secrets, of which only the vault's tenant is read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import AwareDatetime

from remediate.resources.base import Query, Resource
from remediate.resources.host_path import WholePath

EXTENSION = ".vaultcredentials"


class VaultCredential(Resource):
    """A file that says that it is one, in the folders where browsers and people put them.

    It holds keys. The host itself takes one element out of it, and sends that alone.

    Args:
        path: whole.
        modified: when it was last written, UTC.
        tenant: id of the vault's tenant; empty when it says none or another program keeps it open,
            None when it is no whole XML.
    """

    kind: ClassVar[str] = "vault_credential"
    noun: ClassVar[str] = "vault credential file"
    function: ClassVar[str] = "VaultCredential"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset()

    path: str
    modified: AwareDatetime
    tenant: str | None = None

    @property
    def well_named(self) -> bool:
        """Whether its name ends as the agent wants it."""
        return self.path.casefold().endswith(EXTENSION)

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "VaultCredentials":
        """The question that returns it, among those beside it."""
        return VaultCredentials(folders=(key["path"].rpartition("\\")[0],))


class VaultCredentials(Query):
    """Those in each profile's Desktop, Documents and Downloads, in Windows' and other folders.

    Args:
        folders: the other folders; nothing below them is looked at.
    """

    resource: ClassVar[type[Resource]] = VaultCredential
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    folders: tuple[WholePath, ...] = ()

    def details(self) -> Iterator[str]:
        """All folders, each in words."""
        yield from (r"Users\*\Desktop", r"Users\*\Documents", r"Users\*\Downloads")
        yield from (r"Windows\Temp", *self.folders)
