"""Name what else works on the files that the agent backs up, or on its own."""

from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.filter_driver import FilterDriver, FilterDrivers
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus

BACKUP_PRODUCTS = {
    "AcronisAgent": "Acronis Agent",
    "BackupExecAgentAccelerator": "Veritas Backup Exec agent",
    "CohesityAgent": "Cohesity agent",
    "GxCVD(Instance001)": "Commvault",
    "NetBackup INET Daemon": "Veritas NetBackup client",
    "Rubrik Backup Service": "Rubrik Backup Service",
    "VeeamBackupSvc": "Veeam Backup & Replication",
    "VeeamEndpointBackupSvc": "Veeam Agent",
}
"""By the short names of their services, which their makers' own scripts use."""
ANTIVIRUS = "Anti-Virus"
HANDLES = (
    "Which program has a file open right now, Windows lists only after `openfiles /local on` and "
    "a restart."
)


class FileLocks(ForAgent, Playbook[PlaybookParams]):
    """Other products that hold files make the agent skip them (0x80070005), or lock its scratch.

    Filter drivers stand between every program and the file system. What each of them does, its
    altitude says, which Microsoft gives out. Windows' own are left out, Defender's among them.
    Another backup product makes snapshots, and may hold files, at the same time as the agent.
    """

    id = "file-locks"
    title = "Name other products that hold the files of a backup"
    topic = "storage"
    only_looks = True
    on_demand = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("antivirus", "other-filters", "other-backup")

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH,)),
            FilterDrivers(),
            Services(names=tuple(BACKUP_PRODUCTS)),
        ]

    def decide(self, seen, params):
        foreign = [one for one in seen.all(FilterDriver) if one.running and not one.of_windows]
        scanners = [one for one in foreign if ANTIVIRUS in one.groups]
        others = [one for one in foreign if one not in scanners]
        if scanners:
            yield Advice(
                f"An antivirus product looks into every file: {_names(scanners)}",
                "Have it leave out the agent's Scratch and bin folders, and what cbengine.exe "
                f"opens. {HANDLES}",
                rule="antivirus",
                evidence=_evidence(scanners),
            )
        if others:
            yield Advice(
                f"Filter drivers of other products are loaded: {_names(others)}",
                "Ask their makers whether they hold files while a snapshot is read, and how the "
                f"agent's folders are left out. {HANDLES}",
                Severity.NOTICE,
                rule="other-filters",
                evidence=_evidence(others),
            )
        for service in sorted(seen.all(Service), key=lambda one: one.name.casefold()):
            running = service.status is not ServiceStatus.STOPPED
            yield Advice(
                f"Another backup product is here: {BACKUP_PRODUCTS[service.name]}",
                "Keep its schedule, and the time that its snapshots take, apart from the agent's; "
                f"and have it leave out the agent's Scratch folder. {HANDLES}",
                Severity.WARNING if running else Severity.NOTICE,
                rule="other-backup",
                resource=service.resource_id,
                evidence=(
                    Evidence(
                        f"{service.status}, start mode {service.start_mode}", where=service.title
                    ),
                ),
            )


def _names(drivers):
    return ", ".join(one.name for one in drivers)


def _evidence(drivers):
    return tuple(Evidence(str(one), where=one.title) for one in drivers)
