"""Hosts are visited again and again, and nothing grows: memory, threads, files, tasks, shells."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.model.connection import Auth
from remediate.model.outcome import Outcome
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from remediate.transport.psrp import PsrpTransport
from remediate.transport.wires import VARIABLE, WireName

SECONDS = float(os.environ.get("REMEDIATE_SOAK_SECONDS", "10"))
"""For each wire and method; a quarter of it is for what is made once. `.ci/run` gives it more."""

HOSTS = 8


@dataclass(frozen=True)
class Held:
    """What this process holds.

    Args:
        memory: MB.
        objects: that the garbage collector knows.
        files: and sockets.
        threads: of it.
        tasks: of any loop.
    """

    memory: float
    objects: int
    files: int
    threads: int
    tasks: int

    @classmethod
    def now(cls) -> "Held":
        gc.collect()
        process = psutil.Process()
        return cls(
            memory=process.memory_info().rss / 2**20,
            objects=len(gc.get_objects()),
            files=process.num_handles() if sys.platform == "win32" else process.num_fds(),
            threads=process.num_threads(),
            tasks=sum(isinstance(each, asyncio.Task) for each in gc.get_objects()),
        )

    def __str__(self) -> str:
        return (
            f"{self.memory:.1f} MB, {self.objects} objects, {self.files} files and sockets, "
            f"{self.threads} threads, {self.tasks} tasks"
        )


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
@pytest.mark.parametrize("wire", WireName)
def test_visits_leave_nothing_behind(
    wire: WireName,
    auth: Auth,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setenv(VARIABLE, wire)
    tmp_path.chmod(0o700)
    playbook = Catalogue().load("schedule-fix")
    job = Job((Task(playbook, playbook.params()),))
    with (
        Lab([make_state(f"SRV{n}") for n in range(HOSTS)], auth=auth) as lab,
        SqlStore(store_place(str(tmp_path / "s.db"))) as store,
    ):
        targets = [host.target() for host in lab.hosts]
        password = SecretStr(lab.hosts[0].password)
        engine = Engine(PsrpTransport(lambda _: password), Settings(operator="ada@here"), store)
        began, held = time.monotonic(), None
        for number in count():
            run = Run(
                id=f"run-{number}",
                kind=RunKind.APPLY,
                playbooks=job.uses,
                operator="ada@here",
                started=datetime.now(UTC),
            )
            done = list(engine.apply(targets, job, run))
            assert {one.outcome for one in done} == {Outcome.CHANGED}
            back = run.model_copy(
                update={"id": f"back-{number}", "kind": RunKind.ROLLBACK, "undoes": run.id}
            )
            assert len(list(engine.rollback(store.run(run.id), back))) <= HOSTS
            assert not [host.name for host in lab.hosts if host.leaks()]
            lab.reset()  # what it keeps to be looked at is no growth of ours
            passed = time.monotonic() - began
            if held is None and passed > SECONDS / 4:
                held, first = Held.now(), number
            if passed > SECONDS:
                break
        assert held is not None
        now = Held.now()
    visits = 2 * HOSTS * (number - first)
    told = f"{wire} {auth}, {visits} visits: {held}; then {now}"
    record_property("soak", told)
    assert now.files <= held.files, told
    assert now.threads <= held.threads, told
    assert now.tasks <= held.tasks, told
    assert now.objects - held.objects < visits + 1000, told
    assert now.memory - held.memory < 16, told  # pieces of it that are kept for the next
