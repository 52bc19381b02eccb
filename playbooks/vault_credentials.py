"""Say which vault credential files lie on the server, and whether one of them can still be used."""

from datetime import timedelta

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.host_path import WholePath
from remediate.resources.mars_agent import INSTALL_PATH, REGISTRATION, ForAgent, is_registered
from remediate.resources.registry_value import RegistryValues
from remediate.resources.vault_credential import VaultCredential, VaultCredentials

FRESH = (
    "download new ones in the portal (vault > Properties > Backup Credentials), keep the name that "
    "they have, and register within their time. Those of a secondary region only restore."
)
DELETE = "They hold keys: delete files that are not needed any more, here and where they came from."
TENANT = (
    "Where a proxy enforces tenant restrictions, the tenant in the evidence has to be among those "
    "of the header Restrict-Access-To-Tenants."
)


class Params(PlaybookParams):
    days: int = Field(10, ge=1, le=365, description="Days for which such a file can be used")
    folder: tuple[WholePath, ...] = Field((), description="Another folder to look into")


class VaultCredentialFiles(ForAgent, Playbook[Params]):
    """Registration fails with 34513 when the file is not the newest, is too old, or is damaged.

    The files hold keys. Only the id of the vault's tenant is taken out of them, on the host, as
    proxies may have to know it; nothing else of them is read, sent or kept.
    """

    id = "vault-credentials"
    title = "Say whether vault credentials on the server can still be used"
    topic = "agent"
    only_looks = True
    symptoms = ("vault-credentials-invalid",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("left-behind", "expired", "several", "wrong-extension", "damaged")

    def observe(self, params):
        return [
            RegistryValues(values=(INSTALL_PATH, *REGISTRATION)),
            VaultCredentials(folders=params.folder),
        ]

    def decide(self, seen, params):
        files = sorted(seen.all(VaultCredential), key=lambda file: file.modified, reverse=True)
        if not files:
            return
        newest = files[0]
        registered = is_registered(seen)
        severity = Severity.NOTICE if registered else Severity.WARNING
        evidence = [about(file, newest) for file in files]
        expired = seen.at - newest.modified > timedelta(days=params.days)
        if expired and registered:
            yield Advice(
                "Vault credentials were left on the server",
                DELETE,
                severity,
                rule="left-behind",
                resource=newest.resource_id,
                evidence=evidence,
            )
            return
        if expired:
            yield Advice(
                f"The newest vault credentials are older than {params.days} days",
                f"They cannot be used any more. To register, {FRESH} {DELETE}",
                severity,
                rule="expired",
                resource=newest.resource_id,
                evidence=evidence,
            )
        elif len(files) > 1:
            yield Advice(
                f"There are {len(files)} vault credential files",
                f"Only the newest is valid, {newest.path}. {TENANT} {DELETE}",
                severity,
                rule="several",
                resource=newest.resource_id,
                evidence=evidence,
            )
        for file in files:
            if not file.well_named:
                yield Advice(
                    f"A vault credential file has another extension: {name_of(file)}",
                    "The agent takes none but .vaultCredentials: rename it, if it is the newest "
                    f"and was downloaded to its end. {DELETE}",
                    severity,
                    rule="wrong-extension",
                    resource=file.resource_id,
                    evidence=[about(file, newest)],
                )
        if newest.tenant is None:
            yield Advice(
                "The newest vault credential file is damaged",
                f"It is no whole XML, as after a download that broke off: {FRESH}",
                severity,
                rule="damaged",
                resource=newest.resource_id,
                evidence=evidence,
            )


def about(file, newest):
    what = "newest" if file is newest else "older"
    tenant = f", tenant {file.tenant}" if file.tenant else ""
    return Evidence(f"{what}{tenant}", where=file.path, at=file.modified)


def name_of(file):
    """Its name, as far as a title has room for it."""
    return file.path.rpartition("\\")[2][-50:]
