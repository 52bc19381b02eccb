"""Windows itself: which one it is, where it runs, and whether it waits for a restart."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue

AZURE = "7783-7084-3265-9085-8269-3286-77"
"""The asset tag that Azure gives to the chassis of each virtual machine, and nobody else."""


class PendingRestart(StrEnum):
    """What Windows waits for a restart with, by where the registry says so."""

    SERVICING = "servicing"
    UPDATES = "updates"
    FILE_RENAMES = "file-renames"


class OperatingSystem(Resource):
    """The Windows of a host. It can only be looked at.

    Args:
        name: `Windows`, of which a host has one.
        version: of Windows (`10.0.17763`).
        product_type: 1 is a workstation, 2 a domain controller, 3 a server.
        domain: that it is a member of; empty in a workgroup.
        asset_tags: of what the computer is built into, as its firmware says.
        pending_restart: what it waits for a restart with.
    """

    kind: ClassVar[str] = "operating_system"
    noun: ClassVar[str] = "operating system"
    function: ClassVar[str] = "OperatingSystem"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader,)
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"pending_restart"})

    name: str
    version: str
    product_type: int
    domain: str = ""
    asset_tags: tuple[str, ...] = ()
    pending_restart: tuple[PendingRestart, ...] = ()

    @property
    def in_azure(self) -> bool:
        """Whether it is a virtual machine of Azure."""
        return AZURE in self.asset_tags


class OperatingSystems(Query):
    """The one that runs."""

    resource: ClassVar[type[Resource]] = OperatingSystem
