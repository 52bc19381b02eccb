"""Say when Windows PowerShell is older than the backup task, or an update of the agent, needs."""

import re
from typing import Annotated

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import RegistryName, RegistryValues

ENGINES = tuple(  # 3 is that of all versions from 3.0 on, 1 that of those before, which may stay
    RegistryName(
        key=rf"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\PowerShell\{number}\PowerShellEngine",
        name="PowerShellVersion",
    )
    for number in (3, 1)
)
Version = Annotated[str, Field(pattern=r"^\d{1,3}\.\d{1,3}$")]
STEPS = (
    "Server 2016 and later have 5.1; on Server 2012 and 2012 R2 install Windows Management "
    "Framework 5.1 (https://aka.ms/WMF5Download), then restart the server outside of the backup's "
    "hours. PowerShell 7 beside it is no substitute."
)


class Params(PlaybookParams):
    task: Version = Field("3.0", description="Version that the backup task needs")
    installing: Version = Field("5.0", description="Version that installing the agent needs")


class PowershellVersion(ForAgent, Playbook[Params]):
    """The backup task needs Windows PowerShell 3.0; a new agent is not installed below 5.0.

    What the registry says of Windows PowerShell counts: a session may be one of PowerShell 7.
    """

    id = "powershell-version"
    title = "Say when Windows PowerShell is older than the agent needs"
    topic = "platform"
    only_looks = True
    symptoms = ("schedule-not-running",)
    source = "https://learn.microsoft.com/azure/backup/install-mars-agent"
    rules = ("unknown", "below-task", "below-installing")

    def observe(self, params):
        return [RegistryValues(values=(INSTALL_PATH, *ENGINES))]

    def decide(self, seen, params):
        values = [seen.value(name) for name in ENGINES]
        found = next((value for value in values if numbers(value.text)), None)
        if found is None:
            yield Advice(
                "The version of Windows PowerShell is unknown",
                "The registry says none, as if it was damaged or removed: start powershell.exe on "
                f"the server and look at $PSVersionTable. {STEPS}",
                rule="unknown",
            )
            return
        for floor, rule, severity, what in (
            (params.task, "below-task", Severity.CRITICAL, "The backup task does not run with it."),
            (
                params.installing,
                "below-installing",
                Severity.NOTICE,
                "Backups run with it, but no new agent is installed.",
            ),
        ):
            if numbers(found.text) < numbers(floor):
                yield Advice(
                    f"Windows PowerShell is older than {floor}",
                    f"{what} {STEPS}",
                    severity,
                    rule=rule,
                    resource=found.resource_id,
                    evidence=[Evidence(f"version {found.text}", where=found.title)],
                )
                return


def numbers(version):
    """The first two numbers of a version; nothing when it has none."""
    found = re.match(r"(\d+)\.(\d+)", version or "")
    return (int(found[1]), int(found[2])) if found else ()
