"""How much an audit sends: the bytes of its requests, as a practice host counts them.

`python benchmarks/audit_bytes.py` prints a line for an audit of one playbook and one for an audit
of all, beside what they were while every script had all functions in it, comments included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.playbook import Playbook
from remediate.playbook.catalogue import Catalogue
from remediate.transport.psrp import PsrpTransport


@dataclass(frozen=True)
class Sent:
    """What a host was sent in one audit.

    Args:
        largest: bytes of the largest request.
        all: bytes of all requests together.
    """

    largest: int
    all: int


BEFORE = {"one playbook": Sent(39_256, 48_186), "all playbooks": Sent(90_168, 99_098)}
"""Measured at commit f58a174 by this program."""


def sent() -> dict[str, Sent]:
    """What is sent in an audit of one playbook, and of all that are not on demand."""
    catalogue = Catalogue()
    every = [catalogue.load(each) for each in catalogue.entries]
    return {
        "one playbook": audit([task(catalogue.load("schedule-fix"))], named=True),
        "all playbooks": audit([task(one) for one in every if not one.on_demand], named=False),
    }


def task(playbook: Playbook[Any]) -> Task:
    return Task(playbook, playbook.params())


def audit(tasks: Sequence[Task], *, named: bool) -> Sent:
    with Lab([make_state()]) as lab:
        [host] = lab.hosts
        password = SecretStr(host.password)
        engine = Engine(PsrpTransport(lambda _: password), Settings(operator="bench@here"))
        [report] = engine.audit([host.target()], Job(tuple(tasks), named))
        assert report.plan is not None, report
        sizes = [len(exchange.wire) for exchange in host.trace]
        return Sent(max(sizes), sum(sizes))


def main() -> None:
    for name, now in sent().items():
        before = BEFORE[name]
        print(
            f"{name:<15} largest request {now.largest:>7,} bytes (before {before.largest:>7,}), "
            f"all requests {now.all:>7,} (before {before.all:>7,}), "
            f"{1 - now.all / before.all if before.all else 0:.0%} fewer"
        )


if __name__ == "__main__":
    main()
