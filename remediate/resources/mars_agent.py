r"""Where the MARS agent (Azure Backup) keeps what playbooks need to know.

Its folder is only ever taken from the registry: on a backup server (MABS) it is another.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Protocol, TypeVar

from remediate.model.change import Severity
from remediate.model.finding import Advice
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
_SCRATCH_FOLDERS = (*(HostPath(root=value) for value in SCRATCHES), USUAL_SCRATCH)
"""As each of the two values says, and where it is when the agent is installed."""


def _within(folder: HostPath, name: str) -> HostPath:
    return HostPath(root=folder.root, tail="\\".join(filter(None, (folder.tail, name))))


_IMAGES = "VHDs"
KEY_FILE = "OnlineBackup.KEK"
"""In the scratch folder. It is only ever looked for."""
KEY_FILES = tuple(_within(folder, KEY_FILE) for folder in _SCRATCH_FOLDERS)
"""Where it may be."""
WORKED_IN = tuple(
    path for folder in _SCRATCH_FOLDERS for path in (folder, _within(folder, _IMAGES))
)
"""What may be the scratch folder, each with the folder of its disk images; see `scratch_folder`."""

AGENT = HostPath(root=INSTALL_PATH)
TEMP = HostPath(root=INSTALL_PATH, tail="Temp")
"""Where the agent writes its logs."""
PROGRAM = HostPath(root=INSTALL_PATH, tail=r"bin\cbengine.exe")
SCRATCH = HostPath(root=SCRATCH_VALUE, otherwise=USUAL_SCRATCH)
"""The scratch folder; people who have moved it may have doubled its backslashes."""
TASKS = r"\Microsoft\OnlineBackup"
MODULES = HostPath(root=INSTALL_PATH, tail=r"bin\Modules")
MODULE = "MSOnlineBackup"
MODULE_FOLDER = HostPath(root=INSTALL_PATH, tail=rf"bin\Modules\{MODULE}")

_BACKUP_SERVER = re.compile(r"\\(microsoft azure backup server|dpm)\\", re.IGNORECASE)


def plain_folder(text: str | None) -> str:
    """A folder on a drive as one writes it, or an empty text: people double its backslashes.

    A drive itself keeps the one at its end.
    """
    folder = re.sub(r"\\+", r"\\", text or "").rstrip("\\")
    if is_drive(folder):
        return f"{folder}\\"
    return folder if re.match(r"[A-Za-z]:\\", folder) else ""


def is_drive(folder: str) -> bool:
    """Whether a folder is all of a drive."""
    return re.fullmatch(r"[A-Za-z]:\\?", folder) is not None


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
        return [folder for folder in folders.values() if _in(folder, KEY_FILE).casefold() in keys]

    named = holding(seen.value(name).text for name in SCRATCHES)
    return named or holding([seen.path(USUAL_SCRATCH)])


def scratch_folder(seen: SeenPaths, files: Iterable[File]) -> str:
    """The scratch folder: with the key file; where that does not tell it, as the first value says.

    So it is the same one before and after both values were set to it. `observe` has to ask for
    what `scratch_folders` needs. It may be none, such as a share.

    Args:
        seen: what was observed.
        files: the files among it.
    """
    holding = scratch_folders(seen, files)
    said = seen.path(SCRATCH) or ""
    return holding[0] if len(holding) == 1 else plain_folder(said) or said


class _AtPath(Protocol):
    @property
    def path(self) -> str: ...


_Folder = TypeVar("_Folder", bound=_AtPath)


def worked_in(scratch: str, folders: Iterable[_Folder]) -> dict[str, _Folder]:
    """The scratch folder and that of its disk images, as far as they are there, by path.

    Args:
        scratch: the scratch folder.
        folders: what was seen of `WORKED_IN`.

    Returns:
        By path in small letters.
    """
    ours = {scratch.casefold(), _in(scratch, _IMAGES).casefold()}
    seen = {folder.path.casefold(): folder for folder in folders}
    return {path: folder for path, folder in seen.items() if path in ours}


def unusable(
    scratch: str, folders: Collection[str], *, drive: str, missing: str
) -> Iterator[Advice]:
    """What to do where the scratch folder is a drive, of which nothing is looked at, or not there.

    Args:
        scratch: the scratch folder.
        folders: those that are `worked_in`.
        drive: the playbook's rule for the first.
        missing: its rule for the other.
    """
    if is_drive(scratch):
        yield Advice(
            f"The scratch folder is the drive {scratch}",
            "What is written of it would be so for all of the drive, so it is left alone: have the "
            "agent use a folder of its own there, moved as Microsoft's FAQ of the agent says.",
            Severity.NOTICE,
            rule=drive,
        )
    elif scratch.casefold() not in folders:
        yield Advice(
            "There is no scratch folder",
            f"{scratch} is none: both values ScratchLocation have to name the "
            "folder that holds the key file, on a local disk. See scratch-location.",
            Severity.CRITICAL,
            rule=missing,
        )


def _in(folder: str, name: str) -> str:
    return folder.rstrip("\\") + f"\\{name}"


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
