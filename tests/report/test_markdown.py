"""Markdown: what other programs make of it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt

from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import Problem
from remediate.model.waiver import Waived, Waivers
from remediate.report import markdown
from tests.report.rendered import HOSTILE, about, cells, left, rendered

Make = Callable[..., Any]


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
    assert rows[:5] == [
        ["Severity", "Playbook", "Finding", "Hosts", "Such as"],
        ["critical", "schedule-fix", title, "1", "WOULD"],
        ["warning", "schedule-fix", title, "1", "WOULD"],
        ["warning", "tls12", "Old", "1", "FIXED"],
        ["notice", "tls12", "Old", "1", "ADVISED"],
    ]
    hosts = ["GONE", "ADVISED", "FIXED", "LATE", "WOULD", "FINE", "NO-AGENT"]
    assert [row[0] for row in rows[6:]] == hosts


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
