"""JUnit: hosts are suites, playbooks are cases, for the pages of tests that CI systems have.

Readers differ in what they take a name from, so the host is in the suite's name and in the class
of each case; none has more than one result, since some show one only. The time of a host stands
at its case `host` as well: some readers add up cases, others suites, and a playbook has none.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from remediate.report.account import Account, plain
from remediate.report.cases import Case, State
from remediate.report.files import Piece
from remediate.report.printable import printable
from remediate.report.reporter import Subject
from remediate.report.totals import Totals
from remediate.report.words import shortened

MAX_MESSAGE = 1000
"""Characters of an attribute; what is longer stands below it."""

_RESULTS = {State.FAILED: Failure, State.ERROR: Error, State.SKIPPED: Skipped}


class JunitForm:
    """Writes JUnit XML.

    Args:
        subject: what the result is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def host(self, account: Account) -> Iterator[Piece]:
        """A suite."""
        name = printable(account.host)
        suite = TestSuite(name)
        suite.hostname = name
        if run := account.run or self._subject.run:
            suite.add_property("run", run)
        suite.add_property("outcome", account.outcome)
        suite.add_property("exit_code", str(int(account.code)))
        suite.add_property("findings", str(len(account.open)))
        suite.add_property("fixed", str(len(account.found) - len(account.open)))
        suite.add_property("unanswered", str(len(account.unanswered)))
        suite.add_property("waived", str(len(account.waived)))
        if account.left_out:
            suite.add_property("left_out", str(account.left_out))
        cases = [_case(case, name) for case in account.cases]
        cases[0].system_out = plain(account.lines)
        if worked := account.worked:
            suite.timestamp = worked.began.isoformat(timespec="seconds")
            cases[0].time = worked.own  # the library adds up what its suite has
        suite.add_testcases(cases)
        yield Piece(0, _text(suite))

    def whole(self, totals: Totals, pieces: Iterable[Piece]) -> Iterator[str]:
        """The suites in their root."""
        root = JUnitXml(f"remediate {self._subject.command}")
        root.tests = totals.cases.total()
        root.failures = totals.cases[State.FAILED]
        root.errors = totals.cases[State.ERROR]
        root.skipped = totals.cases[State.SKIPPED]
        if totals.times:
            root.time = totals.times.total()
        yield '<?xml version="1.0" encoding="utf-8"?>\n'
        yield _text(root).removesuffix("/>").rstrip() + ">\n"
        for piece in pieces:
            yield piece.text + "\n"
        yield "</testsuites>\n"


def _case(case: Case, host: str) -> TestCase:
    made = TestCase(case.name, host)
    if kind := _RESULTS.get(case.state):
        message = shortened(printable(case.message), MAX_MESSAGE)
        result = kind(message, case.code)
        result.text = plain(case.lines)
        made.result = [result]
    elif case.lines:
        made.system_out = plain(case.lines)
    return made


def _text(element: Any) -> str:  # noqa: ANN401 - the library has no name for any of its elements
    data: bytes = element.tostring()
    return data.decode()
