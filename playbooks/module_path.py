"""Let PowerShell find the agent's module."""

from remediate.playbook import Advice, Playbook, PlaybookParams
from remediate.resources.mars_agent import INSTALL_PATH, MODULE, install_path, not_an_agent_host
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValue,
    RegistryValues,
)

MODULE_PATH = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment",
    name="PSModulePath",
)
WINDOWS_MODULES = r"%SystemRoot%\system32\WindowsPowerShell\v1.0\Modules"
LONGEST = 32_767  # characters of an environment variable
SHORT_FORMS = {"%systemroot%": r"c:\windows", "%programfiles%": r"c:\program files"}


def same(folder):
    """A folder in a form in which two ways to write it are equal."""
    folder = folder.strip().strip('"').rstrip("\\").casefold()
    for variable, meaning in SHORT_FORMS.items():
        folder = folder.replace(variable, meaning)
    return folder


class ModulePath(Playbook[PlaybookParams]):
    r"""The agent's installer does not always add its `bin\Modules` to the machine's PSModulePath.

    Either documented form is accepted: that folder, or the module's own in it.
    """

    id = "module-path"
    title = "Let PowerShell find the backup agent's module"
    symptoms = ("schedule-does-not-run", "module-not-found")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    risk = "Folders are only added, at the end, so what was found before is still found first."

    def observe(self, params):
        return [RegistryValues(values=(INSTALL_PATH, MODULE_PATH))]

    def not_applicable(self, seen, params):
        return not_an_agent_host(seen.all(RegistryValue))

    def decide(self, seen, params):
        values = seen.all(RegistryValue)
        path = next(value for value in values if value.name == MODULE_PATH.name)
        modules = install_path(values) + r"bin\Modules"
        if path.value is not None and not isinstance(path.data, str):
            yield Advice(
                "PSModulePath is not text",
                f"It is of type {path.value.type}: look at it by hand.",
            )
            return
        text = path.data or ""
        there = {same(folder) for folder in text.split(";")}
        missing = [] if same(WINDOWS_MODULES) in there else [WINDOWS_MODULES]
        if not there & {same(modules), same(f"{modules}\\{MODULE}")}:
            missing.append(modules)
        whole = ";".join([*filter(None, [text.rstrip(";")]), *missing]) if missing else text
        if len(whole) > LONGEST:
            yield Advice(
                "PSModulePath is too long",
                f"With {'; '.join(missing)} it would have {len(whole)} characters, and Windows "
                f"takes {LONGEST}: remove what is not needed.",
            )
            return
        if missing:
            plain = path.value is not None and "%" not in whole
            kind = path.value.type if plain else RegistryType.EXPAND_STRING
            yield path.should(value=RegistryData(type=kind, data=whole))

    def assumptions(self, params):
        return ["Services, Task Scheduler among them, see the new path after the next restart."]
