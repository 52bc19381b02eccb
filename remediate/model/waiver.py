"""Findings that somebody has decided to live with, until a day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AwareDatetime, Field

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.finding import RecordedFinding

if TYPE_CHECKING:
    from collections.abc import Iterable

ANY = "*"
"""A glob for whatever there is."""

_NO_TIME = datetime.min.replace(tzinfo=UTC)

SOON = timedelta(days=14)
"""How long before its end a waiver is spoken of."""


def end_of(expires: date) -> datetime:
    """The time from which on something does not count any more.

    Args:
        expires: the last day on which it counts, which ends in UTC; or that time.
    """
    if isinstance(expires, datetime):
        return expires
    if expires == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(expires, time(tzinfo=UTC)) + timedelta(days=1)


class Waiver(Model):
    r"""What is left as it is, where, why, who decided so, and until when.

    Globs are those of a shell (`*`, `?`, `[a-c]`), whatever the case.

    Args:
        host: glob for the names of hosts, as the operator calls them.
        playbook: id of the playbook that finds it.
        rule: glob for the playbook's name for what is wrong (`multiple-instances`).
        resource: glob for what it is about: kind, and the values of its key, with blanks between
            (`scheduled_task \Microsoft\OnlineBackup\ *`).
        reason: why it is left as it is.
        who: decided so.
        expires: the last day on which it counts, which ends in UTC; or the time.
        at: where it stands (`waivers.yaml:3:5`).
    """

    host: str
    playbook: str
    rule: str
    resource: str = ANY
    reason: str
    who: str
    expires: Annotated[AwareDatetime | date, Field(union_mode="left_to_right")]
    at: str = ""

    @property
    def end(self) -> datetime:
        """The time from which on it does not count any more."""
        return end_of(self.expires)

    def is_about(self, host: str) -> bool:
        """Whether it is about a host.

        Args:
            host: its name.
        """
        return _matches(host, self.host)

    def covers(self, finding: RecordedFinding) -> bool:
        """Whether it is about a finding of a host that it is about.

        Args:
            finding: by what it is known again; its texts do not matter.
        """
        about = str(finding.resource) if finding.resource else ""
        return (
            finding.playbook == self.playbook
            and _matches(finding.rule, self.rule)
            and _matches(about, self.resource)
        )


class WaiverList(Model):
    """All that a file of waivers holds; `at` is not written there."""

    schema_version: int = SCHEMA_VERSION
    waivers: tuple[Waiver, ...] = ()


class Waived(Model):
    """A finding with the waiver that is about it."""

    finding: RecordedFinding
    waiver: Waiver


class WaiverState(StrEnum):
    """Whether a waiver counts."""

    IN_FORCE = "in_force"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"


class WaiverUse(Model):
    """What a waiver came to in a run.

    Args:
        waiver: the waiver.
        state: whether it counts.
        findings: how many it is about; those of an expired one count again.
        needless: all that it could be about was looked at, and is not there.
    """

    waiver: Waiver
    state: WaiverState
    findings: int = 0
    needless: bool = False


@dataclass(frozen=True, slots=True)
class Waivers:
    """Waivers as they count at one time.

    Args:
        in_force: those that count, in the order in which they are written.
        expired: those that do not any more.
        now: the time.
    """

    in_force: tuple[Waiver, ...] = ()
    expired: tuple[Waiver, ...] = ()
    now: datetime = _NO_TIME

    @classmethod
    def at(cls, waivers: "Iterable[Waiver]", now: datetime) -> Self:
        """Waivers as they count at a time.

        Args:
            waivers: all of them.
            now: the time.
        """
        known = tuple(waivers)
        return cls(
            in_force=tuple(one for one in known if now < one.end),
            expired=tuple(one for one in known if now >= one.end),
            now=now,
        )

    def on(self, host: str) -> "Waivers":
        """Those about a host.

        Args:
            host: its name.
        """
        return Waivers(
            in_force=tuple(one for one in self.in_force if one.is_about(host)),
            expired=tuple(one for one in self.expired if one.is_about(host)),
            now=self.now,
        )

    def state(self, waiver: Waiver) -> WaiverState:
        """Whether one of them counts."""
        if self.now >= waiver.end:
            return WaiverState.EXPIRED
        soon = self.now + SOON >= waiver.end
        return WaiverState.EXPIRES_SOON if soon else WaiverState.IN_FORCE

    def judge(self, finding: RecordedFinding) -> tuple[Waived | None, Waived | None]:
        """The waiver in force that is about a finding of the host; else one that has expired.

        Args:
            finding: of a host that all of them are about.
        """
        found = (
            next((one for one in each if one.covers(finding)), None)
            for each in (self.in_force, self.expired)
        )
        counts, expired = (Waived(finding=finding, waiver=one) if one else None for one in found)
        return counts, None if counts else expired


NO_WAIVERS = Waivers()


def _matches(text: str, glob: str) -> bool:
    return fnmatchcase(text.casefold(), glob.casefold())
