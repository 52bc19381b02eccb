"""`remediate diagnose`: exit codes, what is shown, and that nothing of a text steers a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.lab.hosts import make_state
from remediate.lab.kinds import put
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.diagnosis import Diagnosis
from remediate.model.schema import schema_of
from remediate.testing.transport import MemoryTransport
from tests.diagnose.test_catalogue import ENTRY

Cli = Callable[..., Any]


def test_what_is_known_is_told_with_what_to_do(cli: Cli) -> None:
    done = cli("diagnose", "ID:", "34506")
    assert done.code == 0
    assert done.err == ""
    first, *rest = done.out.splitlines()
    assert first.startswith("passphrase-not-configured: ")
    assert {line[2:9].strip() for line in rest if line[2:3].isalpha()} == {
        *("cause:", "check:", "look:", "do:", "source:")
    }
    assert "remediate audit scratch-location encryption-key" in done.out


def test_a_negative_number_is_no_option(cli: Cli) -> None:
    assert cli("diagnose", "-2147024891").out.startswith("access-denied: ")
    cli("diagnose", "--wyh", "5").explains(64, "there is no option --wyh")


def test_what_is_not_known_is_said_with_the_nearest(cli: Cli) -> None:
    done = cli("diagnose", "the activation of my phone")
    assert done.code == 2
    assert done.out.startswith("not known; the nearest are\n")
    assert "why:    message " in done.out
    assert cli("diagnose", "qwertz").out == "not known\n"


def test_nothing_is_not_diagnosed(cli: Cli) -> None:
    cli("diagnose").explains(64, "nothing to diagnose: give a number, a message, a log")
    cli("diagnose", " \n").explains(64, "nothing to diagnose")


@pytest.mark.parametrize(("text", "code"), [("0x1FC07", 0), ("qwertz", 2), ("activation", 2)])
def test_json_keeps_its_schema(cli: Cli, text: str, code: int) -> None:
    done = cli("diagnose", text, "--format", "json")
    assert done.code == done.data["exit_code"] == code
    jsonschema.validate(done.data, schema_of(Diagnosis))
    assert bool(done.data["known"]) is (code == 0)
    assert not (done.data["known"] and done.data["nearest"])


def test_why_shows_the_parts_of_the_score(cli: Cli) -> None:
    out = cli("diagnose", "--why", "Error 34506: SalLowDiskSpace").out
    assert "  why:    number 34506: 1.00\n" in out
    assert '  why:    name "SalLowDiskSpace": 1.00\n' in out


def test_causes_that_fit_alike_are_both_told(cli: Cli) -> None:
    out = cli("diagnose", "SalLowDiskSpace ScratchLocationError").out
    assert out.startswith("2 causes fit alike; what to check tells them apart.\n")


def test_entries_of_third_parties_are_known(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "diagnose").mkdir()
    file = tmp_path / "diagnose" / "contoso.yaml"
    file.write_text(ENTRY, encoding="utf-8")
    assert cli("diagnose", "0xC0DE0001").code == 2
    assert cli("diagnose", "0xC0DE0001", "--playbooks", tmp_path).out.startswith("contoso-tape")
    file.write_text("entries: 5", encoding="utf-8")
    cli("diagnose", "5", "--playbooks", tmp_path).explains(64, "contoso.yaml: source: ")


def test_nothing_of_a_text_steers_the_terminal(cli: Cli) -> None:
    out = cli("diagnose", "--why", "34506 \x1b[31m\u202e\x07").out
    assert out.isascii()
    assert "\x1b" not in out


def test_a_log_is_told_by_causes_with_counts_times_and_a_line(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "own.log"
    log.write_text(
        "2026-11-24 03:12:44 Error 0x80070570 in D:\\a\x1b[31m\n"
        "2026-11-26 03:12:44 Error 0x80070570 in D:\\b\n"
        "2026-11-25 03:12:44 SalLowDiskSpace\n",
        encoding="utf-8",
    )
    done = cli("diagnose", "--file", log)
    assert done.code == 0
    first, seen, example, *_ = done.out.splitlines()
    assert first.startswith("file-corrupt: ")
    assert seen == "  seen:   2 times, 2026-11-24 03:12:44 to 2026-11-26 03:12:44"
    assert "Error 0x80070570 in D:\\a" in example
    assert "\x1b" not in done.out
    data = cli("diagnose", "--file", log, "--format", "json").data
    jsonschema.validate(data, schema_of(Diagnosis))
    assert [(one["id"], one["count"]) for one in data["known"]] == [
        *[("file-corrupt", 2), ("scratch-volume-full", 1)]
    ]
    assert data["known"][1]["first"] == data["known"][1]["last"] == "2026-11-25 03:12:44"


def test_a_log_without_a_cause_and_a_file_that_is_none(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "own.log"
    log.write_text("all is well\n", encoding="utf-8")
    done = cli("diagnose", "--file", log)
    assert (done.code, done.out) == (2, "nothing in it is known\n")
    cli("diagnose", "--file", tmp_path).explains(64, "cannot be read: it is a folder")
    cli("diagnose", "--file", log, "5").explains(64, "give a text or --file, not both")


LINE = "0AB\t1C\t11/{day}\t03:12:44.100\t17\tfile.cpp(10)\tnull\t\tWARNING\t{text}"
DENIED = r"The scratch folder C:\백업 cannot be read: 0x80070005"
LOGS = {
    "CBEngineCurr.errlog": {
        "lines": [
            *("x" * 70_000, LINE.format(day=24, text=DENIED), LINE.format(day=25, text="well")),
            LINE.format(day=26, text=DENIED + " \x1b[31m hunter2Canary"),
        ],
        "encoding": "cp949",
    },
    "CBEngine1.errlog": {
        "lines": [LINE.format(day=23, text=DENIED)],
        "encoding": "utf-16",
        "modified": "2026-01-04T08:00:00Z",
    },
}
AGENT = r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Setup\InstallPath"


@pytest.fixture
def host() -> HostState:
    return make_state()


@pytest.fixture
def ask(cli: Cli, host: HostState, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Diagnoses that host."""
    monkeypatch.setenv("REMEDIATE_PASSWORD", "hunter2Canary")

    def diagnose(*more: str) -> Any:
        words = ("--host", "SRV01", "--user", "svc", *more)
        return cli("diagnose", *words, transport=lambda _: MemoryTransport({"SRV01": host}))

    return diagnose


def test_the_logs_of_a_host_are_told_with_what_an_audit_finds(ask: Cli, host: HostState) -> None:
    failed = {"LastBackupFailedFiles1_1_5_2026.txt": {"lines": [r"C:\a.txt 0x80070570"]}}
    put(host, {"agent_log": LOGS, "failed_file_log": failed, "defender_exclusion": {}})
    done = ask("--why")
    assert done.code == 0
    assert "SRV01: read the last 64 KB of CBEngineCurr.errlog (68.65 KB)" in done.out
    assert "SRV01: read all of CBEngine1.errlog" in done.out
    denied = done.out[done.out.index("access-denied: ") :].partition("source:")[0]
    assert "seen:   3 times, 11/23 03:12:44.100 to 11/26 03:12:44.100" in denied
    assert "audit:  antivirus-exclusions: " in denied
    assert "fix:    remediate apply antivirus-exclusions --host SRV01 --user svc" in denied
    assert "file-corrupt: " in done.out
    data = ask("--format", "json").data
    jsonschema.validate(data, schema_of(Diagnosis))
    first = data["known"][0]
    counts = {one["id"]: one["count"] for one in data["known"]}
    assert first["id"] == "access-denied"
    assert counts == {
        "access-denied": 3,
        "backup-completed-with-warnings": 1,
        "file-corrupt": 1,
    }
    looked = {one["playbook"]: one["result"] for one in first["looked"]}
    assert looked.keys() == {*first["playbooks"]}
    assert looked["antivirus-exclusions"] == "findings"
    assert "nothing" in looked.values()
    assert [log["name"] for log in data["logs"]] == [
        *("CBEngine1.errlog", "CBEngineCurr.errlog", "LastBackupFailedFiles1_1_5_2026.txt")
    ]
    for shown in (done.out, str(data)):
        assert "hunter2Canary" not in shown
    assert "\x1b" not in done.out


def test_logs_that_tell_of_nothing_known(ask: Cli, host: HostState) -> None:
    assert ask().code == 2
    assert ask().out == "the agent has written no log on SRV01\n"
    put(host, {"agent_log": {"CBEngineCurr.errlog": {"lines": ["all is well"]}}})
    done = ask()
    assert (done.code, done.out.splitlines()[-1]) == (2, "nothing in what was read is known")
    put(host, {"registry_value": {AGENT: None}})
    done = ask()
    assert done.code == 2
    assert done.out == "the agent is not installed on SRV01, so it has no logs\n"


def test_logs_that_are_not_read_are_no_clean_bill(ask: Cli, host: HostState) -> None:
    host.denied = {"registry_value": "read"}
    done = ask()
    assert done.code == 3
    assert "SRV01: not read, agent logs: " in done.out
    data = ask("--format", "json").data
    assert (data["exit_code"], len(data["unread"]), data["known"]) == (3, 2, [])


def test_a_host_that_does_not_answer_and_two_hosts(cli: Cli, ask: Cli) -> None:
    words = ("diagnose", "--host", "X", "--user", "a")
    dead = cli(*words, transport=lambda _: MemoryTransport({}))
    assert dead.code == 5
    assert dead.out.startswith("X could not be looked at: ")
    ask("--host", "SRV02").explains(64, "a diagnosis is about one server, and 2 are chosen")
    ask("5").explains(64, "give a text, --file or a host, not more than one")


def test_it_takes_no_more_exchanges_than_an_audit(cli: Cli, lab: Lab, at: list[str]) -> None:
    put(lab.hosts[0].state, {"agent_log": {"CBEngineCurr.errlog": LOGS["CBEngine1.errlog"]}})
    assert cli("diagnose", *at, "--auth", "basic").code == 0
    assert lab.hosts[0].requests == 6
