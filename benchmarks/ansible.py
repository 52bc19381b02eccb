"""CPU and time of five checks on 200 hosts, each 50 ms away, beside Ansible over psrp and winrm.

`python benchmarks/ansible.py [VENV] [--rounds N]` takes Ansible from a virtual environment with
`PACKAGES`, and makes one in a temporary folder when none is named, which takes minutes. What is
asked is about the same: `CHECKS` here, and a task of Ansible's for each. Its modules need a
PowerShell; the hosts here answer with what the module would have put out (`ansible.json`, written
after the documentation of each). So all is measured that Ansible does itself, and nothing that
makes its hosts work. The hosts of both are canned and in another process, whose CPU is not counted;
that of all processes of the client is, starts included.

Ansible connects anew for each task and host, and judges nothing of what it reads. `one task` has
one script read all: the least that it can do for a host.
"""

import json
import os
import subprocess
import sys
import venv
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import canned
from compared import HERE, Cost, environment, three

from remediate.lab.host import LabHost
from remediate.lab.hosts import make_state

PACKAGES = ("ansible==12.3.0", "pypsrp==0.9.1", "pywinrm==0.5.0")
CHECKS = ("schedule-fix", "execution-policy", "tls12", "vss-services", "module-path")
MODULES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text())
"""By what is checked, a module of Ansible's, what it is given, and what it puts out."""
ONE_TASK = ("all by one script",)
PASSWORD = "Practice-2026"  # noqa: S105 - anything would do
AUDIT = [sys.executable, "-m", "remediate", "audit", *CHECKS, "--format", "json"]


class Given(Namespace):
    """What somebody types."""

    venv: str | None
    hosts: int
    rounds: int
    forks: int
    latency: float


class Always(dict[str, list[Any]]):
    """What a practice host puts out, whatever script it is to run."""

    def __init__(self, output: dict[str, Any]) -> None:
        self._output = json.dumps(output)

    def __contains__(self, script: object) -> bool:
        return True

    def __missing__(self, script: str) -> list[Any]:
        return [self._output]


@dataclass(frozen=True)
class Play:
    """A way in which Ansible makes the checks.

    Args:
        connection: psrp or winrm.
        strategy: linear, or free.
        tasks: keys of `MODULES`.
    """

    connection: str
    strategy: str = "linear"
    tasks: tuple[str, ...] = CHECKS

    def __str__(self) -> str:
        tasks = f"{len(self.tasks)} tasks" if len(self.tasks) > 1 else "one task"
        return f"Ansible {self.connection}, {self.strategy}, {tasks}"

    def said(self, ansible: Path, folder: Path) -> str:
        """What Ansible and a practice host say to each other, a connection for each task."""
        found = []
        for task in self.tasks:
            state = make_state()
            state.answers = Always(MODULES[task]["puts_out"])
            found += canned.recorded(partial(self._visit, ansible, folder, task), state)
        assert len(found) == len(self.tasks), "there are other connections than one for a task"
        return canned.written(found)

    def _visit(self, ansible: Path, folder: Path, task: str, port: int, host: LabHost) -> None:
        there = self._inventory(host.user, host.password, port, ["127.0.0.1"])
        self._run(ansible, folder, there, (task,), forks=1)

    def on(self, ansible: Path, folder: Path, said: str, given: Given) -> Cost:
        """Have Ansible do it on canned hosts."""
        with canned.served(said, given.hosts, given.latency) as (_, port, addresses):
            there = self._inventory("ada", PASSWORD, port, addresses)
            return self._run(ansible, folder, there, self.tasks, given.forks)

    def _run(
        self,
        ansible: Path,
        folder: Path,
        inventory: dict[str, Any],
        tasks: tuple[str, ...],
        forks: int,
    ) -> Cost:
        play = {
            "hosts": "all",
            "gather_facts": False,
            "strategy": self.strategy,
            "tasks": [{MODULES[one]["module"]: MODULES[one]["given"]} for one in tasks],
        }
        (folder / "play.json").write_text(json.dumps([play]))  # all JSON is YAML
        (folder / "hosts.json").write_text(json.dumps(inventory))
        (folder / "ansible.cfg").touch()  # nobody's settings but these
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        found = Cost.of(
            [ansible, "-i", "hosts.json", "--forks", str(forks), "play.json"],
            {
                **kept,
                "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
                "ANSIBLE_HOME": str(folder / "home"),
            },
            folder,
        )
        well = found.out.count(f"ok={len(tasks)} ")
        assert well == len(inventory["all"]["hosts"]), found.out[-2000:]
        return found

    def _inventory(
        self, user: str, password: str, port: int, addresses: list[str]
    ) -> dict[str, Any]:
        """Over HTTP, and with nothing encrypted, as ours are."""
        how = {
            "ansible_connection": self.connection,
            "ansible_port": port,
            "ansible_user": user,
            "ansible_password": password,
            "ansible_psrp_auth": "basic",
            "ansible_psrp_protocol": "http",
            "ansible_psrp_message_encryption": "never",
            "ansible_winrm_transport": "basic",
            "ansible_winrm_scheme": "http",
        }
        hosts = {f"H{number}": {"ansible_host": one} for number, one in enumerate(addresses)}
        return {"all": {"hosts": hosts, "vars": how}}


PLAYS = (
    Play("psrp"),
    Play("psrp", "free"),
    Play("winrm"),
    Play("winrm", "free"),
    Play("psrp", tasks=ONE_TASK),
)


def audited(folder: Path, said: str, given: Given) -> Cost:
    """The checks by us."""
    with canned.fleet(folder, said, given.hosts, given.latency) as (_, inventory):
        found = Cost.of(
            [*AUDIT, "--inventory", inventory],
            {
                **environment(HERE),
                "REMEDIATE_PASSWORD": PASSWORD,
                "REMEDIATE_STORE": str(folder / "runs.db"),
            },
            folder,
        )
    outcomes = [one["outcome"] for one in json.loads(found.out)["hosts"]]
    assert outcomes == ["would_change"] * given.hosts, {*outcomes}
    return found


@contextmanager
def ansible(given: str | None) -> Iterator[Path]:
    """Ansible's command, of an environment that is there, or of a new one."""
    with TemporaryDirectory() as name:
        there = Path(given or name)
        if not given:
            venv.create(there, with_pip=True)
            subprocess.run([there / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
        yield there.resolve() / "bin" / "ansible-playbook"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("venv", nargs="?", help="where Ansible is; a new one when not given")
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--forks", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds until each answer")
    given = parser.parse_args(namespace=Given())
    found: dict[Play | str, list[Cost]] = {one: [] for one in ("remediate", *PLAYS)}
    ours = found["remediate"]
    with TemporaryDirectory() as name, ansible(given.venv) as command:
        folder = Path(name)
        audit = canned.said([*AUDIT, "--auth", "basic", "--no-tls"])
        said = {play: play.said(command, folder) for play in PLAYS}
        for number in range(given.rounds):
            for play in reversed(PLAYS) if number % 2 else PLAYS:
                ours.append(audited(folder, audit, given))
                found[play].append(play.on(command, folder, said[play], given))
    for who, costs in found.items():
        for what in ("cpu", "seconds"):
            spent, base = ([getattr(one, what) for one in each] for each in (costs, ours))
            ratio = median(spent) / median(base)
            print(f"{who!s:<32} {what:<8} {three(spent)} s, {ratio:.1f} times remediate")
    load = os.getloadavg()[0]
    print(f"{given.hosts} hosts, {given.forks} forks, {os.cpu_count()} cores, load {load:.1f}")


if __name__ == "__main__":
    main()
