r"""Where the MARS agent (Azure Backup) keeps what playbooks need to know.

Its folder is only ever taken from the registry: on a backup server (MABS, DPM) it is another.
"""

import re
from typing import Protocol

from remediate.resources.registry_value import RegistryName, RegistryValue

INSTALL_PATH = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup", name="InstallPath"
)
MODULE = "MSOnlineBackup"

_BACKUP_SERVER = re.compile(r"\\(microsoft azure backup server|dpm)\\", re.IGNORECASE)


class Seen(Protocol):
    """What was observed on a host, as far as it is needed here."""

    def value(self, name: RegistryName) -> RegistryValue:
        """A registry value, also one that is not there."""


def install_path(seen: Seen) -> str | None:
    """The agent's folder, ending in a backslash; None when it is not installed."""
    folder = seen.value(INSTALL_PATH).text
    return folder.rstrip("\\") + "\\" if folder else None


class ForAgent:
    """A playbook for hosts with the agent: `class Fix(ForAgent, Playbook[Params])`.

    Its `observe` has to ask for `INSTALL_PATH`.
    """

    def not_applicable(self, seen: Seen, params: object) -> str | None:
        """Why it has nothing to say of a host without the agent."""
        del params
        return None if install_path(seen) else "the Azure Backup agent is not installed"


class ForAgentModule(ForAgent):
    """A playbook for hosts where the agent has its PowerShell module."""

    def not_applicable(self, seen: Seen, params: object) -> str | None:
        """Why it has nothing to say of a host without the agent, or of a backup server."""
        if _BACKUP_SERVER.search(install_path(seen) or ""):
            return "a backup server (MABS, DPM) has the agent without its PowerShell module"
        return super().not_applicable(seen, params)
