"""See to it that the server knows the time, and in which time zone it is."""

from datetime import timedelta

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryName, RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus, StartMode

TIME_SERVICE = "W32Time"
ZONE = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\TimeZoneInformation",
    name="TimeZoneKeyName",
)
SYNC = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\W32Time\Parameters", name="Type"
)
POLICY_SYNC = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\W32Time\Parameters", name="Type"
)
BY_DOMAIN = "NT5DS"
HALF_AN_HOUR = timedelta(minutes=30)
NEAR = timedelta(minutes=2)


class Params(PlaybookParams):
    max_offset: int = Field(
        300, ge=5, le=86_400, description="seconds by which the clock may differ from this one's"
    )
    zone: str = Field(
        "",
        max_length=128,
        description="time zone that it has to be in, by Windows' id (Korea Standard Time); "
        "when empty, any will do",
    )


class Clock(ForAgent, Playbook[Params]):
    """A server whose clock is wrong cannot log on to Azure, and backs up at the wrong time.

    The host's clock is read while its answer is on its way: what that leaves open counts in its
    favour. 300 seconds are what Kerberos takes. The agent does not move its schedule to daylight
    saving time.
    """

    id = "clock"
    title = "Say when the server's clock or time zone is wrong"
    topic = "platform"
    only_looks = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "offset",
        "zone",
        "time-service-missing",
        "time-service-disabled",
        "time-service-stopped",
    )

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH, ZONE, SYNC, POLICY_SYNC)),
            Services(names=(TIME_SERVICE,)),
        ]

    def decide(self, seen, params):
        least, most = seen.clock_ahead
        limit = timedelta(seconds=params.max_offset)
        if least > limit or most < -limit:
            yield _offset(seen, least, most)
        zone = _zone(seen)
        if params.zone and zone.casefold() != params.zone.casefold():
            yield Advice(
                f"The time zone is {zone or 'not known'}",
                f"Set it to {params.zone} (playbook time-zone), and save the backup schedule "
                "again.",
                rule="zone",
                evidence=(Evidence(zone or "absent", where=str(ZONE)),),
            )
        yield from _time_service(seen)


def _zone(seen):
    """The id of the time zone; Windows may leave something behind its end."""
    return (seen.value(ZONE).text or "").partition("\0")[0]


def _sync(seen):
    """By whom the clock is set, and which value says so: that of a policy wins."""
    policy = seen.value(POLICY_SYNC)
    found = policy if policy.text else seen.value(SYNC)
    return (found.text or "").strip(), found


def _offset(seen, least, most):
    about = least if least > timedelta(0) else -most
    minutes = round(about.total_seconds() / 60)
    zones = round(about / HALF_AN_HOUR)
    hands = (
        " That is as much as a wrong time zone makes, when the hands are set to look right."
        if zones and abs(about - HALF_AN_HOUR * zones) < NEAR
        else ""
    )
    sync, found = _sync(seen)
    return Advice(
        f"The clock is {minutes} minutes {'ahead' if least > timedelta(0) else 'behind'}",
        "Make sure that this machine's own clock is right, then set the server's: w32tm /resync. "
        "Kerberos, by which WinRM may log us on, takes 5 minutes between clocks: have another way "
        f"in before you set one.{hands}",
        Severity.CRITICAL,
        rule="offset",
        evidence=(
            Evidence(
                f"its clock says {seen.facts.utc}; it is ahead by {least.total_seconds():.0f} to "
                f"{most.total_seconds():.0f} seconds",
                where="the answer",
                at=seen.at,
            ),
            Evidence(_zone(seen) or "absent", where=str(ZONE)),
            Evidence(sync or "absent", where=found.title),
        ),
    )


def _time_service(seen):
    service = seen.one(Service)
    sync, found = _sync(seen)
    if service is None:
        yield Advice(
            f"There is no service {TIME_SERVICE}",
            "Nothing of Windows keeps the clock right: register its time service (w32tm "
            "/register), or make sure that another program does it.",
            rule="time-service-missing",
        )
    elif service.start_mode is StartMode.DISABLED:
        yield Advice(
            f"Service {TIME_SERVICE} is disabled",
            "Nothing of Windows keeps the clock right: enable it, or make sure that another "
            "program does it.",
            rule="time-service-disabled",
            resource=service.resource_id,
        )
    elif service.status is ServiceStatus.STOPPED and sync.casefold() == BY_DOMAIN.casefold():
        yield Advice(
            f"Service {TIME_SERVICE} is stopped",
            f"This server gets the time from its domain: start it (Start-Service {TIME_SERVICE}).",
            rule="time-service-stopped",
            resource=service.resource_id,
            evidence=(Evidence(sync, where=found.title),),
        )
