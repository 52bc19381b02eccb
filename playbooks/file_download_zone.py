"""Let the agent download from Azure where the SYSTEM account may download nothing."""

from remediate.playbook import PROCESS, Advice, Playbook, PlaybookParams, Severity
from remediate.resources.internet_settings import (
    HARDENED,
    MACHINE,
    MACHINE_ONLY,
    POLICIES,
    SYSTEM,
)
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValues,
)

OWN, OF_ALL, *OF_POLICIES = (
    RegistryName(key=rf"{key}\Zones\3", name="1803") for key in (SYSTEM, MACHINE, *POLICIES)
)
ALLOWED = 0


class FileDownloadZone(ForAgent, Playbook[PlaybookParams]):
    """Error 100050 may mean that the SYSTEM account may not download files from the internet.

    The value 1803 of a zone is its "File download", which knows no prompt: 0 allows it. Where it is
    nowhere and Enhanced Security Configuration is on, it cannot be told what Windows takes.
    """

    id = "file-download-zone"
    title = "Let the SYSTEM account download files from the internet zone"
    topic = "connection"
    symptoms = ("backup-service-unreachable",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("group-policy", "machine-only", "cannot-be-told", "not-allowed")
    risk = "Whatever runs as SYSTEM may then download files from any site of the internet zone."

    def observe(self, params):
        zones = (OWN, OF_ALL, *OF_POLICIES)
        return [RegistryValues(values=(INSTALL_PATH, MACHINE_ONLY, *HARDENED, *zones))]

    def decide(self, seen, params):
        policies = map(seen.value, OF_POLICIES)
        policy = next((value for value in policies if value.value is not None), None)
        own, of_all = seen.value(OWN), seen.value(OF_ALL)
        only = seen.value(MACHINE_ONLY)
        hardened = next((value for value in map(seen.value, HARDENED) if value.value), None)
        if policy is not None:
            if policy.data != ALLOWED:
                yield Advice(
                    "Group Policy lets the SYSTEM account download no files",
                    "Administrative Templates > Windows Components > Internet Explorer > Internet "
                    'Control Panel > Security Page > Internet Zone > "Allow file downloads" wins '
                    "over what the account has: enable it there.",
                    rule="group-policy",
                    resource=policy.resource_id,
                    evidence=(policy.evidence,),
                )
        elif only.data == 1:
            if of_all.value is not None and of_all.data != ALLOWED:
                yield Advice(
                    "The zones of the machine let no account download files",
                    "Group Policy has only these used (Security_HKLM_only), which are the same for "
                    "all accounts: allow it in that policy, or for the machine.",
                    rule="machine-only",
                    resource=of_all.resource_id,
                    evidence=(of_all.evidence, only.evidence),
                )
        elif own.value is None and of_all.value is None:
            if hardened is not None and hardened.data == 1:
                yield Advice(
                    "It cannot be told whether the SYSTEM account may download files",
                    "Enhanced Security Configuration is on, and no value says it. If the agent "
                    f"fails with 100050, set {OWN} to {ALLOWED} (DWORD).",
                    Severity.NOTICE,
                    rule="cannot-be-told",
                    evidence=(own.evidence, of_all.evidence, hardened.evidence),
                )
        elif (of_all if own.value is None else own).data != ALLOWED:
            yield own.should(
                rule="not-allowed",
                value=RegistryData(type=RegistryType.DWORD, data=ALLOWED),
                why="The agent may not connect to Azure, and say 100050.",
                restarts=PROCESS,
            )

    def assumptions(self, params):
        yield "The agent sees this once its service is started again."
