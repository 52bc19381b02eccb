"""What a finding rests on: something that was seen, where, and since when."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that was seen.

    Args:
        what: as the host said it, such as a line of a log.
        where: what it was seen in (`CBEngineCurr.errlog, line 12`).
        at: when it happened, with its time zone; kept in UTC.

    Raises:
        TypeError: what or where is no text.
        ValueError: the time is in no time zone.
    """

    what: str
    where: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        texts: tuple[object, ...] = (self.what, self.where)
        if not all(isinstance(one, str) for one in texts):
            msg = f"evidence is a text, and where it was seen, not {self.what!r:.40}"
            raise TypeError(msg)
        if self.at is not None and self.at.tzinfo is None:
            msg = f"the time of evidence needs its time zone: {self.at.isoformat()}"
            raise ValueError(msg)
        if self.at is not None:
            object.__setattr__(self, "at", self.at.astimezone(UTC))
