"""Reports as they stand in files, and what a test reads of them."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

from remediate.model.change import Change
from remediate.model.exit_code import ExitCode
from remediate.model.finding import RecordedFinding
from remediate.model.outcome import HostReport, exit_code
from remediate.model.waiver import Waived, Waiver, Waivers
from remediate.report.files import Gathering
from remediate.report.reporter import Reporter, Subject

Make = Callable[..., Any]

HOSTILE = (
    "a|b\\|c`d``<img src=x onerror=alert(1)>\x00\x1b[2J\ufffe\ud800]]>&@all #1 www.example.org\r\n"
)
TITLES = {"schedule-fix": "Let a running backup finish", "tls12": "Offer TLS 1.2"}


def rendered(subject: Subject, form: str, *reports: HostReport, code: int | None = None) -> str:
    """A report as it would stand in a file."""
    gathering = Gathering(subject, [form])
    for report in reports:
        gathering.report(report)
    gathering.finish(exit_code(reports) if code is None else ExitCode(code))
    text = b"".join(gathering.drafts[form].whole(gathering.totals)).decode()
    gathering.close()
    return text


def told(kind: Callable[[Subject, Any], Reporter], subject: Subject, *reports: HostReport) -> str:
    """What a reporter writes."""
    out = io.StringIO()
    reporter = kind(subject, out)
    for report in reports:
        reporter.host(report)
    reporter.finish(exit_code(reports))
    return out.getvalue()


def read_xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


def about(*reports: HostReport, **values: Any) -> Subject:
    usual = {"command": "audit", "hosts": [one.host for one in reports], "titles": TITLES}
    return Subject(**{**usual, **values})


def left(at: str = "A:3:5", finding: Change | None = None) -> Waived:
    """A finding with a waiver."""
    waiver = {"host": "*", "playbook": "tls12", "rule": "tls-off", "reason": HOSTILE}
    waiver |= {"who": "Ada", "expires": date(2027, 3, 31 if finding is None else 10), "at": at}
    found = RecordedFinding(playbook="tls12", rule="tls-off", title="Off")
    if finding:
        found = RecordedFinding.of(finding)
    return Waived(finding=found, waiver=Waiver.model_validate(waiver))


def in_march(excepted: list[HostReport]) -> Waivers:
    """Their waivers, of which one ends soon and one has ended."""
    plan = excepted[-1].plan
    assert plan
    now = datetime(2027, 3, 20, tzinfo=UTC)
    return Waivers((plan.waived[0].waiver,), (plan.lapsed[0].waiver,), now)


def cells(text: str) -> Iterator[list[str]]:
    """The rows of all tables, as a reader that somebody else wrote sees them."""
    row: list[str] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline" and token.level > 3:
            row.append("".join(each.content for each in token.children or ()))
        elif token.type == "tr_close":
            yield row
