"""Let the services start that make the snapshots of a backup."""

from remediate.playbook import Advice, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus, StartMode

SNAPSHOTS = ("VSS", "swprv")
DISKS = "vds"
SCHEDULER = "Schedule"


class VssServices(ForAgent, Playbook[PlaybookParams]):
    """Backups fail without a snapshot (0x186C2) when a service that makes it cannot start.

    These services run only while somebody needs them, so that they are stopped is right. Their
    start modes are changed, which disturbs no snapshot that is being made.
    """

    id = "vss-services"
    title = "Let the services start that make snapshots"
    topic = "storage"
    symptoms = ("snapshot-failed",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-system-state-troubleshoot"
    writes = (Service,)
    risk = "A service that somebody has disabled on purpose can start again."
    rules = ("missing", "scheduler-off", "start-mode")

    def observe(self, params):
        return [
            Services(names=(*SNAPSHOTS, DISKS, SCHEDULER)),
            RegistryValues(values=(INSTALL_PATH,)),
        ]

    def decide(self, seen, params):
        services = {service.name.casefold(): service for service in seen.all(Service)}
        for name in (*SNAPSHOTS, DISKS, SCHEDULER):
            service = services.get(name.casefold())
            if service is None:
                yield Advice(
                    f"There is no service {name}",
                    "It is part of Windows, and backups need it: repair Windows (DISM /Online "
                    "/Cleanup-Image /RestoreHealth), or have it looked at.",
                    Severity.CRITICAL,
                    rule="missing",
                    resource=Service.named(name),
                )
            elif name == SCHEDULER:
                yield from _scheduler(service)
            elif service.start_mode is StartMode.DISABLED or name in SNAPSHOTS:
                disabled = service.start_mode is StartMode.DISABLED
                yield service.should(
                    start_mode=StartMode.MANUAL,
                    severity=Severity.CRITICAL if disabled else Severity.NOTICE,
                    why="No snapshot can be made."
                    if disabled
                    else "Windows has it start on demand.",
                )

    def assumptions(self, params):
        yield (
            "Where a Group Policy sets the start mode of a service, it comes back with that: "
            "change it there too."
        )


def _scheduler(service):
    """Windows does not let administrators configure this one, so nothing is written."""
    disabled = service.start_mode is StartMode.DISABLED
    if disabled or service.status is ServiceStatus.STOPPED:
        remedy = (
            r"Set Start to 2 (DWORD) in HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
            rf"\{SCHEDULER}, and restart the server."
            if disabled
            else f"Start it (Start-Service {SCHEDULER}), or restart the server."
        )
        yield Advice(
            f"The Task Scheduler is {'disabled' if disabled else 'stopped'}",
            f"No backup is started by its schedule. {remedy}",
            Severity.CRITICAL,
            rule="scheduler-off",
            resource=service.resource_id,
        )
