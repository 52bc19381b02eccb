"""Say when Windows has had no update for long, or waits for a restart."""

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.installed_update import InstalledUpdate, InstalledUpdates
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.operating_system import (
    OperatingSystem,
    OperatingSystems,
    PendingRestart,
)
from remediate.resources.registry_value import RegistryValues

WAITING = {  # names of files that are to change are left for weeks by many programs
    PendingRestart.SERVICING: "parts of Windows wait for a restart",
    PendingRestart.UPDATES: "updates wait for a restart",
}
INSTALL = (
    "Install the newest cumulative update (Windows Update, WSUS or the Microsoft Update Catalog) "
    "and restart the server outside of the backup's hours."
)


class Params(PlaybookParams):
    days: int = Field(60, ge=1, le=3650, description="Days without an update that are too many")


class OsUpdates(ForAgent, Playbook[Params]):
    """The guide's first steps ask for a Windows that is up to date, and for a restart.

    Windows lists its own updates only, each with the day on which it was installed.
    """

    id = "os-updates"
    title = "Say when Windows has had no update for long, or waits for a restart"
    topic = "platform"
    only_looks = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("restart-pending", "none-for-long", "none-known")

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH,)),
            OperatingSystems(),
            InstalledUpdates(),
        ]

    def decide(self, seen, params):
        system = seen.one(OperatingSystem)
        waits = [text for why, text in WAITING.items() if why in system.pending_restart]
        if waits:
            yield Advice(
                "Windows waits for a restart",
                "Backups may fail until then, the agent may not install, and the system state may "
                "not be backed up: restart the server outside of the backup's hours.",
                rule="restart-pending",
                resource=system.resource_id,
                evidence=[Evidence(text) for text in waits],
            )
        dated = [(one.installed_on, one) for one in seen.all(InstalledUpdate) if one.installed_on]
        if not dated:
            yield Advice(
                "No update of Windows is known",
                "Windows lists none with its day, as one that was never updated, or whose store of "
                f"components is damaged (DISM /Online /Cleanup-Image /ScanHealth). {INSTALL}",
                rule="none-known",
            )
            return
        day, newest = max(dated, key=lambda pair: pair[0])
        age = (seen.at.date() - day).days
        if age > params.days:
            yield Advice(
                f"Windows has had no update for {age} days",
                INSTALL,
                Severity.WARNING,
                rule="none-for-long",
                evidence=[Evidence(f"{newest.update}, installed on {day}")],
            )
