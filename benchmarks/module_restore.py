"""How fast module-restore moves a module from one practice host to another, against pypsrp's copy.

    python benchmarks/module_restore.py [--files 400] [--megabytes 60] [--packable] [--folder]

Both practice hosts run a real PowerShell engine, in a process of their own. What is measured is
the whole of `apply`: look at the peer and the host, bring the files over, check every one of
them, switch, prove that it loads. The floor is `pypsrp.client.Client.copy` of the same files from
the controller to the same host: half of the way, as is `--folder` for us. It makes a session for
each file, which costs the lab an engine process as it costs Windows one.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pydantic import SecretStr
from pypsrp.client import Client

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.hosts import make_state
from remediate.lab.kinds.agent_module import place, practice_files
from remediate.lab.lab import Lab as Server
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.runner.serial import Serial
from remediate.testing.store import MemoryStore
from remediate.transport.psrp import PsrpTransport

TARGET, PEER = "SRV01", "SRV02"
MEGABYTE = 1_000_000
FLOOR = "C:\\Windows\\Temp\\floor"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--packable", action="store_true", help="files that compress by half")
    parser.add_argument("--folder", action="store_true", help="from a folder, not from a peer")
    parser.add_argument("--no-floor", action="store_true", help="leave pypsrp's copy out")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
        return
    arguments = [word for word in sys.argv[1:] if word != "--no-floor"]
    lab = subprocess.Popen(
        [sys.executable, __file__, "--serve", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert lab.stdin
    assert lab.stdout
    try:
        hosts = json.loads(lab.stdout.readline())
        ask = Lab(lab.stdin, lab.stdout)
        speed = ours(hosts, options, ask)
        if not options.no_floor:
            floor = pypsrps(hosts, options, ask)
            print(f"ratio: {speed / floor:.1f} times the floor")
    finally:
        lab.stdin.close()
        lab.wait(60)


# --- the practice hosts, in another process ------------------------------------------------------


class Lab:
    """Asks the other process for its counters."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests, self._answers = requests, answers

    def counters(self) -> Counter[str]:
        self._requests.write("\n")
        self._requests.flush()
        return Counter(json.loads(self._answers.readline()))


def contents(options: argparse.Namespace) -> dict[str, bytes]:
    """The module: as many files of all sizes as are asked for, and what makes it load."""
    chance = random.Random(60)  # noqa: S311 - no secret
    count = max(1, options.files - len(practice_files()))
    weights = [chance.paretovariate(1.2) for _ in range(count)]
    scale = options.megabytes * MEGABYTE / sum(weights)
    files = dict(practice_files())
    for number, weight in enumerate(weights):
        data = chance.randbytes(int(weight * scale))
        if options.packable:
            data = bytes(byte & 15 for byte in data)
        files[f"lib{number % 20:02}\\Microsoft.Backup.{number:03}.dll"] = data
    return files


def serve(options: argparse.Namespace) -> None:
    states = [make_state(TARGET), make_state(PEER)]
    for state, files in zip(states, (None, contents(options)), strict=True):
        place(state, files)
    with Server(states, engine=PowerShellEngine(ready=0)) as lab:
        print(json.dumps([[h.address, h.port, h.user, h.password] for h in lab.hosts]), flush=True)
        for _ in sys.stdin:
            print(json.dumps(sum((host.counters for host in lab.hosts), Counter())), flush=True)


# --- what is measured ----------------------------------------------------------------------------


def ours(hosts: list[Any], options: argparse.Namespace, lab: Lab) -> float:
    found = [
        Host(name=name, address=address, port=port, user=user, auth=Auth.BASIC)
        for name, (address, port, user, _) in zip((TARGET, PEER), hosts, strict=True)
    ]
    playbook = Catalogue().load("module-restore")
    folder = tempfile.TemporaryDirectory()
    origin = {"from_folder": folder.name} if options.folder else {"from_": PEER}
    for path, data in contents(options).items() if options.folder else ():
        place = Path(folder.name, *path.split("\\"))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
    job = Job((Task(playbook, playbook.params.model_validate(origin)),))
    now = datetime.now(UTC)
    run = Run(id="r", kind=RunKind.APPLY, playbooks=job.uses, operator="a@b", started=now)
    engine = Engine(
        PsrpTransport(lambda _: SecretStr(hosts[0][3])),
        Settings(operator="a@b", timeout=1800),
        MemoryStore(),
        runner=Serial(),
        peer=lambda _: found[1],
    )
    before, rss = lab.counters(), peak_rss()
    start, cpu = time.perf_counter(), time.process_time()
    [report] = engine.apply([found[0]], job, run)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    after = lab.counters()
    check(report)
    way = "folder to host" if options.folder else "peer to host"
    tell(f"module-restore, {way}", options, seconds, (after - before).total())
    print(f"  controller: {cpu:.1f} s of CPU, at most {peak_rss() - rss:.0f} MB more than before")
    folder.cleanup()
    return options.megabytes / seconds


def check(report: HostReport) -> None:
    assert report.outcome == "changed", report.problem


def pypsrps(hosts: list[Any], options: argparse.Namespace, lab: Lab) -> float:
    address, port, user, password = hosts[0]
    files = contents(options)
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            place = Path(folder, path.replace("\\", "-"))
            place.write_bytes(data)
        client = Client(
            address, port=port, username=user, password=password, ssl=False, auth="basic",
            encryption="never", no_proxy=True,
        )  # fmt: skip
        with client:
            client.execute_ps(f"New-Item -Path {FLOOR} -ItemType Directory")
            before, start = lab.counters(), time.perf_counter()
            for place in sorted(Path(folder).iterdir()):
                client.copy(str(place), f"{FLOOR}\\{place.name}")
            seconds = time.perf_counter() - start
    tell("pypsrp's copy, controller to host", options, seconds, (lab.counters() - before).total())
    return options.megabytes / seconds


def tell(what: str, options: argparse.Namespace, seconds: float, exchanges: int) -> None:
    size = options.megabytes
    print(f"{what}: {size:.0f} MB in {options.files} files, {seconds:.1f} s")
    print(f"  {size / seconds:.2f} MB/s, {exchanges / size:.1f} exchanges per MB ({exchanges})")


def peak_rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
