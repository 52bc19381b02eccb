"""How quiet the program is: HTTP requests for each thing that it does, as practice hosts count.

`python benchmarks/exchanges.py` prints them, and how many hosts a second are audited at once
and one after the other.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Via
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind, new_run_id
from remediate.playbook.catalogue import Catalogue
from remediate.resources.scheduled_task import MultipleInstances
from remediate.runner import Loop, Serial
from remediate.testing.store import MemoryStore
from remediate.transport.chosen import ChosenTransport

HOSTS = 48
WORKERS = 16
LATENCY = 0.02
"""Seconds that a practice host takes to reply, as over a network."""

Action = Callable[[Engine, list[Host], Job], Iterable[HostReport]]


def exchanges() -> dict[str, int]:
    """Requests for each thing that can be done with one host."""
    wrong, right = MultipleInstances.PARALLEL, MultipleInstances.IGNORE_NEW
    five, many = with_tasks(5, wrong), with_tasks(500, wrong)
    return {
        "audit": count(audit, make_state()),
        "audit, NTLM": count(audit, make_state(), Auth.NTLM),
        "audit, winrs": count(audit, make_state(), via=Via.WINRS),
        "audit, 5 tasks": count(audit, five),
        "audit, 500 tasks": count(audit, many),
        "apply, compliant": count(apply, with_tasks(3, right)),
        "apply, compliant, NTLM": count(apply, with_tasks(3, right), Auth.NTLM),
        "apply, changed": count(apply, make_state(), expected=Outcome.CHANGED),
        "apply, changed, NTLM": count(apply, make_state(), Auth.NTLM, Outcome.CHANGED),
        "apply, changed, winrs": count(
            apply, make_state(), expected=Outcome.CHANGED, via=Via.WINRS
        ),
        "apply, 500 tasks changed": count(apply, many, expected=Outcome.CHANGED),
    }


def count(
    action: Action,
    state: HostState,
    auth: Auth = Auth.BASIC,
    expected: Outcome | None = None,
    via: Via = Via.PSRP,
) -> int:
    """Requests that a host gets while something is done with it."""
    with Lab([state], auth=auth, transport=via) as lab:
        [host] = lab.hosts
        [report] = action(engine_for(lab), [host.target()], job())
        assert expected in {None, report.outcome}, report
        assert not host.leaks()
        return host.requests


def audits_per_second() -> Iterator[tuple[str, float]]:
    """Hosts audited in a second, at once and one after the other."""
    states = [make_state(f"SRV{number:03}") for number in range(HOSTS)]
    with Lab(states, latency=LATENCY) as lab:
        targets = [host.target() for host in lab.hosts]
        for name, runner in (("serial", Serial()), (f"{WORKERS} at once", Loop(WORKERS))):
            engine = engine_for(lab, runner)
            begun = time.perf_counter()
            done = sum(1 for _ in engine.audit(targets, job()))
            yield name, done / (time.perf_counter() - begun)


def audit(engine: Engine, hosts: list[Host], job: Job) -> Iterable[HostReport]:
    return engine.audit(hosts, job)


def apply(engine: Engine, hosts: list[Host], job: Job) -> Iterable[HostReport]:
    now = datetime.now(UTC)
    run = Run(
        id=new_run_id(now),
        kind=RunKind.APPLY,
        playbooks=job.uses,
        operator="bench@here",
        started=now,
    )
    return engine.apply(hosts, job, run)


def job() -> Job:
    playbook = Catalogue().load("schedule-fix")
    return Job((Task(playbook, playbook.params()),))


def engine_for(lab: Lab, runner: Serial | Loop | None = None) -> Engine:
    password = SecretStr(lab.hosts[0].password)
    transport = ChosenTransport(lambda _: password)
    return Engine(transport, Settings(operator="bench@here"), MemoryStore(), runner=runner)


def with_tasks(number: int, policy: MultipleInstances) -> HostState:
    tasks = [make_task(f"Backup {each}", policy) for each in range(number)]
    return HostState(name="SRV01", windows={"scheduled_tasks": tasks})


def main() -> None:
    for name, requests in exchanges().items():
        print(f"{name:<28}{requests:>4} requests")
    rates = dict(audits_per_second())
    for name, rate in rates.items():
        print(f"{name:<28}{rate:>6.1f} hosts/s at {LATENCY * 1000:.0f} ms a request")
    serial, loop = rates.values()
    print(f"{'at once : serial':<28}{loop / serial:>6.1f}")


if __name__ == "__main__":
    main()
