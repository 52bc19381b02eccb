"""Reports in files: what other programs make of them."""

import base64
import hashlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt

from remediate.model.change import Change, Severity
from remediate.model.exit_code import ExitCode
from remediate.model.finding import Advice, RecordedFinding
from remediate.model.outcome import HostReport, Outcome, exit_code
from remediate.model.plan import PlaybookUse, Unanswered
from remediate.model.problem import Problem
from remediate.model.waiver import Waived, Waiver, Waivers
from remediate.report import markdown, sarif
from remediate.report.console import ConsoleReporter
from remediate.report.files import FORMS, Gathering, ReportFiles, put
from remediate.report.machine import JsonReporter, NdjsonReporter
from remediate.report.reporter import Reporter, Subject
from remediate.report.totals import Totals

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


@pytest.fixture
def fleet(change: Make, plan: Make) -> list[HostReport]:
    """A host of each sort that reports tell apart."""
    uses = (PlaybookUse(id="schedule-fix"), PlaybookUse(id="tls12"))
    wrong = change(rule="multiple-instances")
    other = change(rule="multiple-instances", title="task \\A\\C", severity=Severity.WARNING)
    advice = Advice("Old", "Buy new.", Severity.NOTICE, "tls12", rule="old")
    problem = Problem(code="timed_out", message="no answer", hint="Look.")
    late = Unanswered(question="tasks", playbooks=("schedule-fix",), problem=problem)
    kept = replace(advice, severity=Severity.WARNING)
    return [
        HostReport(
            host="WOULD",
            outcome=Outcome.WOULD_CHANGE,
            plan=plan(changes=(wrong, other), playbooks=uses),
        ),
        HostReport(host="FINE", outcome=Outcome.COMPLIANT, plan=plan(playbooks=uses)),
        HostReport(host="GONE", outcome=Outcome.UNREACHABLE, problem=problem),
        HostReport(
            host="ADVISED", outcome=Outcome.ATTENTION, plan=plan(advice=(advice,), playbooks=uses)
        ),
        HostReport(
            host="LATE", outcome=Outcome.COMPLIANT, plan=plan(unanswered=(late,), playbooks=uses)
        ),
        HostReport(
            host="NO-AGENT",
            outcome=Outcome.COMPLIANT,
            plan=plan(playbooks=uses, not_applicable={"tls12": "no agent"}),
        ),
        HostReport(
            host="FIXED",
            outcome=Outcome.CHANGED,
            plan=plan(changes=(wrong, other), advice=(kept,), playbooks=uses),
            applied=(wrong, other),
        ),
    ]


def left(at: str = "A:3:5", finding: Change | None = None) -> Waived:
    """A finding with a waiver."""
    waiver = {"host": "*", "playbook": "tls12", "rule": "tls-off", "reason": HOSTILE}
    waiver |= {"who": "Ada", "expires": date(2027, 3, 31 if finding is None else 10), "at": at}
    found = RecordedFinding(playbook="tls12", rule="tls-off", title="Off")
    if finding:
        found = RecordedFinding.of(finding)
    return Waived(finding=found, waiver=Waiver.model_validate(waiver))


@pytest.fixture
def excepted(change: Make, plan: Make) -> list[HostReport]:
    """Hosts on which findings are waived."""
    uses = (PlaybookUse(id="schedule-fix"), PlaybookUse(id="tls12"))
    wrong = change(rule="multiple-instances")
    return [
        HostReport(
            host="WAIVED",
            outcome=Outcome.SKIPPED,
            plan=plan(waived=(left(), left()), playbooks=uses),
        ),
        HostReport(
            host="RENEW",
            outcome=Outcome.WOULD_CHANGE,
            plan=plan(
                changes=(wrong,), waived=(left(),), lapsed=(left("A:7:5", wrong),), playbooks=uses
            ),
        ),
    ]


@pytest.fixture
def stale(change: Make, plan: Make) -> HostReport:
    """A host that moved since the plan was made that was to be applied."""
    return HostReport(
        host="STALE",
        outcome=Outcome.REFUSED,
        plan=plan(changes=(change(rule="multiple-instances"),)),
        problem=Problem(code="stale", message="it was 3 and is 1", hint="Make a new plan."),
    )


def in_march(excepted: list[HostReport]) -> Waivers:
    """Their waivers, of which one ends soon and one has ended."""
    plan = excepted[-1].plan
    assert plan
    now = datetime(2027, 3, 20, tzinfo=UTC)
    return Waivers((plan.waived[0].waiver,), (plan.lapsed[0].waiver,), now)


# --- the numbers ----------------------------------------------------------------------------------


def test_every_report_of_a_run_says_what_its_json_says(
    fleet: list[HostReport], excepted: list[HostReport], stale: HostReport
) -> None:
    fleet += [stale, *excepted]
    subject = about(*fleet, waivers=in_march(excepted))
    said = json.loads(told(JsonReporter, subject, *fleet))
    hosts = said["hosts"]
    outcomes = Counter(host["outcome"] for host in hosts)
    made = sum(len(host["applied"]) for host in hosts)
    plans = [host["plan"] for host in hosts if host["plan"]]
    found = [one for plan in plans for one in (*plan["changes"], *plan["advice"])]
    open_left = len(found) - made
    late = sum(len(one["playbooks"]) for plan in plans for one in plan["unanswered"])
    waived = sum(len(plan["waived"]) for plan in plans)
    assert (len(hosts), open_left, made, said["unanswered"], said["exit_code"]) == (10, 6, 2, 1, 6)
    assert waived == said["waived"] == 3
    assert [(use["state"], use["findings"]) for use in said["waivers"]] == [
        ("expires_soon", 3),
        ("expired", 1),
    ]
    summary = json.loads(told(NdjsonReporter, subject, *fleet).splitlines()[-1])
    assert {name: summary[name] for name in ("waived", "waivers", "unanswered", "exit_code")} == {
        name: said[name] for name in ("waived", "waivers", "unanswered", "exit_code")
    }
    assert summary["outcomes"] == dict(outcomes)
    assert "\nwaived: 3 findings\n" in told(ConsoleReporter, subject, *fleet)

    suites = JUnitXml.fromstring(rendered(subject, "junit", *fleet).encode())
    properties = [{one.name: one.value for one in suite.properties()} for suite in suites]
    assert Counter(one["outcome"] for one in properties) == outcomes
    assert sum(int(one["findings"]) for one in properties) == open_left
    assert sum(int(one["waived"]) for one in properties) == waived
    assert sum(int(one["fixed"]) for one in properties) == made
    assert sum(int(one["unanswered"]) for one in properties) == said["unanswered"]
    counted = (suites.tests, suites.failures, suites.errors, suites.skipped)
    suites.update_statistics()
    assert (
        counted == (suites.tests, suites.failures, suites.errors, suites.skipped) == (27, 5, 3, 4)
    )

    [run] = json.loads(rendered(subject, "sarif", *fleet))["runs"]
    by_rule = Counter("rule" in one["properties"] for one in run["results"])
    assert by_rule == {True: open_left, False: late + 2}
    notes = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes[0] == f"{waived} findings waived: no result, and not solved."
    assert run["properties"] == {
        "hosts": 10,
        "outcomes": dict(outcomes),
        "findings": {"critical": 3, "warning": 2, "notice": 1},
        "fixed": made,
        "unanswered": said["unanswered"],
        "notWritten": 0,
        "leftOut": 0,
        "waived": waived,
    }
    assert run["invocations"][0]["exitCode"] == said["exit_code"]

    text = rendered(subject, "markdown", *fleet)
    assert (
        "\n10 hosts: 3 compliant, 2 would change, 1 changed, 1 needs attention, 1 stale, "
        "1 unreachable, 1 waived; 6 findings: 3 critical, 2 warning, 1 notice; 2 fixed; "
        "3 findings waived; 1 question not answered. "
        "Exit code 6: refused, or applied in part.\n"
    ) in text
    table = text.partition("## Hosts")[2].partition("## Each host")[0]
    assert len(re.findall(r"^\| `", table, re.MULTILINE)) == len(hosts)

    last = rendered(subject, "github", *fleet).splitlines()[-1]
    assert last == re.findall(r"\n(10 hosts: .*Exit code 6):", text)[0] + "."

    [sentence] = re.findall(r"\n(10 hosts: .*)\n", text)
    page = rendered(subject, "html", *fleet)
    assert f"<p>{sentence}</p>" in page
    shown = dict(re.findall(r'href="#hosts" data-verdict="([^"]*)">([0-9]+)</a>', page))
    assert Counter(re.findall(r'<details class="host" data-verdict="([^"]*)"', page)) == Counter(
        {name: int(many) for name, many in shown.items()}
    )
    assert sum(map(int, shown.values())) == len(hosts)


def test_a_waiver_that_has_expired_is_named_wherever_one_looks(excepted: list[HostReport]) -> None:
    subject = about(*excepted, waivers=in_march(excepted))
    named = "the waiver A:7:5 (*, tls12, tls-off) has expired (until 2027-03-10): 1 finding counts"
    for form in ("sarif", "markdown", "html", "github"):
        assert named in rendered(subject, form, *excepted)
    assert named in told(ConsoleReporter, subject, *excepted)
    placed = f"::warning file=A,line=7,title=waivers::{named}"
    assert placed in rendered(subject, "github", *excepted)
    for form in FORMS:
        text = rendered(subject, form, *excepted)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text), form
        html = MarkdownIt("commonmark").enable("table").render(text)
        assert "<img" not in (html if form == "markdown" else text if form == "html" else "")
    again = "its waiver has expired: schedule-fix: task \\A\\B (multiple-instances)"
    assert again in rendered(subject, "junit", *excepted)


@pytest.mark.parametrize("outcome", Outcome)
def test_junit_is_green_only_where_the_process_ends_with_0(outcome: Outcome, plan: Make) -> None:
    untold = Problem(code="timed_out", message="no answer")
    for seen in (
        None,
        plan(),
        plan(unanswered=(Unanswered(question="tasks", problem=untold),)),
        plan(unanswered=(Unanswered(question="tasks", problem=untold, named=True),)),
        plan(waived=(left(),)),
        plan(waived=(left(),), unanswered=(Unanswered(question="tasks", problem=untold),)),
    ):
        report = HostReport(host="A", outcome=outcome, plan=seen)
        suites = JUnitXml.fromstring(rendered(about(report), "junit", report).encode())
        assert (suites.failures + suites.errors == 0) == (report.exit_code is ExitCode.OK)


@pytest.mark.parametrize("form", FORMS)
def test_a_host_without_a_verdict_is_not_left_out(form: str, fleet: list[HostReport]) -> None:
    subject = about(hosts=["WOULD", "LOST"])
    text = rendered(subject, form, fleet[0], code=ExitCode.INTERRUPTED)
    assert "LOST" in text
    assert "the run ended before this host had a verdict" in text


# --- JUnit ----------------------------------------------------------------------------------------


def test_junit_names_the_host_where_any_reader_looks(fleet: list[HostReport]) -> None:
    root = read_xml(rendered(about(*fleet), "junit", *reversed(fleet)))
    assert root.tag == "testsuites"
    suites = list(root.iter("testsuite"))
    assert [suite.get("name") for suite in suites] == sorted(report.host for report in fleet)
    for suite in suites:
        cases = list(suite.iter("testcase"))
        assert {case.get("classname") for case in cases} == {suite.get("name")}
        assert len({case.get("name") for case in cases}) == len(cases)
        for case in cases:
            assert sum(one.tag in {"failure", "error", "skipped"} for one in case) <= 1
    assert [suite.get("hostname") for suite in suites] == [suite.get("name") for suite in suites]


def test_junit_has_no_text_that_a_reader_takes_for_a_number(fleet: list[HostReport]) -> None:
    """An HRESULT becomes 0 in some; what is a host's name is its owner's choice."""
    counts = {"tests", "failures", "errors", "skipped", "time", "value"}
    root = read_xml(rendered(about(*fleet), "junit", *fleet))
    texts = [text for one in root.iter() for name, text in one.attrib.items() if name not in counts]
    number = re.compile(
        r"[+-]?(0[box][\da-f]+|[\d.]+(e[+-]?\d+)?|infinity)|true|false|null", re.IGNORECASE
    )
    assert len(texts) > len(fleet)
    assert not [text for text in texts if number.fullmatch(text.strip())]


def test_junit_tells_findings_errors_and_skips_apart(fleet: list[HostReport]) -> None:
    suites = JUnitXml.fromstring(rendered(about(*fleet), "junit", *fleet).encode())
    results = {
        (suite.name, case.name): (type(one), one.message)
        for suite in suites
        for case in suite
        for one in case.result
    }
    title = "Let a running backup finish (multiple-instances)"
    assert results == {
        ("WOULD", "schedule-fix"): (Failure, f"2 findings, such as: {title}"),
        ("GONE", "host"): (Error, "no answer"),
        ("ADVISED", "tls12"): (Failure, "Old"),
        ("LATE", "schedule-fix"): (Error, "not answered: tasks: no answer"),
        ("NO-AGENT", "tls12"): (Skipped, "does not apply: no agent"),
        ("FIXED", "tls12"): (Failure, "Old"),
    }


def test_junit_of_no_host_has_its_root() -> None:
    root = read_xml(rendered(about(), "junit"))
    assert (root.tag, root.get("tests"), len(root)) == ("testsuites", "0", 0)


def test_junit_is_read_whatever_a_host_says(change: Make, plan: Make) -> None:
    problem = Problem(code="remote_error", message=HOSTILE, hint=HOSTILE)
    wrong = change(title=HOSTILE, before=HOSTILE, after=HOSTILE, why=HOSTILE)
    report = HostReport(
        host=HOSTILE,
        outcome=Outcome.FAILED_UNCHANGED,
        plan=plan(changes=(wrong,)),
        problem=problem,
    )
    text = rendered(about(report, titles={}), "junit", report)
    root = read_xml(text)
    assert len(list(root.iter("testcase"))) == 2
    assert root.find(".//img") is None
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text)


# --- SARIF ----------------------------------------------------------------------------------------


def test_sarif_is_whole_for_the_strictest_reader(fleet: list[HostReport]) -> None:
    subject = about(
        *fleet,
        run="R",
        places={"WOULD": "fleets/my prod.yaml:12:3", "GONE": "C:\\prod.yaml:7:3"},
        sources={"tls12": "https://example.org/tls"},
    )
    document = json.loads(rendered(subject, "sarif", *fleet))
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"schedule-fix", "tls12", "host"}
    assert rules["tls12"]["helpUri"] == "https://example.org/tls"
    places = {}
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["message"]["text"]
        assert (result["kind"], result["level"]) in {("fail", level) for level in sarif._RANK}
        [location] = result["locations"]
        place = location["physicalLocation"]
        host = location["logicalLocations"][0]["name"]
        assert host == result["properties"]["host"]
        places[host] = (place["artifactLocation"]["uri"], place["region"]["startLine"])
    assert places["WOULD"] == ("fleets/my%20prod.yaml", 12)
    assert places["GONE"][1] == 7
    assert places["LATE"] == ("hosts/LATE", 1)
    assert run["automationDetails"]["id"] == "remediate audit/R"


def test_sarif_fits_the_published_schema(
    fleet: list[HostReport], excepted: list[HostReport]
) -> None:
    file = os.environ.get("REMEDIATE_SARIF_SCHEMA")
    if not file:
        pytest.skip("REMEDIATE_SARIF_SCHEMA names no file with OASIS' schema of SARIF 2.1.0")
    schema = json.loads(Path(file).read_text(encoding="utf-8"))
    hostile = HostReport(
        host=HOSTILE, outcome=Outcome.REFUSED, problem=Problem(code="x", message=HOSTILE)
    )
    hosts = (*fleet, *excepted, hostile)
    document = json.loads(rendered(about(*hosts, waivers=in_march(excepted)), "sarif", *hosts))
    jsonschema.validators.validator_for(schema)(schema).validate(document)


def test_sarif_knows_a_finding_again_when_its_numbers_have_moved(plan: Make) -> None:
    def told(free: int, title: str) -> tuple[str, str]:
        advice = Advice(f"C: has {free} GB free", f"Free {9 - free}.", playbook="disk", rule="low")
        found = plan(advice=(advice,), playbooks=(PlaybookUse(id="disk"),))
        report = HostReport(host="A", outcome=Outcome.ATTENTION, plan=found)
        subject = about(report, titles={"disk": title})
        [result] = json.loads(rendered(subject, "sarif", report))["runs"][0]["results"]
        assert f"C: has {free} GB free" in result["message"]["markdown"]
        return result["partialFingerprints"]["primaryLocationLineHash"], result["message"]["text"]

    first = told(1, "Disks have room")
    assert first == told(2, "Disks have room")
    assert first[1] == "A: Disks have room (low)"
    assert told(2, "In other words")[0] == first[0]


def test_sarif_writes_the_gravest_results_and_counts_the_rest(
    fleet: list[HostReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 4)
    [run] = json.loads(rendered(about(*fleet), "sarif", *fleet))["runs"]
    levels = [result["level"] for result in run["results"]]
    assert levels == ["error", "error", "error", "warning"]
    assert run["properties"]["notWritten"] == 2
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "2 results more (1 warning, 1 note): a file holds 4."


# --- Markdown -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("SRV01.contoso.com", "SRV01.contoso.com"),
        ("a|b", "a|b"),
        ("a\\|b\\", "a\\ |b\\"),
        ("`a``b`", "`a``b`"),
        ("<b>@all</b>", "<b>@all</b>"),
        ("a\n| b |", "a | b |"),
    ],
)
def test_a_host_is_text_in_its_cell_whatever_its_name(name: str, shown: str) -> None:
    problem = Problem(code="x", message=name)
    report = HostReport(host=name, outcome=Outcome.UNREACHABLE, problem=problem)
    text = rendered(about(report), "markdown", report)
    assert list(cells(text)) == [
        ["Host", "Verdict", "Findings", "Why"],
        [shown, "unreachable", "", shown],
    ]
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<b>" not in html
    assert "<a " not in html


def test_markdown_tells_findings_by_host_and_the_gravest_hosts_first(
    fleet: list[HostReport],
) -> None:
    rows = list(cells(rendered(about(*fleet), "markdown", *fleet)))
    title = "Let a running backup finish (multiple-instances)"
    assert rows[:3] == [
        ["Severity", "Playbook", "Finding", "Hosts", "Such as"],
        ["critical", "schedule-fix", title, "1", "WOULD"],
        ["warning", "tls12", "Old", "2", "ADVISED, FIXED"],
    ]
    hosts = ["GONE", "ADVISED", "FIXED", "LATE", "WOULD", "FINE", "NO-AGENT"]
    assert [row[0] for row in rows[4:]] == hosts


@pytest.mark.parametrize("most", [1200, 2000, 2500])
def test_markdown_never_grows_beyond_its_bound_and_counts_what_it_leaves_out(
    most: int, fleet: list[HostReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown, "MOST", most)
    many = [fleet[0].model_copy(update={"host": f"SRV{n:02}"}) for n in range(30)]
    text = rendered(about(*many), "markdown", *many)
    assert len(text.encode()) < most + 300
    table, _, details = text.partition("## Each host")
    written = len(re.findall(r"^\| `SRV", table, re.MULTILINE))
    told = details.count("```text")
    left = r"^([0-9]+) hosts? more not %s \(\1 with exit code 2\)\.$"
    if written < 30:
        [more] = re.findall(left % "in the table", table, re.MULTILINE)
        assert written + int(more) == 30
    [more] = re.findall(left % "told at length", details, re.MULTILINE)
    assert told + int(more) == 30


def test_markdown_fits_where_less_is_taken_whatever_there_is_of_each(
    fleet: list[HostReport], excepted: list[HostReport]
) -> None:
    plan = excepted[1].plan
    assert plan
    rows = [
        left(f"A:{n}:5").waiver.model_copy(update={"reason": f"{n} {HOSTILE}"}) for n in range(99)
    ]
    waived = tuple(Waived(finding=plan.waived[0].finding, waiver=one) for one in rows)
    many = fleet[0].model_copy(update={"plan": plan.model_copy(update={"waived": waived})})
    hosts = [many.model_copy(update={"host": f"SRV{n:02}"}) for n in range(30)]
    now = datetime(2030, 1, 1, tzinfo=UTC)
    subject = about(*hosts, most=8000, waivers=Waivers((), tuple(rows), now))
    text = rendered(subject, "markdown", *hosts)
    assert 4000 < len(text.encode()) <= 8000
    waivers, table, rest = re.findall(r"([0-9]+) (?:hosts )?more (?:to|not)", text)[:3]
    assert int(waivers) + text.count("\nWaivers: `") == 99
    assert int(table) + text.count("Ada: ") - text.count("  until") == 99
    assert int(rest) <= 30


# --- HTML -----------------------------------------------------------------------------------------


def test_a_page_lets_only_its_own_style_and_script_run(fleet: list[HostReport]) -> None:
    page = rendered(about(*fleet), "html", *fleet)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for name in ("style", "script"):
        [text] = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert rules == {}
    assert not re.search(r"\bstyle=|\bon[a-z]+=|\bsrc=|https?:|url\(", page)


def test_a_page_shows_as_text_whatever_a_host_says(change: Make, plan: Make) -> None:
    hostile = f"\"'>{HOSTILE}</pre></style></script><!--"
    wrong = change(title=hostile, before=hostile, after="x", why=hostile, rule="r")
    report = HostReport(
        host=hostile,
        outcome=Outcome.FAILED_UNCHANGED,
        plan=plan(changes=(wrong,), advice=(Advice(hostile, hostile, playbook="p", rule="s"),)),
        problem=Problem(code="x", message=hostile),
    )
    page = rendered(about(report, titles={}, run=hostile), "html", report)
    tags: Counter[str] = Counter()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags[tag] += 1
            assert not any(name.startswith("on") for name, _ in attrs)

    Reader().feed(page)
    assert (tags["script"], tags["style"], tags["pre"], tags["img"]) == (1, 1, 1, 0)


def test_a_page_is_bounded_and_counts_what_it_leaves_out(
    fleet: list[HostReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.report.html.MOST", 1500)
    page = rendered(about(*fleet), "html", *fleet)
    told = page.count("<details ")
    [more] = re.findall(r"<p>([0-9]) hosts more not in this file \(([^)]*)\)\.</p>", page)
    assert told + int(more[0]) == len(fleet)
    assert "<details" in page.partition("GONE")[0]


def test_a_page_can_be_read_in_the_light_in_the_dark_and_on_paper() -> None:
    """The contrast that WCAG 2.1 asks of text (AA): 4.5 to 1."""
    css = resources.files("remediate.report").joinpath("page.css").read_text()
    schemes = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]+);", text)) for text in css.split(":root")]
    assert len(schemes[1:]) == 3
    for scheme in schemes[1:]:
        for back in (scheme["back"], scheme["raised"]):
            for name in ("text", "dim", "good", "warn", "bad", "command"):
                light, dark = sorted((luminance(scheme[name]), luminance(back)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, back)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- annotations ----------------------------------------------------------------------------------


def test_an_annotation_tells_a_finding_once_with_the_line_of_its_first_host(
    fleet: list[HostReport],
) -> None:
    subject = about(*fleet, run="R", places={"GONE": "prod.yaml:7:3", "WOULD": "a,b:c.yaml:3:1"})
    *lines, last = rendered(subject, "github", *fleet).splitlines()
    title = "Let a running backup finish (multiple-instances)"
    assert lines == [
        "::error file=prod.yaml,line=7,title=unreachable::1 host (GONE): no answer",
        "::error title=schedule-fix not judged::1 host (LATE): not answered: tasks: no answer",
        f"::error file=a%2Cb%3Ac.yaml,line=3,title=schedule-fix::{title} on 1 host (WOULD)",
        "::warning title=tls12::Old on 2 hosts (ADVISED and FIXED)",
    ]
    assert last.endswith(" Exit code 5. Run R.")


def test_what_a_host_says_is_no_command_of_a_workflow(plan: Make) -> None:
    hostile = "x\r\n::add-mask::secret%0A::stop-commands::a"
    report = HostReport(
        host=hostile, outcome=Outcome.REFUSED, problem=Problem(code="x", message=hostile)
    )
    lines = rendered(about(report, run=hostile), "github", report).splitlines()
    shown = "x ::add-mask::secret%250A::stop-commands::a"
    assert lines[0] == f"::error title=refused::1 host ({shown}): {shown}"
    assert len(lines) == 2


def test_what_github_does_not_show_is_counted(change: Make, plan: Make) -> None:
    found = plan(changes=tuple(change(rule=f"rule-{n:02}") for n in range(13)))
    report = HostReport(host="A", outcome=Outcome.WOULD_CHANGE, plan=found)
    *lines, last = rendered(about(report), "github", report).splitlines()
    assert len(lines) == 10
    assert last.endswith("Exit code 2. Not shown here: 3 error.")


# --- the files ------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_written_is_told_and_the_others_are(
    fleet: list[HostReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    lost = tmp_path / "gone"
    lost.mkdir()
    wanted = {lost / "a.xml": "junit", tmp_path / "a.sarif": "sarif", tmp_path / "b.md": "markdown"}
    files = ReportFiles(about(*fleet), wanted, lambda message, hint: told.append(message + hint))
    lost.rmdir()
    monkeypatch.setattr(
        markdown.MarkdownForm, "whole", lambda *_: (_ for _ in ()).throw(ValueError("a defect"))
    )
    (tmp_path / "b.md").write_text("before")
    for report in fleet:
        files.host(report)
    files.finish(exit_code(fleet))
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "b.md").read_text() == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.sarif", "b.md"]
    first, second = told
    assert first.startswith(f"the report {lost / 'a.xml'} was not written: No such file")
    assert second.startswith(f"the report {tmp_path / 'b.md'} was not written: a defect")


def test_numbers_of_many_hosts_read_as_they_are_spoken() -> None:
    many = {
        "verdicts": Counter({"needs attention": 5000, "conflict": 2}),
        "findings": Counter({Severity.WARNING: 35_000}),
    }
    assert Totals(hosts=5002, fixed=1200, **many).sentence() == (
        "5,002 hosts: 5,000 need attention, 2 conflicts; 35,000 findings: 35,000 warning; "
        "1,200 fixed"
    )


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.write_text("before")

    def breaks() -> Iterator[bytes]:
        yield b"begun"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        put(file, breaks())
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("report.xml", "before")]
    put(file, [b"af", b"ter"])
    assert file.read_text() == "after"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.touch()
    for mode in (0o600, 0o664):
        file.chmod(mode)
        put(file, [b"after"])
        assert file.stat().st_mode & 0o777 == mode


def test_the_summary_of_a_job_on_github_is_added_to_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    file = tmp_path / "real" / "summary.md"
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "link" / "summary.md"))
    put(file, [b"# 1\n"])
    put(file, [b"# 2\n"])

    def breaks() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        put(file, breaks())
    assert file.read_text() == "# 1\n\n# 2\n"
    put(tmp_path / "other.md", [b"1"])
    put(tmp_path / "other.md", [b"2"])
    assert (tmp_path / "other.md").read_text() == "2"


def test_what_is_kept_in_memory_of_a_host_is_little(
    fleet: list[HostReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.report.files._IN_MEMORY", 1)
    subject = about(hosts=[f"SRV{n}" for n in range(50)])
    gathering = Gathering(subject, FORMS)
    for name in subject.hosts:
        gathering.report(fleet[0].model_copy(update={"host": name}))
    for draft in gathering.drafts.values():
        assert draft._spool._rolled  # type: ignore[attr-defined]
    assert gathering.finish(ExitCode.PENDING)
    gathering.close()
