"""How much longer an audit of 200 hosts takes when 20 of them drop what is sent to them.

`python benchmarks/dead_hosts.py BEFORE [--rounds N]` asks this of another build as well. Each
audit, by the default settings, has hosts of its own, 50 ms away. A connection that nobody accepts
is given up after ten seconds: so many are part of the time with dead hosts.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from compared import HERE, arguments, three
from fleet_speed import audited, fleet

sys.path.insert(0, str(HERE))
from tests.transport.dead import dropping

HOSTS = 200
TENTH = 10


@contextmanager
def hosts(build: Path, *, dead: bool) -> Iterator[Path]:
    """The inventory of practice hosts, each tenth of which is dead or not."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        inventory = stack.enter_context(fleet(folder, build, HOSTS))
        if dead:
            port = stack.enter_context(dropping())
            lines = inventory.read_text().splitlines()
            for number in range(1, HOSTS, TENTH):
                away = f"address: 127.0.1.{number}, port: {port}"
                lines[number] = re.sub(r"address: [^,]+, port: \d+", away, lines[number])
            inventory.write_text("\n".join(lines))
        yield inventory


def seconds(build: Path, *, dead: bool) -> float:
    """How long an audit takes."""
    with hosts(build, dead=dead) as inventory:
        took, outcomes = audited(build, inventory)
    assert outcomes.count("unreachable") == (HOSTS // TENTH if dead else 0), outcomes
    return took


if __name__ == "__main__":
    before, rounds = arguments(__doc__, rounds=3)
    builds = {"now": HERE, "before": before}
    found: dict[tuple[str, bool], list[float]] = {(b, d): [] for b in builds for d in (False, True)}
    for number in range(rounds):
        for name, dead in sorted(found, reverse=bool(number % 2)):
            found[name, dead].append(seconds(builds[name], dead=dead))
    for name in builds:
        without, with_dead = found[name, False], found[name, True]
        print(
            f"{name:<8} without {three(without)}, with dead hosts {three(with_dead)} s: "
            f"{median(with_dead) / median(without):.2f} times"
        )
