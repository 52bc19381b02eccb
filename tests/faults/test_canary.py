"""A password appears nowhere but where it is checked: not even when everything breaks."""

import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from remediate.engine.job import Job
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.lab.server.tls import Tls
from remediate.lab.state import HostState
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.powershell.messages import Reply, Request
from remediate.redaction import MASK
from remediate.store.errors import JournalIncomplete, StoreUnavailable
from remediate.transport import errors
from remediate.transport.protocol import Deadline, Session, Transport
from remediate.transport.psrp import PsrpTransport
from tests.faults.canary import (
    ACCOUNT,
    CANARY,
    USER,
    command_lines,
    files_with_it,
    seen_in,
    sent_in_clear,
)
from tests.faults.controller import apply_run, engine_for, open_store, undo_run

ROOT = Path(__file__).parents[2]
EXCHANGES = (1, 2, 4, 6, 7, 10)
"""Some of every kind, with Basic and with NTLM."""
NOTHING = Request(run="audit", calls=())


class Nonsense(Request):
    """A request that no host can read."""

    def encode(self) -> str:
        return "nonsense"


class Ears:
    """A transport that remembers every error."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.heard: list[errors.TransportError] = []

    def session(self, host: Host) -> "Ear":
        return Ear(self._transport.session(host), self.heard)


class Ear:
    """Its session."""

    def __init__(self, session: Session, heard: list[errors.TransportError]) -> None:
        self._session = session
        self._heard = heard
        self.close = session.close

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        try:
            return self._session.run(script, request, deadline)
        except errors.TransportError as error:
            self._heard.append(error)
            raise


class FullStore:
    """A store whose disk is full when the verdict is to be recorded."""

    def __init__(self, store: object) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close_host(self, *_: object, **__: object) -> None:
        raise StoreUnavailable("remediate.db", "the disk is full", "Make room.")


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Every line that anybody logs, at DEBUG."""
    lines: list[str] = []

    class Pen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith("psrpcore"):  # the host's side
                lines.append(f"{logging.Formatter().format(record)} {vars(record)}")

    root, pen, level = logging.getLogger(), Pen(), logging.getLogger().level
    root.addHandler(pen)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(level)
    root.removeHandler(pen)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_no_fault_brings_the_password_to_light(
    auth: Auth, job: Job, log: list[str], new_store: Callable[[], Path]
) -> None:
    """Errors, logs, events, store and spill file of runs that break in every way."""
    file, told = new_store(), []
    with Lab(auth=auth, account=ACCOUNT) as lab, open_store(file) as store:
        [host] = lab.hosts
        engine = engine_for(store, CANARY, emit=lambda event: told.append(event.model_dump_json()))
        ears = Ears(engine.transport)
        engine = replace(engine, transport=ears)
        for number, fault in enumerate(faults()):
            lab.faults = (fault,)
            host.counters.clear()
            told += apply_and_undo(engine, host, job, str(number))
        lab.faults = ()
        full = replace(engine, store=FullStore(store))
        told += apply_and_undo(full, host, job, "full")
        ears.heard += other_errors(host)
        assert sent_in_clear(host) == []
        assert not seen_in(repr(host.state.snapshot()))
        assert list(file.parent.glob("*spill*")), "the spill file is to be looked at too"
    assert files_with_it(file.parent) == []
    assert not [text for text in told if seen_in(text)]
    assert log
    assert not [line for line in log if seen_in(line)]
    shown = [form for error in ears.heard for form in shows(error)]
    assert not [text for text in shown if seen_in(text)]
    reached = {type(error) for error in ears.heard}
    assert {
        errors.AccessDenied,
        errors.AuthenticationFailed,
        errors.ConnectionLost,
        errors.ProtocolError,
        errors.QuotaExceeded,
        errors.Refused,
        errors.RemoteError,
        errors.TimedOut,
        errors.TlsUntrusted,
        errors.WrongSettings,
    } <= reached


def faults() -> Iterator[Fault]:
    for nth in EXCHANGES:
        for action in Action:  # in its order, or the first may be one that refuses the password
            if action not in {Action.HANG, Action.DELAY}:
                yield Fault(nth=nth, do=action, when=When.AFTER)
    yield Fault(do=Action.UNAUTHORIZED, count=0)


def apply_and_undo(engine: Any, host: LabHost, job: Job, name: str) -> Iterator[str]:
    run, undo = apply_run(f"apply-{name}"), undo_run(f"apply-{name}", f"undo-{name}")
    for report in engine.apply([host.target()], job, run):
        yield report.model_dump_json()
        yield repr(report)
    host.state.lease = None
    for report in engine.rollback(engine.store.run(run.id), undo):
        yield report.model_dump_json()
    try:
        for _, report in engine.reconcile():
            yield report.model_dump_json()
    except JournalIncomplete as error:  # a full disk takes no spilled verdict in
        yield f"{error!r} {error.hint}"
    for key, holder in engine.store.leases(run.started):
        engine.store.release_lease(key, holder.run)


def other_errors(host: LabHost) -> Iterator[errors.TransportError]:
    """Errors that no fault of the lab makes."""
    target = host.target()
    yield error_of(target, Nonsense(run="audit", calls=()))
    yield error_of(target.model_copy(update={"user": "nobody"}))
    yield error_of(target.model_copy(update={"port": 1}))
    yield error_of(target.model_copy(update={"user": None}))
    with Lab(tls=Tls.VALID, auth=host.auth, account=ACCOUNT) as lab:
        yield error_of(lab.hosts[0].target().model_copy(update={"ca_file": None}))
    with Lab(auth=host.auth, account=ACCOUNT, faults=[Fault(do=Action.HANG)]) as lab:
        yield error_of(lab.hosts[0].target(), seconds=0.2)


def error_of(
    host: Host, request: Request = NOTHING, *, seconds: float = 30
) -> errors.TransportError:
    transport = PsrpTransport(lambda _: SecretStr(CANARY), pause=lambda _: None, close_within=0.2)
    try:
        session = transport.session(host)
    except errors.TransportError as error:
        return error
    try:
        session.run("", request, Deadline(seconds))
    except errors.TransportError as error:
        return error
    finally:
        session.close()
    raise AssertionError("it was to fail")


def shows(error: BaseException) -> Iterator[bytes | str]:
    """All that an error may be printed, logged or sent as, with all it was raised from."""
    yield "".join(traceback.format_exception(error))
    yield pickle.dumps(error)
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        link = todo.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield f"{link} {link!r} {link.args!r} {vars(link)!r}"
            for held in vars(link).values():  # what a debugger or a crash report would show
                yield repr(getattr(held, "__dict__", None))
            todo += [link.__cause__, link.__context__]


@pytest.mark.parametrize("auth", [Auth.BASIC, pytest.param(Auth.NTLM, marks=pytest.mark.slow)])
def test_the_command_line_never_shows_it(
    auth: Auth, new_store: Callable[[], Path], tmp_path: Path
) -> None:
    """Not at DEBUG, not in a list of processes, not when the connection breaks."""
    file, program, lines = new_store(), tmp_path / "password.py", []
    program.write_text(f"import sys; sys.stdout.buffer.write({CANARY.encode()!r})")
    references = ["env:REMEDIATE_PASSWORD", f"command:'{sys.executable}' '{program}'"]

    def look(state: HostState, pipeline: int) -> None:
        del state, pipeline
        lines.extend(command_lines())

    lost = Fault(match=Step.COMMAND, nth=2, do=Action.DROP, when=When.AFTER)
    with Lab(auth=auth, account=ACCOUNT) as lab, open_store(file) as store:
        [host] = lab.hosts
        host.state.before_pipeline = look

        def remediate(*words: str, user: str = USER, reference: int = 0) -> str:
            host.counters.clear()
            where = ["--user", user, "--auth", auth, "--password-from", references[reference]]
            done = subprocess.run(
                [sys.executable, "-m", "remediate", *words, *where],
                cwd=ROOT,
                env=os.environ | {"REMEDIATE_STORE": str(file), "REMEDIATE_PASSWORD": CANARY},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=100,
            )
            assert not seen_in(done.stdout)
            assert not seen_in(done.stderr)
            assert MASK.encode() not in done.stdout + done.stderr, "nothing needs to be masked"
            return (done.stdout + done.stderr).decode()

        at = ["--host", f"{host.address}:{host.port}", "--debug"]
        assert "does not accept the user name" in remediate("audit", *at, user="nobody")
        remediate("audit", *at, "--format", "json")
        lab.faults = (lost,)
        remediate("apply", "schedule-fix", "--yes", *at, "--format", "ndjson", reference=1)
        lab.faults = ()
        [summary] = store.runs()
        assert summary.outcomes == {Outcome.CHANGED: 1}
        remediate("rollback", summary.run.id, "--yes", "--debug")
        assert sent_in_clear(host) == []
        assert not seen_in(repr(host.state.snapshot()))
    assert not [line for line in lines if seen_in(line)]
    assert any("remediate" in line for line in lines) == Path("/proc/self/cmdline").exists()
    assert files_with_it(file.parent) == []
