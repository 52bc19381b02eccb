"""Results for people: what one wants to read at 3 a.m."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from shutil import get_terminal_size
from typing import TextIO

from remediate.model.event import Event
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome
from remediate.model.text import count
from remediate.report import words
from remediate.report.lines import BAD, COMMAND, DIM, STRONG, WARN, Line, host_lines, line
from remediate.report.overview import NAMED, Overview
from remediate.report.printable import printable
from remediate.report.reporter import Subject
from remediate.report.times import Times
from remediate.report.waivers import WaiverTally
from remediate.report.waves import WaveTally

MAX_WIDTH = 120
"""Columns; longer lines are hard to read on wide terminals."""

FEW = 3
"""Hosts of an audit that are told in full without being asked."""

HANG = 2
"""Columns that the rest of a wrapped line is further in."""

_ASCII = str.maketrans({"→": "->", "…": "...", "·": "-", "\N{REPLACEMENT CHARACTER}": "?"})


class ConsoleReporter:
    """Prints each host when it is done, and a summary of several.

    Args:
        subject: what the result is about.
        out: where it goes.
        quiet: entered while something is printed, so that progress stays out of the way.
    """

    def __init__(
        self,
        subject: Subject,
        out: TextIO,
        quiet: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._subject = subject
        self._out = out
        self._quiet = quiet
        self._outcomes: Counter[str] = Counter()
        self._told: set[str] = set()
        self._wanted: set[str] = set()
        self._unanswered: Counter[str] = Counter()
        self._partly = 0
        self._waivers = WaiverTally(subject.waivers)
        self._times = Times()
        self._waves = WaveTally(subject.waves)
        self._folds = len(subject.hosts) > FEW and not subject.verbose
        self._not_begun: dict[str, list[HostReport]] = {}
        self._overview = Overview(subject) if self._folds and subject.view.overview else None

    def event(self, event: Event) -> None:
        """Progress shows these."""

    def host(self, report: HostReport) -> None:
        """Print all about a host."""
        self._waivers.add(report)
        self._times.add(report.host, report.exit_code, report.worked)
        name, _ = words.verdict(self._subject.view, report)
        self._outcomes[name] += 1
        self._waves.add(report.host, name, report.exit_code)
        self._told.add(report.host)
        if report.plan and report.outcome is Outcome.WOULD_CHANGE:
            refused = {refusal.playbook for refusal in report.plan.refusals}
            announced = {change.playbook for change in report.plan.changes}
            self._wanted.update(announced - refused)
        self._unanswered.update(question.question for question in report.unanswered)
        self._partly += bool(report.unanswered)
        overview = self._overview
        if overview is None and self._folds and report.not_begun:
            self._not_begun.setdefault(name, []).append(report)
            return
        self._print(overview.add(report) if overview else host_lines(report, self._subject))

    def finish(self, code: ExitCode) -> None:
        """Print the summary."""
        if untold := self._subject.untold(self._told):
            self._outcomes["no verdict"] = len(untold)
        overview = self._overview
        self._print(overview.lines() if overview else self._turn_never_came())
        self._print(self._summary(code))
        self._print(overview.last() if overview else ())

    def _summary(self, code: ExitCode) -> Iterator[Line]:
        subject = self._subject
        total = sum(self._outcomes.values())
        if total > 1:
            ranked = self._outcomes.most_common()
            parts = ", ".join(words.hosts_with(name, number) for name, number in ranked)
            yield line(0, (f"{count(total, 'host')}: ", STRONG), parts)
        yield from self._waves.lines()
        if waited := self._times.waited_for():
            yield line(0, ("waited for: ", STRONG), waited)
        if self._waivers.waived:
            yield line(0, ("waived: ", STRONG), count(self._waivers.waived, "finding"))
        for notice in self._waivers.notices():
            yield line(0, ("waivers: ", WARN), notice.text)
        if self._wanted and subject.proceed:
            yield line(0, ("to do it: ", STRONG), (subject.proceed(self._wanted), COMMAND))
        if subject.run:
            yield line(0, (f"run {subject.run}, exit code {int(code)}", DIM))
        if self._unanswered and not self._overview:
            many = count(self._unanswered.total(), "question")
            where = f" on {self._partly} of {total} hosts" if total > 1 else ""
            names = words.join(name for name, _ in self._unanswered.most_common())
            yield line(0, (f"not answered: {many}{where} ", BAD), f"({names})")

    def _turn_never_came(self) -> Iterator[Line]:
        """Hosts that were not begun, all of one verdict together: there may be hundreds."""
        for verdict, reports in self._not_begun.items():
            names = [report.host for report in reports]
            more = [f"{len(names) - NAMED:,} more"] if len(names) > NAMED else []
            named = words.join([*names[:NAMED], *more])
            yield line(0, (f"{verdict.upper()}: ", BAD), f"{count(len(names), 'host')} {named}")
            problem = reports[0].problem
            for text in (problem.message, problem.hint) if problem else ():
                yield line(2, text)

    def _print(self, lines: Iterable[Line]) -> None:
        with self._quiet():
            print_lines(lines, self._out)


def print_lines(lines: Iterable[Line], out: TextIO) -> None:
    """Print lines: wrapped and coloured on a terminal, one by one and plain elsewhere.

    A command is left to the terminal to wrap: who copies it gets all of it, and in one line.
    Half of one may be a command, too: a rollback of all hosts in place of one.

    `NO_COLOR`, `TERM=dumb` and the width of the terminal are respected.
    """
    shown = (
        Line(each.indent, tuple((_shown(span, out), style) for span, style in each.spans))
        for each in lines
    )
    if out.isatty():
        _print_coloured(shown, out)
    else:
        for each in shown:
            text = "".join(span for span, _ in each.spans)
            out.write((" " * each.indent + text).rstrip() + "\n")
    out.flush()


def _print_coloured(lines: Iterable[Line], out: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415 - a file or a pipe needs none
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(file=out, highlight=False, markup=False, emoji=False)
    # to Rich a dumb terminal, as an editor has, is one of 80 columns, whatever anybody says
    columns = get_terminal_size().columns if console.is_dumb_terminal else console.width
    for each in lines:
        text = Text.assemble(*each.spans)
        width = max(20, min(columns, MAX_WIDTH) - each.indent - HANG)
        typed = any(style == COMMAND for _, style in each.spans)
        parts = [text] if typed else text.wrap(console, width, overflow="fold")
        for number, part in enumerate(parts):
            part.rstrip()
            part.pad_left(each.indent + (HANG if number else 0))
            console.print(part, no_wrap=True, overflow="ignore", crop=False)


def _shown(text: str, out: TextIO) -> str:
    """What can be shown of a text."""
    text = printable(words.shortened(text, words.MAX_TEXT))
    encoding = out.encoding or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text
