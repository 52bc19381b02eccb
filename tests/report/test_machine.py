"""JSON that programs can rely on."""

import io
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from remediate.model.document import Document, Summary
from remediate.model.event import HostPhase, Phase
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.model.problem import Problem
from remediate.report.machine import JsonReporter, NdjsonReporter, as_json
from remediate.report.reporter import Subject

Make = Callable[..., Any]

HOSTILE = "\x1b[2J\u202e\x7f\x9b\ud800\U0001f600"


@pytest.fixture
def subject() -> Subject:
    return Subject(command="apply", hosts=["A", "B"], run="R")


def test_json_is_one_document_in_the_order_of_the_selection(
    subject: Subject, compliant: Make
) -> None:
    out = io.StringIO()
    reporter = JsonReporter(subject, out)
    reporter.event(HostPhase(host="A", phase=Phase.APPLY))
    reporter.host(compliant("B"))
    reporter.host(compliant("A"))
    assert out.getvalue() == ""
    reporter.finish(ExitCode.OK)
    document = json.loads(out.getvalue())
    jsonschema.validate(document, Document.model_json_schema(mode="serialization"))
    assert [host["host"] for host in document["hosts"]] == ["A", "B"]
    assert (document["schema_version"], document["run"], document["exit_code"]) == (2, "R", 0)


def test_ndjson_has_a_line_at_once_and_a_summary_last(subject: Subject, compliant: Make) -> None:
    out = io.StringIO()
    reporter = NdjsonReporter(subject, out)
    reporter.event(HostPhase(host="A", phase=Phase.APPLY))
    reporter.host(compliant("A"))
    reporter.finish(ExitCode.OK)
    lines = [json.loads(text) for text in out.getvalue().splitlines()]
    assert [each["type"] for each in lines] == ["host_phase", "host_finished", "summary"]
    jsonschema.validate(lines[-1], Summary.model_json_schema(mode="serialization"))
    assert lines[-1]["outcomes"] == {"compliant": 1}


def test_json_is_safe_on_a_terminal_and_loses_nothing(subject: Subject) -> None:
    out = io.StringIO()
    reporter = JsonReporter(subject, out)
    problem = Problem(code="x", message=HOSTILE)
    reporter.host(HostReport(host="A", outcome=Outcome.UNREACHABLE, problem=problem))
    reporter.finish(ExitCode.UNREACHABLE)
    assert out.getvalue().isascii()
    assert not set(out.getvalue()) & set("\x1b\x7f")
    assert json.loads(out.getvalue())["hosts"][0]["problem"]["message"] == HOSTILE


def test_indented_json_is_that_of_a_line(compliant: Make) -> None:
    report = compliant("A").model_copy(update={"notes": ('\x7f\U0001f600\u00e4"\\/', "")})
    indented, line = as_json(report, indent=2), as_json(report)
    assert indented == json.dumps(json.loads(line), indent=2).replace("\x7f", r"\u007f")
