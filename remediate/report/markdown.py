"""Markdown, for a job's summary or a comment: never longer than these take.

What comes from hosts stands in code spans: nothing in these is a link, a mention or a tag.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from remediate.model.exit_code import ExitCode
from remediate.model.outcome import GRAVITY
from remediate.report.account import Account, plain
from remediate.report.files import Piece
from remediate.report.printable import printable
from remediate.report.reporter import Subject
from remediate.report.totals import Row, Rows, Totals, grades, left_out
from remediate.report.words import MAX_TEXT, MAX_VALUE, shortened

MOST = 900_000
"""Bytes; a job's summary on GitHub holds 1 MiB, a comment on GitLab a million characters."""

_CELL = 200
_ROW, _DETAIL = 0, 100


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
        if subject.run:
            head += f"\nRun {code(subject.run)}\n"
        for text in subject.told:
            head += f"\n{code(text, MAX_TEXT)}\n"
        head += "".join(f"\nWaivers: {code(one, MAX_VALUE)}.\n" for one in totals.notices)
        head += self._findings() + self._left_as_it_is()
        head += f"\n## Hosts\n\n{_row('Host', 'Verdict', 'Findings', 'Why')}{_row(*['---'] * 4)}"
        yield head
        room = MOST - len(head.encode())
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

    def _findings(self) -> str:
        rows = self._rows.ranked()
        if not rows:
            return ""
        titles = _row("Severity", "Playbook", "Finding", "Hosts", "Such as")
        text = f"\n## Findings\n\n{titles}{_row(*['---'] * 5)}"
        for row in rows:
            cells = (row.severity, code(row.playbook), code(str(row)), f"{row.hosts:,}")
            text += _row(*cells, _such_as(row))
        return text

    def _left_as_it_is(self) -> str:
        rows = self._waived.ranked()
        if not rows:
            return ""
        titles = _row("Severity", "Playbook", "Waived", "Hosts", "Such as", "Why")
        text = f"\n## Waived\n\n{titles}{_row(*['---'] * 6)}"
        for row in rows:
            cells = (row.severity, code(row.playbook), code(str(row)), f"{row.hosts:,}")
            text += _row(*cells, _such_as(row), code(row.waived))
        return text


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
