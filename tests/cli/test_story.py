"""The whole way through: from a command line to a host and back."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.lab.hosts import make_state
from remediate.lab.kinds import edit, records
from remediate.lab.lab import Lab

Make = Callable[..., Any]


def resources(lab: Lab) -> object:
    return lab.hosts[0].state.without_traces()


def newest_run(cli: Make) -> str:
    return str(cli("runs", "list", "--format", "json").data["runs"][0]["run"]["id"])


def test_audit_then_apply_then_audit_then_rollback(cli: Make, lab: Lab, at: list[str]) -> None:
    start = resources(lab)
    audit = cli("audit", "schedule-fix", *at)
    assert audit.code == 2
    assert "StopExisting (3) → IgnoreNew (2)" in audit.out
    assert f"to do it: remediate apply schedule-fix {' '.join(at)}\n" in audit.out
    dry = cli("apply", "schedule-fix", "--dry-run", *at)
    assert (dry.code, resources(lab)) == (2, start)
    assert dry.out == audit.out

    apply = cli("apply", "schedule-fix", "--yes", *at)
    assert apply.code == 0
    assert "read back: IgnoreNew (2)" in apply.out
    assert resources(lab) != start
    run = newest_run(cli)
    assert f"  to undo: remediate rollback {run}\n" in apply.out
    assert cli("audit", "schedule-fix", *at).code == 0

    assert cli("rollback", run, "--dry-run").code == 2
    assert resources(lab) != start
    undone = cli("rollback", run[:-2], "--yes")
    assert undone.code == 0
    assert "UNDONE" in undone.out
    assert resources(lab) == start
    again = cli("rollback", run, "--yes")
    assert (again.code, "NOTHING TO UNDO" in again.out) == (0, True)


def test_an_audit_of_everything_ends_with_the_command_that_does_what_it_announced(
    cli: Make, lab: Lab, at: list[str]
) -> None:
    audit = cli("audit", *at)
    assert f"to do it: remediate apply schedule-fix {' '.join(at)}\n" in audit.out
    narrowed = cli("audit", "--topic", "schedule", "--topic=schedule", "--deep", *at)
    assert narrowed.out.splitlines()[-1] == audit.out.splitlines()[-1]
    with_option = cli("audit", *at, "--policy", "Bypass")
    named = "remediate apply execution-policy schedule-fix"
    assert f"to do it: {named} {' '.join(at)} --policy Bypass\n" in with_option.out


def test_runs_are_listed_and_shown_with_how_to_undo(cli: Make, lab: Lab, at: list[str]) -> None:
    assert cli("runs", "list").out.startswith("No run is recorded: the store ")
    cli("apply", "schedule-fix", "--yes", *at)
    run = newest_run(cli)
    listed = cli("runs", "list").out
    assert f"{run}  apply schedule-fix" in listed
    assert "1 host: 1 changed" in listed
    shown = cli("runs", "show", run).out
    assert "read back: IgnoreNew (2)" in shown
    assert r"  schedule-fix  folder: \Microsoft\OnlineBackup" in shown
    assert f"to undo: remediate rollback {run}\n" in shown
    assert json.loads(cli("runs", "list", "--format", "ndjson").out)["run"]["id"] == run


def test_a_conflict_is_named_and_forced_by_the_command_that_is_shown(
    cli: Make, lab: Lab, at: list[str]
) -> None:
    start = resources(lab)
    cli("apply", "schedule-fix", "--yes", *at)
    run = newest_run(cli)
    name = "Microsoft-OnlineBackup-SystemStateBackup"
    task = {"path": "\\Microsoft\\OnlineBackup\\", "name": name}
    edit(lab.hosts[0].state, "scheduled_task", task, multiple_instances=1)
    result = cli("rollback", run, "--yes")
    assert result.code == 4
    assert "left alone: " in result.out
    assert "now it is Queue (1);" in result.out
    assert "to overwrite it: " in result.out
    command = result.out.partition("to overwrite it: remediate ")[2].splitlines()[0]
    assert cli(*command.split(), "--yes").code == 0
    assert resources(lab) == start


@pytest.mark.slow
def test_every_document_fits_its_published_schema(cli: Make, lab: Lab, at: list[str]) -> None:
    schemas = cli("schema").data["schemas"]

    def check(name: str, *words: str) -> Any:
        document = cli(*words, "--format", "json").data
        jsonschema.validate(document, schemas[name])
        return document

    assert cli("schema", "Document").data == schemas["Document"]

    check("Document", "audit", *at)
    document = check("Document", "apply", "schedule-fix", "--yes", *at)
    assert document["command"] == "apply"
    assert document["hosts"][0]["outcome"] == "changed"
    assert document["exit_code"] == 0
    check("Document", "hosts", "check", *at)
    check("Document", "hosts", "locks", *at)
    check("RunRecord", "runs", "show", document["run"])
    check("Reconciliation", "runs", "reconcile")
    check("Document", "rollback", document["run"], "--dry-run")
    check("Document", "rollback", document["run"], "--yes")
    for row in cli("runs", "list", "--format", "json").data["runs"]:
        jsonschema.validate(row, schemas["RunSummary"])
    lines = cli("audit", *at, "--format", "ndjson").out.splitlines()
    names = {"host_phase": "HostPhase", "host_finished": "HostFinished", "summary": "Summary"}
    for line in map(json.loads, lines):
        jsonschema.validate(line, schemas[names[line["type"]]])
    assert json.loads(lines[-1])["type"] == "summary"


def test_several_hosts_from_an_inventory(
    cli: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Lab([make_state("SRV01"), make_state("SRV02"), make_state("OTHER")]) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        names = {host.name: {"address": host.address, "port": host.port} for host in lab.hosts}
        defaults = {"user": lab.hosts[0].user, "auth": "basic"}
        groups = {"two": {"hosts": ["SRV01", "SRV02"]}}
        path = tmp_path / "inv.yaml"
        path.write_text(json.dumps({"hosts": names, "defaults": defaults, "groups": groups}))
        result = cli("audit", "-i", path, "--format", "json")
        assert [host["host"] for host in result.data["hosts"]] == ["SRV01", "SRV02", "OTHER"]
        result = cli("audit", "-i", path, "--group", "two", "--limit", "*02", "--format", "json")
        assert [host["host"] for host in result.data["hosts"]] == ["SRV02"]
        result = cli("apply", "schedule-fix", "-i", path, "--group", "two", "--yes")
        run = newest_run(cli)
        assert f"to undo: remediate rollback {run} --host SRV01\n" in result.out
        assert "2 hosts: 2 changed\n" in result.out
        assert lab.hosts[2].requests == 6, "only the first audit has spoken to it"
        result = cli("rollback", run, "--yes", "--host", "SRV02", "--format", "json")
        assert [host["host"] for host in result.data["hosts"]] == ["SRV02"]
        cli("rollback", run, "--yes", "--host", "NONE").explains(64, "has no host 'NONE'", "SRV01")


def test_who_holds_a_host_is_told(cli: Make, lab: Lab, at: list[str]) -> None:
    now = datetime.now(UTC)
    lab.hosts[0].state.lease = {
        "run": "20260101-000000-beef",
        "owner": "ada@bastion",
        "since": now.timestamp(),
        "until": (now + timedelta(minutes=5)).timestamp(),
        "fence": 99,
    }
    locks = cli("hosts", "locks", *at)
    assert "HELD" in locks.out
    assert "run 20260101-000000-beef (ada@bastion) has held this host since " in locks.out
    refused = cli("apply", "schedule-fix", "--yes", *at)
    assert refused.code == 6
    assert "ada@bastion" in refused.out


def test_check_says_what_a_host_says_of_itself(cli: Make, lab: Lab, at: list[str]) -> None:
    result = cli("hosts", "check", *at)
    assert result.code == 0
    assert "READY" in result.out
    assert "Windows 10.0.17763, PowerShell 5.1" in result.out


def test_what_a_host_calls_its_tasks_cannot_steer_the_terminal(
    cli: Make, lab: Lab, at: list[str]
) -> None:
    for task in lab.hosts[0].state.windows["scheduled_tasks"]:
        task["name"] = f"\x1b[2J\u202e{task['name']}\x07"
    result = cli("audit", "schedule-fix", *at)
    assert result.code == 2
    assert not set(result.out + result.err) & set("\x1b\u202e\x07")


def test_no_secret_is_shown_or_recorded_anywhere(
    cli: Make, lab: Lab, at: list[str], tmp_path: Path
) -> None:
    secret = lab.hosts[0].password
    seen = ""
    for words in (["audit"], ["apply", "--yes"], ["hosts", "check"]):
        playbook = [] if words[0] == "hosts" else ["schedule-fix"]
        result = cli(*words, *playbook, *at, "--debug", "--format", "ndjson")
        seen += result.out + result.err
    seen += "".join(
        path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()
    )
    assert "schedule-fix" in seen
    assert secret not in seen


def test_the_program_starts_as_a_module_and_ends_with_the_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "remediate", "show", "nope"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 64
    assert done.stdout == ""


def test_a_reader_that_leaves_does_not_stop_the_hosts(lab: Lab, at: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "remediate", "apply", "schedule-fix", "--yes", *at],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    states = [t["multiple_instances"] for t in records(lab.hosts[0].state, "scheduled_task")]
    assert set(states[:3]) == {2}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_a_shell(shell: str, cli: Make) -> None:
    result = cli("completion", shell)
    assert result.code == 0
    assert "_REMEDIATE_COMPLETE" in result.out


def test_playbooks_are_completed(
    cli: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_REMEDIATE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "remediate apply sched")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        cli()
    assert capsys.readouterr().out == "plain,schedule-fix\n"


def test_version(cli: Make) -> None:
    result = cli("--version")
    assert (result.code, result.out.split()[0]) == (0, "remediate")


def test_help_is_there_for_every_command(cli: Make) -> None:
    for words in ([], ["runs"], ["hosts"], ["lab"], ["lab", "serve"], ["rollback"], ["demo"]):
        result = cli(*words, "--help")
        assert result.code == 0
        assert result.out.startswith("Usage: remediate")
