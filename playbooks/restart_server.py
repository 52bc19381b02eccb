"""Restart the server, when that is asked for."""

from datetime import datetime, timedelta

from remediate.playbook import Advice, Field, Playbook, Severity
from remediate.playbook.restarting import (
    WINDOWS_BACKUP,
    AlthoughUnknown,
    job_refusals,
    windows_backup_refusals,
)
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.boot import PENDING, QUIET, Boot, Boots
from remediate.resources.mars_agent import AGENT, INSTALL_PATH
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Services


class Params(AlthoughUnknown):
    max_age: int = Field(
        60,
        ge=1,
        le=5_256_000,
        description="Skip the restart if the server was started within this many minutes",
    )


class RestartServer(Playbook[Params]):
    """Some errors of a backup, and each update, need the server to be restarted.

    It is done when the processes that Windows starts once are other ones, and Windows has installed
    what it was restarted for: an open port or a time by the clock is no proof. Meanwhile the server
    is looked at again and again, for an hour at most. A key that says that a restart is pending
    still, a quarter of an hour later and while nothing is installed, is advice.
    """

    id = "restart-server"
    title = "Restart the server"
    topic = "platform"
    symptoms = ("scratch-checksum-inaccessible",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("no-boot", "boot", "key-stays")
    on_demand = True
    writes = (Boot,)
    risk = (
        "All that runs on the server is ended, without asking: programs, the sessions of users, "
        "what it serves to others. If it does not start again, somebody has to go there."
    )
    rollback = "A restart cannot be undone."

    def observe(self, params):
        return [
            Boots(),
            RegistryValues(values=(INSTALL_PATH,)),
            Services(names=(WINDOWS_BACKUP,)),
            BackupRecords(),
        ]

    def decide(self, seen, params):
        boot = seen.one(Boot)
        if boot is None or not boot.is_told:
            yield Advice(
                "Windows does not say when it was started",
                "So it could not be told whether it was restarted. Ask WMI for the processes "
                "wininit.exe, services.exe and lsass.exe, and see why it does not say when they "
                "were created; or restart it by hand.",
                rule="no-boot",
            )
        elif _is_old(boot, seen, params):
            yield boot.should_renew("boot", "restarted")
        elif boot.key_stays:
            yield Advice(
                "The server was restarted, and still says that it waits for a restart",
                f"Windows has installed nothing for {QUIET} minutes, and {PENDING} stays: look in "
                r"%windir%\Logs\CBS\CBS.log for why, and see whether another program writes it. Do "
                "not delete the key before you know.",
                Severity.NOTICE,
                rule="key-stays",
                resource=boot.resource_id,
            )

    def guard(self, seen, params):
        if seen.path(AGENT):
            yield from job_refusals(
                seen.one(BackupRecord), "a restart", accepted=params.although_unknown
            )
        yield from windows_backup_refusals(seen)
        if seen.one(Boot).installing:
            yield "Windows installs or removes something (TiWorker.exe): wait until it has"

    def assumptions(self, params):
        yield "Whether another product backs up, or users work on the server, is not looked at."


def _is_old(boot, seen, params):
    """Whether it has run for long: both times are by the host's clock of now."""
    runs = datetime.fromisoformat(seen.facts.utc) - datetime.fromisoformat(boot.boot.since)
    return runs > timedelta(minutes=params.max_age)
