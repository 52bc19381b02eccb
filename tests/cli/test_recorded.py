"""Rollback and reconcile reach the hosts of a record where they are now."""

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remediate.cli.recorded import Reaching
from remediate.cli.settings_file import SettingsFile
from remediate.cli.stop import Stop
from remediate.cli.terminal import Terminal
from remediate.cli.wiring import Parts, settings
from remediate.engine.engine import Engine
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Connection
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.run import HostRecord, Run, RunKind
from remediate.redaction import Redaction
from remediate.store.place import store_place
from remediate.store.sql import SqlStore

Make = Callable[..., Any]

NOTHING: dict[str, Any] = {
    **dict.fromkeys(("inventory", "password_from", "user", "auth", "port", "tls")),
    **dict.fromkeys(("ca_file", "tls_pin", "cert_file", "key_file", "insecure")),
    "passwords_only": None,
    "allow_open_files": False,
    "hosts": (),
}
AGAIN = "20991231-000000-aaaa"
OTHER = "20991231-000000-bbbb"
PASSWORD = "env:REMEDIATE_PASSWORD"


def on_record(name: str = "SRV01", **said: object) -> HostRecord:
    values = {"name": name, "address": "10.0.0.1", "port": 5985, "user": "ada", **said}
    return HostRecord(host=Host.model_validate({"password": PASSWORD, **values}))


def reached(*records: HostRecord, **options: object) -> list[Any]:
    """The host as it is reached now, or the code of the problem that refuses it."""
    names = {record.host.name for record in records}
    terminal = Terminal(Redaction())
    reaching = Reaching({**NOTHING, **options}, names, "the record has", terminal)
    found = reaching([record for record in records if reaching.chosen(record.host)])
    return [
        each.host if isinstance(each, HostRecord) else each.problem and each.problem.code
        for each in found
    ]


def one(record: HostRecord, **options: object) -> Any:
    (found,) = reached(record, **options)
    return found


def test_a_host_is_reached_as_it_was_when_nothing_else_is_said() -> None:
    record = on_record(auth="ntlm", port=1234)
    assert one(record) == record.host


@pytest.mark.parametrize(
    ("place", "address", "port", "tls"),
    [
        ("SRV01", "10.0.0.1", 5985, False),
        ("SRV01=10.0.0.9", "10.0.0.9", 5985, False),
        ("SRV01=new.example:5986", "new.example", 5986, True),
        ("SRV01=[2001:db8::1]:1234", "2001:db8::1", 1234, False),
    ],
)
def test_the_command_line_says_where_a_host_is_now(
    place: str, address: str, port: int, tls: bool
) -> None:
    host = one(on_record(), hosts=(place,), port=None)
    assert (host.name, host.address, host.port, host.tls) == ("SRV01", address, port, tls)


def test_tls_of_the_record_is_not_given_up_for_another_port() -> None:
    assert one(on_record(tls=True, port=5986), hosts=("SRV01=10.0.0.9:5985",)).tls
    assert one(on_record(tls=True, port=5986), port=5985).tls
    assert not one(on_record(tls=False, port=5986)).tls


def test_a_port_that_is_named_with_the_host_counts_more_than_the_option() -> None:
    assert one(on_record(), hosts=("SRV01=10.0.0.9:1",), port=2).port == 1
    assert one(on_record(), hosts=("SRV01=10.0.0.9",), port=2).port == 2


def test_a_name_with_an_equals_sign_is_a_name() -> None:
    record = on_record("a=10.0.0.1")
    assert one(record, hosts=("a=10.0.0.1",)) == record.host
    assert one(record, hosts=("a=10.0.0.1=10.0.0.9",)).address == "10.0.0.9"


def test_only_hosts_that_are_named_are_chosen() -> None:
    hosts = reached(on_record("A"), on_record("B"), on_record("C"), hosts=("C=10.0.0.3", "A"))
    assert [(host.name, host.address) for host in hosts] == [("A", "10.0.0.1"), ("C", "10.0.0.3")]


@pytest.mark.parametrize(
    ("given", "says", "hint"),
    [
        (["SRV02"], "the record has no host 'SRV02'", "There are SRV01."),
        (["SRV02=10.0.0.1"], "the record has no host 'SRV02'", "There are SRV01."),
        (["SRV01="], "--host SRV01: a host name is empty", "Write NAME=ADDRESS"),
        (["SRV01=10.0.0.1:x"], "the port must be a number", "Write NAME=ADDRESS"),
        (["SRV01=10.0.0.1", "SRV01=10.0.0.2"], "more than once where SRV01 is", "Say it once."),
    ],
)
def test_a_host_that_makes_no_sense_is_a_wrong_command_line(
    given: list[str], says: str, hint: str
) -> None:
    with pytest.raises(Stop) as stop:
        one(on_record(), hosts=given)
    assert (stop.value.code, says in stop.value.message) == (64, True)
    assert stop.value.hint.startswith(hint)


def test_what_the_inventory_says_of_a_host_is_all_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "now.yaml"
    path.write_text(
        "defaults: {user: eve, password: 'env:OTHER'}\n"
        "hosts: {srv01: {address: 10.0.0.7, port: 5986, ca_file: ca.pem}}\n"
    )
    record = on_record(password="command:old", auth="basic", insecure=True)
    host = one(record, inventory=path)
    assert (host.name, host.address, host.port, host.tls) == ("SRV01", "10.0.0.7", 5986, True)
    assert (host.auth, host.user, host.password) == (Auth.NEGOTIATE, "eve", "env:OTHER")
    assert (host.ca_file, host.insecure) == (tmp_path / "ca.pem", False)
    moved = one(record, inventory=path, hosts=["SRV01=10.0.0.8:443"])
    assert (moved.address, moved.port, moved.user) == ("10.0.0.8", 443, "eve")


def test_a_host_that_the_inventory_does_not_know_is_reached_as_on_record(tmp_path: Path) -> None:
    path = tmp_path / "now.yaml"
    path.write_text("hosts: {OTHER: {user: eve}}")
    assert one(on_record(), inventory=path) == on_record().host
    assert one(on_record(password="command:x"), inventory=path) == "not_agreed"


def test_the_command_line_counts_more_than_the_record(tmp_path: Path) -> None:
    said = {"user": "eve", "password_from": "env:MINE", "auth": "basic", "tls": True}
    host = one(on_record(password="command:x", ca_file=tmp_path / "old"), ca_file=tmp_path, **said)
    assert (host.user, host.password, host.auth, host.tls) == ("eve", "env:MINE", Auth.BASIC, True)
    assert host.ca_file == tmp_path


@pytest.mark.parametrize(
    ("recorded", "ends"),
    [("env:ONLY", "env:ONLY"), ("prompt:", "prompt:"), (PASSWORD, "not_agreed")],
)
def test_a_job_that_is_held_to_one_password_uses_no_other_of_a_record(
    recorded: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does somebody at a terminal who would say yes."""
    monkeypatch.setattr(Terminal, "interactive", property(lambda _: True))
    monkeypatch.setattr(Terminal, "ask", lambda *_: "yes")
    found = one(on_record(password=recorded), passwords_only="env:ONLY")
    assert (found.password if isinstance(found, Host) else found) == ends


def test_who_logs_on_by_certificate_is_asked_for_no_password(tmp_path: Path) -> None:
    files = {"cert_file": tmp_path / "c", "key_file": tmp_path / "k"}
    record = on_record(auth="certificate", tls=True, user=None, password=None, **files)
    assert one(record) == "not_agreed"
    assert one(record, cert_file=tmp_path / "c") == "not_agreed"
    assert one(record, **files, password_from="env:MINE").password is None


def test_a_keytab_that_only_the_record_names_needs_a_yes(tmp_path: Path) -> None:
    record = on_record(address="srv01", auth="kerberos", password=None, keytab=tmp_path / "k")
    assert one(record) == "not_agreed"
    assert one(record, keytab=tmp_path / "k").password is None


def test_files_that_are_not_used_need_no_yes(tmp_path: Path) -> None:
    names = ("ca_file", "cert_file", "key_file")
    host = one(on_record(**dict.fromkeys(names, tmp_path)))
    assert [getattr(host, name) for name in names] == [None] * 3


def test_what_the_settings_file_says_too_needs_no_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the record leaves open it does not fill in."""
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    usual = Connection(password="keyring:mine", ca_file=tmp_path / "ca.pem", keytab="/k")
    file = SettingsFile(tmp_path / "config.yaml", connection=usual)
    record = on_record(password="keyring:mine", ca_file=tmp_path / "ca.pem", port=5986, tls=True)
    assert one(record) == "not_agreed"
    assert one(record, config=file) == record.host
    assert one(record, config=file, passwords_only="env:P") == "not_agreed"
    other = on_record(password="keyring:other")
    assert one(other, config=file) == "not_agreed"


def test_a_keytab_on_record_is_refused_where_no_kerberos_is_spoken(tmp_path: Path) -> None:
    record = on_record(auth="negotiate", keytab=tmp_path / "k", password=None)
    assert one(record) == "wrong_settings"
    found = one(record, password_from="env:MINE")
    assert (found.password, found.keytab) == ("env:MINE", None)


@pytest.mark.parametrize(
    ("said", "options", "what"),
    [
        ({"address": "127.0.0.1"}, {}, "in_the_clear"),
        ({"address": "127.0.0.1"}, {"hosts": ["SRV01"]}, False),
        ({"address": "127.0.0.1"}, {"hosts": ["SRV01=127.0.0.2"]}, False),
        ({"address": "127.0.0.1"}, {"hosts": ["SRV01=10.0.0.1"]}, "in_the_clear"),
        ({"address": "127.0.0.1"}, {"hosts": ["SRV01=10.0.0.1"], "insecure": True}, True),
        ({"address": "127.0.0.1"}, {"insecure": True}, True),
        ({"insecure": True}, {}, "in_the_clear"),
        ({"insecure": True}, {"hosts": ["SRV01"]}, "in_the_clear"),
        ({"insecure": True}, {"insecure": True}, True),
        ({"tls": True}, {}, False),
        ({"address": "127.0.0.1"}, {"tls": True}, False),
        ({"insecure": True}, {"auth": "negotiate"}, False),
    ],
)
def test_basic_without_tls_is_never_for_the_record_alone_to_say(
    said: dict[str, object], options: dict[str, object], what: object
) -> None:
    found = one(on_record(auth="basic", **said), **options)
    assert (found.insecure if isinstance(found, Host) else found) == what


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"address": "SRV01"}, ""),
        ({"address": "srv01."}, ""),
        ({"address": "srv01", "tls": True, "port": 5986}, ""),
        ({"address": "SRV01", "port": 80}, "SRV01 is at srv01:80: negotiate over HTTP as ada.\n"),
        ({}, "SRV01 is at 10.0.0.1:5985: negotiate over HTTP as ada.\n"),
        ({"tls": True}, "SRV01 is at 10.0.0.1:5985: negotiate over TLS as ada.\n"),
    ],
)
def test_an_address_that_is_not_the_name_is_shown(
    said: dict[str, object], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one(on_record(**said))
    assert capsys.readouterr().err == shown


def test_names_that_computers_had_are_handed_on() -> None:
    assert settings({"timeout": None}).renamed == frozenset()
    assert settings({"timeout": None, "renamed": ["A", "B"]}).renamed == {"A", "B"}


# --- with hosts -----------------------------------------------------------------------------------


@pytest.fixture
def state() -> HostState:
    """What moves from one address to another."""
    return make_state("SRV01")


@pytest.fixture
def moved(
    cli: Make, state: HostState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Lab], str]:
    """Where a host was changed by a run, before it moved to a lab: the id of the run."""
    with Lab([state]) as then:
        monkeypatch.setenv("REMEDIATE_PASSWORD", then.hosts[0].password)
        here = {"address": then.hosts[0].address, "port": then.hosts[0].port, "user": "labadmin"}
        (tmp_path / "then.yaml").write_text(json.dumps({"hosts": {"SRV01": here}}))
        done = cli("apply", "schedule-fix", "-i", "then.yaml", "--yes", "--format", "json")
        assert done.code == 0, done.out + done.err

    def to(now: Lab) -> str:
        monkeypatch.setenv("REMEDIATE_PASSWORD", now.hosts[0].password)
        return str(done.data["run"])

    return to


def reopened(run: str, operator: str = "ada@bastion", name: str = AGAIN) -> HostRecord:
    """A run that intended the same, and broke off."""
    with SqlStore(store_place()) as store:
        (record,) = store.run(run).hosts
        assert record.intent is not None
        again = Run(
            id=name,
            kind=RunKind.APPLY,
            playbooks=store.run(run).run.playbooks,
            operator=operator,
            started=datetime.now(UTC),
        )
        store.begin_run(again, [record.host])
        store.record_intent(record.intent.model_copy(update={"run": name}))
    return record


def test_a_host_that_moved_is_rolled_back_where_it_is_now(
    cli: Make, state: HostState, moved: Callable[[Lab], str], tmp_path: Path
) -> None:
    with Lab([state]) as now:
        run, host = moved(now), now.hosts[0]
        there = f"{host.address}:{host.port}"
        assert cli("rollback", run, "--yes").code == 5
        dry = cli("rollback", run, "--dry-run", "--host", f"SRV01={there}")
        assert (dry.code, f"SRV01 is at {there}: negotiate over HTTP" in dry.err) == (2, True)
        assert f"to do it: remediate rollback {run} --host SRV01={there}\n" in dry.out
        done = cli("rollback", run, "--yes", "--host", f"SRV01={there}")
        assert (done.code, "SRV01  UNDONE" in done.out) == (0, True), done.out + done.err
        with sqlite3.connect(tmp_path / "store" / "runs.db") as store:
            leases = {row[0] for row in store.execute("SELECT host FROM leases")}
        assert there in leases


def test_a_host_that_moved_is_reconciled_where_the_inventory_has_it(
    cli: Make, state: HostState, moved: Callable[[Lab], str], tmp_path: Path
) -> None:
    with Lab([state]) as now:
        reopened(moved(now))
        host = now.hosts[0]
        here = {"address": host.address, "port": host.port, "user": host.user}
        (tmp_path / "now.yaml").write_text(json.dumps({"hosts": {"SRV01": here}}))
        done = cli("runs", "reconcile", "-i", "now.yaml", "--report", "junit=now.yaml")
        assert (done.code, "would replace the inventory" in done.err) == (64, True)
        done = cli("runs", "reconcile", "-i", "now.yaml")
        assert (done.code, "SRV01  CHANGED" in done.out) == (0, True), done.out + done.err
        assert f"SRV01 is at {host.address}:{host.port}" in done.err
        assert f"to undo: remediate rollback {AGAIN} --host SRV01\n" in done.out
        assert "the journal is complete" in cli("runs", "reconcile").err


@pytest.mark.parametrize(
    ("words", "code", "ends"),
    [(["runs", "reconcile"], 4, "CHANGED"), (["rollback", AGAIN, "--yes"], 6, "UNDONE")],
)
def test_a_computer_that_was_renamed_is_accepted_by_its_old_name(
    words: list[str], code: int, ends: str, cli: Make, state: HostState, moved: Callable[[Lab], str]
) -> None:
    with Lab([state]) as now:
        reopened(moved(now))
        state.name = "SRV09"
        at = ["--host", f"SRV01={now.hosts[0].address}:{now.hosts[0].port}"]
        refused = cli(*words, *at, "--timeout", "3")
        assert (refused.code, "accept it with --renamed SRV01" in refused.out) == (code, True)
        assert cli(*words, *at, "--renamed", "SRV02", "--timeout", "3").code == code
        done = cli(*words, *at, "--renamed", "SRV01")
        assert (done.code, f"SRV01  {ends}" in done.out) == (0, True), done.out + done.err


@pytest.mark.parametrize("words", [["runs", "reconcile"], ["rollback", AGAIN, "--yes"]])
def test_a_run_that_goes_on_elsewhere_is_left_alone_though_its_host_has_moved(
    words: list[str], cli: Make, state: HostState, moved: Callable[[Lab], str]
) -> None:
    """It has its lease by the address that the host had then, and on the host itself."""
    with Lab([state]) as now:
        record = reopened(moved(now), operator="bob@depot")
        later = datetime.now(UTC) + timedelta(minutes=5)
        with SqlStore(store_place()) as store:
            store.take_lease(
                record.host.endpoint,
                AGAIN,
                "bob@depot",
                datetime.now(UTC),
                timedelta(minutes=5),
            )
        state.lease = {
            "run": AGAIN,
            "owner": "bob@depot",
            "since": datetime.now(UTC).timestamp(),
            "until": later.timestamp(),
            "fence": 1,
        }
        there = f"{now.hosts[0].address}:{now.hosts[0].port}"
        done = cli(*words, "--host", f"SRV01={there}")
        assert (done.code, "SRV01  REFUSED" in done.out) == (6, True), done.out + done.err
        assert state.lease["owner"] == "bob@depot"


def test_only_the_hosts_that_are_named_are_reconciled(
    cli: Make, state: HostState, moved: Callable[[Lab], str]
) -> None:
    with Lab([state]) as now:
        run = moved(now)
        record = reopened(run)
        with SqlStore(store_place()) as store:
            other = record.host.model_copy(update={"name": "SRV02"})
            begun = store.run(AGAIN).run.model_copy(update={"id": OTHER})
            assert record.intent is not None
            store.begin_run(begun, [other])
            update = {"run": OTHER, "host": other}
            store.record_intent(record.intent.model_copy(update=update))
        there = f"{now.hosts[0].address}:{now.hosts[0].port}"
        done = cli("runs", "reconcile", "--host", f"SRV01={there}")
        assert done.code == 0, done.out + done.err
        assert "Not looked at, and still open: SRV02.\n" in done.err
        with SqlStore(store_place()) as store:
            left = [(begun.id, host.host.name) for begun, host in store.open_intents()]
        assert left == [(OTHER, "SRV02")]
        unknown = cli("runs", "reconcile", "--host", "SRV01")
        unknown.explains(64, "there is no host 'SRV01'", "There are SRV02.")


def test_two_hosts_of_a_run_cannot_be_in_one_place(
    cli: Make, state: HostState, moved: Callable[[Lab], str], unsent: object
) -> None:
    with Lab([state]) as now:
        run = moved(now)
        with SqlStore(store_place()) as store:
            (record,) = store.run(run).hosts
            hosts = [record.host, record.host.model_copy(update={"name": "SRV02", "port": 1})]
            store.begin_run(store.run(run).run.model_copy(update={"id": OTHER}), hosts)
            for host in hosts:
                assert record.intent is not None
                update = {"run": OTHER, "host": host}
                store.record_intent(record.intent.model_copy(update=update))
    place = f"SRV02={record.host.address}:{record.host.port}"
    words = ["rollback", OTHER, "--dry-run", "--host", place, "--host", "SRV01"]
    done = cli(*words, transport=unsent)
    assert (done.code, "SRV01 and SRV02 are the same server" in done.err) == (64, True)


def test_the_command_that_undoes_names_a_host_that_has_to_be_named(cli: Make, lab: Lab) -> None:
    host = lab.hosts[0]
    at = f"{host.address}:{host.port}"
    done = cli(
        "apply", "schedule-fix", "--host", at, "--user", host.user, "--auth", "basic", "--yes"
    )
    command = done.out.partition("to undo: remediate ")[2].splitlines()[0]
    run = command.split()[1]
    assert command == f"rollback {run} --host {at}"
    assert f"to undo: remediate {command}\n" in cli("runs", "show", run).out
    refused = cli("rollback", run, "--yes")
    assert (refused.code, f"name it with --host {at}" in refused.out) == (6, True)
    assert cli(*command.split(), "--yes").code == 0
    reopened(run)
    assert f"to find out: remediate runs reconcile --host {at}\n" in cli("runs", "show", AGAIN).out


def test_names_that_computers_had_reach_the_engine(
    cli: Make, lab: Lab, at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = cli("apply", "schedule-fix", "--yes", *at, "--format", "json").data["run"]
    reopened(run)
    seen: list[frozenset[str]] = []
    make = Parts.engine

    def engine(self: Parts, hosts: Any, pace: Any, **more: Any) -> Any:
        seen.append(pace.renamed)
        return make(self, hosts, pace, **more)

    monkeypatch.setattr(Parts, "engine", engine)
    cli("rollback", run, "--dry-run", "--renamed", "OLD1", "--renamed", "OLD2")
    cli("runs", "reconcile", "--renamed", "OLD1")
    assert seen == [{"OLD1", "OLD2"}, {"OLD1"}]
    assert cli("apply", "schedule-fix", *at, "--yes", "--renamed", "OLD1").code == 64


def test_a_dry_run_looks_into_the_journal_that_an_apply_would(
    cli: Make, unsent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier run has left undone is announced, too; without a journal there is none."""
    asked: list[object] = []

    def audit(engine: Engine, *_: object) -> list[HostReport]:
        asked.append(engine.store)
        return []

    monkeypatch.setattr(Engine, "audit", audit)
    words = ("apply", "schedule-fix", "--dry-run", "--host", "SRV01", "--user", "ada")
    cli(*words, transport=unsent)
    with SqlStore(store_place(os.environ["REMEDIATE_STORE"]), make=True):
        pass
    cli(*words, transport=unsent)
    assert [type(one).__name__ for one in asked] == ["NoneType", "SqlStore"]
