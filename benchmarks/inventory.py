"""What reading an inventory of 20,000 hosts costs, from the file to the hosts.

`python benchmarks/inventory.py BEFORE` compares with another build, over hosts that say nothing of
themselves, and hosts that say something and belong to groups.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from compared import arguments, environment, measure

HOSTS = 20_000
GROUPS = 20
READ = """
import sys
from pathlib import Path
from time import process_time

try:
    from remediate.inventory.opening import open_inventory as opened
except ImportError:  # before there were several formats
    from remediate.inventory.yaml import YamlInventory as opened
began = process_time()
found = list(opened(Path(sys.argv[1])).entries())
print(process_time() - began)
assert len(found) == int(sys.argv[2])
"""


def plain() -> str:
    """Names alone."""
    return "hosts:\n" + "".join(f"  SRV{number:05}:\n" for number in range(HOSTS))


def grouped() -> str:
    """An address and a port each, and a group."""
    rows = (
        f"  SRV{number:05}: {{address: 10.{number // 250}.0.{number % 250 + 1}, port: 5986}}\n"
        for number in range(HOSTS)
    )
    groups = (
        f"  group{group}: {{auth: negotiate, hosts: ["
        f"{', '.join(f'SRV{number:05}' for number in range(group, HOSTS, GROUPS))}]}}\n"
        for group in range(GROUPS)
    )
    return "".join(("hosts:\n", *rows, "groups:\n", *groups))


def cpu(build: Path, file: Path) -> float:
    """Seconds of CPU."""
    done = subprocess.run(
        [sys.executable, "-c", READ, file, str(HOSTS)],
        env=environment(build),
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout)


def main() -> None:
    before, rounds = arguments(__doc__, rounds=3)
    with TemporaryDirectory() as folder:
        for make in (plain, grouped):
            file = Path(folder) / f"{make.__name__}.yaml"
            file.write_text(make())
            file.chmod(0o600)
            measure(f"20,000 hosts, {make.__name__}", partial(cpu, file=file), before, rounds)


if __name__ == "__main__":
    main()
