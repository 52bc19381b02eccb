"""Instructions of an audit, for its start and for each host: other work does not change them.

`python benchmarks/instructions.py BEFORE [--hosts N] [--rounds N]` compares with another build,
under valgrind's cachegrind, which takes fifty times as long; the hosts are in another process. The
store is a new one. What the kernel does, and waiting for memory, is not in it: CPU says what is
worth doing, and this whether it was done.
"""

import json
import os
import re
import subprocess
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import canned
from compared import by_turns, environment, parser, tell
from fleet_speed import AUDIT, said

COUNTED = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={os.devnull}"]
FEW = 10
"""Hosts of the shorter audit; more at once would wait for longer than they may, under valgrind."""


def instructions(build: Path, hosts: int) -> int:
    """Those of an audit of some hosts."""
    with (
        TemporaryDirectory() as name,
        canned.fleet(Path(name), said(build), hosts) as (_, inventory),
    ):
        done = subprocess.run(
            [*COUNTED, *AUDIT, "--inventory", inventory],
            env={
                **environment(build),
                "PYTHONHASHSEED": "0",
                "REMEDIATE_PASSWORD": "Practice-2026",
                "REMEDIATE_STORE": f"{name}/runs.db",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    outcomes = {one["outcome"] for one in json.loads(done.stdout)["hosts"]}
    assert outcomes == {"would_change"}, outcomes
    counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert counted, done.stderr
    return int(counted[1].replace(",", ""))


def start_and_each(build: Path, hosts: int) -> tuple[float, float]:
    """Those of the start, and of each host, in millions."""
    few, many = (instructions(build, count) / 1e6 for count in (FEW, hosts))
    each = (many - few) / (hosts - FEW)
    return few - FEW * each, each


def main() -> None:
    asked = parser(__doc__, rounds=1)
    asked.add_argument("--hosts", type=int, default=50)
    given = asked.parse_args()
    found = by_turns(partial(start_and_each, hosts=given.hosts), given.before, given.rounds)
    for number, what in enumerate(("the start", "a host")):
        now, before = ([one[number] for one in each] for each in found)
        tell(what, now, before, "million")


if __name__ == "__main__":
    main()
