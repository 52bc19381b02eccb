r"""What runs have left: files, of which only the places are known.

In short: `{receipts: {R1: [{kind: old_files, key: {…}}]}, aside: {2020-01-01: 3}, copies: 1}`; see
`_Short`. Other kinds put such files there, too.
"""

import json
import re
from collections.abc import Iterator
from datetime import date

from pydantic import Field, TypeAdapter

from remediate.lab.drive import MARKER, OURS, PROGRAM_FILES, Drive
from remediate.lab.kinds.kind import may_write, refuse, short_form
from remediate.lab.kinds.old_files import FOLDER
from remediate.lab.kinds.old_files import MARKER as MOVED
from remediate.lab.kinds.registry_value import value_of
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.leftover import Beside
from remediate.resources.mars_agent import INSTALL_PATH

KIND = "leftover"
HEALTHY: Record = {}
_SHOWN = "%ProgramFiles%\\"
_RECEIPTS, _SCANS = f"{OURS}receipts\\", f"{OURS}scans"
_COPY, _SCAN = "MSOnlineBackup.remediate-00000000000000a", "3f0e9c54-0000-0000-0000-00000000000"


class _Short(Model):
    """What is left.

    Args:
        receipts: what each run has written to, by the run.
        aside: how many files are in the folder for moved files of a day.
        copies: copies of the folder of the agent's module, each with one file.
        scans: folders about scans of volumes.
        links: a link stands in each copy.
    """

    receipts: dict[str, tuple[Beside, ...]] = Field(default_factory=dict)
    aside: dict[date, int] = Field(default_factory=dict)
    copies: int = Field(0, ge=0, le=9)
    scans: int = Field(0, ge=0, le=9)
    links: bool = False


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """These and no others, whichever kind has left them."""
    known, drive = short_form(_SHORT, short), host.drive
    for record in list(read(host)):
        drive.remove(_real(record))
    for run, named in known.receipts.items():
        changes = [{"resource": one.model_dump(), "title": "x", "property": "y"} for one in named]
        host.save_receipt({"run": run, "changes": changes})
    for day, count in known.aside.items():
        folder = f"{FOLDER}.remediate-{day.isoformat()}"
        drive.write(f"{folder}\\{MOVED}", json.dumps({"state": "aside", "moved": count}).encode())
        for number in range(count):
            drive.put(f"{folder}\\{number:05}.tmp", "moved")
    for number in range(known.copies):
        drive.put(f"{_modules(host)}\\{_COPY}{number}\\MSOnlineBackup.psd1", "copy")
        if known.links:
            drive.put(f"{_modules(host)}\\{_COPY}{number}\\link", {"link": FOLDER})
    for number in range(known.scans):
        drive.put(f"{_SCANS}\\{_SCAN}{number}\\asked", "at=x\n")


def read(host: HostState) -> Iterator[Record]:
    """All that is at such places."""
    drive = host.drive
    for path in drive.below(_RECEIPTS.rstrip("\\")):
        found = re.fullmatch(r"([0-9A-Za-z-]{1,64})\.json", path.removeprefix(_RECEIPTS))
        if found:
            yield _record(path, "receipt", run=found[1], beside=_named(drive, path))
    for name in _folders(drive, "C:\\Windows", r"Temp\.remediate-(\d{4}-\d\d-\d\d)"):
        path = f"C:\\Windows\\{name}"
        data = drive.read(f"{path}\\{MOVED}")
        if data is not None:
            about = {"kind": "old_files", "key": {"folder": FOLDER, "day": name[-10:]}}
            moved = json.loads(data.decode("utf-8-sig") or "{}").get("moved", 0)
            yield _record(path, "moved-files", beside=[about], moved=moved, **_inside(drive, path))
    modules = _modules(host)
    for name in _folders(drive, modules, r"MSOnlineBackup\.remediate-[0-9a-f]{16}(-[0-9])?"):
        path = f"{modules}\\{name}"
        about = {"kind": "agent_module", "key": {"path": f"{modules}\\MSOnlineBackup"}}
        yield _record(path, "copy", beside=[about], **_inside(drive, path))
    for name in _folders(drive, _SCANS, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"):
        about = {"kind": "volume_scan", "key": {"device": f"\\\\?\\Volume{{{name}}}\\"}}
        yield _record(f"{_SCANS}\\{name}", "scan", beside=[about])


def write(host: HostState, record: Record, after: Record) -> None:
    """Remove one."""
    may_write(host, KIND)
    if after["present"]:
        raise refuse("What was removed cannot be put back.")
    path, drive = _real(record), host.drive
    if record["sort"] != "receipt" and any(map(drive.is_link, drive.below(path))):
        raise refuse("In the folder something leads elsewhere.")
    if record["sort"] == "moved-files" and drive.folders(path):
        raise refuse("There is a folder in it that is not ours.")
    drive.remove(path)


def _real(record: Record) -> str:
    return str(record["path"]).replace(_SHOWN, PROGRAM_FILES)


def _record(path: str, sort: str, **more: object) -> Record:
    nothing = {"run": "", "beside": [], "files": 0, "moved": 0, "size": 0}
    path = path.replace(PROGRAM_FILES + "remediate", _SHOWN + "remediate")
    return {"path": path, "present": True, "sort": sort, **nothing, **more}


def _named(drive: Drive, path: str) -> list[Record]:
    try:
        receipt = json.loads((drive.read(path) or b"").decode("utf-8-sig"))
    except ValueError:
        return []
    return [one["resource"] for one in receipt.get("changes", []) if "resource" in one]


def _folders(drive: Drive, parent: str, form: str) -> list[str]:
    return [
        name
        for name in drive.folders(parent)
        if re.fullmatch(form, name) and not drive.is_link(f"{parent}\\{name}")
    ]


def _inside(drive: Drive, path: str) -> Record:
    ours = ("\\" + MOVED, "\\" + MARKER)
    inside = (one for one in drive.below(path) if not drive.is_link(one))
    files = [one for one in inside if not one.endswith(ours)]
    return {"files": len(files), "size": sum(len(drive.read(one) or b"") for one in files)}


def _modules(host: HostState) -> str:
    held = value_of(host, str(INSTALL_PATH))
    return f"{str(held['data']).rstrip(chr(92))}\\bin\\Modules" if held else ""
