"""What a file says of many hosts, counted in one place whatever its format."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from remediate.model.change import Severity
from remediate.model.exit_code import GRAVITY, ExitCode
from remediate.model.text import count
from remediate.report.account import Account, Told
from remediate.report.cases import State
from remediate.report.lines import RANK
from remediate.report.times import Times
from remediate.report.waivers import Notice
from remediate.report.waves import WaveTally
from remediate.report.words import hosts_with

MOST_NAMED = 4
"""Hosts that are named where a file tells a finding of many."""


@dataclass(slots=True)
class Totals:
    """The numbers of a run, counted in one place.

    Args:
        hosts: how many were chosen.
        outcomes: how many of them got which verdict, by its name for programs.
        verdicts: the same by its words.
        findings: how many findings are open, by severity.
        fixed: how many were fixed.
        unanswered: how many questions have no answer.
        left_out: how many findings matter less than what was asked for.
        waived: how many findings are waived.
        notices: what somebody should know of the waivers.
        cases: how many cases ended how.
        code: what the process ends with.
        times: when they were worked on.
        waves: what became of the hosts of each wave.
    """

    hosts: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    findings: Counter[Severity] = field(default_factory=Counter)
    fixed: int = 0
    unanswered: int = 0
    left_out: int = 0
    waived: int = 0
    notices: tuple[Notice, ...] = ()
    cases: Counter[State] = field(default_factory=Counter)
    code: ExitCode = ExitCode.OK
    times: Times = field(default_factory=Times)
    waves: WaveTally = field(default_factory=lambda: WaveTally({}))

    def add(self, account: Account) -> None:
        """Count a host in."""
        self.hosts += 1
        self.outcomes[account.outcome] += 1
        self.verdicts[account.verdict] += 1
        self.findings += account.severities
        self.fixed += len(account.found) - len(account.open)
        self.unanswered += len(account.unanswered)
        self.left_out += account.left_out
        self.waived += len(account.waived)
        self.cases.update(case.state for case in account.cases)
        self.times.add(account.host, account.code, account.worked, account.run)
        self.waves.add(account.host, account.verdict, account.code)

    def sentence(self) -> str:
        """The numbers in words: `3 hosts: 2 would change, 1 unreachable; 4 findings: 4 warning`."""
        ranked = sorted(self.verdicts.items(), key=lambda item: (-item[1], item[0]))
        verdicts = ", ".join(hosts_with(name, many) for name, many in ranked)
        findings = grades(self.findings)
        parts = [f"{count(self.hosts, 'host')}: {verdicts}" if self.hosts else "no host"]
        many = count(self.findings.total(), "finding")
        parts.append(f"{many}: {findings}" if findings else many)
        parts += [f"{self.fixed:,} fixed"] if self.fixed else []
        parts += [f"{count(self.waived, 'finding')} waived"] if self.waived else []
        if self.unanswered:
            parts.append(f"{count(self.unanswered, 'question')} not answered")
        if self.left_out:
            parts.append(f"{count(self.left_out, 'finding')} left out by --severity")
        return "; ".join(parts)


@dataclass(slots=True)
class Row:
    """A finding, on how many hosts.

    Args:
        severity: how much it matters on them; where it matters more or less, it is another row.
        playbook: id of the playbook.
        rule: its name for what is wrong.
        text: what it is, as the first of them has it.
        waived: why, by whom and until when it is left as it is; empty when it is not.
        hosts: how many.
        first: names of some of them.
        alike: all of them have it in the same words.
    """

    severity: Severity
    playbook: str
    rule: str
    text: str
    waived: str = ""
    hosts: int = 0
    first: list[str] = field(default_factory=list)
    alike: bool = True

    def __str__(self) -> str:
        return self.text if self.alike else f"such as: {self.text}"


class Rows:
    """Findings by what is wrong, whatever the host."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Severity, str, str, str], Row] = {}

    def add(self, host: str, found: Iterable[Told]) -> None:
        """Count a host in.

        Args:
            host: its name.
            found: its findings that are told here.
        """
        seen = set()
        for one in found:
            key = one.severity, one.playbook, one.rule, one.waived
            row = self._rows.setdefault(
                key, Row(one.severity, one.playbook, one.rule, one.text, one.waived)
            )
            row.alike = row.alike and row.text == one.text
            if key not in seen:
                row.hosts += 1
                row.first += [host] if row.hosts <= MOST_NAMED else []
            seen.add(key)

    def ranked(self) -> list[Row]:
        """The gravest and most frequent first."""
        return sorted(
            self._rows.values(),
            key=lambda row: (RANK[row.severity], -row.hosts, row.playbook, row.rule, row.waived),
        )


def grades(found: Counter[Severity]) -> str:
    """How many findings there are of each severity: `1 critical, 2 warning`."""
    return ", ".join(f"{found[one]:,} {one}" for one in RANK if found[one])


def left_out(left: Counter[ExitCode], where: str) -> str:
    """How many hosts a file has no room for: they are counted, never silently dropped.

    Args:
        left: how many, by exit code.
        where: what they are not: "in the table".
    """
    by_code = ", ".join(
        f"{left[code]:,} with exit code {int(code)}" for code in GRAVITY if left[code]
    )
    return f"{count(left.total(), 'host')} more not {where} ({by_code})."
