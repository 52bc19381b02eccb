"""Say whether the backup's key file is where the agent looks for it."""

from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.file import File, Files
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    KEY_FILE,
    KEY_FILES,
    REGISTRATION,
    SCRATCHES,
    ForRegisteredAgent,
    plain_folder,
)
from remediate.resources.registry_value import RegistryValues

NEVER = (
    "Never make such a file, nor take another server's: what is backed up can be read with this "
    "server's passphrase only."
)


class EncryptionKey(ForRegisteredAgent, Playbook[PlaybookParams]):
    """Backups fail with 34506 or 0x1FC07 when the key file is not where both values point.

    The file is only looked for. What is in it is never read.
    """

    id = "encryption-key"
    title = "Say whether the key file is where the agent looks for it"
    topic = "agent"
    only_looks = True
    symptoms = ("passphrase-not-configured", "activation-incomplete")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("location-absent", "location-unusable", "locations-differ", "key-missing", "key-empty")

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH, *REGISTRATION, *SCRATCHES)),
            Files(paths=KEY_FILES),
        ]

    def decide(self, seen, params):
        values = [seen.value(name) for name in SCRATCHES]
        evidence = [*(Evidence(value.text or "absent", where=value.title) for value in values)]
        evidence += [Evidence("key file", where=file.path) for file in found(seen)]
        unusable = [value for value in values if not plain_folder(value.text)]
        for value in unusable:
            absent = value.value is None
            wrong = "is not there" if absent else "names no folder on a drive"
            yield Advice(
                f"A value ScratchLocation {wrong}",
                "The scratch folder has to be on a local drive: find the folder that holds "
                f"{KEY_FILE}, and set both values ScratchLocation to it. {NEVER}",
                Severity.WARNING if absent else Severity.CRITICAL,
                rule="location-absent" if absent else "location-unusable",
                resource=value.resource_id,
                evidence=evidence,
            )
        if unusable:
            return
        if len({plain_folder(value.text).casefold() for value in values}) > 1:
            yield Advice(
                "The two values ScratchLocation differ",
                f"Set both to the folder that holds {KEY_FILE}, as scratch-location does. {NEVER}",
                Severity.CRITICAL,
                rule="locations-differ",
                evidence=evidence,
            )
            return
        key = seen.get(File, path=seen.path(KEY_FILES[0]))
        if not key.exists:
            yield Advice(
                "The key file is missing",
                "Look for it on the drive that the scratch folder was on before, and set both "
                "values ScratchLocation to its folder. Where it is lost, register the server again "
                f"with the same passphrase. {NEVER}",
                Severity.CRITICAL,
                rule="key-missing",
                resource=key.resource_id,
                evidence=evidence,
            )
        elif key.size == 0:
            yield Advice(
                "The key file is empty",
                "The drive may have been full: make room, then register the server again with the "
                f"same passphrase. {NEVER}",
                Severity.CRITICAL,
                rule="key-empty",
                resource=key.resource_id,
                evidence=evidence,
            )


def found(seen):
    return [file for file in seen.all(File) if file.exists]
