"""Restart the services that make snapshots, when snapshots fail until they are started anew."""

from remediate.playbook import Advice, Playbook
from remediate.playbook.restarting import (
    WINDOWS_BACKUP,
    AlthoughUnknown,
    Enough,
    OldEnough,
    clock_changed,
    crash_events,
    crashing,
    dependent_refusals,
    is_old,
    job_refusals,
    not_fit,
    windows_backup_refusals,
)
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus, StartMode
from remediate.resources.shadow_storage import ShadowStorage, ShadowStorages

PROGRAMS = {
    "VSS": ("vssvc.exe", "VSSVC.exe"),
    "swprv": ("svchost.exe_swprv",),
}
MISSING = (
    "It is part of Windows, and backups need it: repair Windows (DISM /Online /Cleanup-Image "
    "/RestoreHealth), or have it looked at."
)


class Params(OldEnough, Enough, AlthoughUnknown):
    pass


class VssRestart(ForAgent, Playbook[Params]):
    """Snapshots that fail for a while are made again once their services were restarted.

    These services run only while somebody needs them: those that are stopped stay so. One that was
    disabled while it ran is set to start on demand, as vss-services does. A snapshot that is being
    made, or that a backup reads which did not ask for one that stays, would be lost, whoever makes
    it, so it is waited for.
    """

    id = "vss-restart"
    title = "Restart the services that make snapshots"
    topic = "storage"
    symptoms = ("snapshot-failed", "vss-busy")
    after = ("vss-services",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "service-missing",
        "service-paused",
        "service-in-between",
        "disabled",
        "crashing",
        "process",
    )
    on_demand = True
    writes = (Service,)
    risk = (
        "A backup whose snapshot Windows does not tell as being made, or in use, has to begin anew."
    )
    rollback = "A restart cannot be undone. Services that were stopped are left as they are."

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH,)),
            Services(names=(*PROGRAMS, WINDOWS_BACKUP)),
            ShadowStorages(),
            BackupRecords(),
            *crash_events(params, *(program for own in PROGRAMS.values() for program in own)),
        ]

    def decide(self, seen, params):
        for service, advice in _each(seen, params):
            yield from advice
            due = not advice and _is_due(service, seen, params)
            disabled = service is not None and service.start_mode is StartMode.DISABLED
            if due and disabled:
                yield service.should(
                    rule="disabled",
                    start_mode=StartMode.MANUAL,
                    why="It could not be started again. Windows has it start on demand.",
                )
            elif disabled:
                yield _disabled(service)
            if due:
                yield service.should_renew("process", "restarted", why=clock_changed(service, seen))

    def guard(self, seen, params):
        yield from job_refusals(
            seen.one(BackupRecord), "their restart", accepted=params.although_unknown
        )
        yield from windows_backup_refusals(seen)
        copies = [copy for one in seen.all(ShadowStorage) for copy in one.copies]
        making = [copy for copy in copies if copy.is_being_made]
        if making:
            yield f"a snapshot is being made: {', '.join(map(str, making))}; wait until it is"
        if in_use := [copy for copy in copies if copy.is_in_use and copy not in making]:
            names = ", ".join(map(str, in_use))
            yield f"a backup reads a snapshot, which would be lost: {names}; wait until it is gone"
        for service, advice in _each(seen, params):
            if not advice and _is_due(service, seen, params):
                yield from dependent_refusals(service, service.name)


def _each(seen, params):
    """Each service with why it cannot be restarted, or had better not be."""
    for name, programs in PROGRAMS.items():
        service = _service(seen, name)
        advice = [*not_fit(service, name, MISSING)]
        if service is not None:
            remedy = "See the program and the module that its events name."
            advice += crashing(service, seen, params, programs, remedy)
        yield service, advice


def _service(seen, name):
    found = (one for one in seen.all(Service) if one.name.casefold() == name.casefold())
    return next(found, None)


def _is_due(service, seen, params):
    return service.status is ServiceStatus.RUNNING and is_old(service, seen, params.max_age)


def _disabled(service):
    return Advice(
        f"Service {service.name} is disabled",
        "No snapshot can be made: apply vss-services.",
        rule="disabled",
        resource=service.resource_id,
    )
