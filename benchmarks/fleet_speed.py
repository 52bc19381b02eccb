"""How many hosts a second an audit by the default settings looks at, when each is 50 ms away.

`python benchmarks/fleet_speed.py BEFORE [--rounds N]` compares with another build. The hosts are in
another process and answer what a practice host has said once to that build; the start of the
command is counted.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import canned
from compared import arguments, environment, measure

HOSTS = 500
LATENCY = 0.05
AUDIT = [sys.executable, "-m", "remediate", "audit", "schedule-fix", "--format", "json"]


@cache
def said(build: Path) -> str:
    """What a build and a practice host say to each other."""
    return subprocess.run(
        [sys.executable, canned.__file__, "record", *AUDIT, "--auth", "basic", "--no-tls"],
        env=environment(build),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()


@contextmanager
def fleet(folder: Path, build: Path, count: int = HOSTS) -> Iterator[Path]:
    """Hosts that answer as they did to a build, as an inventory; the password is set."""
    os.environ["REMEDIATE_PASSWORD"] = "Practice-2026"  # noqa: S105 - anything would do
    with canned.fleet(folder, said(build), count, LATENCY) as (_, inventory):
        yield inventory


def audited(build: Path, inventory: Path) -> tuple[float, list[str]]:
    """Seconds that an audit takes, and the outcome of each host."""
    began = perf_counter()
    done = subprocess.run(
        [*AUDIT, "--inventory", inventory],
        env={**environment(build), "REMEDIATE_STORE": str(inventory.with_name("runs.db"))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = perf_counter() - began
    outcomes = [one["outcome"] for one in json.loads(done.stdout)["hosts"]]
    return seconds, outcomes


def hosts_a_second(build: Path) -> float:
    """Hosts that are looked at in a second."""
    with TemporaryDirectory() as name, fleet(Path(name), build) as inventory:
        seconds, outcomes = audited(build, inventory)
    assert {*outcomes} <= {"would_change", "compliant", "attention"}, {*outcomes}
    return HOSTS / seconds


if __name__ == "__main__":
    measure("hosts at 50 ms", hosts_a_second, *arguments(__doc__, rounds=3), unit="a second")
