"""Entries of Windows' event logs, the newest first."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from remediate.resources.base import Query, Resource
from remediate.resources.service import Moment

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_. ()/-]{1,256}$")]
"""Of a log or a provider; nothing that would have to be escaped in a query."""
_Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f'\"<>&]{1,200}$")]


class Event(Resource):
    """One entry. Its message is left out: Windows translates it, and what it is made of is `data`.

    Args:
        log: name of the log (`Application`).
        record: number of the entry in it.
        id: what happened, by the numbers of its provider.
        provider: who says so (`Application Error`), the same in every language.
        level: 1 critical, 2 error, 3 warning, 4 and 0 information.
        at: when, UTC.
        data: the values in the order of the provider; 20 at most, each cut at 300 characters.
    """

    kind: ClassVar[str] = "event"
    noun: ClassVar[str] = "event"
    function: ClassVar[str] = "Event"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("log", "record")
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"id", "provider", "level", "at", "data"})

    log: str
    record: int
    id: int
    provider: str
    level: int
    at: Moment
    data: tuple[str, ...]

    @property
    def time(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.at)


class Events(Query):
    """The newest events of one provider in one log; none when Windows has no such log.

    Args:
        log: name of the log.
        provider: who wrote them.
        ids: what happened.
        data: texts of which one has to be among the values; any will do when there are none.
        days: how far to look back.
        most: how many are enough.
    """

    resource: ClassVar[type[Resource]] = Event
    bounded: ClassVar[bool] = False

    log: _Name
    provider: _Name
    ids: tuple[int, ...] = Field(min_length=1, max_length=10)
    data: tuple[_Text, ...] = Field((), max_length=5)
    days: int = Field(ge=1, le=3650)
    most: int = Field(50, ge=1, le=500)

    def details(self) -> Iterator[str]:
        """The events in words."""
        ids = " or ".join(map(str, self.ids))
        about = f" with {' or '.join(self.data)}" if self.data else ""
        yield f"{self.log}, {self.provider} {ids}{about}, of {self.days} days, {self.most} at most"
