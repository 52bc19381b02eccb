"""Say when .NET Framework is older than the backup agent needs."""

from typing import Literal

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, TASKS, ForAgent, backs_up_system_state
from remediate.resources.registry_value import RegistryName, RegistryValues
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks

KEY = r"Microsoft\NET Framework Setup\NDP\v4\Full"
VIEWS = tuple(
    RegistryName(key=rf"HKEY_LOCAL_MACHINE\SOFTWARE\{view}{KEY}", name="Release")
    for view in ("", "WOW6432Node\\")
)
RELEASES = {  # the smallest number that each version has on any Windows
    "4.5": 378389,
    "4.5.1": 378675,
    "4.5.2": 379893,
    "4.6": 393295,
    "4.6.1": 394254,
    "4.6.2": 394802,
    "4.7": 460798,
    "4.7.1": 461308,
    "4.7.2": 461808,
    "4.8": 528040,
    "4.8.1": 533320,
}
Version = Literal[tuple(RELEASES)]
STEPS = (
    "Install .NET Framework 4.8 (https://dotnet.microsoft.com/download/dotnet-framework), restart "
    "the server outside of the backup's hours, and back up once by hand."
)


class Params(PlaybookParams):
    least: Version = Field("4.5.2", description="Version that backups of files need")
    system_state: Version = Field("4.6.2", description="Version that the system state needs")
    today: Version = Field("4.8", description="Version that Microsoft supports the agent with")


class DotnetVersion(ForAgent, Playbook[Params]):
    """The guide asks for 4.5.2, its page on the system state for 4.6.2, the support matrix for 4.8.

    The worst of them is told. The number in the registry is compared, never a text.
    """

    id = "dotnet-version"
    title = "Say when .NET Framework is older than the backup agent needs"
    topic = "platform"
    only_looks = True
    symptoms = ("restore-mount-failed", "schedule-not-running")
    source = "https://learn.microsoft.com/azure/backup/backup-support-matrix-mars-agent"
    rules = ("missing", "below-least", "below-system-state", "below-today")

    def observe(self, params):
        return [RegistryValues(values=(INSTALL_PATH, *VIEWS)), ScheduledTasks(folder=TASKS)]

    def decide(self, seen, params):
        values = [seen.value(name) for name in VIEWS]
        found = [value.data for value in values if isinstance(value.data, int)]
        evidence = [Evidence(f"release {version_of(value)}", where=value.title) for value in values]
        if values[0].data not in found:
            yield Advice(
                ".NET Framework 4.5 or newer is missing",
                f"The agent does not run without it. {STEPS}",
                Severity.CRITICAL,
                rule="missing",
                evidence=evidence,
            )
            return
        floors = [(params.least, "below-least", Severity.CRITICAL, "any backup")]
        if any(map(backs_up_system_state, seen.all(ScheduledTask))):
            state = "the backup of the system state"
            floors.append((params.system_state, "below-system-state", Severity.WARNING, state))
        floors.append((params.today, "below-today", Severity.NOTICE, "support of the agent"))
        for floor, rule, severity, needs in floors:
            if min(found) < RELEASES[floor]:  # the worse of both views, where they differ
                yield Advice(
                    f".NET Framework is older than {floor}",
                    f"That is what {needs} needs at least. {STEPS}",
                    severity,
                    rule=rule,
                    evidence=evidence,
                )
                return


def version_of(value):
    if not isinstance(value.data, int):
        return "absent"
    known = [version for version, release in RELEASES.items() if release <= value.data]
    return f"{value.data}, version {known[-1] if known else 'before 4.5'}"
