r"""Which computer answers. An address is not a computer: forwards, DNS and DHCP move it.

A computer is known by its MachineGuid, which Windows makes once, when it is installed, and by its
name. `HKLM\SOFTWARE\Microsoft\Cryptography` has the first, readable for every account.
"""

from collections.abc import Collection
from enum import StrEnum

from pydantic import Field, field_validator

from remediate.model.base import Model


class Computer(Model):
    """What a computer says it is, in every answer.

    Args:
        name: its computer name (`SRV01`); empty where any name will do.
        guid: its MachineGuid in small letters; empty when it could not be read, or when an
            earlier version recorded it.
    """

    name: str = Field(max_length=256)
    guid: str = Field("", max_length=64)

    @field_validator("guid")
    @classmethod
    def _one_form(cls, value: str) -> str:
        return value.strip("{} ").lower()

    def __str__(self) -> str:
        return self.name or self.guid or "a computer without a name"


class Sameness(StrEnum):
    """How an expected computer compares with the one that answers."""

    SAME = "same"
    BY_NAME = "by_name"
    RENAMED = "renamed"
    OTHER = "other"


def compare(expected: Computer, found: Computer, renamed: Collection[str] = ()) -> Sameness:
    """Whether the computer that answers is the one that is expected.

    Args:
        expected: as it was recorded, or as it has answered before.
        found: as it answers now.
        renamed: names of before that a person accepts for a computer that has another one now.

    Returns:
        `SAME`: both agree. `BY_NAME`: one of them has no GUID, and the names agree. `RENAMED`:
        the GUID agrees and the name does not: renamed, or cloned. `OTHER`: another computer.
    """
    named = expected.name.casefold() in ("", found.name.casefold())
    accepted = expected.name.casefold() in {name.casefold() for name in renamed}
    if not (expected.guid and found.guid):
        return Sameness.BY_NAME if named or accepted else Sameness.OTHER
    if expected.guid != found.guid:
        return Sameness.OTHER
    return Sameness.SAME if named or accepted else Sameness.RENAMED
