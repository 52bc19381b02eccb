"""What is waived is shown, counted apart and not written; nothing unknown hides behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from remediate.cli.commands.schema import published
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState
from remediate.model.schema import schema_of
from remediate.testing.transport import MemoryTransport

Make = Callable[..., Any]

WHERE = ("-i", "inv.yaml", "--user", "svc", "--waivers", "w.yaml", "--format", "json")
RULE = "multiple-instances"


@pytest.fixture
def states(tmp_path: Path) -> dict[str, HostState]:
    names = ("SRV01", "SRV02", "DEAD")
    (tmp_path / "inv.yaml").write_text(json.dumps({"hosts": {name: {} for name in names}}))
    return {name: make_state(name) for name in names[:2]}


@pytest.fixture
def told(cli: Make, states: dict[str, HostState]) -> Make:
    return lambda *words: cli(*words, transport=lambda _: MemoryTransport(states))


def waive(*entries: dict[str, str]) -> None:
    """Write waivers."""
    usual = {"host": "*", "playbook": "schedule-fix", "rule": RULE, "reason": "It must <b>."}
    usual |= {"who": "Ada", "expires": "2999-12-31"}
    Path("w.yaml").write_text(yaml.safe_dump({"waivers": [{**usual, **one} for one in entries]}))


def by_host(result: Any) -> dict[str, Any]:
    jsonschema.validate(result.data, schema_of(published()["Document"]))
    return {host["host"]: host for host in result.data["hosts"]}


def test_what_is_waived_is_told_counted_apart_and_none_of_the_exit_code(told: Make) -> None:
    waive({})
    result = told("audit", "schedule-fix", *WHERE, "--limit", "SRV*")
    hosts = by_host(result)
    assert (result.code, result.data["waived"]) == (0, 4)
    for host in hosts.values():
        assert (host["outcome"], host["plan"]["changes"]) == ("skipped", [])
        assert {one["finding"]["rule"] for one in host["plan"]["waived"]} == {RULE}
    assert [(one["state"], one["findings"]) for one in result.data["waivers"]] == [("in_force", 4)]
    shown = told("audit", "schedule-fix", *WHERE[:-2], "--limit", "SRV*").out
    assert "SRV01  WAIVED  all that was found is waived; nothing was written\n" in shown
    assert "until 2999-12-31, by Ada: It must <b>.  (w.yaml:2:3)\n" in shown
    later = told("runs", "show", result.data["run"], "--format", "json").data
    jsonschema.validate(later, schema_of(published()["AuditRecord"]))
    assert [len(host["waived"]) for host in later["hosts"]] == [2, 2]
    assert "WAIVED" in told("runs", "show", result.data["run"]).out
    again = told("report", result.data["run"], "--format", "markdown").out
    assert "2 hosts: 2 waived; 0 findings; 4 findings waived. Exit code 0" in again


def test_no_unknown_hides_behind_a_waiver(told: Make) -> None:
    waive({"rule": "*"})
    result = told("audit", "schedule-fix", *WHERE)
    dead = by_host(result)["DEAD"]
    assert (result.code, dead["outcome"], dead["plan"]) == (5, "unreachable", None)
    assert [one["needless"] for one in result.data["waivers"]] == [False]


def test_an_apply_leaves_what_is_waived_as_it_is_and_proves_the_rest(
    told: Make, states: dict[str, HostState]
) -> None:
    waive({"host": "SRV01"}, {"host": "SRV02", "resource": "* Microsoft-OnlineBackup"})
    before = states["SRV01"].snapshot()
    result = told("apply", "schedule-fix", *WHERE, "--yes", "--limit", "SRV*")
    hosts = by_host(result)
    assert result.code == 0
    assert {name: host["outcome"] for name, host in hosts.items()} == {
        "SRV01": "skipped",
        "SRV02": "changed",
    }
    assert [len(host["plan"]["waived"]) for host in hosts.values()] == [2, 1]
    assert len(hosts["SRV02"]["applied"]) == 1
    assert states["SRV01"].snapshot() == before
    again = told("audit", "schedule-fix", *WHERE, "--limit", "SRV*")
    assert (again.code, again.data["waived"]) == (0, 3)
    everything = told("audit", "schedule-fix", *WHERE, "--limit", "SRV*", "--although-waived")
    assert (everything.code, everything.data["waived"]) == (2, 0)


def test_what_is_waived_is_written_only_by_who_names_it_and_says_so(told: Make) -> None:
    waive({})
    words = (*WHERE, "--yes", "--limit", "SRV01", "--although-waived")
    told("apply", "--all-safe", *words).explains(64, "--although-waived is for playbooks that are")
    result = told("apply", "schedule-fix", *words)
    assert (result.code, by_host(result)["SRV01"]["outcome"]) == (0, "changed")
    assert "The waivers in w.yaml do not count, as asked." in result.err


def test_a_waiver_ends_loudly(told: Make) -> None:
    waive({"expires": "2026-01-31"}, {"rule": "none"}, {"host": "X*"}, {"playbook": "no-such"})
    result = told("audit", "schedule-fix", *WHERE, "--limit", "SRV*")
    assert (result.code, result.data["waived"]) == (2, 0)
    for host in result.data["hosts"]:
        assert len(host["plan"]["changes"]) == len(host["plan"]["lapsed"]) == 2
    expired, needless = result.data["waivers"]
    assert (expired["state"], expired["findings"]) == ("expired", 4)
    assert (needless["state"], needless["needless"]) == ("in_force", True)
    assert "the waiver w.yaml:14:3 is about no host of the inventory (X*)" in result.err
    assert "the waiver w.yaml:20:3 names no-such, and there is no such playbook" in result.err
    text = told("audit", "schedule-fix", *WHERE[:-2], "--limit", "SRV*").out
    assert "has expired (until 2026-01-31): 4 findings count again\n" in text
    assert "w.yaml:8:3 (*, schedule-fix, none) is about nothing that was found" in text


def test_a_waiver_that_ends_makes_nothing_new_and_one_that_begins_is_no_repair(told: Make) -> None:
    waive()
    words = ("audit", "schedule-fix", *WHERE, "--limit", "SRV01")
    first = told(*words).data["run"]
    waive({})
    waived = told(*words, "--since", first).data
    waive()
    again = told(*words, "--since", waived["run"]).data
    for found, unchanged in ((waived, 0), (again, 2)):
        [host] = found["hosts"]
        counts = {name: len(host["since"][name]) for name in ("new", "gone", "unchanged")}
        assert counts == {"new": 0, "gone": 0, "unchanged": unchanged}


def test_a_severity_leaves_out_what_is_waived_and_matters_less(told: Make) -> None:
    waive({})
    words = ("audit", "schedule-fix", *WHERE, "--limit", "SRV01", "--severity")
    assert [told(*words, least).data["waived"] for least in ("warning", "critical")] == [2, 1]


def test_the_settings_file_may_name_waivers_and_not_take_them_away(cli: Make, told: Make) -> None:
    waive({})
    Path("set.yaml").write_text("waivers: w.yaml\n")
    where = ("-i", "inv.yaml", "--user", "svc", "--limit", "SRV*", "--config", "set.yaml")
    assert told("audit", "schedule-fix", *where).code == 0
    told("audit", *where, "--report", "junit=w.yaml").explains(64, "would replace the waivers")
    settings = {
        one["name"]: one for one in cli("config", *where[-2:], "--format", "json").data["settings"]
    }
    assert settings["waivers"]["origin"].endswith("set.yaml:1")
    Path("set.yaml").write_text("although_waived: true\n")
    told("audit", "schedule-fix", *where).explains(64, "although_waived: nothing that takes")
