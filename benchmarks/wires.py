"""CPU of this process for each host that is asked one question, by method and wire.

`python -m benchmarks.wires BEFORE [--rounds N]` asks a practice host in another process, one visit
after the other: with the build in BEFORE, and with this one over both its wires, by turns. Over
HTTPS the certificate's authority stands among those of a usual file. Kerberos needs a KDC.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import certifi

from benchmarks.compared import HERE, arguments, environment
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.tls import Tls
from remediate.model.host import Auth
from tests.kerberos.kdc import PASSWORD, REALM, Kdc

VISITS = 100
AUTHORITIES = 117
ADA = f"ada@{REALM}"
NAME = "srv01.remediate.test"
CLIENT = """
import json, sys, time
from contextlib import closing
from pydantic import SecretStr
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request
from remediate.transport.chosen import ChosenTransport
from remediate.transport.protocol import Deadline

said = json.loads(sys.argv[1])
host, visits = Host(**said["host"]), said["visits"]
call = Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\\\"})
request = Request(run="audit", calls=(call,))
transport = ChosenTransport(lambda _: SecretStr(said["password"]))

def visit(times):
    for _ in range(times):
        with closing(transport.session(host)) as session:
            session.run("param([string] $Request)", request, Deadline(60))

visit(5)
began = time.process_time()
visit(visits)
print(1000 * (time.process_time() - began) / visits)
"""


def serve(pipe: Connection, options: dict[str, Any]) -> None:
    """Be a practice host until the other end of a pipe is closed."""
    with Lab(**options) as lab:
        pipe.send((lab.hosts[0].target().model_dump(mode="json"), lab.hosts[0].password))
        pipe.poll(None)


@contextmanager
def served(**options: object) -> Iterator[tuple[dict[str, Any], str]]:
    """A practice host in another process; comes as its settings and password."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=serve, args=(there, options))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        process.join()


def visited(build: Path, wire: str, host: dict[str, Any], password: str) -> float:
    """Milliseconds of CPU for each visit."""
    said = json.dumps({"host": host, "visits": VISITS, "password": password})
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, said],
        env={**environment(build), "REMEDIATE_WIRE": wire},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return float(done.stdout)


def with_authorities(folder: Path, ca_file: str) -> str:
    """A file with an authority and many others, in a folder."""
    end = "-----END CERTIFICATE-----\n"
    others = Path(certifi.where()).read_text("utf-8").split(end)[: AUTHORITIES - 1]
    file = folder / Path(ca_file).parent.name
    file.write_text(end.join([*others, Path(ca_file).read_text("utf-8")]))
    return str(file)


def main(before: Path, rounds: int) -> None:
    ways: dict[str, dict[str, Any]] = {
        "Basic": {"auth": Auth.BASIC},
        "Basic, TLS": {"auth": Auth.BASIC, "tls": Tls.VALID},
        "NTLM": {"auth": Auth.NTLM},
        "NTLM, TLS": {"auth": Auth.NTLM, "tls": Tls.VALID},
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kdc = stack.enter_context(realm(folder))
        keytab = kdc.keytab(f"host/{NAME}")
        ways["Kerberos"] = {
            "auth": Auth.KERBEROS,
            "account": LabAccount(ADA, PASSWORD),
            "keytab": keytab,
        }
        builds = {"before": (before, ""), "pypsrp": (HERE, "pypsrp"), "lean": (HERE, "lean")}
        hosts: dict[str, tuple[dict[str, Any], str]] = {}
        for way, options in ways.items():
            host, password = stack.enter_context(served(**options))
            if host["ca_file"]:
                host["ca_file"] = with_authorities(folder, host["ca_file"])
            hosts[way] = host | ({"kerberos_host": NAME} if way == "Kerberos" else {}), password
        found: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds):
            turns = [(way, name) for way in hosts for name in builds]
            for way, name in reversed(turns) if number % 2 else turns:
                found.setdefault((way, name), []).append(visited(*builds[name], *hosts[way]))
    for way in hosts:
        middle = {name: median(found[way, name]) for name in builds}
        print(
            f"{way:<12}"
            + "".join(f"{name} {_three(found[way, name])} ms  " for name in builds)
            + f"lean is {middle['lean'] / middle['before']:.2f} of before, "
            f"{middle['lean'] / middle['pypsrp']:.2f} of pypsrp"
        )
    for method in ("Basic", "NTLM"):
        over = {name: median(found[f"{method}, TLS", name]) for name in builds}
        bare = {name: median(found[method, name]) for name in builds}
        print(f"HTTPS by HTTP, {method}: ", {n: round(over[n] / bare[n], 2) for n in builds})


@contextmanager
def realm(folder: Path) -> Iterator[Kdc]:
    """A KDC that this process and its children know."""
    kdc = Kdc(folder)
    kdc.start()
    try:
        os.environ.update(kdc.environment)
        kdc.principal("ada")
        kdc.principal(f"host/{NAME}", password=None)
        kdc.keytab(f"host/{NAME}")
        yield kdc
    finally:
        kdc.close()


def _three(values: list[float]) -> str:
    return "/".join(f"{one:.2f}" for one in (min(values), median(values), max(values)))


if __name__ == "__main__":
    main(*arguments(__doc__, rounds=5))
