"""JUnit: what other programs make of it."""

import re
from collections.abc import Callable
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped

from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import Problem
from tests.report.rendered import HOSTILE, about, read_xml, rendered

Make = Callable[..., Any]


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
            results = [one for one in case if one.tag in {"failure", "error", "skipped"}]
            assert len(results) <= 1
            assert all(one.get("type") for one in results)  # one with a text only is none to some
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
