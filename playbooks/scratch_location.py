"""Have both values ScratchLocation name the folder that holds the backup's key file."""

from remediate.playbook import Advice, Evidence, Playbook, Severity
from remediate.playbook.restarting import AlthoughUnknown, job_refusals
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.file import File, Files
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    KEY_FILES,
    REGISTRATION,
    SCRATCHES,
    ForRegisteredAgent,
    plain_folder,
    scratch_folders,
)
from remediate.resources.registry_value import RegistryData, RegistryType, RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus

AGENT = "obengine"


class ScratchLocation(ForRegisteredAgent, Playbook[AlthoughUnknown]):
    """Backups fail with 34506 or 0x1FC07 after the folder was moved and a value was forgotten.

    The folder is told by its key file, which is only looked for: it is never made, copied or read.
    Where it is in both folders, or in none of them, a person has to know which one is right.
    """

    id = "scratch-location"
    title = "Have both values ScratchLocation name the folder with the key file"
    topic = "agent"
    deep = True
    symptoms = ("passphrase-not-configured", "activation-incomplete")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("two-keys", "no-key", "location")
    risk = "The agent's service is restarted, though not while it backs up or restores."

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH, *REGISTRATION, *SCRATCHES)),
            Files(paths=KEY_FILES),
            Services(names=(AGENT,)),
            BackupRecords(),
        ]

    def decide(self, seen, params):
        values = [seen.value(name) for name in SCRATCHES]
        right = scratch_folders(seen, seen.all(File))
        if len(right) != 1:
            yield _not_told(values, right)
            return
        service = seen.one(Service)
        for value in values:
            if plain_folder(value.text).casefold() != right[0].casefold():
                yield value.should(
                    rule="location",
                    value=RegistryData(type=RegistryType.STRING, data=right[0]),
                    severity=Severity.CRITICAL,
                    why=f"The key file is in {right[0]}, and backups fail without it.",
                    restarts=() if service is None else service,
                )

    def guard(self, seen, params):
        service, record = seen.one(Service), seen.one(BackupRecord)
        if service is None or service.status is ServiceStatus.STOPPED:
            return
        yield from job_refusals(record, "its restart", accepted=params.although_unknown)

    def assumptions(self, params):
        yield "What else the agent keeps is in the folder with the key file: nothing is moved."


def _not_told(values, holding):
    """What to do where it is not told which folder is the right one."""
    evidence = [Evidence(value.text or "absent", where=value.title) for value in values]
    if holding:
        return Advice(
            "Both folders of ScratchLocation hold a key file",
            "Only one is in use: the one with the newer files in it. Set both values "
            "to that folder while the service obengine is stopped, and back up.",
            Severity.CRITICAL,
            rule="two-keys",
            evidence=evidence,
        )
    return Advice(
        "No folder of ScratchLocation holds the key file",
        "Look for it on the drive that the scratch folder was on before. Never make such a file, "
        "nor take another server's.",
        Severity.CRITICAL,
        rule="no-key",
        evidence=evidence,
    )
