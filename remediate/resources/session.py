"""The session in which a host is asked: what PowerShell lets it do, and whose rights it has."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final

from remediate.resources.base import Query, Resource

FULL_LANGUAGE: Final = "FullLanguage"
"""The language mode in which a script may do everything."""

# https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers
_ADMINISTRATORS: Final = "S-1-5-32-544"
_LOCAL_ACCOUNT: Final = "S-1-5-113"
_INTEGRITY: Final = "S-1-16-"
_HIGH: Final = 12288
"""Integrity level of a token with an administrator's rights; one that UAC has filtered has 8192.

https://learn.microsoft.com/windows/win32/secauthz/mandatory-integrity-control
"""


class Rights(StrEnum):
    """What an account may do in a session."""

    ADMINISTRATOR = "administrator"
    FILTERED = "filtered"
    NONE = "none"


class Session(Resource):
    """The session that asks. It can only be looked at.

    Args:
        name: `PowerShell`, in which all that is asked is asked.
        language_mode: what a script may do (`FullLanguage`, `ConstrainedLanguage`).
        groups: SIDs of the groups in its token, also of those that only deny; None where Windows
            did not say.
    """

    kind: ClassVar[str] = "session"
    noun: ClassVar[str] = "session"
    function: ClassVar[str] = "Session"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset()

    name: str
    language_mode: str
    groups: tuple[str, ...] | None = None

    @property
    def rights(self) -> Rights | None:
        """What the account may do; None where that is not known."""
        if not self.groups:
            return None
        if _ADMINISTRATORS not in self.groups:
            return Rights.NONE
        levels = [int(level) for level in map(_level, self.groups) if level.isdecimal()]
        if not levels:
            return None
        return Rights.ADMINISTRATOR if max(levels) >= _HIGH else Rights.FILTERED

    @property
    def local(self) -> bool:
        """Whether the account is one of the host itself, not of a domain."""
        return _LOCAL_ACCOUNT in (self.groups or ())


def _level(sid: str) -> str:
    """The level that a SID is of; empty where it is of a group."""
    return sid.removeprefix(_INTEGRITY) if sid.startswith(_INTEGRITY) else ""


class Sessions(Query):
    """The one that asks."""

    resource: ClassVar[type[Resource]] = Session
    bounded: ClassVar[bool] = False  # names of groups are asked of a domain controller
