"""Hosts a second and CPU of an audit by one process and by two, where hosts cost next to nothing.

`python benchmarks/processes.py [--hosts N] [--rounds N]` lets the hosts of a third process answer
what a practice host has said once, by turns. CPU of the processes is told apart, as far as there is
a /proc: the one that takes most of it bounds what more cores can give.
"""

import json
import os
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from canned import fleet, said

AUDIT = [sys.executable, "-m", "remediate", "audit", "schedule-fix", "--auth", "basic", "--no-tls"]
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass
class Round:
    """One audit.

    Args:
        seconds: how long it took.
        cpu: of all its processes.
        server: CPU of the hosts.
        each: CPU of each process, by its number, the first one's first.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    server: float = 0.0
    each: dict[int, float] = field(default_factory=dict)


def audit(folder: Path, processes: int, conversation: str, count: int) -> Round:
    """One audit of all hosts."""
    found = Round()
    with fleet(folder, conversation, count) as (server, _):
        began = time.perf_counter()
        with subprocess.Popen(
            [*AUDIT, "-i", "hosts.yaml", "--processes", str(processes), "--format", "json"],
            cwd=folder,
            env={
                **os.environ,
                "REMEDIATE_PASSWORD": "Practice-2026",
                "REMEDIATE_STORE": f"{folder}/runs.db",
                "PYTHONPATH": str(Path(__file__).parents[1]),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        ) as process:
            watch = threading.Thread(target=_watch, args=(process.pid, found.each))
            watch.start()
            assert process.stdout is not None
            out = process.stdout.read()
            found.seconds = time.perf_counter() - began
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            watch.join()
        found.cpu = used.ru_utime + used.ru_stime
        server_out, _ = server.communicate("\n")
        found.server = json.loads(server_out)["cpu"]
    outcomes = [one["outcome"] for one in json.loads(out)["hosts"]]
    assert outcomes == ["would_change"] * count, {*outcomes}
    return found


def _watch(first: int, each: dict[int, float]) -> None:
    """Keep what each process has used last, until the first one has ended."""
    while (used := _cpu(first)) is not None:
        each[first] = used
        for other in _children(first):
            each[other] = _cpu(other) or each.get(other, 0.0)
        time.sleep(0.05)


def _cpu(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / TICK


def _children(pid: int) -> list[int]:
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def _told(name: str, values: list[float], unit: str) -> str:
    return f"{name} {min(values):.3g} / {median(values):.3g} / {max(values):.3g} {unit}"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    count: int = given.hosts
    conversation = said([*AUDIT, "--format", "json"])
    rounds: dict[int, list[Round]] = {1: [], 2: []}
    with TemporaryDirectory() as name:
        for number in range(given.rounds):
            for processes in (1, 2) if number % 2 else (2, 1):
                rounds[processes].append(audit(Path(name), processes, conversation, count))
    for processes, found in rounds.items():
        print(
            f"{processes} process{'es' if processes > 1 else ''}:",
            _told("", [count / one.seconds for one in found], "hosts/s;"),
            _told("CPU", [1000 * one.cpu / count for one in found], "ms a host;"),
            _told("of the hosts", [1000 * one.server / count for one in found], "ms"),
        )
        for number, _ in enumerate(max((one.each for one in found), key=len)):
            used = [list(one.each.values())[number] for one in found if len(one.each) > number]
            print(
                _told(f"  process {number + 1}", [1000 * one / count for one in used], "ms a host")
            )
    ratio = median(one.seconds for one in rounds[1]) / median(one.seconds for one in rounds[2])
    print(f"two are {ratio:.2f} times as fast; load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
