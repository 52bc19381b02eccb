"""Markdown, for a job's summary or a comment: never longer than these take.

What comes from hosts stands in code spans: nothing in these is a link, a mention or a tag.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from remediate.model.exit_code import GRAVITY, ExitCode
from remediate.report.account import Account, plain
from remediate.report.files import Piece
from remediate.report.printable import printable
from remediate.report.reporter import Subject
from remediate.report.times import Times, besides
from remediate.report.totals import Row, Rows, Totals, grades, left_out
from remediate.report.waves import WaveTally
from remediate.report.words import MAX_TEXT, MAX_VALUE, shortened, took

MOST = 900_000
"""Bytes; a job's summary on GitHub holds 1 MiB, a comment on GitLab a million characters."""

_CELL = 200
_COUNTED = 400  # bytes that the lines take which say what was left out
_ROW, _DETAIL = 0, 100
_SLOWEST, _COMPARED = 10, 3  # hosts whose time is told, and how many there have to be


class MarkdownForm:
    """Writes Markdown.

    Args:
        subject: what the result is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._rows = Rows()
        self._waived = Rows()

    def host(self, account: Account) -> Iterator[Piece]:
        """Its row, and what is told of it at length."""
        self._rows.add(account.host, account.open)
        self._waived.add(account.host, account.waived)
        grade = GRAVITY.index(account.code)
        waived = f"{len(account.waived)} waived" if account.waived else ""
        numbers = ", ".join(filter(None, (grades(account.severities), waived)))
        why = account.cases[0].message
        text = _row(code(account.host), account.verdict, numbers, code(why))
        yield Piece(_ROW + grade, text)
        if account.code is not ExitCode.OK or account.found or account.waived:
            yield Piece(_DETAIL + grade, _fenced(plain(account.lines)))

    def whole(self, totals: Totals, pieces: Iterable[Piece]) -> Iterator[str]:
        """The numbers, the findings, the hosts, and each host at length while there is room."""
        subject = self._subject
        head = f"# remediate {subject.command}\n\n{totals.sentence()}. "
        head += f"Exit code {int(totals.code)}: {totals.code.meaning}.\n"
        if times := totals.times.sentence(totals.hosts):
            head += f"\n{times}\n"
        if subject.run:
            head += f"\nRun {code(subject.run)}\n"
        for text in subject.told:
            head += f"\n{code(text, MAX_TEXT)}\n"
        most = subject.most or MOST
        notices = [f"\nWaivers: {code(one.text, MAX_VALUE)}.\n" for one in totals.notices]
        head += _within(notices, most // 8, "\nWaivers: {} more to look at.\n")
        head += _waves(totals.waves, most // 16)
        head += self._findings(most // 4) + self._left_as_it_is(most // 4)
        head += _slowest(totals.times, most // 16)
        head += f"\n## Hosts\n\n{_row('Host', 'Verdict', 'Findings', 'Why')}{_row(*['---'] * 4)}"
        yield head
        room = most - len(head.encode()) - _COUNTED
        left: Counter[ExitCode] = Counter()
        told = False
        for piece in pieces:
            detail = piece.rank >= _DETAIL
            if detail and not told:
                told = True
                yield _left(left, "in the table")
                left.clear()
                title = "\n## Each host\n"
                room -= len(title)
                yield title
            size = len(piece.text.encode())
            if left or size > room:
                left[GRAVITY[piece.rank % _DETAIL]] += 1
                continue
            room -= size
            yield piece.text
        yield _left(left, "told at length" if told else "in the table")

    def _findings(self, most: int) -> str:
        titles = ("Severity", "Playbook", "Finding", "Hosts", "Such as")
        rows = [(*_cells(row), _such_as(row)) for row in self._rows.ranked()]
        return _table("Findings", titles, rows, most)

    def _left_as_it_is(self, most: int) -> str:
        titles = ("Severity", "Playbook", "Waived", "Hosts", "Such as", "Why")
        rows = [(*_cells(row), _such_as(row), code(row.waived)) for row in self._waived.ranked()]
        return _table("Waived", titles, rows, most)


def _waves(waves: WaveTally, most: int) -> str:
    """What became of the hosts of each wave, where they went in waves."""
    rows = [(row.name, f"{row.hosts:,}", waves.sentence(row)) for row in waves.rows()]
    return _table("Waves", ("Wave", "Hosts", "Verdicts"), rows, most)


def _slowest(times: Times, most: int) -> str:
    """The hosts that took longest, where there are others to compare them with."""
    if len(times) < _COMPARED:
        return ""
    rows = [
        (code(one.host), took(one.took), took(one.began), code(besides(one.worked).lstrip(", ")))
        for one in times.slowest()[:_SLOWEST]
    ]
    of = f"Slowest {len(rows)} of {len(times):,} hosts"
    return _table(of, ("Host", "Took", "Begun after", "Besides"), rows, most)


def _table(name: str, titles: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> str:
    """A table below its name, while there is room; the rest is counted."""
    if not rows:
        return ""
    head = f"\n## {name}\n\n{_row(*titles)}{_row(*['---'] * len(titles))}"
    return head + _within([_row(*cells) for cells in rows], most, "\n{} more not in the table.\n")


def _within(texts: Sequence[str], most: int, rest: str) -> str:
    """Texts while there is room; the rest is counted."""
    size = 0
    for number, text in enumerate(texts):
        size += len(text.encode())
        if size > most:
            return "".join(texts[:number]) + rest.format(f"{len(texts) - number:,}")
    return "".join(texts)


def _cells(row: Row) -> tuple[str, ...]:
    return row.severity, code(row.playbook), code(str(row)), f"{row.hosts:,}"


def _such_as(row: Row) -> str:
    names = ", ".join(code(name) for name in row.first)
    return names + (
        f" and {row.hosts - len(row.first):,} more" if row.hosts > len(row.first) else ""
    )


def code(text: str, most: int = _CELL) -> str:
    r"""A text as a code span that may stand in a table.

    A bar ends a cell even in code, unless a backslash is before it; and a backslash of the text
    before that would do something else in each reader, so a blank parts them.

    Args:
        text: what it says; any.
        most: characters of it that are shown.
    """
    text = shortened(printable(text), most).replace("\\|", "\\ |").replace("|", "\\|").strip()
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if fence != "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _row(*cells: str) -> str:
    """A row of a table, all of its cells written."""
    return f"| {' | '.join(cell or ' ' for cell in cells)} |\n"


def _left(left: Counter[ExitCode], where: str) -> str:
    return f"\n{left_out(left, where)}\n" if left else ""


def _fenced(text: str) -> str:
    """Lines as they are."""
    fence = "`" * (1 + max([2, *map(len, re.findall("`+", text))]))
    return f"\n{fence}text\n{text}\n{fence}\n"
