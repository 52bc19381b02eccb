"""An audit of everything finds what is wrong with a host, and nothing else, in one round."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import kind_of
from remediate.lab.lab import Lab
from remediate.playbook.catalogue import Catalogue
from remediate.transport.psrp import PsrpTransport

MICROSOFT = r"HKLM\SOFTWARE\Microsoft"
AGENT = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
TLS12 = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client"
ZONE = r"HKU\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Zones\3"
STOPPED = {"status": "Stopped", "start": "Disabled"}

FAULTS: dict[str, dict[str, Any]] = {
    "agent-service stopped": {"service": {"obengine": {"status": "Stopped"}}},
    "agent-version update-advised": {"agent_module": {"agent": "2.0.9415.0"}},
    "antivirus-exclusions not-left-out": {
        "defender_exclusion": {"path": [rf"{AGENT}\bin"], "process": [rf"{AGENT}\bin\cbengine.exe"]}
    },
    "clock time-service-disabled": {"service": {"W32Time": STOPPED}},
    "disk-space below-floor": {"volume": {"C:": {"free": "2GB"}}},
    "dotnet-version below-least": {
        "registry_value": {
            r"HKLM\SOFTWARE\WOW6432Node\Microsoft\NET Framework Setup\NDP\v4\Full\Release": 300000
        }
    },
    "execution-policy policy": {
        "registry_value": {
            rf"{MICROSOFT}\PowerShell\1\ShellIds\Microsoft.PowerShell\ExecutionPolicy": "AllSigned"
        }
    },
    "file-download-zone not-allowed": {"registry_value": {rf"{ZONE}\1803": 3}},
    "module-path folder-missing": {
        "registry_value": {
            r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment\PSModulePath": None
        }
    },
    "os-updates none-known": {"installed_update": {"KB5031364": ""}},
    "os-updates restart-pending": {"operating_system": {"pending": ["updates"]}},
    "powershell-version unknown": {
        "registry_value": {rf"{MICROSOFT}\PowerShell\3\PowerShellEngine\PowerShellVersion": "five"}
    },
    "registration not-registered": {
        "registry_value": {rf"{MICROSOFT}\Windows Azure Backup\Config\ServiceResourceName": None}
    },
    "schedule-fix multiple-instances": {
        "scheduled_task": [{"name": "Microsoft-OnlineBackup", "policy": "Parallel"}]
    },
    "tls12 dotnet-4": {
        "registry_value": {
            r"HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319\SchUseStrongCrypto": 0
        }
    },
    "tls12 group-policy": {
        "registry_value": {
            r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
            r"\SecureProtocols": 160
        }
    },
    "tls12 switched-off": {"registry_value": {rf"{TLS12}\DisabledByDefault": 1}},
    "unsupported-files not-ntfs": {"volume": {"E:": {"file_system": "ReFS"}}},
    "vault-credentials wrong-extension": {
        "vault_credential": {r"C:\Users\ada\Desktop\vault-prod.VaultCredentials.xml": {"age": 2}}
    },
    "vss-services start-mode": {"service": {"vds": STOPPED}},
}


def all_faults() -> dict[str, Any]:
    """All of them on one host; of services the others are as they were."""
    host: dict[str, Any] = {"service": dict(kind_of("service").healthy)}
    for fault in FAULTS.values():
        for kind, short in fault.items():
            host[kind] = host.get(kind, {}) | short if isinstance(short, dict) else short
    return host


def everything() -> Iterator[Task]:
    """The playbooks of an audit that names none."""
    catalogue = Catalogue()
    for entry in catalogue.entries.values():
        if not (entry.on_demand or entry.deep):
            playbook = catalogue.load(entry.id)
            yield Task(playbook, playbook.params())


def test_an_audit_names_twenty_faults_and_nothing_else_in_six_exchanges() -> None:
    assert len(FAULTS) == 20
    with Lab([healthy_host("SRV01"), healthy_host("SRV02", all_faults())]) as lab:
        password = SecretStr(lab.hosts[0].password)
        engine = Engine(PsrpTransport(lambda _: password), Settings(operator="ada@bastion"))
        targets = [host.target() for host in lab.hosts]
        job = Job.of(everything(), named=False)
        reports = {report.host: report for report in engine.audit(targets, job)}
        exchanges = [host.requests for host in lab.hosts]
    found = {}
    for name, report in reports.items():
        assert report.plan is not None, report
        assert report.unanswered == ()
        found[name] = sorted(f"{one.playbook} {one.rule}" for one in report.plan.findings)
    assert found == {"SRV01": [], "SRV02": sorted(FAULTS)}
    assert exchanges == [6, 6]
