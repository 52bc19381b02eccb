"""A controller that stands still at one moment of an apply until it is killed.

`python -m tests.faults.doomed MOMENT STORE HOST`, where HOST is a `Host` as JSON. It says the
moment when it has come to it.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request
from remediate.secrets.resolve import resolve
from remediate.store.run_lock import RunLock
from remediate.transport.protocol import Deadline, Session
from remediate.transport.psrp import PsrpTransport
from tests.faults.controller import LEASE, PATIENT, apply_run, open_store, schedule_fix

WRITE = "write"
DURABLE = (
    "begin_run",
    "take_lease",
    "record_intent",
    "close_host",
    "finish_run",
)
ORDER = (*DURABLE[:3], WRITE, *DURABLE[3:])
MOMENTS = [f"{when} {what}" for what in ORDER for when in ("before", "after")]

Stop = Callable[[str], None]


def stop_at(wanted: str, moment: str) -> None:
    if moment == wanted:
        sys.stdout.write(f"{moment}\n")
        sys.stdout.flush()
        sys.stdin.read()
        sys.exit("not killed")


class DoomedStore:
    """A store whose durable writes are moments."""

    def __init__(self, store: object, stop: Stop) -> None:
        self._store = store
        self._stop = stop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        return partial(self._write, name, value) if name in DURABLE else value

    def _write(self, name: str, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self._stop(f"before {name}")
        answer = method(*args, **more)
        self._stop(f"after {name}")
        return answer


class DoomedTransport:
    """A transport whose pipelines that write are moments."""

    def __init__(self, transport: PsrpTransport, stop: Stop) -> None:
        self._transport = transport
        self._stop = stop

    def session(self, host: Host) -> "DoomedSession":
        return DoomedSession(self._transport.session(host), self._stop)


class DoomedSession:
    """Its session."""

    def __init__(self, session: Session, stop: Stop) -> None:
        self._session = session
        self._stop = stop
        self.close = session.close

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        writes = any(call.function.startswith("Set-") for call in request.calls)
        if writes:
            self._stop(f"before {WRITE}")
        reply = self._session.run(script, request, deadline)
        if writes:
            self._stop(f"after {WRITE}")
        return reply


def main(moment: str, file: str, host: str) -> None:
    stop = partial(stop_at, moment)
    store = open_store(Path(file))
    engine = Engine(
        DoomedTransport(PsrpTransport(lambda host: resolve(host.password or "")), stop),
        Settings(operator="ada@bastion", timeout=PATIENT, lease=LEASE),
        DoomedStore(store, stop),  # type: ignore[arg-type] # by __getattr__
        alive=lambda run: RunLock(run, store.place.locks),
    )
    list(engine.apply([Host.model_validate_json(host)], schedule_fix(), apply_run()))
    sys.exit("it never came to that moment")


if __name__ == "__main__":
    main(*sys.argv[1:])
