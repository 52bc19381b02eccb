"""Runs fleets under one seed after the other.

python -m tests.simulation                  for a minute, by seeds from the time
python -m tests.simulation --seconds 10     for so many seconds of CPU
python -m tests.simulation 4711             of one seed
"""

import argparse
import logging
import sys
import time
from itertools import count

from tests.simulation.fleet import simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seed", type=int, nargs="*")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--story", action="store_true", help="print a digest of each story")
    parser.add_argument("--debug", action="store_true", help="show what the product logs")
    options = parser.parse_args()
    level = logging.DEBUG if options.debug else logging.CRITICAL
    logging.basicConfig(level=level)
    seeds = options.seed or count(options.first)
    begun, hosts, fleets = time.process_time(), 0, 0
    for seed in seeds:
        try:
            seen = simulate(seed)
        except AssertionError as error:
            print(error)  # noqa: T201 - its result
            return 1
        fleets, hosts = fleets + 1, hosts + seen.host_runs
        if options.story:
            print(seed, seen.story)  # noqa: T201 - its result
        if not options.seed and time.process_time() - begun > options.seconds:
            break
    took = time.process_time() - begun
    if not options.story:
        rate = f"{took:.1f} s: {hosts / took * 60:,.0f} a minute"
        print(f"{fleets} fleets, {hosts} host-runs in {rate}")  # noqa: T201 - its result
    return 0


if __name__ == "__main__":
    sys.exit(main())
