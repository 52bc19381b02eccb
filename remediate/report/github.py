"""Annotations of GitHub Actions: what is wrong, on how many hosts, at the first one's line.

GitHub shows ten of each level for a step, so each finding is told once, whatever the hosts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from remediate.model.change import Severity
from remediate.model.event import Event
from remediate.model.exit_code import GRAVITY, ExitCode
from remediate.model.outcome import HostReport
from remediate.model.text import count
from remediate.report import words
from remediate.report.account import Account
from remediate.report.cases import HOST, State
from remediate.report.files import Gathering, Piece
from remediate.report.place import place_of
from remediate.report.printable import printable
from remediate.report.reporter import Subject
from remediate.report.totals import MOST_NAMED, Rows, Totals

MOST = 10
"""Annotations of a level that GitHub shows of a step; of more only the number is told."""

_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.NOTICE: "notice"}


@dataclass(slots=True)
class _Trouble:
    """Why some hosts got no good verdict, told by the first of them."""

    message: str
    hosts: int = 0
    first: list[str] = field(default_factory=list)


class GithubForm:
    """Writes workflow commands.

    Args:
        subject: what the result is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._rows = Rows()
        self._trouble: dict[tuple[ExitCode, str], _Trouble] = {}

    def host(self, account: Account) -> Iterable[Piece]:
        """Nothing of its own."""
        self._rows.add(account.host, account.open)
        for case in account.cases:
            if case.state is State.ERROR:
                title = account.verdict if case.name == HOST else f"{case.name} not judged"
                one = self._trouble.setdefault((account.code, title), _Trouble(case.message))
                one.hosts += 1
                one.first += [account.host] if one.hosts <= MOST_NAMED else []
        return ()

    def whole(self, totals: Totals, pieces: Iterable[Piece]) -> Iterator[str]:
        """The annotations, the gravest first, and the numbers."""
        del pieces
        told = dict.fromkeys(_LEVELS.values(), 0)
        places = self._subject.places
        notices = (("warning", "waivers", one.text, one.at) for one in totals.notices)
        found = (
            (level, title, text, places.get(first, ""))
            for level, title, text, first in (*self._troubles(), *self._findings())
        )
        for level, title, text, at in (*found, *notices):
            told[level] += 1
            if told[level] <= MOST:
                yield annotation(level, title, text, place_of(at))
        left = [f"{many - MOST:,} {level}" for level, many in told.items() if many > MOST]
        more = f" Not shown here: {', '.join(left)}." if left else ""
        run = f" Run {self._subject.run}." if self._subject.run else ""
        yield _data(f"{totals.sentence()}. Exit code {int(totals.code)}.{run}{more}") + "\n"

    def _troubles(self) -> Iterator[tuple[str, str, str, str]]:
        ranked = sorted(self._trouble.items(), key=lambda item: GRAVITY.index(item[0][0]))
        for (_, title), one in ranked:
            hosts = _named(one.first, one.hosts)
            yield "error", title, f"{hosts}: {one.message}", one.first[0]

    def _findings(self) -> Iterator[tuple[str, str, str, str]]:
        for row in self._rows.ranked():
            hosts = _named(row.first, row.hosts)
            yield _LEVELS[row.severity], row.playbook, f"{row} on {hosts}", row.first[0]


class GithubReporter:
    """Annotations on stdout, once all hosts have their verdicts.

    Args:
        subject: what the result is about.
        out: where they go.
    """

    def __init__(self, subject: Subject, out: TextIO) -> None:
        self._out = out
        self._gathering = Gathering(subject, ["github"])

    def event(self, event: Event) -> None:
        """Not shown."""

    def host(self, report: HostReport) -> None:
        """Counted."""
        self._gathering.report(report)

    def finish(self, code: ExitCode) -> None:
        """Write them."""
        draft = self._gathering.finish(code)["github"]
        self._out.writelines(text.decode() for text in draft.whole(self._gathering.totals))
        self._out.flush()
        self._gathering.close()


def annotation(level: str, title: str, text: str, place: tuple[Path, int] | None) -> str:
    """A line that GitHub shows at a file's line.

    Args:
        level: `error`, `warning` or `notice`.
        title: what stands above it.
        text: what it says; any.
        place: the file and its line; None for none.
    """
    at = f"file={_property(place[0].as_posix())},line={place[1]}," if place else ""
    return f"::{level} {at}title={_property(title)}::{_data(text)}\n"


def _named(first: list[str], hosts: int) -> str:
    more = [f"{hosts - len(first):,} more"] if hosts > len(first) else []
    return f"{count(hosts, 'host')} ({words.join([*first, *more])})"


def _data(text: str) -> str:
    """A text in which nothing is a command of its own, as GitHub reads it back."""
    return printable(words.shortened(text, words.MAX_VALUE * 4)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
