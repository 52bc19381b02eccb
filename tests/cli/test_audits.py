"""An audit of an inventory is recorded: what it found, and nothing that a store can disturb."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from remediate.cli.commands.schema import published
from remediate.lab.hosts import make_state
from remediate.lab.kinds import put
from remediate.lab.kinds.service import HEALTHY
from remediate.lab.state import HostState
from remediate.model.schema import schema_of
from remediate.testing.transport import MemoryTransport

Make = Callable[..., Any]

AUDIT = ("audit", "schedule-fix", "execution-policy", "-i", "inv.yaml", "--user", "svc")


@pytest.fixture
def states(tmp_path: Path) -> dict[str, HostState]:
    """Two hosts that answer, in an inventory that has another one."""
    names = ("SRV01", "SRV02", "DEAD")
    (tmp_path / "inv.yaml").write_text(json.dumps({"hosts": {name: {} for name in names}}))
    return {name: make_state(name) for name in names[:2]}


@pytest.fixture
def told(cli: Make, states: dict[str, HostState]) -> Make:
    """Runs a command line that may reach these hosts."""
    return lambda *words: cli(*words, transport=lambda _: MemoryTransport(states))


def audits(cli: Make) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("runs", "list", "--audits", "--format", "json").data["runs"]
    return found


def test_an_audit_of_an_inventory_is_recorded_by_its_findings(told: Make) -> None:
    result = told(*AUDIT, "--format", "json")
    [listed] = audits(told)
    assert listed["run"]["id"] == result.data["run"]
    assert (listed["run"]["kind"], listed["hosts"], listed["open"]) == ("audit", 3, 0)
    assert listed["finished"] is not None
    shown = told("runs", "show", result.data["run"], "--format", "json").data
    jsonschema.validate(shown, schema_of(published()["AuditRecord"]))
    by_name = {host["host"]: host for host in shown["hosts"]}
    for host in result.data["hosts"]:
        plan = host["plan"] or {"changes": [], "advice": []}
        wanted = {(one["playbook"], one["rule"], one["title"]) for one in plan["changes"]}
        found = by_name[host["host"]]
        assert {(f["playbook"], f["rule"], f["title"]) for f in found["findings"]} == wanted
        assert found["outcome"] == host["outcome"]
    assert by_name["SRV01"]["computer"]["name"] == "SRV01"
    assert by_name["DEAD"]["problem"]["code"] == "name_not_resolved"
    text = told("runs", "show", result.data["run"]).out
    assert "SRV01  WOULD CHANGE\n" in text
    assert "schedule-fix: task \\Microsoft\\OnlineBackup\\" in text
    assert "DEAD  UNREACHABLE\n  recorded then: " in text
    listed = told("runs", "list", "--audits").out
    assert "audit schedule-fix execution-policy" in listed
    assert " would change" in listed


def test_what_is_named_on_the_command_line_or_not_to_be_recorded_is_not(told: Make) -> None:
    assert told("audit", "schedule-fix", "--host", "SRV01", "--user", "svc").code == 2
    assert told(*AUDIT, "--no-record", "--format", "json").data["run"] is None
    assert told("apply", *AUDIT[1:], "--dry-run").code == 5
    assert "No audit is recorded: the store" in told("runs", "list", "--audits").out


def test_an_audit_is_no_run_that_is_undone(told: Make) -> None:
    run = told(*AUDIT, "--format", "json").data["run"]
    told("rollback", run, "--yes").explains(
        64, f"run {run} is an audit: it changed nothing", f"remediate runs show {run}"
    )
    told("rollback", run, "--dry-run").explains(64, "is an audit")
    assert told("runs", "show").out == told("runs", "show", run).out
    told("rollback", "--dry-run").explains(64, "no recent run is left")
    assert told("runs", "list", "--format", "json").data["runs"] == []
    assert told("runs", "reconcile").code == 0


def test_what_is_shown_and_reported_without_a_name_is_the_newest_of_runs_and_audits(
    told: Make,
) -> None:
    def newest() -> tuple[str, str]:
        shown = told("runs", "show", "--format", "json").data["run"]["id"]
        [log] = json.loads(told("report", "--format", "sarif").out)["runs"]
        return shown, log["automationDetails"]["id"].rpartition("/")[2]

    for words in (AUDIT, ("apply", *AUDIT[1:], "--yes"), AUDIT):
        run = told(*words, "--format", "json").data["run"]
        assert newest() == (run, run)


def test_what_a_severity_leaves_out_is_counted_then_and_later(
    told: Make, states: dict[str, HostState]
) -> None:
    backup = {"name": "Microsoft-OnlineBackup", "policy": "Parallel"}
    put(states["SRV02"], {"scheduled_task": [backup]})  # which is no more than a warning
    forms = ("sarif", "junit", "markdown")
    wanted = [word for form in forms for word in ("--report", f"{form}=live.{form}")]
    run = told(*AUDIT, "--severity", "critical", "--format", "json", *wanted).data["run"]
    for form in forms:
        assert told("report", run, "--format", form, "-o", f"later.{form}").code == 0
    shown = told("runs", "show", run, "--format", "json").data
    assert [host["outcome"] for host in shown["hosts"]] == [
        "unreachable",
        "would_change",
        "would_change",
    ]
    left = sum(f["severity"] != "critical" for host in shown["hosts"] for f in host["findings"])
    assert left > 0
    for time in ("live", "later"):
        [log] = json.loads(Path(f"{time}.sarif").read_text())["runs"]
        assert log["properties"]["leftOut"] == left
        assert log["properties"]["outcomes"] == {
            "compliant": 1,
            "unreachable": 1,
            "would_change": 1,
        }
        [note] = log["invocations"][0]["toolExecutionNotifications"]
        assert f"{left} findings left out by --severity" in note["message"]["text"]
        assert f"{left} findings left out by --severity" in Path(f"{time}.markdown").read_text()
        suites = JUnitXml.fromfile(f"{time}.junit")
        told_of = [one for suite in suites for one in suite.properties() if one.name == "left_out"]
        assert sum(int(one.value) for one in told_of) == left
    live, later = (
        json.loads(Path(f"{time}.sarif").read_text())["runs"][0] for time in ("live", "later")
    )
    assert (live["properties"], live["invocations"]) == (later["properties"], later["invocations"])


def test_a_store_that_cannot_be_used_changes_nothing_of_an_audit(
    told: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = told(*AUDIT)
    (tmp_path / "no.db").write_text("this is no database at all")
    (tmp_path / "no.db").chmod(0o600)
    monkeypatch.setenv("REMEDIATE_STORE", str(tmp_path / "no.db"))
    result = told(*AUDIT)
    assert result.code == well.code == 5
    same = [line for line in well.out.splitlines() if not line.startswith("run 2")]
    assert sorted(result.out.splitlines()) == sorted(same)
    [warning] = [line for line in result.err.splitlines() if "Warning" in line]
    assert warning.startswith("Warning: this audit is not recorded: the store ")
    assert result.err.count("not recorded") == 1


def test_what_came_and_went_since_an_audit_is_told(
    told: Make, states: dict[str, HostState]
) -> None:
    first = told(*AUDIT, "--format", "json").data["run"]
    result = told(*AUDIT, "--since", first)
    assert f"  since run {first}: 0 new, 0 gone, " in result.out
    assert told("apply", "schedule-fix", "--yes", "--host", "SRV01", "--user", "svc").code == 0
    later = told("audit", "schedule-fix", "--host", "SRV01", "--user", "svc", "--since", "last")
    assert (later.code, "SRV01  COMPLIANT" in later.out) == (0, True)
    assert ": 0 new, 2 gone, 0 unchanged\n    gone: critical: schedule-fix: task " in later.out
    assert "    not compared, not asked now: execution-policy\n" in later.out
    assert "Not asked now: 2 hosts of run 2" in later.err
    again = told(*AUDIT, "--since", first[:-1], "--format", "json").data["hosts"]
    since = {host["host"]: host["since"] for host in again}
    assert [one["playbook"] for one in since["SRV01"]["gone"]] == ["schedule-fix"] * 2
    assert {name: one["run"] for name, one in since.items()} == dict.fromkeys(since, first)
    reason = "the host could not be looked at then"
    assert since["DEAD"]["untold"] == dict.fromkeys(["execution-policy", "schedule-fix"], reason)


def test_an_audit_to_compare_with_has_to_be_one_and_to_be_there(
    told: Make, states: dict[str, HostState]
) -> None:
    one = ("audit", "schedule-fix", "--host", "SRV01", "--user", "svc", "--since")
    told(*one, "last").explains(6, "does not exist yet")
    assert told("apply", "schedule-fix", "--yes", *one[2:-1]).code == 0
    told(*one, "last").explains(64, "no recorded audit asked most of this", "--audits")
    run = told("runs", "list", "--format", "json").data["runs"][0]["run"]["id"]
    told(*one, run).explains(64, f"run {run} is no audit, but an apply")
    told(*one, "nope").explains(64, "there is no run 'nope'")
    told("audit", "execution-policy", "-i", "inv.yaml", "--user", "svc")
    told(*one, "last").explains(64, "no recorded audit asked most of this")


def test_what_an_audit_found_is_applied_where_it_found_it(
    told: Make, states: dict[str, HostState]
) -> None:
    disabled = {"service": {**HEALTHY, "VSS": {"status": "Stopped", "start": "Disabled"}}}
    put(states["SRV02"], disabled)
    asked = ("audit", "schedule-fix", "vss-services", *AUDIT[3:])
    found = told(*asked, "--format", "json").data["run"]
    put(states["SRV01"], disabled)  # which that audit did not see
    where = ("-i", "inv.yaml", "--user", "svc")
    dry = told("apply", "--found-by", found, "--dry-run", *where, "--format", "json")
    planned = {
        host["host"]: {one["playbook"] for one in host["plan"]["changes"]}
        for host in dry.data["hosts"]
    }
    assert planned == {"SRV01": {"schedule-fix"}, "SRV02": {"schedule-fix", "vss-services"}}
    done = told("apply", "--found-by", found, "--yes", *where, "--format", "json")
    assert {host["host"]: host["outcome"] for host in done.data["hosts"]} == {
        "SRV01": "changed",
        "SRV02": "changed",
    }
    back = told("rollback", done.data["run"], "--yes", "--format", "json")
    assert [host["outcome"] for host in back.data["hosts"]] == ["changed", "changed"]


def test_an_audit_that_found_nothing_has_nothing_to_apply(told: Make) -> None:
    found = told("audit", "execution-policy", *AUDIT[3:], "--format", "json").data["run"]
    words = ("apply", "--found-by", found, "--yes", *AUDIT[3:])
    told(*words).explains(64, "that audit found nothing to change")
    told(*words, "schedule-fix").explains(64, "a playbook is named")


def test_what_was_found_with_other_parameters_is_not_what_is_applied(
    told: Make, tmp_path: Path
) -> None:
    where = ("-i", "inv.yaml", "--user", "svc")
    folder = ("--folder", r"\microsoft\onlinebackup")
    words = ("audit", "execution-policy", "schedule-fix", *where, *folder, "--format", "json")
    found = told(*words).data["run"]
    told("apply", "--found-by", found, "--yes", *where).explains(
        64, "schedule-fix had other parameters in that audit"
    )
    same = {"params": {"schedule-fix": {"folder": folder[1]}}}  # whoever says it
    (tmp_path / "inv.yaml").write_text(json.dumps({"hosts": {"SRV01": same, "SRV02": same}}))
    assert told("apply", "--found-by", found, "--yes", *where).code == 0


def test_a_size_is_the_same_in_whatever_words_and_shown_as_it_was_given(told: Make) -> None:
    words = ("audit", "disk-space", *AUDIT[3:])
    then = told(*words, "--floor", "900GB", "--format", "json").data["run"]
    assert "disk-space  floor: 900GB, " in told("runs", "show", then).out
    now = told(*words, "--floor", "921600MB", "--since", then, "--format", "json").data
    told_apart = [host["since"]["untold"] for host in now["hosts"] if host["plan"]]
    assert told_apart == [{}, {}]
    other = told(*words, "--floor", "901GB", "--since", then, "--format", "json").data
    assert other["hosts"][0]["since"]["untold"] == {
        "disk-space": "asked with other parameters then"
    }
