"""Leave out of the backup what no backup of it can hold."""

import re
from datetime import datetime, timedelta

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.failed_file_log import FailedFileLog, FailedFileLogs
from remediate.resources.mars_agent import (
    AGENT,
    INSTALLED,
    SCRATCH,
    SCRATCH_VALUE,
    ForAgentModule,
    is_drive,
    plain_folder,
)
from remediate.resources.registry_value import RegistryValues

CLOUD = "0x8007018b"  # a file of OneDrive and the like, which is not on the disk
NAMED = 20  # files in one command
QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")  # PowerShell ends a text at each of them
ON_DRIVE = re.compile(r"[A-Za-z]:(\\|$)")


class Params(PlaybookParams):
    max_age: int = Field(
        8, ge=1, le=3_650_000, description="days after which a log is of no interest any more"
    )


class BackupExclusions(ForAgentModule, Playbook[Params]):
    """Some folders and files make each backup fail or warn until the policy leaves them out.

    Those are the agent's own scratch folder and bin, and files that are only in a cloud. The
    commands for it are given; nothing is written, as neither they nor the security PIN that the
    vault may ask for have been tried with an agent.
    """

    id = "backup-exclusions"
    title = "Leave out of the backup what it cannot hold"
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    topic = "agent"
    only_looks = True
    deep = True
    rules = ("agent-folders", "not-known", "cloud-files")

    def observe(self, params):
        return [
            BackupRecords(),
            FailedFileLogs(),
            RegistryValues(values=(*INSTALLED, SCRATCH_VALUE)),
        ]

    def decide(self, seen, params):
        record, log = seen.one(BackupRecord), seen.one(FailedFileLog)
        if record.policy is not None and not record.policy.saved:
            return
        folders = {plain_folder(seen.path(SCRATCH)), plain_folder(rf"{seen.path(AGENT)}\bin")}
        folders = sorted(one for one in folders if one and not is_drive(one))
        about = {"resource": record.resource_id}
        items = record.items
        if items is None or not all(ON_DRIVE.match(item.text) for item in items):
            items = ()
            yield Advice(
                "Whether the policy backs up the agent's own folders is not known",
                "Look whether Get-OBPolicy | Get-OBFileSpec includes them, or a folder above, "
                f"and does not exclude them; if so: {_commands(folders)}",
                Severity.NOTICE,
                rule="not-known",
                evidence=tuple(Evidence(folder) for folder in folders),
                **about,
            )
        inside = [folder for folder in folders if _included(items, folder)]
        if inside:
            yield Advice(
                "The policy backs up the agent's own folders",
                f"A backup that meets them may fail: {_commands(inside)}",
                rule="agent-folders",
                evidence=tuple(Evidence(folder) for folder in inside),
                **about,
            )
        files = [] if _old(log, seen, params) else _cloud(log, items)
        if files:
            more = f", and {len(files) - NAMED} more" if len(files) > NAMED else ""
            yield Advice(
                f"The policy backs up files that are only in a cloud: {len(files)}",
                f"Exclude them{more}, or the folder above where all in it is in the cloud: "
                f"{_commands(files[:NAMED])}",
                rule="cloud-files",
                resource=log.resource_id,
                evidence=tuple(Evidence(file, log.name, log.modified) for file in files[:NAMED]),
            )


def _included(items, folder):
    """Whether a policy backs up a folder of which it does not leave out all."""
    over = [item for item in items if item.covers_all_in(folder)]
    return bool(over) and not any(item.excluded for item in over)


def _old(log, seen, params):
    now = datetime.fromisoformat(seen.facts.utc)
    return log.modified is None or now - log.modified > timedelta(days=params.max_age)


def _cloud(log, items):
    """The files that were only in a cloud, but for those that the policy leaves out by now."""
    paths = dict.fromkeys(file.path for file in log.files() if file.code == CLOUD)
    left_out = [item for item in items if item.excluded]
    return [path for path in paths if not any(item.covers(path) for item in left_out)]


def _commands(paths):
    """What to type, and what of it is not certain. Names of files are somebody else's."""
    texts = ", ".join("'" + QUOTES.sub(r"\1\1", path) + "'" for path in paths)
    return (
        "in PowerShell on the server, as administrator: $policy = Get-OBPolicy; "
        f"$left = New-OBFileSpec -FileSpec @({texts}) -Exclude; "
        "Add-OBFileSpec -Policy $policy -FileSpec $left; Set-OBPolicy -Policy $policy. "
        "Keep what Get-OBPolicy | Get-OBFileSpec says before: Remove-OBFileSpec takes it back. "
        "This was not tried with an agent: it may want the vault's security PIN, for which a "
        "Resource Guard asks a second person; then use Schedule Backup in the Azure Backup console."
    )
