"""CPU that an audit of one playbook costs here for a host: by our wire, by pypsrp's, bare pypsrp.

`python benchmarks/wire.py [HOSTS]` audits a practice host in another process, over and over, in
rounds that take turns. All three send the same script to the same host; bare pypsrp is what a
program of some ten lines would cost, which reads nothing of the answer.
"""

import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection

from pydantic import SecretStr
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Request
from remediate.powershell.packed import packed, unpacker
from remediate.powershell.script import compose
from remediate.testing.transport import Recorder
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.wires import VARIABLE, WireName

ROUNDS = 7
SECONDS = 60.0

Audit = Callable[[], None]


def serve(auth: Auth, told: Connection) -> None:
    """A practice host, until whoever asked for it hangs up."""
    with Lab([make_state()], auth=auth) as lab:
        [host] = lab.hosts
        told.send((host.target().model_dump_json(), host.password))
        told.poll(None)


@contextmanager
def practice_host(auth: Auth) -> Iterator[tuple[Host, SecretStr]]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(auth, theirs))
    server.start()
    theirs.close()
    try:
        host, password = ours.recv()
        yield Host.model_validate(json.loads(host)), SecretStr(password)
    finally:
        ours.close()
        server.terminate()
        server.join()


def asked(host: Host, password: SecretStr) -> tuple[str, Request]:
    """The script and the request of an audit of one playbook."""
    playbook = Catalogue().load("schedule-fix")
    recorder = Recorder(PsrpTransport(lambda _: password))
    job = Job((Task(playbook, playbook.params()),), named=True)
    [report] = Engine(recorder, Settings(operator="bench@here")).audit([host], job)
    assert report.plan is not None, report
    [request] = recorder.requests
    return compose(request.files).text, request


def by_session(wire: WireName, host: Host, password: SecretStr) -> Audit:
    """As a run does: what hosts have in common is made once."""
    script, request = asked(host, password)
    transport = PsrpTransport(lambda _: password)

    def audit() -> None:
        os.environ[VARIABLE] = wire
        with closing(transport.session(host)) as session:
            session.run(script, request, Deadline(SECONDS))

    return audit


def bare(host: Host, password: SecretStr) -> Audit:
    script, request = asked(host, password)

    def audit() -> None:
        wsman = WSMan(
            host.address,
            port=host.port,
            ssl=False,
            auth=host.auth.value,
            username=host.user,
            password=password.get_secret_value(),
            encryption="never" if host.auth is Auth.BASIC else "always",
            no_proxy=True,
        )
        with wsman, RunspacePool(wsman, no_profile=True, idle_timeout=180) as pool:
            shell = PowerShell(pool)
            shell.add_script(unpacker()).add_parameter("Packed", packed(script))
            shell.add_parameter("Request", request.encode())
            assert shell.invoke()

    return audit


def measured(audits: dict[str, Audit], hosts: int) -> dict[str, list[float]]:
    """Milliseconds of CPU for a host, in each round."""
    spent: dict[str, list[float]] = {name: [] for name in audits}
    for audit in audits.values():
        audit()
    for turn in range(ROUNDS):
        names = list(audits) if turn % 2 else list(reversed(audits))
        for name in names:
            before = time.process_time()
            for _ in range(hosts):
                audits[name]()
            spent[name].append((time.process_time() - before) / hosts * 1000)
    return spent


def main() -> None:
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    for auth in (Auth.BASIC, Auth.NTLM):
        with practice_host(auth) as (host, password):
            spent = measured(
                {
                    "lean wire": by_session(WireName.LEAN, host, password),
                    "pypsrp wire": by_session(WireName.PYPSRP, host, password),
                    "bare pypsrp": bare(host, password),
                },
                hosts,
            )
        base = statistics.median(spent["bare pypsrp"])
        for name, each in spent.items():
            middle = statistics.median(each)
            print(
                f"{auth:<6} {name:<12} {min(each):6.2f} {middle:6.2f} {max(each):6.2f} ms CPU"
                f" for a host (min, median, max of {ROUNDS}), {middle / base:.2f} x bare pypsrp"
            )


if __name__ == "__main__":
    main()
