"""Have Microsoft Defender leave out what the backup agent works with."""

import re

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.defender_exclusion import (
    DEFENDER,
    HIDDEN,
    POLICIES,
    DefenderExclusion,
    ExclusionList,
    ShownDefenderExclusions,
)
from remediate.resources.file import File, Files
from remediate.resources.host_path import HostPath
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    KEY_FILES,
    PROGRAM,
    SCRATCHES,
    ForAgent,
    is_drive,
    plain_folder,
    scratch_folders,
)
from remediate.resources.registry_value import RegistryName, RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus

BIN = HostPath(root=INSTALL_PATH, tail="bin")
ONLY_POLICY = RegistryName(key=POLICIES, name="DisableLocalAdminMerge")
"""1: lists of administrators of the server are not used, only those of a policy."""
OF_POLICY = {
    ExclusionList.PATH: RegistryName(key=rf"{POLICIES}\Exclusions", name="Exclusions_Paths"),
    ExclusionList.PROCESS: RegistryName(key=rf"{POLICIES}\Exclusions", name="Exclusions_Processes"),
}
"""1: a policy has a list of its own."""
WINDOWS = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion", name="SystemRoot"
)
PROGRAM_FILES = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion", name="ProgramFilesDir"
)
COMPILERS = tuple(
    HostPath(root=WINDOWS, tail=rf"Microsoft.NET\{framework}\{version}\csc.exe")
    for framework in ("Framework", "Framework64")
    for version in ("v2.0.50727", "v3.5", "v4.0.30319")
)


class Params(PlaybookParams):
    compilers: bool = Field(
        default=False,
        description="Also leave out what csc.exe opens, the compiler of .NET, as older guides say",
    )


class AntivirusExclusions(ForAgent, Playbook[Params]):
    """A virus scanner that holds the agent's files makes backups slow, or fail.

    Left out are its scratch folder, if its key file tells which that is, its folder bin, and what
    cbengine.exe opens. Exclusions are only ever added, each by itself. Where tamper protection is
    on, Defender ignores what it is told, and reading back shows it.
    """

    id = "antivirus-exclusions"
    title = "Have Microsoft Defender leave out what the agent works with"
    topic = "storage"
    loosens = True
    symptoms = ("antivirus-scans-agent", "file-not-found", "access-denied")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("not-running", "hidden", "group-policy", "not-left-out")
    writes = (DefenderExclusion,)
    risk = (
        "Defender no longer looks into these folders, nor into what cbengine.exe opens, which is "
        "all that is backed up. Who may write in the scratch folder can hide malware there."
    )
    rollback = "Takes away the exclusions that it has added, and no others."

    def observe(self, params):
        named = (
            INSTALL_PATH,
            WINDOWS,
            PROGRAM_FILES,
            *SCRATCHES,
            HIDDEN,
            ONLY_POLICY,
            *OF_POLICY.values(),
        )
        yield RegistryValues(values=named)
        yield Services(names=(DEFENDER,))
        yield ShownDefenderExclusions()
        yield Files(paths=KEY_FILES)
        if params.compilers:
            yield Files(paths=COMPILERS)

    def not_applicable(self, seen, params):
        if reason := super().not_applicable(seen, params):
            return reason
        return None if seen.one(Service) else "Microsoft Defender Antivirus is not installed"

    def decide(self, seen, params):
        holding = scratch_folders(seen, seen.all(File))
        wanted = [
            *((ExclusionList.PATH, folder) for folder in holding if len(holding) == 1),
            (ExclusionList.PATH, plain_folder(seen.path(BIN))),
            (ExclusionList.PROCESS, plain_folder(seen.path(PROGRAM))),
        ]
        wanted = [(list_, path) for list_, path in wanted if path and not is_drive(path)]
        if params.compilers:
            asked = (seen.path(path) for path in COMPILERS)
            found = (seen.get(File, path=path) for path in asked if path)
            wanted += [(ExclusionList.PROCESS, file.path) for file in found if file.exists]
        service = seen.one(Service)
        if service.status is not ServiceStatus.RUNNING:
            yield Advice(
                "Microsoft Defender Antivirus does not run",
                "Another product may be in its place, and each has its own way: have it leave out "
                f"{', '.join(path for _, path in wanted)}.",
                Severity.NOTICE,
                rule="not-running",
                resource=service.resource_id,
                evidence=(Evidence(f"{service.status}", where=service.title),),
            )
            return
        hidden = seen.value(HIDDEN)
        if hidden.data == 1:
            yield Advice(
                "Group Policy hides from administrators what Defender leaves out",
                "So nothing is known of it, and nothing could be proven. Look there: Computer "
                "Configuration > Administrative Templates > Windows Components > Microsoft "
                "Defender Antivirus > Exclusions; it has to leave out "
                f"{', '.join(path for _, path in wanted)}.",
                Severity.NOTICE,
                rule="hidden",
                resource=hidden.resource_id,
                evidence=(hidden.evidence,),
            )
            return
        variables = _variables(seen)
        there = [(one.list, _expanded(one.value, variables)) for one in seen.all(DefenderExclusion)]
        for list_, path in wanted:
            if any(one is list_ and _covers(one, excluded, path) for one, excluded in there):
                continue
            policy = _policy(seen, list_)
            exclusion = seen.get(DefenderExclusion, list=list_.value, value=path)
            if policy is None:
                yield exclusion.should(
                    rule="not-left-out", present=True, why="Defender may hold it during a backup."
                )
                continue
            yield Advice(
                f"Group Policy says what Defender leaves out by {list_}",
                "Computer Configuration > Administrative Templates > Windows Components > "
                f"Microsoft Defender Antivirus > Exclusions: add {path} there.",
                rule="group-policy",
                resource=exclusion.resource_id,
                evidence=(policy.evidence,),
            )

    def assumptions(self, params):
        yield (
            "Antivirus products of others are not asked: file-locks names those that look into "
            "files."
        )
        if params.compilers:
            yield (
                "WARNING: what csc.exe opens is then not looked into, and malware uses that to "
                "build itself on the server."
            )


def _policy(seen, list_):
    """The value by which a policy, and not the server, says what is left out; or None."""
    values = (seen.value(name) for name in (ONLY_POLICY, OF_POLICY[list_]))
    return next((value for value in values if value.data == 1), None)


def _variables(seen):
    """The usual variables of a machine, by name. Defender knows no others: it runs as SYSTEM."""
    program_files = seen.value(PROGRAM_FILES).text or r"C:\Program Files"
    windows = seen.value(WINDOWS).text or r"C:\Windows"
    drive = windows[:2]
    return {
        "programfiles": program_files,
        "programw6432": program_files,
        "systemroot": windows,
        "windir": windows,
        "systemdrive": drive,
        "programdata": rf"{drive}\ProgramData",
        "allusersprofile": rf"{drive}\ProgramData",
    }


def _expanded(text, variables):
    """An exclusion as Defender reads it."""
    return re.sub("%([^%]+)%", lambda found: variables.get(found[1].casefold(), found[0]), text)


def _covers(list_, excluded, path):
    """Whether an exclusion is of a path: of it, of a folder above it, or of a program by its name.

    That of a process is of a folder only where it ends in a wildcard.
    """
    excluded, path = excluded.casefold().rstrip("\\"), path.casefold()
    folder = excluded.removesuffix(r"\*")
    by_process = list_ is ExclusionList.PROCESS
    if by_process and "\\" not in excluded:
        return path.endswith(f"\\{excluded}")
    if by_process and folder == excluded:
        return path == excluded
    return f"{path}\\".startswith(f"{folder}\\")
