"""Many hosts at a glance: which findings on how many of them, and which need somebody."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from remediate.model.change import Change, Severity
from remediate.model.exit_code import ExitCode
from remediate.model.finding import Advice, RecordedFinding, Since
from remediate.model.outcome import HostReport
from remediate.model.plan import Plan
from remediate.model.problem import Problem
from remediate.model.text import count
from remediate.report import words
from remediate.report.lines import (
    BAD,
    COLOURS,
    DIM,
    RANK,
    STRONG,
    Line,
    finding_text,
    line,
    style_of,
)
from remediate.report.reporter import Subject

NAMED = 4
"""Hosts that are named where a line is about more; `--verbose` and JSON name them all."""

_NOT_LOOKED_AT = {ExitCode.INTERNAL_ERROR, ExitCode.FAILED, ExitCode.REFUSED, ExitCode.UNREACHABLE}


@dataclass(slots=True)
class _Row:
    """A finding, as far as it is the same on several hosts."""

    mark: str
    playbook: str
    text: str
    alike: bool = True
    hosts: dict[str, None] = field(default_factory=dict)

    def add(self, host: str, text: str) -> None:
        """One more host, which may say it in other words: with numbers of its own."""
        self.alike = self.alike and text == self.text
        self.hosts[host] = None

    def __str__(self) -> str:
        return f"{self.playbook}: {'' if self.alike else 'such as: '}{self.text}"


@dataclass(slots=True)
class _Exception:
    """Why some hosts could not be looked at, told by the first of them."""

    verdict: str
    problem: Problem | None
    hosts: dict[str, None] = field(default_factory=dict)


class Overview:
    """Gathers the reports of an audit. Keeps names, counts and one example of each finding.

    Args:
        subject: what the audit is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._order = {name: number for number, name in enumerate(subject.hosts)}
        self._rows: dict[tuple[str, str, str], _Row] = {}
        self._exceptions: dict[tuple[str, str], _Exception] = {}
        self._unanswered: dict[str, dict[str, None]] = {}
        self._fine = 0
        self._waived = 0
        self._nothing_there: Counter[str] = Counter()
        self._first: dict[str, None] = {}
        self._since = ""
        self._moved: Counter[str] = Counter()
        self._differing: dict[tuple[str, str, str], _Row] = {}
        self._untold: dict[str, dict[str, None]] = {}

    def add(self, report: HostReport) -> Iterator[Line]:
        """Take in a report, and say it in a line when the host is more than one of many.

        Args:
            report: what was found on a host.
        """
        verdict, meaning = words.verdict(self._subject.view, report)
        plan = report.plan
        if report.since:
            self._compare(report.host, report.since)
        if report.exit_code in _NOT_LOOKED_AT:
            self._first[report.host] = None
        if report.problem is not None or plan is None:
            code = report.problem.code if report.problem else ""
            one = self._exceptions.setdefault((verdict, code), _Exception(verdict, report.problem))
            one.hosts[report.host] = None
            yield self._brief(
                report, verdict, report.problem.message if report.problem else meaning
            )
            return
        self._count(report.host, plan)
        if plan.changes or plan.advice or plan.unanswered or plan.refusals:
            new = f", {len(report.since.new)} new" if report.since and report.since.new else ""
            yield self._brief(report, verdict, f"{_in_numbers(plan)}{new}")
        elif plan.waived:
            self._waived += 1
        elif reason := _absent(plan):
            self._nothing_there[reason] += 1
        else:
            self._fine += 1

    def lines(self) -> Iterator[Line]:
        """The matrix, what is fine, the exceptions, and what has come and gone."""
        rows = sorted(
            self._rows.values(),
            key=lambda row: (RANK[Severity(row.mark)], -len(row.hosts), row.playbook, row.text),
        )
        total = len(self._subject.hosts)
        if rows:
            yield line(0, (f"FINDINGS ON {count(total, 'HOST', 'HOSTS')}", STRONG))
        wide = len(str(total))
        for row in rows:
            many = f"{len(row.hosts):>{wide}}"
            mark = (f"{row.mark:<8}  ", COLOURS[Severity(row.mark)])
            yield line(2, mark, (many, STRONG), f"  {row}")
            yield line(14 + wide, (self._named(row.hosts), DIM))
        for question, hosts in self._unanswered.items():
            yield line(2, ("not answered: ", BAD), question)
            yield line(14 + wide, (f"on {len(hosts)}: {self._named(hosts)}", DIM))
        for reason, many_hosts in self._nothing_there.most_common():
            yield line(0, (f"{count(many_hosts, 'host')}: ", STRONG), reason)
        if self._fine:
            yield line(0, (f"{count(self._fine, 'host')}: ", STRONG), "nothing to change")
        if self._waived:
            about = (f"{count(self._waived, 'host')}: ", STRONG)
            yield line(0, about, "all that was found is waived")
        for one in self._exceptions.values():
            about = (f"{one.verdict.upper()}: ", BAD)
            yield line(0, about, f"{count(len(one.hosts), 'host')} ", self._named(one.hosts))
            if one.problem is not None:
                such = "" if len(one.hosts) == 1 else "such as: "
                yield line(2, f"{such}{one.problem.message}")
                yield from [line(2, one.problem.hint)] if one.problem.hint else ()
        if self._since:
            yield from self._since_lines()

    def _since_lines(self) -> Iterator[Line]:
        """What has come and gone since an earlier audit, on how many hosts."""
        yield line(0, (f"SINCE RUN {self._since}: ", STRONG), words.since(self._moved))
        wide = len(str(len(self._subject.hosts)))
        order = list(words.SINCE)
        for row in sorted(
            self._differing.values(),
            key=lambda row: (order.index(row.mark), -len(row.hosts), row.playbook, row.text),
        ):
            yield line(2, f"{row.mark:<6}  ", (f"{len(row.hosts):>{wide}}", STRONG), f"  {row}")
            yield line(12 + wide, (self._named(row.hosts), DIM))
        for reason, hosts in self._untold.items():
            yield line(2, ("not compared, in whole or part: ", BAD), self._named(hosts))
            yield line(6, (reason, DIM))

    def last(self) -> Iterator[Line]:
        """The hosts that need somebody, once more, and how to see the rest."""
        yield line(0, ("--verbose tells each host in full, --format json all of it", DIM))
        if self._first:
            yield line(0, ("need somebody first: ", BAD), words.join(self._sorted(self._first)))

    def _brief(self, report: HostReport, verdict: str, meaning: str) -> Line:
        return line(
            0, (report.host, STRONG), "  ", (verdict.upper(), style_of(report)), f"  {meaning}"
        )

    def _count(self, host: str, plan: Plan) -> None:
        if any(one.severity is Severity.CRITICAL for one in plan.findings):
            self._first[host] = None
        for one in plan.findings:
            self._row(self._rows, Severity(one.severity), one, host)
        for question in plan.unanswered:
            self._unanswered.setdefault(question.question, {})[host] = None

    def _compare(self, host: str, since: Since) -> None:
        self._since = since.run
        for mark in words.SINCE:
            found: tuple[RecordedFinding, ...] = getattr(since, mark)
            self._moved[mark] += len(found)
            for one in found if mark != "unchanged" else ():
                self._row(self._differing, mark, one, host)
        for reason in since.untold.values():
            self._untold.setdefault(reason, {})[host] = None

    def _row(
        self,
        rows: dict[tuple[str, str, str], _Row],
        mark: str,
        one: Change | Advice | RecordedFinding,
        host: str,
    ) -> None:
        text = finding_text(one, self._subject)
        rows.setdefault((mark, one.playbook, one.rule or text), _Row(mark, one.playbook, text)).add(
            host, text
        )

    def _sorted(self, hosts: Iterable[str]) -> list[str]:
        return sorted(hosts, key=lambda name: self._order.get(name, len(self._order)))

    def _named(self, hosts: Iterable[str]) -> str:
        names = self._sorted(hosts)
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        return words.join([*names[:NAMED], *more])


def _in_numbers(plan: Plan) -> str:
    """`1 critical, 2 warning: schedule-fix and tls12`."""
    counts = Counter(Severity(one.severity) for one in plan.findings)
    parts = [f"{counts[each]} {each.value}" for each in RANK if counts[each]]
    if plan.unanswered:
        parts.append(f"{len(plan.unanswered)} not answered")
    if plan.waived:
        parts.append(f"{len(plan.waived)} waived")
    names = list(dict.fromkeys(one.playbook for one in plan.findings))
    about = f": {words.join(names)}" if names else ""
    return f"{', '.join(parts)}{about}"


def _absent(plan: Plan) -> str:
    """Why most playbooks do not apply to a host, when one reason holds for them."""
    [(reason, many)] = Counter(plan.not_applicable.values()).most_common(1) or [("", 0)]
    return reason if many * 2 > len(plan.playbooks) else ""
