"""Say which files the last backups have left out, and what each of the reasons means."""

from datetime import datetime, timedelta

from remediate.model.evidence import Evidence
from remediate.playbook import Advice, Field, Playbook, PlaybookParams
from remediate.resources.failed_file_log import FailedFileLog, FailedFileLogs
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryValues

NAMED = 5  # files of each code
MISSING = (
    "not-found",
    "not found",
    (
        "Make sure that the scratch folder's volume is there and not full (disk-space), and that "
        "antivirus software leaves the agent's folders alone."
    ),
)
CODES = {
    "0x80070570": (
        "corrupt",
        "damaged",
        (
            "Check their volume with chkdsk. Where the agent's own log has this code, too, the "
            "metadata in its scratch folder may be what is damaged."
        ),
    ),
    "0x80070002": MISSING,
    "0x80070003": MISSING,
    "0x80070005": (
        "denied",
        "access denied",
        (
            "Antivirus software or another program keeps the agent out: exclude the agent's "
            "folders and cbengine.exe there."
        ),
    ),
    "0x8007018b": (
        "cloud",
        "only in a cloud",
        (
            "The agent cannot back up files of OneDrive and the like, which are not on the disk: "
            "exclude their folders from the backup policy (backup-exclusions has the commands)."
        ),
    ),
}
OTHER = (
    "other",
    "another reason",
    (
        "Exclude them from the backup policy if they need no backup; else find out what the code "
        "means for them."
    ),
)


class Params(PlaybookParams):
    max_age: int = Field(
        8, ge=1, le=3_650_000, description="days after which a log is of no interest any more"
    )


class FailedFiles(ForAgent, Playbook[Params]):
    """A backup that has completed with warnings leaves a log of the files that are not in it.

    The newest log is read from its end. A backup without such files leaves none, so that an old
    log says nothing of the backups since.
    """

    id = "failed-files"
    title = "Leave no file out of the backup"
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    topic = "agent"
    only_looks = True
    rules = ("corrupt", "not-found", "denied", "cloud", "other")

    def observe(self, params):
        return [FailedFileLogs(), RegistryValues(values=(INSTALL_PATH,))]

    def decide(self, seen, params):
        log = seen.one(FailedFileLog)
        now = datetime.fromisoformat(seen.facts.utc)
        if log.modified is None or now - log.modified > timedelta(days=params.max_age):
            return
        found = {}
        for file in log.files():
            found.setdefault(CODES.get(file.code, OTHER), []).append(file)
        for (rule, what, text), files in found.items():
            codes = ", ".join(sorted({file.code or "no code" for file in files})[:NAMED])
            number = f"{'at least ' if log.start else ''}{len(files)}"
            yield Advice(
                f"The backup of {log.modified:%Y-%m-%d} left {number} "
                f"{'file' if len(files) == 1 else 'files'} out: {what} ({codes})",
                text,
                rule=rule,
                evidence=tuple(
                    Evidence(f"{file.path} {file.code}".rstrip(), log.name, log.modified)
                    for file in files[:NAMED]
                ),
            )
