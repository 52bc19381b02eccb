"""Say what is missing for a first backup that goes to Azure on disks."""

from typing import Annotated

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.file import File, Files
from remediate.resources.host_path import HostPath
from remediate.resources.mars_agent import INSTALLED, PROGRAM, ForAgentModule
from remediate.resources.registry_value import RegistryName, RegistryValues

Version = Annotated[str, Field(pattern=r"^[0-9]{1,5}(\.[0-9]{1,5}){2,3}$")]

WINDOWS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion"
PROGRAMS = RegistryName(key=WINDOWS, name="ProgramFilesDir")
PROGRAMS_32 = RegistryName(key=WINDOWS, name="ProgramFilesDir (x86)")
BY_INSTALLER = HostPath(
    root=PROGRAMS_32, tail=r"Microsoft SDKs\Azure\PowerShell\ServiceManagement\Azure\Azure.psd1"
)
"""Where its installer puts Azure PowerShell, whichever version that is."""


class Params(PlaybookParams):
    module: Version = Field("3.7.0", description="version of Azure PowerShell that seeding needs")
    least: Version = Field(
        "2.0.9250.0", description="version of the agent from which on own disks can be sent"
    )


class OfflineSeeding(ForAgentModule, Playbook[Params]):
    """A first backup may go to Azure on disks of one's own, instead of over the network.

    That needs Azure PowerShell of one version, no newer one, here and on the computer that copies
    to the disks. Agents before 2.0.9250.0 speak an interface of Azure Import/Export that is gone.
    While a seeding is under way, the scratch folder must stay where it is.
    """

    id = "offline-seeding"
    title = "Say what is missing for a first backup on disks"
    topic = "agent"
    only_looks = True
    on_demand = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-backup-import-export"
    rules = ("agent-too-old", "module-missing", "module-unknown", "under-way", "not-known")

    def observe(self, params):
        return [
            RegistryValues(values=(*INSTALLED, PROGRAMS, PROGRAMS_32)),
            Files(paths=(PROGRAM, _gallery(params), BY_INSTALLER)),
            BackupRecords(),
        ]

    def decide(self, seen, params):
        program = _file(seen, PROGRAM)
        if program and program.version and _numbers(program.version) < _numbers(params.least):
            yield Advice(
                f"The agent is older than {params.least}",
                "With it own disks cannot be sent: update it first (https://aka.ms/azurebackup_agent).",
                rule="agent-too-old",
                resource=program.resource_id,
                evidence=(Evidence(f"version {program.version}", where=program.path),),
            )
        yield from _module(seen, params)
        record = seen.one(BackupRecord)
        if record.finished is None:
            yield Advice(
                "Whether a seeding is under way is not known",
                "The agent's PowerShell module does not say it: see module-restore.",
                Severity.NOTICE,
                rule="not-known",
                resource=record.resource_id,
                evidence=tuple(Evidence(problem) for problem in record.problems),
            )
        elif record.seeding:
            yield Advice(
                "A seeding is under way",
                "Until Azure has taken in what the disks hold, leave the scratch folder, the "
                "staging location and the policy as they are.",
                Severity.NOTICE,
                rule="under-way",
                resource=record.resource_id,
                evidence=(
                    Evidence(record.seeding.state, where="Get-OBJob", at=record.seeding.started),
                ),
            )


def _gallery(params):
    """Where the Gallery's Azure PowerShell of the version is."""
    return HostPath(
        root=PROGRAMS, tail=rf"WindowsPowerShell\Modules\AzureRM\{params.module}\AzureRM.psd1"
    )


def _file(seen, path):
    """The file at a path of this host, when it is there."""
    wanted = seen.path(path)
    found = (one for one in seen.all(File) if wanted and one.path.lower() == wanted.lower())
    return next((one for one in found if one.exists), None)


def _module(seen, params):
    """What is not as it has to be with Azure PowerShell."""
    installed = _file(seen, BY_INSTALLER)
    if _file(seen, _gallery(params)):
        return
    if installed:
        yield Advice(
            "Azure PowerShell is there in a version that is not known",
            f"Its installer does not leave the version in its path: it has to be {params.module} "
            "(Get-Module -ListAvailable AzureRM, Azure).",
            Severity.NOTICE,
            rule="module-unknown",
            resource=installed.resource_id,
        )
    else:
        yield Advice(
            f"Azure PowerShell {params.module} is not there",
            "Seeding needs this version here and on the computer that copies to the disks: "
            f"Install-Module AzureRM -RequiredVersion {params.module} -Scope AllUsers, or its "
            "installer (https://github.com/Azure/azure-powershell/releases).",
            rule="module-missing",
        )


def _numbers(version):
    return tuple(int(part) for part in version.split("."))
