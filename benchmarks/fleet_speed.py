"""How many hosts a second an audit by the default settings looks at, when each is 50 ms away.

`python benchmarks/fleet_speed.py BEFORE [--rounds N]` compares with another build. Each has
practice hosts of its own, in another process; the start of the command is counted.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from compared import arguments, environment, measure

HOSTS = 200
LATENCY = 50


@contextmanager
def fleet(folder: Path, build: Path) -> Iterator[Path]:
    """Practice hosts, as an inventory; their password is in the environment."""
    serve = [sys.executable, "-m", "remediate", "lab", "serve"]
    with subprocess.Popen(
        [*serve, "--hosts", str(HOSTS), "--latency", str(LATENCY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(build),
        text=True,
    ) as process:
        assert process.stdout is not None
        hosts = json.loads(process.stdout.readline())["hosts"]
        os.environ["REMEDIATE_PASSWORD"] = hosts[0]["password"]
        file = folder / "hosts.yaml"
        rows = (
            f"  {one['name']}: {{address: {one['address']}, port: {one['port']}, "
            f"user: '{one['user']}', auth: basic, tls: false}}\n"
            for one in hosts
        )
        file.write_text("hosts:\n" + "".join(rows))
        file.chmod(0o600)
        try:
            yield file
        finally:
            process.terminate()


def audited(build: Path, inventory: Path) -> tuple[float, list[str]]:
    """Seconds that an audit takes, and the outcome of each host."""
    audit = [sys.executable, "-m", "remediate", "audit", "schedule-fix", "--format", "json"]
    began = perf_counter()
    done = subprocess.run(
        [*audit, "--inventory", inventory],
        env={**environment(build), "REMEDIATE_STORE": str(inventory.with_name("runs.db"))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = perf_counter() - began
    outcomes = [one["outcome"] for one in json.loads(done.stdout)["hosts"]]
    assert len(outcomes) == HOSTS, done.returncode
    return seconds, outcomes


def hosts_a_second(build: Path) -> float:
    """Hosts that are looked at in a second."""
    with TemporaryDirectory() as name, fleet(Path(name), build) as inventory:
        seconds, outcomes = audited(build, inventory)
    assert {*outcomes} <= {"would_change", "compliant", "attention"}, {*outcomes}
    return HOSTS / seconds


if __name__ == "__main__":
    measure("hosts at 50 ms", hosts_a_second, *arguments(__doc__, rounds=3), unit="a second")
