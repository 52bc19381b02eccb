"""Have the server be in the time zone that was asked for."""

from types import MappingProxyType

from remediate.playbook import Advice, Field, Playbook, PlaybookParams
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues
from remediate.resources.time_zone import TimeZone, TimeZoneId, TimeZones, rules_of


class Params(PlaybookParams):
    to: TimeZoneId = Field(
        description="time zone to be in, by Windows' id (Korea Standard Time), with daylight "
        "saving time where it has that"
    )


class TimeZoneFix(ForAgent, Playbook[Params]):
    """Backups start by the server's own time: in another zone, at other hours than planned.

    It is set by tzutil, which Server 2012 R2 has, too. The clock itself, which Windows keeps in
    UTC, is left alone: about that is clock.
    """

    id = "time-zone"
    title = "Have the server be in the time zone that was asked for"
    topic = "platform"
    symptoms = ("clock-wrong",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    writes = (TimeZone,)
    rules = ("unknown", "zone")
    on_demand = True  # there is nothing to hold a host against that nobody has said anything of
    risk = (
        "All that goes by the server's own time does so: other tasks start at another moment, and "
        "logs in local time have a gap, or an hour twice."
    )
    rollback = (
        "Reversible: the zone is put back as tzutil said it, with daylight saving time switched "
        "off where it was."
    )
    example = MappingProxyType({"to": "Korea Standard Time"})

    def observe(self, params):
        return [TimeZones(), RegistryValues(values=(INSTALL_PATH, rules_of(params.to)))]

    def decide(self, seen, params):
        rules = seen.value(rules_of(params.to))
        if rules.value is None:
            yield Advice(
                f"This Windows knows no time zone {params.to}",
                "Give one that tzutil /l prints there. Zones that are newer than this Windows come "
                "with its updates, as far as it still gets them.",
                rule="unknown",
                resource=rules.resource_id,
            )
            return
        zone = seen.one(TimeZone)
        yield zone.should(rule="zone", id=params.to, irreversible=zone.id is None)

    def assumptions(self, params):
        yield (
            "The schedule of the backup is left as it is, and the agent does not move it to "
            "daylight saving time: look at its hours, and save it again."
        )
        yield "What runs already may go by the old zone until it is started again."
        yield "The clock, and Kerberos with it, goes by UTC: nothing here cuts us off."
