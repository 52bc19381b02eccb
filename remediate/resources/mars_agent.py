r"""Where the MARS agent (Azure Backup) keeps what playbooks need to know.

Its folder is only ever taken from the registry: on a backup server (MABS, DPM) it is another.
"""

import re

from remediate.resources.registry_value import RegistryName, RegistryValue

INSTALL_PATH = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup", name="InstallPath"
)
MODULE = "MSOnlineBackup"

_BACKUP_SERVER = re.compile(r"\\(microsoft azure backup server|dpm)\\", re.IGNORECASE)


def install_path(values: list[RegistryValue]) -> str | None:
    """The agent's folder, ending in a backslash; None when it is not installed."""
    for value in values:
        if value.name == INSTALL_PATH.name and isinstance(value.data, str) and value.data:
            return value.data.rstrip("\\") + "\\"
    return None


def not_an_agent_host(values: list[RegistryValue]) -> str | None:
    """Why a fix of the agent's own module says nothing of a host, or None when it does."""
    folder = install_path(values)
    if folder is None:
        return "the Azure Backup agent is not installed"
    if _BACKUP_SERVER.search(folder):
        return "a backup server (MABS, DPM) has the agent without its PowerShell module"
    return None
