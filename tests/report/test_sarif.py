"""SARIF: what other programs make of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.model.finding import Advice
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import PlaybookUse
from remediate.model.problem import Problem
from remediate.report import sarif
from tests.report.rendered import HOSTILE, about, in_march, rendered

Make = Callable[..., Any]


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
    # who passes results on may leave a level out that is the default: then the rule's counts
    assert {rule["defaultConfiguration"]["level"] for rule in rules.values()} == {"warning"}
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
