"""What `remediate lab serve` does: hosts until somebody says stop."""

import importlib
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal, TextIO

from remediate.lab.engines.simulated import simulated_backend_factory
from remediate.lab.host import LabHost
from remediate.lab.hosts import load, make_states, save
from remediate.lab.lab import EngineFactory, Lab
from remediate.lab.server.faults import load_faults
from remediate.lab.server.tls import Tls
from remediate.lab.state import HostState
from remediate.model.connection import Auth

Engine = Literal["simulated", "powershell"]
Described = dict[str, str | int | None]
"""A host as other programs are told of it."""


def serve(  # noqa: PLR0913 - one for each option of the command
    *,
    hosts: int = 1,
    seed: int = 0,
    state: Path | None = None,
    tls: bool = False,
    auth: Auth | None = None,
    faults: Path | None = None,
    latency_ms: float = 0,
    engine: Engine = "simulated",
    ready: Callable[[list[Described]], None],
    source: TextIO | None = None,
) -> None:
    """Serve practice hosts until SIGTERM, SIGINT or the end of `source`.

    Args:
        hosts: how many.
        seed: the same seed makes the same hosts.
        state: JSON file with the hosts' state; is read when it exists, and kept up to date.
        tls: HTTPS with a certificate made for the occasion.
        auth: the only method to offer; all of them when None.
        faults: JSON or YAML file with rules.
        latency_ms: milliseconds before each reply.
        engine: what runs pipelines.
        ready: is told how they can be reached, as soon as they can.
        source: standard input when None.

    Raises:
        ValueError: a file holds something else than it should.
        OSError: a file or port cannot be had.
    """
    states = load(state) if state and state.exists() else make_states(hosts, seed)
    if state:
        _keep(state, states)
    lab = Lab(
        states,
        tls=Tls.VALID if tls else None,
        auth=auth or Auth.BASIC,
        allow=None if auth is None else {auth},
        faults=load_faults(faults) if faults else (),
        latency=latency_ms / 1000,
        engine=_engine(engine),
    )
    stop = threading.Event()
    with _signals(stop), lab:
        ready([described(host) for host in lab.hosts])
        _stop_at_end(source or sys.stdin, stop)
        stop.wait()
    if state:
        save(state, states)


def described(host: LabHost) -> Described:
    """A host as other programs are told of it."""
    return {
        "name": host.name,
        "address": host.address,
        "port": host.port,
        "scheme": "https" if host.tls else "http",
        "user": host.user,
        "password": host.password,
        "auth": host.auth.value,
        "ca_file": str(host.ca_file) if host.ca_file else None,
    }


def _engine(name: Engine) -> EngineFactory:
    if name == "simulated":
        return simulated_backend_factory
    module = importlib.import_module("remediate.lab.engines.powershell")
    factory: EngineFactory = module.PowerShellEngine()
    return factory


def _keep(path: Path, states: list[HostState]) -> None:
    """Write the file now and after every change."""
    save(path, states)
    for host in states:
        host.changed = lambda: save(path, states)


def _stop_at_end(source: TextIO, stop: threading.Event) -> None:
    """Stop when the input ends; no input at all (/dev/null) is not an end."""
    try:
        kind = os.fstat(source.fileno()).st_mode
        if stat.S_ISCHR(kind) and not source.isatty():
            return
    except (OSError, ValueError):
        pass

    def read() -> None:
        while source.read(4096):
            pass
        stop.set()

    threading.Thread(target=read, name="remediate-lab-input", daemon=True).start()


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT stop us, and put the handlers back."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
