"""CPU of a visit to a host that is asked one question, by the way one logs on, and over TLS.

`python -m benchmarks.logons BEFORE [--rounds N]` visits practice hosts in other processes. This
build does so by our own wire. The authority of a certificate stands among the 117 of a file, as
in those of systems. Kerberos needs a KDC (`krb5-kdc`).
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import certifi

from benchmarks.compared import arguments, environment, measure
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth
from remediate.transport.wires import VARIABLE, WireName
from tests.kerberos.kdc import PASSWORD, REALM, Kdc

VISITS = 50
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


def visited(host: dict[str, Any], password: str, build: Path) -> float:
    """Milliseconds of CPU for each visit."""
    said = json.dumps({"host": host, "visits": VISITS, "password": password})
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, said],
        env={**environment(build), VARIABLE: WireName.LEAN},
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
        "certificate, TLS": {"auth": Auth.CERTIFICATE, "tls": Tls.VALID},
        "NTLM": {"auth": Auth.NTLM},
        "NTLM, TLS": {"auth": Auth.NTLM, "tls": Tls.VALID},
    }
    with tempfile.TemporaryDirectory() as name, realm(Path(name)) as kdc:
        keytab, account = kdc.keytab(f"host/{NAME}"), LabAccount(ADA, PASSWORD)
        ways["Kerberos"] = {"auth": Auth.KERBEROS, "account": account, "keytab": keytab}
        for way, options in ways.items():
            with served(**options) as (host, password):
                if host["ca_file"]:
                    host["ca_file"] = with_authorities(Path(name), host["ca_file"])
                if way == "Kerberos":
                    host["kerberos_host"] = NAME
                measure(way, partial(visited, host, password), before, rounds, "ms of CPU")


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


if __name__ == "__main__":
    main(*arguments(__doc__, rounds=5))
