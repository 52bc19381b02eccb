"""Let PowerShell find the agent's module."""

import re

from remediate.playbook import Advice, Playbook, PlaybookParams
from remediate.resources.mars_agent import INSTALLED, MODULES, ForAgentModule
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValues,
)

MODULE_PATH = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment",
    name="PSModulePath",
)
EXPAND = RegistryType.EXPAND_STRING
WINDOWS_MODULES = r"%SystemRoot%\system32\WindowsPowerShell\v1.0\Modules"
DEFAULT = (r"%ProgramFiles%\WindowsPowerShell\Modules", WINDOWS_MODULES)  # where there is no value
LONGEST = 32_767  # characters of an environment variable
PROGRAM_FILES = re.compile(r"^%program(files|w6432)%", re.IGNORECASE)


def same(folder):
    """A folder in a form in which two ways to write it are equal."""
    folder = re.sub(r"[\\/]+", r"\\", folder.strip().strip('"')).rstrip("\\")
    return PROGRAM_FILES.sub(r"c:\\program files", folder).casefold()


def missing_in(text, modules):
    """The folders that a path lacks; whatever drive Windows is on, its modules are known."""
    if not text.strip("; "):
        return [*DEFAULT, modules]
    there = {same(folder) for folder in text.split(";")}
    windows = same(WINDOWS_MODULES).removeprefix("%systemroot%")
    missing = [] if any(folder.endswith(windows) for folder in there) else [WINDOWS_MODULES]
    return missing if same(modules) in there else [*missing, modules]


class ModulePath(ForAgentModule, Playbook[PlaybookParams]):
    r"""The agent's installer does not always add its `bin\Modules` to the machine's PSModulePath.

    The guide names the module's own folder in it, which is not enough: in each folder of the path
    `Import-Module NAME` looks for one of that name. It stays where it is. Without the folder of
    Windows' own modules, `Import-Module NAME` and `Get-Module -ListAvailable` do not find those.
    """

    id = "module-path"
    title = "Let PowerShell find the backup agent's module"
    topic = "schedule"
    symptoms = ("schedule-not-running", "module-not-found")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("not-text", "null-character", "too-long", "folder-missing", "not-expanded")
    risk = "Folders are only added, at the end, so what was found before is still found first."

    def observe(self, params):
        return [RegistryValues(values=(*INSTALLED, MODULE_PATH))]

    def decide(self, seen, params):
        path = seen.value(MODULE_PATH)
        modules = seen.path(MODULES)
        if path.value is not None and path.text is None:
            yield Advice(
                "PSModulePath is not text",
                f"It is of type {path.value.type}: look at it by hand.",
                rule="not-text",
                resource=path.resource_id,
            )
            return
        text = path.text or ""
        if "\0" in text:
            yield Advice(
                "PSModulePath has a null character in it",
                "Windows ends the variable there, so what stands behind it is not seen, and what "
                "is appended would not be: correct the value by hand.",
                rule="null-character",
                resource=path.resource_id,
            )
            return
        missing = missing_in(text, modules)
        whole = ";".join([*filter(None, [text.rstrip(";")]), *missing]) if missing else text
        if missing and len(whole) > LONGEST:
            yield Advice(
                "PSModulePath is too long",
                f"With {'; '.join(missing)} it would have {len(whole)} characters, and Windows "
                f"takes {LONGEST}: remove what is not needed.",
                rule="too-long",
                resource=path.resource_id,
            )
            return
        kind = path.value.type if path.value is not None and "%" not in whole else EXPAND
        why = "" if missing else "Windows expands no %variables% in a value of type String."
        rule = "folder-missing" if missing else "not-expanded"
        yield path.should(rule=rule, value=RegistryData(type=kind, data=whole), why=why)

    def assumptions(self, params):
        return ["Services, Task Scheduler among them, see the new path after the next restart."]
