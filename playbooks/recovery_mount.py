"""Say when a recovery volume is mounted, or being mounted, as no backup runs meanwhile."""

from datetime import datetime, timedelta

from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.mars_agent import INSTALLED, ForAgentModule
from remediate.resources.registry_value import RegistryValues

UNMOUNT = "In the Azure Backup console, open Recover Data and choose Unmount."


class Params(PlaybookParams):
    minutes: int = Field(
        10, ge=1, le=5_256_000, description="minutes for which a volume may be being mounted"
    )
    hours: int = Field(6, ge=1, le=5_256_000, description="hours for which a volume may be mounted")


class RecoveryMount(ForAgentModule, Playbook[Params]):
    """A recovery volume stays mounted for 6 hours, and for 24 while files are copied from it.

    Until it is unmounted no backup runs. A mount that takes long does not end by itself.
    """

    id = "recovery-mount"
    title = "Unmount recovery volumes, so that backups can run"
    source = "https://learn.microsoft.com/azure/backup/backup-azure-restore-windows-server"
    topic = "restore"
    only_looks = True
    deep = True
    rules = ("not-known", "in-progress", "stuck", "mounted", "forgotten")

    def observe(self, params):
        return [BackupRecords(), RegistryValues(values=INSTALLED)]

    def decide(self, seen, params):
        record = seen.one(BackupRecord)
        if record.running is None:
            yield Advice(
                "Whether a recovery volume is mounted is not known",
                "Get-OBJob has not answered: last-backup says why.",
                Severity.NOTICE,
                rule="not-known",
                resource=record.resource_id,
            )
        restores = [job for job in record.running or () if not job.is_backup]
        for job in restores[:1]:  # the agent does one thing at a time
            now = datetime.fromisoformat(seen.facts.utc)
            age = now - (job.started or now)
            since = f"since {job.started:%Y-%m-%d %H:%M} UTC" if job.started else "now"
            yield _said(record, job, age, since, params)


def _said(record, job, age, since, params):
    if job.drives:
        forgotten = age > timedelta(hours=params.hours)
        return Advice(
            f"A recovery volume is mounted as {job.drives[0]}: {since}",
            f"No backup runs until it is unmounted. {UNMOUNT}",
            Severity.WARNING if forgotten else Severity.NOTICE,
            rule="forgotten" if forgotten else "mounted",
            resource=record.resource_id,
        )
    if age > timedelta(minutes=params.minutes):
        return Advice(
            f"A restore is in progress {since}, and nothing is mounted",
            "No backup runs meanwhile. Where a volume is to be mounted, cancel that and try again; "
            "iscsi-restart helps where it fails again.",
            rule="stuck",
            resource=record.resource_id,
        )
    return Advice(
        f"A restore is in progress {since}",
        "No backup runs until it has ended, or its recovery volume is unmounted.",
        Severity.NOTICE,
        rule="in-progress",
        resource=record.resource_id,
    )
