"""What a move of a large scratch folder costs the controller: requests, journal and memory.

    python benchmarks/scratch_move.py [FILES BYTES_OF_EACH]

A practice host in memory has a folder of 100 GB, of which only sizes are kept. It is moved in
parts and back, with the journal in SQLite.
"""

import gc
import resource
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import scratch_move
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.scratch_move import AGENT, TARGET
from remediate.model.event import Event, HostProgress
from remediate.model.outcome import Outcome
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.runner.serial import Serial
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from remediate.testing.story import HOST
from remediate.testing.transport import MemoryTransport

PARTS = 50
"""Parts in which it is copied, 2 GB each."""


def main(files: int, size: int) -> None:
    """Move it there and back, and print what that cost."""
    scratch_move.PART = files // PARTS
    volumes = {"C:": {"capacity": "500GB"}, "D:": {"capacity": "500GB", "free": "300GB"}}
    state = healthy_host(resources={"service": {AGENT: {}}, "volume": volumes})
    held = state.windows["files"]
    for number in range(files):
        held[rf"{SCRATCH}\VHDs\{number:06}.vhd"] = {"size": size, "sha256": f"{number:064x}"}
    far = list[str]()

    def heard(event: Event) -> None:
        if isinstance(event, HostProgress):
            far.append(event.far)

    transport = MemoryTransport({HOST.address: state})
    playbook = Catalogue().load("scratch-move")
    job = Job((Task(playbook, playbook.params(to=TARGET)),))
    settings = Settings(operator="ada@bastion", timeout=600, accept_irreversible=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "remediate.db"
        store = SqlStore(store_place(str(place)))
        engine = Engine(
            transport, settings, store, runner=Serial(), emit=heard, interrupted=threading.Event()
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run = Run(
            id="move",
            kind=RunKind.APPLY,
            playbooks=job.uses,
            operator="ada@bastion",
            started=datetime.now(UTC),
        )
        [report] = engine.apply([HOST], job, run)
        assert report.outcome is Outcome.CHANGED, report.problem
        told("moved", transport, far, before)
        back = run.model_copy(update={"id": "back", "kind": RunKind.ROLLBACK, "undoes": "move"})
        [report] = engine.rollback(store.run("move"), back, job=job)
        assert report.outcome is Outcome.CHANGED, report.problem
        told("moved back", transport, far, before)
        for name in ("move", "back"):
            print(f"journal of {name}: {len(store.run(name).model_dump_json()):,} bytes")
        store.close()


def told(what: str, transport: MemoryTransport, far: list[str], before: int) -> None:
    """Print what was sent since the last time, and what memory was needed at most."""
    gc.collect()
    sizes = [len(request.encode()) for request in transport.requests]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{what}: {len(sizes)} requests, {max(sizes):,} bytes the largest, {sum(sizes):,} in all")
    print(f"  progress: {len(far)} times, from {far[0]} to {far[-1]}" if far else "  no progress")
    print(f"  process with the practice host: {before / 1024:,.0f} to {most / 1024:,.0f} MB")
    transport.requests.clear()
    far.clear()


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*(given or [1_000, 100_000_000]))
