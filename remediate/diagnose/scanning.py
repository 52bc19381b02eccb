"""The causes that a file tells of, each with how often, when, and a line that shows it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from remediate.diagnose.matching import Match, Matcher
from remediate.diagnose.records import Record

EXAMPLE = 300
"""Characters of a line that are shown."""

_KEPT = 20_000
"""Lines that differ, of which it is kept what they are about."""

_TEXT = 20_000
"""Characters of a text that is looked at as a whole, where no line of it is known."""

_COUNTS = 9
"""Digits of a number that may count something."""

_VARIES = re.compile(r"[A-Za-z]:\\\S*|(?<![0-9A-Za-z_])\d+(?![0-9A-Za-z_])")
"""What differs from line to line: paths, and numbers that may only count."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclass(slots=True)
class Sighting:
    """A cause in a file.

    Args:
        match: what it is, by the first line of it.
        example: that line, cut where it is long.
        count: lines about it.
        first: time of the first of them, as the file has it.
        last: time of the last of them.
    """

    match: Match
    example: str
    count: int = 0
    first: str = ""
    last: str = ""

    def add(self, time: str) -> None:
        """One more line about it."""
        self.count += 1
        if not time:
            return
        ordered = _ISO.match(time) and _ISO.match(self.first)  # logs of events begin with the last
        self.first = min(self.first, time) if ordered else self.first or time
        self.last = max(self.last, time) if ordered else time


@dataclass(slots=True)
class Scan:
    """Looks through the records of files.

    Args:
        matcher: finds causes.
        found: the causes, by id.
        looked_at: how many records.
    """

    matcher: Matcher
    found: dict[str, Sighting] = field(default_factory=dict)
    looked_at: int = 0

    def add(self, records: Iterable[Record]) -> None:
        """Look through the records of one more file."""
        known = lru_cache(_KEPT)(self._known)
        whole: list[str] | None = []
        length = 0
        for record in records:
            self.looked_at += 1
            if match := known(_VARIES.sub(self._same, record.said or record.text)):
                whole = None
                self._sighted(match, record.text, record.time)
            elif whole is not None:
                whole.append(record.text)
                length += len(record.text)
                whole = whole if length <= _TEXT else None
        if whole and (match := self._known("\n".join(whole))):  # it was wrapped, as in a mail
            self._sighted(match, " ".join(whole), "")

    def _sighted(self, match: Match, text: str, time: str) -> None:
        one = self.found.setdefault(match.entry.id, Sighting(match, text[:EXAMPLE]))
        one.add(time)

    def ranked(self) -> list[Sighting]:
        """The causes, the most frequent first."""
        return sorted(self.found.values(), key=lambda one: -one.count)

    def _known(self, text: str) -> Match | None:
        first = next(iter(self.matcher.match(text, log=True)), None)
        return first if first and first.known else None

    def _same(self, match: re.Match[str]) -> str:
        """What stands for a part of a line that differs from one to the next."""
        part = match[0]
        if not part.isdecimal():
            return "~"
        return part if len(part) > _COUNTS or self.matcher.has(int(part)) else "0"
