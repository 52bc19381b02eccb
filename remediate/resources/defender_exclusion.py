"""What Microsoft Defender Antivirus leaves out: folders, files, and what programs open."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from remediate.resources.base import Resource
from remediate.resources.member import Member, Members
from remediate.resources.service import Service

DEFENDER = "WinDefend"
"""Its service; where that does not run, nothing is known of its lists."""


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
    reader_needs: ClassVar[tuple[Path, ...]] = (Service.reader,)
    identity: ClassVar[tuple[str, ...]] = ("list", "value")

    list: ExclusionList
    value: str


class DefenderExclusions(Members):
    """All that Microsoft Defender leaves out by path or process; nothing while it does not run.

    Who may not see them is shown a text in place of each list: then it is not answered.
    """

    resource: ClassVar[type[Resource]] = DefenderExclusion
