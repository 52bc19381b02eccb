"""Say what keeps the system state from being backed up."""

from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALLED, TASKS, ForOwnData, backs_up_system_state
from remediate.resources.optional_feature import FeatureState, OptionalFeature, OptionalFeatures
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks
from remediate.resources.service import Service, Services, StartMode

FEATURE = "WindowsServerBackup"
INSTALL = "Install-WindowsFeature -Name Windows-Server-Backup installs it."
WANTED = {
    "RpcSs": StartMode.AUTO,
    "EventSystem": StartMode.AUTO,
    "SENS": StartMode.AUTO,
    "VSS": StartMode.MANUAL,
    "swprv": StartMode.MANUAL,
}


class Params(PlaybookParams):
    planned: bool = Field(
        default=False, description="Also look where no backup of the system state is scheduled"
    )


class SystemState(ForOwnData, Playbook[Params]):
    r"""The agent lets Windows Server Backup write the system state, and backs up what that wrote.

    Room for it is looked at by disk-space, and .NET by dotnet-version. That SYSTEM has all rights
    to System Volume Information is needed too, and cannot be seen by an administrator.
    """

    id = "system-state"
    title = "Have what a backup of the system state needs"
    source = "https://learn.microsoft.com/azure/backup/backup-azure-system-state-troubleshoot"
    topic = "agent"
    only_looks = True
    deep = True
    rules = (
        "no-feature",
        "feature-not-known",
        "service-missing",
        "service-disabled",
        "service-not-automatic",
    )

    def observe(self, params):
        return [
            OptionalFeatures(names=(FEATURE,)),
            Services(names=tuple(WANTED)),
            ScheduledTasks(folder=TASKS),
            RegistryValues(values=INSTALLED),
        ]

    def not_applicable(self, seen, params):
        if reason := super().not_applicable(seen, params):
            return reason
        if params.planned or any(map(backs_up_system_state, seen.all(ScheduledTask))):
            return None
        return "no backup of the system state is scheduled; --planned looks all the same"

    def decide(self, seen, params):
        yield from _feature(seen.one(OptionalFeature))
        services = {service.name.casefold(): service for service in seen.all(Service)}
        missing = [name for name in WANTED if name.casefold() not in services]
        if missing:
            yield Advice(
                f"There is no service {', '.join(missing)}",
                "It is part of Windows: repair Windows, for example with sfc /scannow.",
                Severity.CRITICAL,
                rule="service-missing",
            )
        for name, wanted in WANTED.items():
            if name not in missing:
                yield from _service(services[name.casefold()], wanted)


def _feature(feature):
    if feature is not None and feature.state == FeatureState.UNKNOWN:
        yield Advice(
            "Whether Windows Server Backup is installed is not known",
            f"Windows does not say it. {INSTALL}",
            Severity.NOTICE,
            rule="feature-not-known",
            resource=feature.resource_id,
        )
    elif feature is None or feature.state != FeatureState.ENABLED:
        yield Advice(
            "Windows Server Backup is not installed",
            f"Without it the system state cannot be backed up. {INSTALL}",
            Severity.CRITICAL,
            rule="no-feature",
        )


def _service(service, wanted):
    if service.start_mode == StartMode.DISABLED:
        yield Advice(
            f"Service {service.name} is disabled",
            f"No snapshot can be made without it: set its start to {wanted}.",
            Severity.CRITICAL,
            rule="service-disabled",
            resource=service.resource_id,
        )
    elif wanted == StartMode.AUTO and service.start_mode != wanted:
        yield Advice(
            f"Service {service.name} does not start with Windows",
            f"It is {service.start_mode}, and has to be {wanted}.",
            rule="service-not-automatic",
            resource=service.resource_id,
        )
