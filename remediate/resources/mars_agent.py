r"""Where the MARS agent (Azure Backup) keeps what playbooks need to know.

Its folder is only ever taken from the registry: on a backup server (MABS) it is another.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from remediate.model.change import Severity
from remediate.model.plan import Advice
from remediate.resources.file import File
from remediate.resources.host_path import HostPath
from remediate.resources.registry_value import RegistryName, RegistryValue
from remediate.resources.scheduled_task import ScheduledTask

_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup"
INSTALL_PATH = RegistryName(key=rf"{_KEY}\Setup", name="InstallPath")
DPM = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft Data Protection Manager\DB",
    name="SqlServer",
)
"""Where a backup server (MABS, DPM) has its database; DPM leaves the agent in its usual folder."""

INSTALLED = (INSTALL_PATH, DPM)
"""What says whether the agent is installed, and whether it is part of a backup server."""

CONFIG = rf"{_KEY}\Config"
VAULT = RegistryName(key=CONFIG, name="ServiceResourceName")
"""The vault that the server is registered with; not every registered server has it."""

RESOURCE = RegistryName(key=CONFIG, name="ResourceId")
REGISTRATION = (VAULT, RESOURCE)
"""What a registered server has at least one of, as Microsoft's FAQ on vault upgrades says."""

SCRATCH_VALUE = RegistryName(key=CONFIG, name="ScratchLocation")
SCRATCHES = (
    SCRATCH_VALUE,
    RegistryName(key=rf"{CONFIG}\CloudBackupProvider", name="ScratchLocation"),
)
"""Where the scratch folder is, said twice."""

USUAL_SCRATCH = HostPath(root=INSTALL_PATH, tail="Scratch")
KEY_FILE = "OnlineBackup.KEK"
"""In the scratch folder. It is only ever looked for."""
KEY_FILES = tuple(
    HostPath(root=folder.root, tail="\\".join(filter(None, (folder.tail, KEY_FILE))))
    for folder in (*(HostPath(root=value) for value in SCRATCHES), USUAL_SCRATCH)
)
"""Where it may be: as each of the two values says, and where it is when the agent is installed."""

AGENT = HostPath(root=INSTALL_PATH)
TEMP = HostPath(root=INSTALL_PATH, tail="Temp")
"""Where the agent writes its logs."""
PROGRAM = HostPath(root=INSTALL_PATH, tail=r"bin\cbengine.exe")
SCRATCH = HostPath(root=SCRATCH_VALUE, otherwise=USUAL_SCRATCH)
"""The scratch folder; people who have moved it may have doubled its backslashes."""
VHDS = HostPath(
    root=SCRATCH_VALUE,
    tail="VHDs",
    otherwise=HostPath(root=INSTALL_PATH, tail=r"Scratch\VHDs"),
)
"""In the scratch folder, the folder of its disk images."""
TASKS = r"\Microsoft\OnlineBackup"
MODULES = HostPath(root=INSTALL_PATH, tail=r"bin\Modules")
MODULE = "MSOnlineBackup"
MODULE_FOLDER = HostPath(root=INSTALL_PATH, tail=rf"bin\Modules\{MODULE}")

_BACKUP_SERVER = re.compile(r"\\(microsoft azure backup server|dpm)\\", re.IGNORECASE)


def plain_folder(text: str | None) -> str:
    """A folder on a drive as one writes it, or an empty text: people double its backslashes."""
    folder = re.sub(r"\\+", r"\\", text or "").rstrip("\\")
    return folder if re.match(r"[A-Za-z]:\\", folder) else ""


def no_scratch_folder(where: str | None, *, rule: str) -> Advice:
    """What to do where there is no scratch folder.

    Args:
        where: it is looked for.
        rule: the playbook's name for that.
    """
    return Advice(
        "There is no scratch folder",
        f"{plain_folder(where) or where} is none: both values ScratchLocation have to name the "
        "folder that holds the key file, on a local disk. See scratch-location.",
        Severity.CRITICAL,
        rule=rule,
    )


class SeenPaths(Protocol):
    """What was observed on a host, as far as it is needed here."""

    def value(self, name: RegistryName) -> RegistryValue:
        """A registry value, also one that is not there."""

    def path(self, path: HostPath) -> str | None:
        """A path on the host."""


def scratch_folders(seen: SeenPaths, files: Iterable[File]) -> list[str]:
    """The folders of `SCRATCHES` that hold the key file; if none does, the usual one if it does.

    `observe` has to ask for `INSTALL_PATH`, `SCRATCHES` and `KEY_FILES`.

    Args:
        seen: what was observed.
        files: the files among it.
    """
    keys = {plain_folder(file.path).casefold() for file in files if file.size}

    def holding(texts: Iterable[str | None]) -> list[str]:
        folders = {plain_folder(text).casefold(): plain_folder(text) for text in texts}
        return [
            folder for name, folder in folders.items() if rf"{name}\{KEY_FILE}".casefold() in keys
        ]

    named = holding(seen.value(name).text for name in SCRATCHES)
    return named or holding([seen.path(USUAL_SCRATCH)])


def is_backup_server(seen: SeenPaths) -> bool:
    """Whether the agent is part of a backup server (MABS, DPM), whose console is another one.

    `observe` has to ask for `INSTALLED`.
    """
    by_path = _BACKUP_SERVER.search(f"{seen.path(AGENT)}\\") is not None
    return by_path or bool(seen.value(DPM).text)


def is_registered(seen: SeenPaths) -> bool:
    """Whether the server is registered with a vault; `observe` has to ask for `REGISTRATION`."""
    return any(seen.value(name).text for name in REGISTRATION)


def backs_up_system_state(task: ScheduledTask) -> bool:
    """Whether a task of the agent's folder backs up the system state, by its name or its command.

    The agent's page names the command, Start-OBSystemStateBackup. The task's name,
    Microsoft-OnlineBackup-SystemStateBackup, is known from Windows Admin Center only.
    """
    return "systemstate" in f"{task.name} {task.xml}".casefold()


class ForAgent:
    """A playbook for hosts with the agent: `class Fix(ForAgent, Playbook[Params])`.

    Its `observe` has to ask for `INSTALL_PATH`.
    """

    def not_applicable(self, seen: SeenPaths, params: object) -> str | None:
        """Why it has nothing to say of a host without the agent."""
        del params
        return None if seen.path(AGENT) else "the Azure Backup agent is not installed"


class ForRegisteredAgent(ForAgent):
    """A playbook for hosts whose agent is registered.

    Its `observe` has to ask for `REGISTRATION`, too.
    """

    def not_applicable(self, seen: SeenPaths, params: object) -> str | None:
        """Why it has nothing to say of a host without the agent, or without a vault."""
        if reason := super().not_applicable(seen, params):
            return reason
        return None if is_registered(seen) else "the server is not registered with a vault"


class ForAgentModule(ForAgent):
    """A playbook for hosts where the agent has its PowerShell module.

    Its `observe` has to ask for `INSTALLED`.
    """

    def not_applicable(self, seen: SeenPaths, params: object) -> str | None:
        """Why it has nothing to say of a host without the agent, or of a backup server."""
        if reason := super().not_applicable(seen, params):
            return reason
        if is_backup_server(seen):
            return "a backup server (MABS, DPM) has the agent without its PowerShell module"
        return None


class ForOwnData(ForAgent):
    """A playbook for hosts that back up what is their own.

    Its `observe` has to ask for `INSTALLED`.
    """

    def not_applicable(self, seen: SeenPaths, params: object) -> str | None:
        """Why it has nothing to say of a host without the agent, or of a backup server."""
        if reason := super().not_applicable(seen, params):
            return reason
        if is_backup_server(seen):
            return "a backup server (MABS, DPM) keeps what others have backed up"
        return None
