"""How much memory an audit of many hosts keeps for each: reports come and go, counts stay.

    python benchmarks/fleet_memory.py [HOSTS]

Practice hosts, in a process of their own, are audited with all playbooks; the overview is made and
the findings are recorded, as `remediate audit --inventory` does it.
"""

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from pydantic import SecretStr

from remediate.engine.auditing import BATCH, AuditRecorder
from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.model.connection import Auth
from remediate.model.exit_code import ExitCode
from remediate.model.host import Host
from remediate.model.run import Run, RunKind, new_run_id
from remediate.playbook.catalogue import Catalogue
from remediate.report.console import ConsoleReporter
from remediate.report.reporter import Subject
from remediate.resources.task_definition import parts_of
from remediate.resources.task_xml import read_root
from remediate.runner.serial import Serial
from remediate.store.errors import StoreError
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from remediate.transport.psrp import PsrpTransport

HOSTS = 500
FIRST = BATCH
"""Hosts before which nothing is counted: what is made once is made by then."""


@contextmanager
def fleet(number: int) -> Iterator[tuple[list[Host], dict[str, SecretStr]]]:
    """Practice hosts, and their passwords by name."""
    serve = [sys.executable, "-m", "remediate", "lab", "serve", "--hosts", str(number)]
    with subprocess.Popen(
        serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())["hosts"]
        hosts = [
            Host(
                name=one["name"],
                address=one["address"],
                port=one["port"],
                user=one["user"],
                auth=Auth(one["auth"]),
                tls=False,
            )
            for one in told
        ]
        try:
            yield hosts, {one["name"]: SecretStr(one["password"]) for one in told}
        finally:
            process.terminate()


def per_host(number: int, out: TextIO) -> float:
    """Bytes that are kept for each host after the first ones.

    Args:
        number: of hosts, whole batches.
        out: where the overview goes.
    """
    catalogue = Catalogue()
    loaded = (catalogue.load(one.id) for one in catalogue.entries.values() if not one.on_demand)
    job = Job.of([Task(one, one.params()) for one in loaded if not one.deep], named=False)
    now = datetime.now(UTC)
    audit = Run(
        id=new_run_id(now), kind=RunKind.AUDIT, playbooks=job.uses, operator="b", started=now
    )
    with fleet(number) as (hosts, passwords), TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        engine = Engine(
            PsrpTransport(lambda host: passwords[host.name]),
            Settings(operator="b", timeout=600),
            runner=Serial(),  # so that no host is under way while it is counted
        )
        reporter = ConsoleReporter(Subject("audit", [host.name for host in hosts]), out)
        before, kept = 0, 0
        with (
            SqlStore(store_place(f"{folder}/runs.db")) as store,
            AuditRecorder(store, audit, _fail) as recorder,
        ):
            tracemalloc.start()
            for done, report in enumerate(recorder.during(engine.audit(hosts, job)), 1):
                assert report.plan is not None, report
                reporter.host(report)
                del report
                if done in {FIRST, number}:
                    for kept_of_texts in (parts_of, read_root):
                        kept_of_texts.cache_clear()  # it has a bound, whatever the number of hosts
                    gc.collect()
                    before, kept = kept, tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            assert len(store.audit(audit.id).hosts) == number
        reporter.finish(ExitCode.PENDING)
    return (kept - before) / (number - FIRST)


def _fail(error: StoreError) -> None:
    raise error


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if sys.argv[1:] else HOSTS
    print(f"{per_host(wanted, sys.stderr):,.0f} bytes are kept for each of {wanted} hosts")
