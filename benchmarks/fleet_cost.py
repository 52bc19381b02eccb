"""CPU and time of an audit and of an apply for each host, where hosts cost next to nothing.

`python benchmarks/fleet_cost.py BEFORE [--hosts N] [--only COMMAND] [--rounds N]` compares with
another build. The hosts are in another process and answer what a practice host has said once to
that build; the start of the command is counted, and so is the store. Every host of an apply is
changed.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import canned
from compared import Cost, by_turns, environment, parser, tell

# a host ends its reply with the name of the run, and what it has said once names one
REMEDIATE = """
import sys
from remediate.cli import main
from remediate.model import run

run.new_run_id = lambda _: "20260101-120000-abcd"
sys.exit(main())
"""
COMMANDS = {
    "audit": ["audit", "schedule-fix", "--format", "json"],
    "apply": ["apply", "schedule-fix", "--yes", "--format", "json"],
}
OUTCOMES = {"audit": "would_change", "apply": "changed"}


@cache
def said(build: Path, command: str) -> str:
    """What a build and a practice host say to each other."""
    with TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, canned.__file__, "record", *_typed(command), "--no-tls"],
            env={**environment(build), "REMEDIATE_STORE": f"{folder}/runs.db"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()


def _typed(command: str) -> Sequence[str]:
    return [sys.executable, "-c", REMEDIATE, *COMMANDS[command], "--auth", "basic"]


def cost(build: Path, command: str, hosts: int) -> Cost:
    """What a command of a build costs."""
    with (
        TemporaryDirectory() as name,
        canned.fleet(Path(name), said(build, command), hosts) as (_, inventory),
    ):
        found = Cost.of(
            [*_typed(command), "--inventory", inventory],
            {
                **environment(build),
                "REMEDIATE_PASSWORD": "Practice-2026",
                "REMEDIATE_STORE": f"{name}/runs.db",
            },
            Path(name),
        )
    outcomes = {one["outcome"] for one in json.loads(found.out)["hosts"]}
    assert outcomes == {OUTCOMES[command]}, outcomes
    return found


def main() -> None:
    asked = parser(__doc__, rounds=3)
    asked.add_argument("--hosts", type=int, default=2000)
    asked.add_argument("--only", choices=COMMANDS, action="append")
    given = asked.parse_args()
    hosts: int = given.hosts
    for command in given.only or COMMANDS:
        one = partial(cost, command=command, hosts=hosts)
        now, before = by_turns(one, given.before, given.rounds)
        cpu, cpu_before = ([1000 * each.cpu / hosts for each in costs] for costs in (now, before))
        tell(f"{command}, CPU a host", cpu, cpu_before, "ms")
        seconds, seconds_before = ([each.seconds for each in costs] for costs in (now, before))
        tell(f"{command}, {hosts} hosts", seconds, seconds_before)


if __name__ == "__main__":
    main()
