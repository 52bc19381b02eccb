"""Whoever is talked to repeats what it got: a host, a proxy, a playbook's exception.

One place knows every secret, and each text passes it before it becomes part of a report, an event,
the store, a spill file or a receipt.
"""

import base64
import html
import json
import sqlite3
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, field_validator

from remediate.cli.parameters import job, parameters
from remediate.cli.stop import Stop
from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState
from remediate.model.event import Event
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.playbook import Field, Playbook, PlaybookParams
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Reply, Request
from remediate.redaction import MASK, Redaction
from remediate.runner.serial import Serial
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from remediate.testing.transport import MemoryTransport
from remediate.transport.errors import MAX_DETAIL, AccessDenied, RemoteError, TransportError, plain
from remediate.transport.protocol import Deadline
from tests.faults.canary import CANARY, USER, files_with_it, seen_in

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
HOST = Host(name="SRV01", address="127.0.0.1", port=5985, user=USER)
SPOKEN = {
    "as it is": CANARY,
    "in JSON": json.dumps(CANARY),
    "as Python writes it": repr(CANARY),
    "in XML": html.escape(CANARY),
    "in an address": urllib.parse.quote(CANARY),
    "in a form": urllib.parse.quote_plus(CANARY),
    "as Basic sends it": base64.b64encode(f"{USER}:{CANARY}".encode()).decode(),
    "as UTF-16 in Base64": base64.b64encode(CANARY.encode("utf-16-le")).decode(),
    "cut in the middle": "x" * (MAX_DETAIL - 6) + CANARY * 3,
    "cut behind blanks": "y" + " " * (4 * MAX_DETAIL - 11) + CANARY,
}


def redaction() -> Redaction:
    known = Redaction()
    known.add(CANARY, USER)
    return known


@dataclass
class Echo:
    """A transport whose host says something about what it was sent."""

    inner: MemoryTransport
    says: str
    kind: type[TransportError]
    after: int

    def session(self, host: Host) -> "EchoSession":
        return EchoSession(self, host)


@dataclass
class EchoSession:
    """A session of it; from the given pipeline on all fail."""

    echo: Echo
    host: Host

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        reply = self.echo.inner.session(self.host).run(script, request, deadline)
        if len(self.echo.inner.requests) > self.echo.after:
            raise self.echo.kind(self.host.name, self.echo.says, after_send=True)
        return reply

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Site:
    """An engine with a real store, and all that came out of it."""

    folder: Path
    state: HostState
    told: list[str]

    def apply(self, transport: Echo | MemoryTransport, timeout: float = 1) -> HostReport:
        def hear(event: Event) -> None:
            self.told.append(event.model_dump_json())

        playbook = Catalogue().load("schedule-fix")
        work = Job((Task(playbook, playbook.params()),))
        run = Run(id="one", kind=RunKind.APPLY, playbooks=work.uses, operator="a", started=NOW)
        with SqlStore(store_place(str(self.folder / "store.db"))) as store:
            settings = Settings(operator="ada@bastion", timeout=timeout)
            engine = Engine(
                transport,
                settings,
                store,
                spill_folder=self.folder,
                emit=hear,
                runner=Serial(),
                redaction=redaction(),
            )
            [report] = engine.apply([HOST], work, run)
            self.told += [report.model_dump_json(), store.run("one").model_dump_json()]
        return report


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    tmp_path.chmod(0o700)
    site = Site(tmp_path, make_state(), [])
    yield site
    assert files_with_it(tmp_path) == []
    assert not [text for text in site.told if seen_in(text)]
    assert not seen_in(json.dumps(site.state.receipts))


@pytest.mark.parametrize("says", SPOKEN.values(), ids=SPOKEN)
@pytest.mark.parametrize(("kind", "after"), [(AccessDenied, 0), (RemoteError, 1)])
def test_a_host_repeats_it_in_an_error(
    site: Site, says: str, kind: type[TransportError], after: int
) -> None:
    transport = Echo(MemoryTransport({HOST.address: site.state}), says, kind, after)
    report = site.apply(transport)
    assert report.problem
    assert MASK in report.problem.message


def test_a_validator_of_a_playbook_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is known before anything of the playbook's own sees it."""

    class Params(PlaybookParams):
        token: SecretStr = Field(description="Token")

        @field_validator("token")
        @classmethod
        def _good(cls, value: SecretStr) -> SecretStr:
            raise ValueError(f"{value.get_secret_value()} is bad")

    class Own(Playbook[Params]):
        """Its own."""

        id = "own-one"
        title = "Look"
        source = "https://example.com/kb/1"

    known = Redaction()
    [token] = parameters([Own()])
    monkeypatch.setenv("TOKEN_OF_MINE", CANARY)
    with pytest.raises(Stop) as stopped:
        job([Own()], {token.key: "env:TOKEN_OF_MINE"}, known=known.add)
    assert CANARY not in known(str(stopped.value.message))


def test_a_host_has_it_in_a_task_that_is_not_written(site: Site) -> None:
    """The snapshot remembers the task without it."""
    task = site.state.windows["scheduled_tasks"][2]
    task["xml"] = task["xml"].replace("<Author>Microsoft", f"<Author>{html.escape(CANARY)}")
    report = site.apply(MemoryTransport({HOST.address: site.state}), timeout=120)
    assert report.outcome is Outcome.CHANGED


def test_what_is_to_be_written_holds_it(site: Site) -> None:
    """It cannot be recorded, so it is not written."""
    task = site.state.windows["scheduled_tasks"][0]
    task["name"] = CANARY.replace("<", "").replace('"', "")
    known = task["name"]
    before = site.state.snapshot()
    transport = MemoryTransport({HOST.address: site.state})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.security.test_repeated_secrets.CANARY", known)
        report = site.apply(transport)
    assert report.outcome is Outcome.REFUSED
    assert site.state.snapshot() == before
    assert not [text for text in site.told if known in text]
    with sqlite3.connect(site.folder / "store.db") as database:
        assert not [row for row in database.iterdump() if known in row]


@given(st.text(min_size=3, max_size=40), st.text(max_size=80), st.text(max_size=700))
def test_no_text_that_was_made_plain_shows_a_secret(secret: str, before: str, after: str) -> None:
    """Whatever `plain` does to it: spaces made one, cut at the end.

    What is short, or a word, is quoted: in a sentence it may be a word, or a number, of ours.
    """
    known = Redaction()
    known.add(secret)
    quote = "'" if len(secret) < 8 or secret.replace("_", "").isalnum() else ""
    shown = known(plain(before + quote + secret + quote + after))
    kept = " ".join(plain(secret).split())
    besides = MASK + before + after + plain(before) + plain(after)
    if len(kept) >= 8 or (len(kept) >= 3 and kept == secret):
        assert kept not in shown or kept in besides


def test_a_secret_parameter_is_known_too() -> None:
    known = Redaction()
    known.add("first line\nsecond line")
    assert known("x second line y") == f"x {MASK} y"
