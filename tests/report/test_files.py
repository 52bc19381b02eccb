"""Reports in files: all say the same, and a file is whole or as it was."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, JUnitXml, TestCase
from markdown_it import MarkdownIt

from remediate.model.change import Severity
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome, exit_code
from remediate.model.plan import Unanswered
from remediate.model.problem import HALTED, Problem
from remediate.report import markdown
from remediate.report.console import ConsoleReporter
from remediate.report.files import FORMS, Gathering, ReportFiles, put
from remediate.report.machine import JsonReporter, NdjsonReporter
from remediate.report.totals import Totals
from tests.report.rendered import about, in_march, left, rendered, told

Make = Callable[..., Any]


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


def test_every_report_of_a_run_that_was_stopped_counts_the_same_hosts(
    fleet: list[HostReport],
) -> None:
    """One was not begun, and one was left in the middle by a second Ctrl-C."""
    halted = Problem(code=HALTED, message="the run was stopped", hint="Run it again.")
    fleet.append(HostReport(host="LATER", outcome=Outcome.SKIPPED, problem=halted))
    subject = about(hosts=[*(one.host for one in fleet), "LOST"])
    said = json.loads(told(JsonReporter, subject, *fleet))
    assert (said["no_verdict"], said["exit_code"]) == (["LOST"], 130)
    outcomes = Counter(host["outcome"] for host in said["hosts"])
    summary = json.loads(told(NdjsonReporter, subject, *fleet).splitlines()[-1])
    assert (summary["outcomes"], summary["no_verdict"]) == (outcomes, ["LOST"])
    outcomes["no_verdict"] += 1
    suites = JUnitXml.fromstring(rendered(subject, "junit", *fleet).encode())
    found = [{one.name: one.value for one in suite.properties()} for suite in suites]
    assert Counter(one["outcome"] for one in found) == outcomes
    [run] = json.loads(rendered(subject, "sarif", *fleet))["runs"]
    assert run["properties"]["outcomes"] == outcomes
    errors = {one["properties"]["host"] for one in run["results"] if one["ruleId"] == "host"}
    assert errors == {suite.name for suite in suites for case in suite if _wrong(case)}
    assert errors == {"GONE", "LATER", "LOST"}
    for text in (told(ConsoleReporter, subject, *fleet), rendered(subject, "markdown", *fleet)):
        assert re.search(
            "9 hosts: .*1 no verdict.*1 skipped|9 hosts: .*1 skipped.*1 no verdict", text
        )


def _wrong(case: TestCase) -> bool:
    return case.name == "host" and any(isinstance(one, Error) for one in case.result)


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
        reports = [HostReport(host="A", outcome=outcome, plan=seen)]
        if outcome is Outcome.SKIPPED:
            halted = Problem(code=HALTED, message="the run was stopped")
            reports.append(HostReport(host="A", outcome=outcome, problem=halted))
        for report in reports:
            suites = JUnitXml.fromstring(rendered(about(report), "junit", report).encode())
            assert (suites.failures + suites.errors == 0) == (report.exit_code is ExitCode.OK)


@pytest.mark.parametrize("form", FORMS)
def test_a_host_without_a_verdict_is_not_left_out(form: str, fleet: list[HostReport]) -> None:
    subject = about(hosts=["WOULD", "LOST"])
    text = rendered(subject, form, fleet[0], code=ExitCode.INTERRUPTED)
    assert "LOST" in text
    assert "the run ended before this host had a verdict" in text


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
