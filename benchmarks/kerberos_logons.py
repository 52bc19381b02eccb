"""What logons by Kerberos cost: memory of this process, and requests to the KDC.

`python -m benchmarks.kerberos_logons [LOGONS]` starts a KDC and a practice host of its own, logs on
2,000 times over one transport as a fleet does, and prints what was counted. Each logon asks for the
ticket of a host of its own, as in a fleet of so many; they all lead to the one practice host.
"""

import gc
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

import psutil
from pydantic import SecretStr

from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Call, Request
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from tests.kerberos.kdc import PASSWORD, REALM, Kdc

LOGONS = 2000
STEPS = 8
ADA = f"ada@{REALM}"
CALL = Call(id="a", function="Get-RemediateScheduledTask", arguments={"folder": "\\"})
REQUEST = Request(run="audit", calls=(CALL,))


def main(logons: int) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Kdc(Path(folder))) as kdc:
        kdc.start()
        os.environ.update(kdc.environment)
        kdc.principal("ada")
        names = [f"srv{number:04}.remediate.test" for number in range(logons)]
        one = kdc.folder / "host.keytab"
        words = [f"addprinc -randkey host/{name}" for name in names]
        words += [f"ktadd -norandkey -k {one} host/{name}" for name in names]
        kdc.do("kadmin.local", "-r", REALM, typed="\n".join([*words, "quit\n"]))
        with Lab(auth=Auth.KERBEROS, account=LabAccount(ADA, PASSWORD), keytab=one) as lab:
            measure(lab, [target(lab, name) for name in names])
        sent = len(kdc.asked()), len(kdc.asked("TGS_REQ"))
        print(f"the KDC was asked {sent[0]} times for the account, {sent[1]} times for a host")


def measure(lab: Lab, hosts: list[Host]) -> None:
    """Log on to each host, and print how memory grows."""
    transport = PsrpTransport(lambda _: SecretStr(PASSWORD))
    process, began = psutil.Process(), perf_counter()
    before = size = 0
    for number, host in enumerate(hosts):
        with closing(transport.session(host)) as talk:
            talk.run("param([string]$Request)", REQUEST, Deadline(60))
        if (number + 1) % (len(hosts) // STEPS) == 0:
            lab.reset()
            lab.hosts[0].logons.clear()
            gc.collect()
            size = process.memory_info().rss
            grown = f"{(size - before) / (len(hosts) // STEPS) / 1024:.1f} KiB a logon"
            print(f"{number + 1} logons: {size / 1024**2:.1f} MiB{', ' + grown if before else ''}")
            before = size
    print(f"{(perf_counter() - began) / len(hosts) * 1000:.0f} ms a logon, practice host included")


def target(lab: Lab, name: str) -> Host:
    known = lab.hosts[0].target().model_dump()
    return Host(**{**known, "kerberos_host": name})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LOGONS)
