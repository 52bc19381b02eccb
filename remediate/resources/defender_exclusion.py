"""What Microsoft Defender Antivirus leaves out: folders, files, and what programs open."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal

from remediate.model.change import ResourceId
from remediate.resources.base import Query, Resource
from remediate.resources.member import Member, Members
from remediate.resources.registry_value import RegistryName, RegistryValue
from remediate.resources.service import Service

DEFENDER = "WinDefend"
"""Its service; where that does not run, nothing is known of its lists."""

POLICIES = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows Defender"
HIDDEN = RegistryName(key=POLICIES, name="HideExclusionsFromLocalAdmins")
"""1: administrators of the server are shown a text in place of each list, too."""


class ExclusionList(StrEnum):
    """Of what a list is."""

    PATH = "path"
    PROCESS = "process"


class DefenderExclusion(Member):
    """One member of a list of exclusions.

    Args:
        list: of what: a path is left out itself, with all that is below it; of a process what it
            opens is left out, and not its own file.
        value: as it was written: it may have variables and wildcards.
    """

    kind: ClassVar[str] = "defender_exclusion"
    noun: ClassVar[str] = "Defender exclusion"
    function: ClassVar[str] = "DefenderExclusion"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (Service.reader, RegistryValue.reader)
    identity: ClassVar[tuple[str, ...]] = ("list", "value")

    list: ExclusionList
    value: str


class DefenderExclusions(Members):
    """All that Microsoft Defender leaves out by path or process; nothing while it does not run.

    Who may not see them is shown a text in place of each list: then it is not answered.
    """

    resource: ClassVar[type[Resource]] = DefenderExclusion


class ShownDefenderExclusions(Query):
    """The same; nothing where the policy `HIDDEN` is in force, so ask for that value, too.

    Args:
        shown: always; else it is not answered where the lists are hidden.
    """

    resource: ClassVar[type[Resource]] = DefenderExclusion

    shown: Literal[True] = True

    def covers(self, wanted: ResourceId) -> bool:
        """One that is not told is not in its list."""
        return wanted.kind == DefenderExclusion.kind
