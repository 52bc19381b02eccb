"""Somebody who can write the store plants a record.

Who: every member of a team with a shared store, whoever hands over a copy of one.
What: one host of one run that broke off, with an address and a password of the attacker's choice.
What happens: nothing runs here, and nothing is sent, unless the person at the command says so.
"""

import base64
import os
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from remediate.cli.terminal import Terminal
from remediate.lab.hosts import make_state
from remediate.lab.kinds import records
from remediate.model.change import Change
from remediate.model.host import Host
from remediate.model.plan import PlaybookUse
from remediate.model.run import Intent, Run, RunKind
from remediate.resources.scheduled_task import ScheduledTask
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from tests.cli.conftest import PASSWORD
from tests.security.conftest import Listener

Make = Callable[..., Any]

RUN = "20260101-000000-bad0"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "ghp_a-token-of-another-service"
TASK = ScheduledTask.model_validate(records(make_state(), "scheduled_task")[0])
CHANGE = Change(
    playbook="schedule-fix",
    resource=TASK.resource_id,
    title=TASK.title,
    property="multiple_instances",
    before=TASK.recorded("multiple_instances"),
    after=0,
)
ELSEWHERE = "eve.example"
"""The attacker's machine."""

COMMANDS = {
    "dry run": ("rollback", RUN, "--dry-run"),
    "rollback": ("rollback", RUN, "--yes"),
    "reconcile": ("runs", "reconcile"),
}
each_command = pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())


def host_at(port: int, **said: object) -> Host:
    values = {"name": "SRV01", "address": "127.0.0.1", "port": port, "user": "svc", **said}
    return Host.model_validate(values)


def plant(host: Host, wrote_with: Host | None = None, run: str = RUN) -> None:
    """Write a run into the store that has an intent and no end.

    The hosts are written past the store, as an attacker does, who asks nobody what is kept of them.
    """
    wrote_with = wrote_with or host
    use = PlaybookUse(id="schedule-fix", parameters={})
    with SqlStore(store_place()) as store:
        store.begin_run(
            Run(id=run, kind=RunKind.APPLY, playbooks=(use,), operator="eve@depot", started=NOW),
            [host],
        )
        store.record_intent(
            Intent(
                run=run,
                host=wrote_with or host,
                changes=(CHANGE,),
                snapshot=(TASK.observed(),),
                recorded=NOW,
            )
        )
    file = store_place().file
    assert file
    row = {"host": host.model_dump_json(), "wrote": wrote_with.model_dump_json(), "run": run}
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "UPDATE hosts SET host = :host, intent = json_set(intent, '$.host', json(:wrote))"
            " WHERE run = :run",
            row,
        )


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that is there once the attacker's program has run."""
    return tmp_path / "it-ran"


@pytest.fixture
def program(tmp_path: Path, marker: Path) -> str:
    """A reference to the attacker's program, with a word that must not be repeated."""
    script = tmp_path / "program.py"
    script.write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\nprint('x')\n")
    return f'command:"{sys.executable}" "{script}" an-argument'


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the attacker's machine leads to the listener."""
    ask = socket.getaddrinfo

    def resolve(host: str, *args: object, **more: object) -> object:
        return ask("127.0.0.1" if host == ELSEWHERE else host, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_TOKEN", TOKEN)
    (tmp_path / "some.key").write_text(TOKEN)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Somebody at a terminal, who answers each question so; returns what was asked."""

    def sit_down(*answers: str) -> list[str]:
        waiting, asked = list(answers), []

        def ask(_: Terminal, text: str) -> str:
            asked.append(text)
            return waiting.pop(0) if waiting else ""

        monkeypatch.setattr(Terminal, "interactive", property(lambda _: True))
        monkeypatch.setattr(Terminal, "ask", ask)
        return asked

    return sit_down


def sent(secret: str, listener: Listener) -> bool:
    """Whether a secret arrived, as Basic sends it."""
    basic = base64.b64encode(f"svc:{secret}".encode())
    return basic in listener.heard or secret.encode() in listener.heard


def planted(name: str, folder: Path, program: str, port: int) -> Host:
    """What the attacker writes: whose secret it is, and to whom it goes."""
    readable = {"address": ELSEWHERE, "auth": "basic", "insecure": True}
    certificates = {"cert_file": folder / "some.key", "key_file": folder / "some.key"}
    kinds: dict[str, dict[str, object]] = {
        "a program runs": {"password": program, "auth": "ntlm"},
        "another variable": {"password": "env:SOME_TOKEN", "auth": "ntlm"},
        "a file": {"password": f"file:{folder / 'some.key'}", "auth": "ntlm"},
        "words of his own": {"password": "prompt:the vault", "auth": "ntlm"},
        "a password as itself": {"password": "hunter2", "auth": "ntlm"},
        "a program without its arguments": {"password": "command:vault \u2026", "auth": "ntlm"},
        "a reference without end": {"password": f"file:{'x' * 5000}", "auth": "ntlm"},
        "a token in the clear": {"password": "env:SOME_TOKEN", **readable},
        "the usual password in the clear": {"password": "env:REMEDIATE_PASSWORD", **readable},
        "the usual password to whoever listens on loopback": {
            "password": "env:REMEDIATE_PASSWORD",
            "auth": "basic",
        },
        "an authority of his own": {
            "password": "env:REMEDIATE_PASSWORD",
            "auth": "basic",
            "tls": True,
            "ca_file": folder / "some.key",
        },
        "a pin of his own": {
            "password": "env:REMEDIATE_PASSWORD",
            "auth": "basic",
            "tls": True,
            "tls_pin": "sha256:" + 32 * "66",
        },
        "a key that is not his": {"auth": "certificate", "tls": True, "user": None, **certificates},
        "a host without an account": {"password": "env:REMEDIATE_PASSWORD", "user": None},
    }
    return host_at(port, **kinds[name])


ALLOWED_BY = {
    "a program runs": "--password-from",
    "another variable": "--password-from",
    "a file": "--password-from",
    "words of his own": "--password-from",
    "a password as itself": "--password-from",
    "a program without its arguments": "--password-from",
    "a reference without end": "--password-from",
    "a token in the clear": "--insecure",
    "the usual password in the clear": "--insecure",
    "the usual password to whoever listens on loopback": "--host SRV01",
    "an authority of his own": "--ca-file",
    "a pin of his own": "--tls-pin",
    "a key that is not his": "--cert-file and --key-file",
    "a host without an account": "--user",
}


@each_command
@pytest.mark.parametrize("name", ALLOWED_BY)
def test_nothing_runs_and_nothing_is_sent(
    name: str,
    words: tuple[str, ...],
    cli: Make,
    listener: Listener,
    tmp_path: Path,
    program: str,
    marker: Path,
) -> None:
    plant(planted(name, tmp_path, program, listener.port))
    done = cli(*words)
    assert done.code == 6, done.out + done.err
    assert "SRV01  REFUSED  nothing was written" in done.out
    assert ALLOWED_BY[name] in done.out
    assert (listener.connections, marker.exists()) == (0, False)
    shown = done.out + done.err
    for secret in (TOKEN, PASSWORD, "hunter2", "an-argument", "xxxx"):
        assert secret not in shown.replace(str(tmp_path), "")


@each_command
def test_a_program_gets_the_refusal_as_data(
    words: tuple[str, ...], cli: Make, listener: Listener
) -> None:
    plant(host_at(listener.port, password="env:SOME_TOKEN", auth="ntlm"))
    done = cli(*words, "--format", "json")
    (report,) = done.data.get("hosts") or [closed["report"] for closed in done.data["closed"]]
    assert (done.code, done.data["exit_code"]) == (6, 6)
    assert (report["outcome"], report["problem"]["code"]) == ("refused", "not_agreed")
    assert f"127.0.0.1:{listener.port}: ntlm over HTTP as svc" in report["problem"]["message"]


@each_command
def test_the_host_that_a_run_began_with_and_the_one_it_wrote_with_are_held_against_each_other(
    words: tuple[str, ...], cli: Make, listener: Listener
) -> None:
    honest = host_at(5985, address="srv01.example", password="env:REMEDIATE_PASSWORD")
    plant(host_at(listener.port, password="env:REMEDIATE_PASSWORD"), wrote_with=honest)
    done = cli(*words, "--host", f"SRV01=127.0.0.1:{listener.port}", "--insecure")
    assert done.code == 6
    assert "the run began with another address and port than it wrote with" in done.out
    assert listener.connections == 0


@each_command
def test_who_agrees_is_told_what_runs_and_where_its_output_goes(
    words: tuple[str, ...],
    cli: Make,
    listener: Listener,
    program: str,
    marker: Path,
    person: Callable[..., list[str]],
) -> None:
    """And the same attack, once a person falls for it: so much for the proof above."""
    plant(host_at(listener.port, password=program, auth="ntlm"))
    asked = person("maybe\n", "yes\n")
    done = cli(*words)
    assert asked == ["Is that right? [yes/no] "] * 2
    told = done.err.replace(os.linesep, " ")
    assert f"run the program {program.removeprefix('command:')} and log on with" in told
    assert f"SRV01 is at 127.0.0.1:{listener.port}: ntlm over HTTP as svc" in told
    assert (listener.connections > 0, marker.exists()) == (True, True)


@each_command
@pytest.mark.parametrize("answer", ["no\n", ""])
def test_who_does_not_agree_is_left_alone(
    answer: str,
    words: tuple[str, ...],
    cli: Make,
    listener: Listener,
    program: str,
    marker: Path,
    person: Callable[..., list[str]],
) -> None:
    plant(host_at(listener.port, password=program, auth="ntlm"))
    asked = person(answer)
    done = cli(*words)
    assert (done.code, len(asked)) == (6, 1)
    assert "and you answered no" in done.out
    assert (listener.connections, marker.exists()) == (0, False)


@each_command
def test_what_cannot_be_shown_whole_is_not_even_asked_about(
    words: tuple[str, ...], cli: Make, listener: Listener, person: Callable[..., list[str]]
) -> None:
    for number, line in enumerate([f"harmless {' ' * 500} harmful", "vault \u2026"]):
        host = host_at(listener.port, name=f"SRV0{number}", password=f"command:{line}", auth="ntlm")
        plant(host, run=f"2026010{number}-000000-bad0")
    asked = person("yes\n")
    done = [cli(*[word.replace(RUN[:8], f"2026010{n}") for word in words]) for n in (0, 1)]
    assert [each.code for each in done] == [6, 6]
    assert (asked, listener.connections) == ([], 0)


@each_command
def test_only_what_is_said_just_now_sends_a_secret_readable(
    words: tuple[str, ...], cli: Make, listener: Listener
) -> None:
    """The options that a refusal names do what they say."""
    plant(
        host_at(
            listener.port, address=ELSEWHERE, auth="basic", insecure=True, password="env:SOME_TOKEN"
        )
    )
    assert cli(*words, "--insecure").code == 6
    assert cli(*words, "--password-from", "env:SOME_TOKEN").code == 6
    assert cli(*words, "--host", "SRV01", "--password-from", "env:SOME_TOKEN").code == 6
    assert listener.connections == 0
    done = cli(*words, "--insecure", "--password-from", "env:SOME_TOKEN")
    assert f"SRV01 is at {ELSEWHERE}:{listener.port}: basic over HTTP as svc." in done.err
    assert sent(TOKEN, listener)


@each_command
def test_a_loopback_port_of_the_past_gets_the_password_only_when_it_is_named(
    words: tuple[str, ...], cli: Make, listener: Listener
) -> None:
    plant(host_at(listener.port, auth="basic", password="env:REMEDIATE_PASSWORD"))
    assert (cli(*words).code, listener.connections) == (6, 0)
    cli(*words, "--host", "SRV01")
    assert sent(PASSWORD, listener)


@each_command
def test_the_usual_password_is_used_unasked_and_the_address_is_told_first(
    words: tuple[str, ...], cli: Make, listener: Listener
) -> None:
    """By a method that does not hand it out: what a writer of the store can still do."""
    plant(host_at(listener.port, auth="ntlm", password="env:REMEDIATE_PASSWORD"))
    done = cli(*words)
    first = done.err.splitlines()[0]
    assert first == f"SRV01 is at 127.0.0.1:{listener.port}: ntlm over HTTP as svc."
    assert listener.connections > 0
    assert not sent(PASSWORD, listener)


def test_one_planted_host_does_not_keep_the_others_from_being_looked_at(
    cli: Make, listener: Listener
) -> None:
    plant(host_at(listener.port, password="env:SOME_TOKEN", auth="ntlm"))
    good = host_at(listener.port, name="SRV02", password="env:REMEDIATE_PASSWORD", auth="ntlm")
    plant(good, run="20260102-000000-900d")
    done = cli("runs", "reconcile", "--format", "json")
    names = {each["report"]["host"]: each["report"]["outcome"] for each in done.data["closed"]}
    assert names == {"SRV01": "refused", "SRV02": "indeterminate"}
    with SqlStore(store_place()) as store:
        assert len(store.open_intents(indeterminate=True)) == 2


def test_a_question_is_asked_once_for_all_hosts_that_it_is_about(
    cli: Make, listener: Listener, person: Callable[..., list[str]]
) -> None:
    for number in (1, 2, 3):
        host = host_at(listener.port, name=f"SRV0{number}", password="env:SOME_TOKEN", auth="ntlm")
        plant(host, run=f"2026010{number}-000000-bad0")
    asked = person("no\n")
    done = cli("runs", "reconcile")
    assert len(asked) == 1
    assert [name in done.err for name in ("  SRV01 is at", "  SRV02 is at", "  SRV03 is at")] == [
        True
    ] * 3


def test_a_record_cannot_steer_the_terminal_of_the_person_who_is_asked(
    cli: Make, listener: Listener, person: Callable[..., list[str]]
) -> None:
    plant(host_at(listener.port, password="command:x \x1b[2J\u202e y", auth="ntlm"))
    person("no\n")
    done = cli("runs", "reconcile")
    assert not set(done.out + done.err) & set("\x1b\u202e")
    plant(
        host_at(listener.port, auth="ntlm").model_copy(update={"user": "a\x1b[1Ab\n"}),
        run="20260102-000000-bad0",
    )
    done = cli("rollback", "20260102", "--dry-run")
    done.explains(6, "the user 'a<U+001B>[1Ab<U+000A>' has a control character")
