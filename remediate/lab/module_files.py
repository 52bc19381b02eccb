"""The files of a practice MSOnlineBackup module, and what importing such files comes to."""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping
from functools import cache

from remediate.lab.state import Record
from remediate.model.content import FileEntry, Manifest

AGENT_FOLDER = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
MODULE_FOLDER = AGENT_FOLDER + r"\bin\Modules\MSOnlineBackup"
AGENT_VERSION = "2.0.9270.0"
MODULE_VERSION = "2.0.0.0"

BLOBS: dict[str, bytes] = {}
"""What practice files hold, by SHA-256; records only say which, so that they stay small."""

_DEFINITION = """@{{
    RootModule        = 'MSOnlineBackup.psm1'
    ModuleVersion     = '{version}'
    GUID              = '0f4e5b58-7d65-4f4f-8a42-6a7a2ad3c9d1'
    FunctionsToExport = @('Get-OBMachineSetting', 'Get-OBPolicy', 'Start-OBBackup')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}}
"""
_CODE = """Set-StrictMode -Version Latest
function Get-OBMachineSetting { return @{ NoBandwidthThrottle = $true } }
function Get-OBPolicy { return @() }
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
    remember(files)
    return files


def remember(files: Mapping[str, bytes]) -> Manifest:
    """Keep what files hold, and give their manifest."""
    entries = []
    for path, data in files.items():
        sha256 = hashlib.sha256(data).hexdigest()
        BLOBS[sha256] = data
        entries.append(FileEntry(path=path, size=len(data), sha256=sha256))
    return Manifest.of(entries)


def blob(sha256: str) -> bytes | None:
    """What a practice file with this SHA-256 holds, when that is known."""
    practice_files()
    return BLOBS.get(sha256)


def module_record(
    files: Mapping[str, bytes] | None,
    *,
    agent_version: str = AGENT_VERSION,
    path: str = MODULE_FOLDER,
    links: Iterable[str] = (),
) -> Record:
    """The module on a practice host, as records have it.

    Args:
        files: what it consists of; None when it is not there.
        agent_version: of the agent's program.
        path: its folder.
        links: what in it leads elsewhere.
    """
    manifest = None if files is None else remember(files).model_dump(mode="json")
    links = list(links)
    return {
        "path": path,
        "links": links,
        **imported(manifest, elsewhere=bool(links)),
        "agent_version": agent_version,
        "kept": [],
    }


def imported(manifest: Record | None, *, elsewhere: bool = False) -> Record:
    """What comes of importing these files: installed, load_error, module_version.

    A practice module loads when its definition and the code that this names are there, and
    neither says `throw`; with a `Start-Sleep` it takes too long for anybody to tell.
    """
    if manifest is None:
        return {"installed": None, "load_error": "", "module_version": ""}
    if elsewhere:
        loads, error, version = None, "Not tried, as something in it leads elsewhere.", ""
    else:
        loads, error, version = _loading(manifest)
    installed = {"manifest": manifest, "loads": loads}
    return {"installed": installed, "load_error": error, "module_version": version}


def _loading(manifest: Record) -> tuple[bool | None, str, str]:
    """Whether these files load, why not, and of which version they are."""
    shas = {file["path"].casefold(): file["sha256"] for file in manifest["files"]}
    definition = shas.get("msonlinebackup.psd1")
    if definition is None:
        return False, "It has no MSOnlineBackup.psd1.", ""
    text = (blob(definition) or b"").decode(errors="replace")
    root, found = _ROOT.search(text), _VERSION.search(text)
    version = found[1] if found else ""
    if found is None or root is None:
        return False, "Import-Module fails with Modules_InvalidManifest.", version
    code = blob(shas.get(root[1].casefold(), ""))
    said = (code or b"").decode(errors="replace")
    thrown = re.search(r"throw '([^']*)'", said)
    if code is None or thrown:
        problem = thrown[1] if thrown else "Modules_ModuleFileNotFound"
        return False, f"Import-Module fails with {problem}.", version
    if "Start-Sleep" in said:
        return None, "It has not loaded in the time that this question has.", version
    return True, "", version
