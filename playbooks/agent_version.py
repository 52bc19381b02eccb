"""Say when the backup agent is too old, and how it is updated."""

from typing import Annotated

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.file import File, Files
from remediate.resources.mars_agent import INSTALL_PATH, PROGRAM, ForAgent
from remediate.resources.registry_value import RegistryValues

Version = Annotated[str, Field(pattern=r"^\d{1,5}(\.\d{1,5}){3}$")]

STEPS = (
    "It does not update itself: Microsoft's page on installing it says that Microsoft Update does "
    "not bring it, though one on private endpoints speaks of automatic updates. First bring .NET "
    "Framework to 4.8 and Windows PowerShell to 5.0 (playbooks dotnet-version and "
    "powershell-version). Then wait until no backup or restore runs, download "
    "https://aka.ms/azurebackup_agent, run MARSAgentInstaller.exe on the server, and back up once "
    "by hand. Registration, passphrase and schedule stay; there is no way back to the old version."
)


class Params(PlaybookParams):
    advised: Version = Field("2.0.9506.0", description="Version below which an update is advised")
    registering: Version = Field(
        "2.0.9249.0", description="Version below which a server cannot be relied on to register"
    )
    least: Version = Field(
        "2.0.9083.0", description="Version below which the agent cannot log on to Azure"
    )


def numbers(version):
    return tuple(int(part) for part in version.split("."))


class AgentVersion(ForAgent, Playbook[Params]):
    """Many faults that the guide lists end with an update, and old agents cannot connect at all.

    Below 2.0.9083.0 an agent asks for logon names that are gone; from 2.0.9249.0 on it takes
    vault credentials that are valid for ten days.
    """

    id = "agent-version"
    title = "Say when the backup agent is too old, and how it is updated"
    topic = "agent"
    only_looks = True
    symptoms = ("backup-service-unreachable", "vault-credentials-invalid")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "program-missing",
        "version-unknown",
        "too-old-to-connect",
        "too-old-to-register",
        "update-advised",
    )

    def observe(self, params):
        return [RegistryValues(values=(INSTALL_PATH,)), Files(paths=(PROGRAM,))]

    def decide(self, seen, params):
        program = seen.one(File)
        if program is None or not program.exists:
            yield Advice(
                "The agent's program is missing",
                f"The registry says that the agent is in {seen.path(PROGRAM)}, where it is not: "
                "install the agent again (https://aka.ms/azurebackup_agent).",
                Severity.CRITICAL,
                rule="program-missing",
            )
            return
        if not program.version:
            yield Advice(
                "The agent's version cannot be read",
                f"{program.path} says no version, as if it was damaged: install the agent again "
                "(https://aka.ms/azurebackup_agent).",
                rule="version-unknown",
                resource=program.resource_id,
            )
            return
        found = numbers(program.version)
        for floor, rule, severity, what in (
            (params.least, "too-old-to-connect", Severity.CRITICAL, "cannot log on to Azure"),
            (params.registering, "too-old-to-register", Severity.WARNING, "may not register"),
            (params.advised, "update-advised", Severity.NOTICE, "lacks repairs of newer ones"),
        ):
            if found < numbers(floor):
                yield Advice(
                    f"The agent is older than {floor}",
                    f"An agent of that age {what}. {STEPS}",
                    severity,
                    rule=rule,
                    resource=program.resource_id,
                    evidence=[Evidence(f"version {program.version}", where=program.path)],
                )
                return
