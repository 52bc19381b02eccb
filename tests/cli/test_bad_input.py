"""Bad input: one clear sentence, the right exit code, no traceback, and nothing sent."""

import os
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault
from remediate.lab.server.tls import Tls
from remediate.store.place import store_place
from remediate.store.sql import SqlStore

Make = Callable[..., Any]

LOGIN = ["--user", "u"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["aplly"], "there is no command 'aplly': did you mean apply?"),
        (["frobnicate"], "there is no command 'frobnicate'."),
        (["frob"], "there is no command 'frob'."),
        ([], "no command was given.\nTry remediate --help, or remediate demo."),
        (["runs"], "no command was given.\nTry remediate runs --help."),
        (["audit", "--host"], "requires an argument.\nSee remediate audit --help."),
        (["report"], "Choose from: junit, sarif, markdown, html."),
        (["audit", "schedul-fix"], "no playbook 'schedul-fix': did you mean schedule-fix?"),
        (["audit", "zzz", "--host", "A"], "no playbook 'zzz': see `remediate list`"),
        (["show", "schedul-fix"], "did you mean schedule-fix?"),
        (["apply", "--host", "A", "--yes"], "no playbook is named"),
        (["audit", "schedule-fix", "--fodler", "x"], "no option --fodler: did you mean --folder?"),
        (["audit", "schedule-fix", "--hots", "x"], "no option --hots: did you mean --host?"),
        (["audit", "schedule-fix"], "no host is given"),
        (["audit", "schedule-fix", "--host", "A"], "no user is given for A"),
        (["audit", "--host", "a b", *LOGIN], "--host: 'a b' is not a host name"),
        (["audit", "--host", "", *LOGIN], "--host: a host name is empty"),
        (["audit", "--playbooks", "", "--host", "A", *LOGIN], "'--playbooks': it is empty"),
        (["audit", "-i", ""], "it is empty; is there a variable that has no value?"),
        (["validate", ""], "it is empty"),
        (["plan", "show", ""], "it is empty"),
        (["apply", "--plan", "", "--yes"], "'--plan': it is empty"),
        (["audit", "--host", "http://A:5985/", *LOGIN], "write the name of the host alone, and no"),
        (["audit", "--host", "A:0", *LOGIN], "the port must be a number from 1 to 65535"),
        (["audit", "--host", "A:x", *LOGIN], "the port must be a number from 1 to 65535"),
        (["audit", "--host", "::1:5985x", *LOGIN], "write an IPv6 address with a port as"),
        (["audit", "--host", "[::1", *LOGIN], "write an IPv6 address with a port as"),
        (["audit", "--host", "1.2.3.400", *LOGIN], "is not a valid IP address"),
        (["audit", "--host", "A", "--auth", "krb", *LOGIN], "'krb' is not one of"),
        (["audit", "--host", "A", "--port", "0", *LOGIN], "'--port'"),
        (["audit", "--host", "A", "--timeout", "soon", *LOGIN], "'soon' is not a valid float"),
        (["audit", "--host", "A", "--timeout", "0", *LOGIN], "not in the range"),
        (["audit", "--host", "A", "--timeout", "nan", *LOGIN], "write a number of seconds"),
        (["audit", "--host", "A", "--port", "010", *LOGIN], "'--port': the port must be a number"),
        (["audit", "--host", "A", "--port", "5_986", *LOGIN], "not '5_986'"),
        (["audit", "--host", "A", "--port", "on", *LOGIN], "not 'on'"),
        (["audit", "--host", "[fe80::1%eth0]:5985", *LOGIN], "'fe80::1%eth0' names a zone"),
        (["audit", "--host", "0x7f.1", *LOGIN], "'0x7f.1' is not a valid IP address"),
        (["audit", "--host", "ada:hunter2@A", *LOGIN], "--host: a host name has no @"),
        (["audit", "--host", "A", "--user", ""], "'--user': the user is empty"),
        (
            ["audit", "--host", "A", "--user", "CONTOSO\x07dministrator"],
            "'CONTOSO<U+0007>dministrator' has a control character (U+0007); type it in single",
        ),
        (
            ["audit", "--host", "127.0.0.1", "--auth", "basic", "--user", "a:b"],
            "the user of 127.0.0.1 has a colon",
        ),
        (
            ["audit", "--host", "A", "--password-from", "file:~nobody-here/pw", *LOGIN],
            "--password-from: this machine knows no home folder for ~nobody-here",
        ),
        (["audit", "--host", "A", "--auth", "certificate"], "no certificate is given for A"),
        (["audit", "--host", "A", "--group", "g"], "choose from an inventory"),
        (["audit", "-i", "nowhere.yaml"], "nowhere.yaml cannot be read: No such file"),
        (["audit", "--playbooks", "nowhere", "--host", "A"], "nowhere is not a folder"),
        (["apply", "schedule-fix", "--folder", "a:b", "--host", "A"], "--folder 'a:b': a Task"),
        (["apply", "schedule-fix", "--folder", "", "--host", "A"], "--folder '': a Task"),
        (["schema", "Documnt"], "Did you mean Document?"),
        (["--config", "x", "audit"], "Options are typed behind a command; remediate --help shows"),
        (["hosts", "--host", "A", "list"], "Options are typed behind a command; remediate hosts"),
        (["--versoin"], "there is no option --versoin: did you mean --version?"),
        (["completion", "powershell"], "'powershell' is not one of"),
        (
            ["audit", "--host", "SRV01", "--auth", "basic", *LOGIN],
            "basic over plain HTTP would send the password of SRV01 readable",
        ),
        (
            ["audit", "--host", "A", "--password-from", "hunter2", *LOGIN],
            "--password-from: a password is given by reference",
        ),
        (
            ["audit", "--host", "A", "--password-from", "env:NOT_SET_HERE", *LOGIN],
            "the environment variable NOT_SET_HERE is not set",
        ),
    ],
)
def test_a_wrong_command_line(args: list[str], says: str, cli: Make, unsent: Make) -> None:
    result = cli(*args, transport=unsent)
    result.explains(64, says)
    assert "hunter2" not in result.err


@pytest.mark.parametrize(
    "args",
    [
        ["audit", "--password", "hunter2", "--host", "A"],
        ["audit", "hunter2", "--password=hunter2"],
        ["apply", "schedule-fix", "--password=hunter2"],
        ["hosts", "check", "--password", "hunter2"],
        ["rollback", "X", "--password", "hunter2"],
    ],
)
def test_a_password_in_the_command_line_is_refused_with_the_reason(
    args: list[str], cli: Make, unsent: Make
) -> None:
    result = cli(*args, transport=unsent)
    result.explains(64, "never given on the command line", "REMEDIATE_PASSWORD")
    assert "hunter2" not in result.err


@pytest.mark.parametrize("option", ["--passwordhunter2", "--pass-hunter2", "--pwdhunter2=x"])
def test_an_option_that_a_password_may_be_part_of_is_not_repeated(
    option: str, cli: Make, unsent: Make
) -> None:
    result = cli("audit", option, "--host", "A", transport=unsent)
    result.explains(64, "there is no such option")
    assert "hunter2" not in result.err


def test_no_password_and_no_terminal(
    cli: Make, unsent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    result = cli("audit", "--host", "A", *LOGIN, transport=unsent)
    result.explains(64, "there is no terminal to ask for it on")
    result = cli("audit", "--host", "A", *LOGIN, "--password-from", "prompt:", transport=unsent)
    result.explains(64, "there is no terminal to ask for the password on")


def test_nobody_to_ask_and_no_yes_is_refused(cli: Make, unsent: Make, tmp_path: Path) -> None:
    result = cli("apply", "schedule-fix", "--host", "A", *LOGIN, transport=unsent)
    result.explains(6, "cannot ask for confirmation without a terminal", "--yes")
    cli("rollback", "X", transport=unsent).explains(6, "--dry-run first")
    assert not (tmp_path / "store").exists()


NEEDS_A_RUN = [["rollback", "X", "--yes"], ["rollback", "X", "--dry-run"], ["runs", "show", "X"]]


@pytest.mark.parametrize("args", [*NEEDS_A_RUN, ["runs", "reconcile"]])
def test_where_no_store_is_none_is_made_and_nothing_is_said_to_be_well(
    args: list[str], cli: Make, unsent: Make, tmp_path: Path
) -> None:
    result = cli(*args, transport=unsent)
    result.explains(6, f"the store {tmp_path / 'store' / 'runs.db'} does not exist yet")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "store").mkdir(mode=0o700)
    (tmp_path / "store" / "runs.db").touch(mode=0o600)
    cli(*args, transport=unsent).explains(6, "does not exist yet")
    assert (tmp_path / "store" / "runs.db").stat().st_size == 0


@pytest.mark.parametrize("args", NEEDS_A_RUN)
def test_a_run_that_the_store_does_not_know(args: list[str], cli: Make, unsent: Make) -> None:
    SqlStore(store_place()).close()
    cli(*args, transport=unsent).explains(64, "there is no run 'X'")


@pytest.mark.parametrize("form", ["console", "json", "ndjson"])
def test_a_list_of_no_runs_names_the_store_and_makes_none(
    form: str, cli: Make, unsent: Make, tmp_path: Path
) -> None:
    place = str(tmp_path / "store" / "runs.db")
    words = ["runs", "list", "--format", form]
    result = cli(*words, transport=unsent)
    assert result.code == 0
    assert f"the store {place} does not exist yet" in result.out + result.err
    assert {"console": True, "json": '"runs": []' in result.out, "ndjson": result.out == ""}[form]
    assert list(tmp_path.iterdir()) == []
    SqlStore(store_place()).close()
    result = cli(*words, transport=unsent)
    assert f"in the store {place} yet" in result.out + result.err
    done = cli("runs", "reconcile", transport=unsent)
    assert done.code == 0
    assert f"No intent is open in the store {place}: the journal is complete." in done.err


def test_locks_are_asked_for_without_a_store(
    cli: Make, lab: Lab, at: list[str], tmp_path: Path
) -> None:
    result = cli("hosts", "locks", *at)
    assert result.code == 0
    assert "FREE" in result.out
    assert "does not exist yet: only hosts are asked" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["audit"], ["apply", "schedule-fix", "--yes"], ["list"]])
def test_a_broken_playbook_is_named_with_its_line(
    words: list[str], cli: Make, unsent: Make, playbook: Make
) -> None:
    folder = playbook(fields="    x: int = Field(1, description='x'")
    last = [] if words == ["list"] else ["--host", "A", *LOGIN]
    result = cli(*words, "--playbooks", folder, *last, transport=unsent)
    result.explains(64, f"{folder}{os.sep}own_fix.py:10: ")


def test_a_playbook_that_fails_while_it_is_imported_is_named_with_its_line(
    cli: Make, unsent: Make, playbook: Make
) -> None:
    folder = playbook(fields="    x: int = 1 / 0")
    result = cli("audit", "own-fix", "--playbooks", folder, transport=unsent)
    result.explains(64, f"{folder}{os.sep}own_fix.py:10: division by zero")
    result = cli("audit", "own-fix", "--playbooks", folder, "--debug", transport=unsent)
    assert "Traceback" in result.err
    assert "x: int = 1 / 0" in result.err


def test_two_playbooks_of_one_id_are_both_named(cli: Make, unsent: Make, playbook: Make) -> None:
    one, two = playbook(base="one"), playbook(base="two")
    args = ["audit", "--playbooks", one, "--playbooks", two, "--host", "A", *LOGIN]
    result = cli(*args, transport=unsent)
    result.explains(64, "two playbooks have the id own-fix", str(one), str(two))


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", [], "has no hosts"),
        ("hosts: {A: {prot: 1}}", [], "inv.yaml:1:13: A: there is no setting 'prot'"),
        ("hosts: {A: }", ["--limit", "B*"], "no host of"),
        ("hosts: {A: }", ["--group", "g"], "has no group 'g'"),
    ],
)
def test_an_inventory_that_gives_no_host(
    text: str, options: list[str], says: str, cli: Make, unsent: Make, tmp_path: Path
) -> None:
    path = tmp_path / "inv.yaml"
    path.write_text(text)
    result = cli("audit", "-i", path, *options, *LOGIN, transport=unsent)
    result.explains(64, says)


def test_hosts_and_an_inventory_exclude_each_other(cli: Make, unsent: Make, tmp_path: Path) -> None:
    (tmp_path / "inv.yaml").write_text("hosts: {A: }")
    result = cli("audit", "--host", "A", "-i", "inv.yaml", *LOGIN, transport=unsent)
    result.explains(64, "--host and --inventory exclude each other")


APPLY = ["apply", "schedule-fix", "--yes", "--host", "A", *LOGIN]


@pytest.mark.parametrize("args", [APPLY, ["runs", "list"], ["runs", "reconcile"]])
def test_a_store_that_is_no_database_refuses(
    args: list[str], cli: Make, unsent: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "not-a-database"
    path.write_bytes(b"something else entirely" * 100)
    monkeypatch.setenv("REMEDIATE_STORE", str(path))
    cli(*args, transport=unsent).explains(6, str(path), "cannot be used")


@pytest.mark.parametrize(
    ("driver", "hint"),
    [("postgresql+psycopg", "psycopg[binary]"), ("mysql", "to a path, or to postgresql+psycopg")],
)
def test_a_database_without_its_driver_says_what_to_install_or_to_use(
    driver: str, hint: str, cli: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("psycopg", "MySQLdb"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("REMEDIATE_STORE", f"{driver}://127.0.0.1/x")
    cli("runs", "list").explains(6, "is missing", hint)


def test_a_store_on_a_full_disk_refuses(
    cli: Make, unsent: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own limit of the file's size gives the very error that a full disk gives."""
    connect = sqlite3.connect

    def full(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count=3")
        return connection

    monkeypatch.setattr(sqlite3.dbapi2, "connect", full)
    result = cli(*APPLY, transport=unsent)
    result.explains(6, str(tmp_path), "the disk is full")


def audit_of(lab: Lab) -> list[str]:
    host = lab.hosts[0]
    at = ["--host", f"{host.address}:{host.port}", "--user", host.user, "--auth", "basic"]
    return ["audit", "schedule-fix", *at]


def test_a_wrong_password_is_tried_once(cli: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "wrong")
    with Lab([make_state()]) as lab:
        result = cli(*audit_of(lab))
        assert result.code == 5
        assert "does not accept the user name or password" in result.out
        assert "It was tried once only." in result.out
        assert lab.hosts[0].requests == 1


def test_an_untrusted_certificate_ends_before_any_request(cli: Make) -> None:
    with Lab([make_state()], tls=Tls.VALID) as lab:
        result = cli(*audit_of(lab), "--tls")
        assert result.code == 5
        assert "shows a certificate that is not trusted" in result.out
        assert "--ca-file" in result.out
        assert lab.hosts[0].requests == 0


def test_a_name_that_dns_does_not_know(cli: Make) -> None:
    result = cli("audit", "--host", "no-such-host.invalid", *LOGIN)
    assert result.code == 5
    assert "no-such-host.invalid is not known to DNS" in result.out


def test_a_port_on_which_nothing_listens(cli: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = cli("audit", "--host", f"127.0.0.1:{taken.getsockname()[1]}", *LOGIN)
    assert result.code == 5
    assert "refuses the connection" in result.out


def test_a_silent_host_is_given_up_in_time(cli: Make) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        result = cli("audit", "--host", f"127.0.0.1:{port}", *LOGIN, "--timeout", "1")
    assert result.code == 5
    assert "does not answer in time" in result.out
    assert "--timeout" in result.out


def test_an_internal_error_is_one_sentence_and_a_traceback_only_with_debug(cli: Make) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("of ours")

    result = cli("audit", "--host", "A", *LOGIN, transport=broken)
    result.explains(1, "remediate itself failed, in a way that nobody foresaw", "--debug")
    result = cli("audit", "--host", "A", *LOGIN, "--debug", transport=broken)
    assert "Traceback" in result.err


def test_the_faults_of_a_lab_are_no_tracebacks(cli: Make, lab: Lab, at: list[str]) -> None:
    lab.faults = (Fault(do=Action.GARBAGE),)
    result = cli("audit", "schedule-fix", *at)
    assert result.code == 5
    assert "Traceback" not in result.out + result.err


@pytest.mark.parametrize(
    "words", [["audit"], ["hosts", "check"], ["apply", "schedule-fix", "--yes"]]
)
def test_a_wire_that_there_is_none_of_is_the_fault_of_no_host(
    words: list[str], cli: Make, unsent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEDIATE_WIRE", "nope")
    done = cli(*words, "--host", "SRV01", "--user", "ada", transport=unsent)
    done.explains(64, "REMEDIATE_WIRE has to be lean or pypsrp, not nope", "nothing was sent")
