"""Restart the iSCSI initiator, with which recovery volumes are mounted."""

from remediate.playbook import Advice, Field, Playbook, Severity
from remediate.playbook.restarting import (
    OldEnough,
    clock_changed,
    dependent_refusals,
    is_old,
    not_fit,
)
from remediate.resources.iscsi_initiator import IscsiInitiator, IscsiInitiators
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus, StartMode

INITIATOR = "MSiSCSI"
STEPS = "Device Manager > Storage controllers > Microsoft iSCSI Initiator"
UNKNOWN_DEVICE = (
    r'Look in Device Manager for an "Unknown Device" with hardware id ROOT\ISCSIPRT, and let '
    "Windows update its driver."
)
MISSING = (
    "The iSCSI initiator is part of Windows Server; without its service no recovery volume can be "
    "mounted."
)
DEVICE_PROBLEMS = {
    22: ("is disabled", f"Enable it: {STEPS} > Enable device."),
    28: ("has no driver", UNKNOWN_DEVICE),
}


class Params(OldEnough):
    accept_session_loss: bool = Field(
        default=False, description="Restart even if that cuts off iSCSI sessions, whoever uses them"
    )


class IscsiRestart(ForAgent, Playbook[Params]):
    """Mounting a recovery volume fails until MSiSCSI is restarted, or its device is repaired.

    Which sessions are the agent's cannot be told for sure, so every session counts as foreign.
    """

    id = "iscsi-restart"
    title = "Restart the iSCSI initiator so that recovery volumes can be mounted"
    topic = "restore"
    symptoms = ("restore-mount-failed", "iscsi-driver-missing")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "device-missing",
        "device-failed",
        "service-missing",
        "service-paused",
        "service-in-between",
        "start-mode",
        "status",
        "process",
    )
    on_demand = True
    writes = (Service,)
    risk = "Disks and recovery volumes that are connected by iSCSI go away while it restarts."
    rollback = "Start mode and status are put back; the restart itself cannot be undone."

    def observe(self, params):
        return [
            Services(names=(INITIATOR,)),
            IscsiInitiators(),
            RegistryValues(values=(INSTALL_PATH,)),
        ]

    def decide(self, seen, params):
        service = seen.one(Service)
        advice = [*_device_advice(seen.all(IscsiInitiator)), *not_fit(service, INITIATOR, MISSING)]
        if advice:  # a restart is of no use before that is repaired
            yield from advice
            return
        if service.start_mode == StartMode.DISABLED:
            yield service.should(start_mode=StartMode.MANUAL, why="It could not be started again.")
        if service.status == ServiceStatus.STOPPED:
            yield service.should(status=ServiceStatus.RUNNING, why="Nothing can be mounted.")
        elif is_old(service, seen, params.max_age):
            yield service.should_renew("process", "restarted", why=clock_changed(service, seen))

    def guard(self, seen, params):
        service = seen.one(Service)
        if service.status == ServiceStatus.STOPPED or not is_old(service, seen, params.max_age):
            return
        if service.in_use and not params.accept_session_loss:
            yield (
                f"a restart cuts off the iSCSI sessions with {', '.join(sorted(service.in_use))}: "
                "unmount recovery volumes and disconnect these targets, or give "
                "--accept-session-loss"
            )
        yield from dependent_refusals(service)

    def assumptions(self, params):
        if params.accept_session_loss:
            yield "Sessions that are cut off come back only if their target is a favourite target."


def _device_advice(devices):
    if not devices:
        yield Advice(
            "The iSCSI initiator's device is missing",
            f"{UNKNOWN_DEVICE} Then run this again.",
            Severity.CRITICAL,
            rule="device-missing",
        )
    for device in devices:
        if device.error_code:
            unknown = (f"has failed with code {device.error_code}", f"Look at {STEPS}.")
            what, text = DEVICE_PROBLEMS.get(device.error_code, unknown)
            yield Advice(
                f"{device.title} {what}",
                f"{text} Then run this again.",
                rule="device-failed",
                resource=device.resource_id,
            )
