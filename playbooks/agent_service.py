"""See to it that the agent's service runs, and why it does not."""

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.event import Event, Events
from remediate.resources.filter_driver import FilterDriver, FilterDrivers
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus, StartMode

AGENT = "obengine"
ENGINE = "cbengine.exe"
CRASH = 1000  # of "Application Error"; its first value is the program
FILE_SYNC = {"storagesync", "storagesyncguard"}
SHOWN = 5


class Params(PlaybookParams):
    days: int = Field(7, ge=1, le=3650, description="days in which crashes are counted")
    crashes: int = Field(2, ge=1, le=50, description="number of crashes from which it is no chance")


class AgentService(ForAgent, Playbook[Params]):
    """Without its service the agent backs up nothing: "Cannot connect to CBEngine".

    It only looks. A service that crashes again and again is not helped by starting it again, and
    which start mode the agent's installer sets is not documented: it is shown, and not judged
    unless it is Disabled.
    """

    id = "agent-service"
    title = "Say why the backup agent's service does not run"
    topic = "agent"
    only_looks = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("missing", "crashing", "disabled", "stopped", "paused", "in-between")

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH,)),
            Services(names=(AGENT,)),
            FilterDrivers(),
            Events(
                log="Application",
                provider="Application Error",
                ids=(CRASH,),
                data=(ENGINE, "CBEngine.exe"),
                days=params.days,
            ),
        ]

    def decide(self, seen, params):
        service = seen.one(Service)
        if service is None:
            yield Advice(
                f"There is no service {AGENT}",
                "The agent is installed without its service: repair or install it again. Its "
                "registration and its passphrase are kept, and needed.",
                Severity.CRITICAL,
                rule="missing",
            )
            return
        crashes, about = seen.all(Event), service.resource_id
        evidence = (*_crashes(crashes), *_state(service))
        if len(crashes) >= params.crashes:
            yield Advice(
                f"Service {AGENT} crashes: {len(crashes)} times in {params.days} days",
                f"{_remedy(seen)} Starting it again and again helps nothing.",
                Severity.CRITICAL,
                rule="crashing",
                resource=about,
                evidence=(*evidence, *_drivers(seen)),
            )
        if service.start_mode is StartMode.DISABLED:
            yield Advice(
                f"Service {AGENT} is disabled",
                "Somebody has switched it off: ask why, then give it the start mode that it has "
                "on a server of yours that backs up (Set-Service -StartupType).",
                Severity.CRITICAL,
                rule="disabled",
                resource=about,
                evidence=evidence,
            )
        elif service.status is ServiceStatus.STOPPED and len(crashes) < params.crashes:
            yield Advice(
                f"Service {AGENT} is stopped",
                f"Start it (Start-Service {AGENT}) and back up. If it stops again, see its log "
                r"Temp\CBEngineCurr.errlog in the agent's folder.",
                Severity.CRITICAL,
                rule="stopped",
                resource=about,
                evidence=evidence,
            )
        elif service.status is ServiceStatus.PAUSED:
            yield Advice(
                f"Service {AGENT} is paused",
                f"Somebody has paused it: continue it (Resume-Service {AGENT}).",
                rule="paused",
                resource=about,
                evidence=evidence,
            )
        elif service.status not in {ServiceStatus.RUNNING, ServiceStatus.STOPPED}:
            yield Advice(
                f"Service {AGENT} is in the state {service.status}",
                "Look again in some minutes. If it is still so, it hangs: end its process, or "
                "restart the server when no restore is under way.",
                rule="in-between",
                resource=about,
                evidence=evidence,
            )


def _foreign(seen):
    """The filter drivers that are loaded and do not come with Windows."""
    return [one for one in seen.all(FilterDriver) if one.running and not one.of_windows]


def _remedy(seen):
    if any(one.name.casefold() in FILE_SYNC for one in _foreign(seen)):
        return (
            "An Azure File Sync agent that does not go with it is one known cause: update that "
            "agent first. Only if that does not help, keep StorageSync.sys from being loaded "
            "while you back up; files that are tiered to the cloud cannot be opened meanwhile."
        )
    return (
        "Update the agent. If it still crashes, look for other products that work inside its "
        "process or on its files (the module of the crash names one), and have Microsoft look at "
        "the dump."
    )


def _crashes(crashes):
    for one in crashes[:SHOWN]:
        yield Evidence(
            f"{one.provider}: {', '.join(one.data[:5])}",
            where=f"log {one.log}, record {one.record}",
            at=one.time,
        )


def _state(service):
    process = f", {service.process}" if service.process else ""
    yield Evidence(
        f"{service.status}, start mode {service.start_mode}{process}", where=service.title
    )


def _drivers(seen):
    for one in _foreign(seen):
        yield Evidence(str(one), where=one.title)
