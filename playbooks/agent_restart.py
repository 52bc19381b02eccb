"""Restart the backup agent, which backs up again after some errors only then."""

from remediate.playbook import Advice, Playbook
from remediate.playbook.restarting import (
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
)
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus, StartMode

AGENT = "obengine"
PROGRAMS = ("cbengine.exe", "CBEngine.exe")
MISSING = (
    "The agent is installed without its service: repair or install it again. Its registration and "
    "its passphrase are kept, and needed."
)


class Params(OldEnough, Enough, AlthoughUnknown):
    pass


class AgentRestart(ForAgent, Playbook[Params]):
    """Some errors of a backup are gone once the agent's service was restarted.

    A job that runs would be ended, so it is waited for. A service that crashes again and again is
    not restarted: agent-service says what helps it.
    """

    id = "agent-restart"
    title = "Restart the backup agent"
    topic = "agent"
    symptoms = ("backup-verification-inconsistent",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "service-missing",
        "service-paused",
        "service-in-between",
        "disabled",
        "crashing",
        "status",
        "process",
    )
    on_demand = True
    writes = (Service,)
    risk = "The agent does not answer while it restarts."
    rollback = "A service that was stopped is stopped again; the restart itself cannot be undone."

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH,)),
            Services(names=(AGENT,)),
            BackupRecords(),
            *crash_events(params, *PROGRAMS),
        ]

    def decide(self, seen, params):
        service = seen.one(Service)
        advice = [*not_fit(service, AGENT, MISSING)]
        if service is not None:
            remedy = "See what agent-service says of it."
            advice += [*crashing(service, seen, params, PROGRAMS, remedy), *_disabled(service)]
        if advice:
            yield from advice
        elif service.status is ServiceStatus.STOPPED:
            yield service.should(status=ServiceStatus.RUNNING, why="Nothing is backed up.")
        elif is_old(service, seen, params.max_age):
            yield service.should_renew("process", "restarted", why=clock_changed(service, seen))

    def guard(self, seen, params):
        service = seen.one(Service)
        if service.status is ServiceStatus.STOPPED or not is_old(service, seen, params.max_age):
            return
        yield from job_refusals(
            seen.one(BackupRecord), "its restart", accepted=params.although_unknown
        )
        yield from dependent_refusals(service)


def _disabled(service):
    if service.start_mode is StartMode.DISABLED:
        yield Advice(
            f"Service {AGENT} is disabled",
            "It could not be started again. Somebody has switched it off: ask why, then give it "
            "the start mode that it has on a server of yours that backs up.",
            rule="disabled",
            resource=service.resource_id,
        )
