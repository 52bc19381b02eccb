r"""The agent's module: files below the folder that the registry names, and its program's version.

Windows' state has them as `files` and `file_versions`. In short, how it differs from a whole one:
`{without: [path], texts: {path: text}, links: [path], version: …, agent: …}`, or `{absent: true}`.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.content import MODULE, free_name, holds, kept, manifest_of
from remediate.lab.drive import MARKER, Drive, learn
from remediate.lab.kinds.file import LONG_AGO
from remediate.lab.kinds.kind import Switch, check_access, may_write, same, short_form
from remediate.lab.kinds.registry_value import KIND as REGISTRY
from remediate.lab.kinds.registry_value import path_of
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.mars_agent import AGENT

AGENT_FOLDER = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
MODULE_FOLDER = AGENT_FOLDER + r"\bin\Modules\MSOnlineBackup"
AGENT_VERSION = "2.0.9506.0"
MODULE_VERSION = "2.0.0.0"
HEALTHY: dict[str, Any] = {}
_SCANNER = "plausible: a scanner looks at files as they come to be where they are"
DAMAGING: dict[str, Switch] = {
    "a file is taken away": Switch(_SCANNER, (("without", r"\.dll$"),)),
    "a file is another": Switch(_SCANNER, (("changed", r"\.psm1$"),)),
}
"""What no Windows should do to files that come to be the module's; on the simulated engine."""

_DEFINITION = """@{{
    RootModule        = 'MSOnlineBackup.psm1'
    ModuleVersion     = '{version}'
    GUID              = '0f4e5b58-7d65-4f4f-8a42-6a7a2ad3c9d1'
    FunctionsToExport = @('*-OB*')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}}
"""
_CODE = """Set-StrictMode -Version Latest
foreach ($folder in $env:PSModulePath.Split([System.IO.Path]::PathSeparator)) {
    $agent = "$folder/support/agent.psm1"
    if (Test-Path -LiteralPath $agent) { Import-Module -Name $agent }
}
function Get-OBMachineSetting { [CmdletBinding()] param() Get-LabMachineSetting }
function Set-OBMachineSetting {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Proxy')] [string] $ProxyServer,
        [Parameter(Mandatory, Position = 1, ParameterSetName = 'Proxy')] [int] $ProxyPort,
        [Parameter(Position = 2, ParameterSetName = 'Proxy')] [string] $ProxyUsername,
        [Parameter(Position = 3, ParameterSetName = 'Proxy')] [securestring] $ProxyPassword,
        [Parameter(ParameterSetName = 'None')] [switch] $NoProxy
    )
    if (-not $PSCmdlet.ShouldProcess('the agent')) { return }
    Set-LabProxy -Server $ProxyServer -Port $ProxyPort -User $ProxyUsername -Password $ProxyPassword
}
function Get-OBJob { [CmdletBinding()] param([uint32] $Previous) Get-LabJob -Previous $Previous }
function Get-OBPolicy { [CmdletBinding()] param() Get-LabPolicy }
function Get-OBSchedule { [CmdletBinding()] param($Policy) $Policy.BackupSchedule }
function Get-OBFileSpec { [CmdletBinding()] param($Policy) Get-LabItem }
function Get-OBAllRecoveryPoints { [CmdletBinding()] param() Get-LabPoint }
function Start-OBBackup { return }
"""
_ROOT = re.compile(r"^\s*RootModule\s*=\s*'([^']+)'", re.MULTILINE)
_VERSION = re.compile(r"^\s*ModuleVersion\s*=\s*'([0-9.]+)'", re.MULTILINE)


@cache
def practice_files(version: str = MODULE_VERSION) -> Mapping[str, bytes]:
    """A small module that can be imported: definition, code, help in two languages, libraries."""
    chance = random.Random(version)  # noqa: S311 - no secret
    files = {
        "MSOnlineBackup.psd1": _DEFINITION.format(version=version).encode(),
        "MSOnlineBackup.psm1": _CODE.encode(),
        "en-US\\MSOnlineBackup.help.xml": b"<helpItems>" + b"<command/>" * 400 + b"</helpItems>",
        "ko-KR\\MSOnlineBackup.help.xml": "<helpItems>도움말</helpItems>".encode(),
        "Microsoft.Backup.Client.dll": chance.randbytes(20_000),
        "empty.txt": b"",
    }
    for data in files.values():
        learn(data)
    return files


class _Short(Model):
    """The module, as it differs from a whole one.

    Args:
        absent: there is none.
        version: of the module.
        without: paths of files that are missing.
        texts: other files, or other contents, by path.
        links: what leads elsewhere.
        agent: version of the agent's program; empty when that is missing.
    """

    absent: bool = False
    version: str = MODULE_VERSION
    without: tuple[str, ...] = ()
    texts: dict[str, str] = Field(default_factory=dict)
    links: tuple[str, ...] = ()
    agent: str = AGENT_VERSION


_SHORT = TypeAdapter(_Short)


def files(short: object) -> dict[str, bytes]:
    """The files of a module that is said in short.

    Raises:
        ValueError: it is not.
    """
    known = short_form(_SHORT, short)
    files = {p: data for p, data in practice_files(known.version).items() if p not in known.without}
    return files | {path: text.encode() for path, text in known.texts.items()}


def state(host: HostState, short: object) -> None:
    """This module and no other, where the agent is."""
    known = short_form(_SHORT, short)
    place(
        host, None if known.absent else files(short), links=known.links, agent_version=known.agent
    )


def place(
    host: HostState,
    files: Mapping[str, bytes] | None,
    *,
    links: Iterable[str] = (),
    agent_version: str = AGENT_VERSION,
) -> None:
    """Let a host have the agent, and a module that consists of these files.

    Args:
        host: the host.
        files: by path; None when there is no module.
        links: what in it leads elsewhere.
        agent_version: of the agent's program; empty when that is missing.
    """
    drive, agent = host.drive, _agent(host) or AGENT_FOLDER
    folder, program = _module(agent), f"{agent}\\bin\\cbengine.exe"
    drive.remove(folder)
    for path, data in (files or {}).items():
        drive.write(f"{folder}\\{path}", data)
    for link in links:
        drive.put(f"{folder}\\{link}", {"link": "C:\\"})
    if files is not None and not files:
        drive.put(folder, None)
    versions = host.windows.setdefault("file_versions", {})
    times = host.windows.setdefault("file_times", {})
    versions.pop(program, None)
    times.pop(program, None)
    drive.remove(program)
    if agent_version:
        drive.write(program, b"")
        versions[program] = agent_version
        times[program] = LONG_AGO


def read(host: HostState, *, load: bool = True) -> Iterator[Record]:
    """The module of the agent, where the registry says that is; `load` tries whether it loads."""
    check_access(host, REGISTRY, "read")
    agent = _agent(host)
    if agent is None:
        return
    drive, folder = host.drive, _module(agent)
    versions = host.windows.get("file_versions", {}).items()
    program = f"{agent}\\bin\\cbengine.exe"
    yield {
        "path": folder,
        **_looked_at(drive, folder, load=load),
        "agent_version": next((said for path, said in versions if same(path, program)), ""),
        "kept": sorted({one.digest for one in kept(drive, folder) if not one.marked}),
    }


def write(host: HostState, record: Record, after: Record) -> None:
    """Two renames, as on Windows: a host can die between them."""
    drive, folder = host.drive, record["path"]
    if record["links"]:
        detail = {"property": "installed"}
        raise CallFailedError("RemediateStale", "Its files are not what they were.", detail)
    candidate = None
    if after["installed"] is not None:
        wanted = after["installed"]["manifest"]
        beside = (one for one in kept(drive, folder) if one.digest == wanted["digest"])
        candidate = next((one for one in beside if holds(drive, one.path, wanted["files"])), None)
        if candidate is None:
            raise CallFailedError("RemediateContentMissing", "The files are not on the host.")
    may_write(host, MODULE)
    if candidate is not None:
        drive.remove(f"{candidate.path}\\{MARKER}")
    if record["installed"] is not None:
        digest = record["installed"]["manifest"]["digest"]
        drive.rename(folder, free_name(drive, folder, digest))
    if candidate is not None:
        drive.rename(candidate.path, folder.rpartition("\\")[2])
        _damage(host, folder)


def _damage(host: HostState, folder: str) -> None:
    for how, pattern in host.edits.get(MODULE, ()):
        for path in [path for path in host.drive.below(folder) if re.search(pattern, path)]:
            if how == "without":
                host.drive.remove(path)
            else:
                host.drive.write(path, b"cut")


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody puts something else in the module's place."""
    del change
    host.drive.remove(record["path"])
    host.drive.write(f"{record['path']}\\theirs.txt", b"theirs")
    found: JsonValue = next(iter(read(host)))["installed"]
    return found


def _agent(host: HostState) -> str | None:
    return path_of(host, AGENT)


def _module(agent: str) -> str:
    return f"{agent}\\bin\\Modules\\MSOnlineBackup"


def installed(files: Mapping[str, bytes] | None) -> Record | None:
    """What a host says of a module that consists of these files."""
    windows: Record = {}
    for path, data in (files or {}).items():
        Drive(windows).write(f"{MODULE_FOLDER}\\{path}", data)
    found: Record | None = _looked_at(Drive(windows), MODULE_FOLDER, load=True)["installed"]
    return found


def _looked_at(drive: Drive, folder: str, *, load: bool) -> Record:
    """The files in a folder, and what comes of importing them, when that is tried.

    A practice module loads when its definition and the code that this names are there, and
    neither says `throw`; with a `Start-Sleep` it takes too long for anybody to tell.
    """
    manifest, links = manifest_of(drive, folder)
    if manifest is None:
        return {"installed": None, "links": links, "load_error": "", "module_version": ""}
    if links:
        loads, error, version = None, "Not tried, as something in it leads elsewhere.", ""
    else:
        loads, error, version = loading(drive, folder, load=load)
    installed = {"manifest": manifest, "loads": loads}
    return {"installed": installed, "links": links, "load_error": error, "module_version": version}


def loading(drive: Drive, folder: str, *, load: bool = True) -> tuple[bool | None, str, str]:
    """Whether the module in a folder loads, why not, and of which version it is."""
    definition = _text(drive, f"{folder}\\MSOnlineBackup.psd1")
    if definition is None:
        return False, "It has no MSOnlineBackup.psd1.", ""
    root, found = _ROOT.search(definition), _VERSION.search(definition)
    version = found[1] if found else ""
    if not load:
        return None, "", version
    if found is None or root is None:
        return False, "Import-Module fails with Modules_InvalidManifest.", version
    code = _text(drive, f"{folder}\\{root[1]}")
    thrown = re.search(r"throw '([^']*)'", code or "")
    if code is None or thrown:
        problem = thrown[1] if thrown else "Modules_ModuleFileNotFound"
        return False, f"Import-Module fails with {problem}.", version
    if "Start-Sleep" in code:
        return None, "It has not loaded in the time that this question has.", version
    return True, "", version


def _text(drive: Drive, path: str) -> str | None:
    data = drive.read(path)
    return None if data is None else data.decode(errors="replace")
