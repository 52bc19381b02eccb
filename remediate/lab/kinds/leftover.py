r"""What runs have left: files, of which only the places are known.

In short: `{receipts: {R1: [{kind: old_files, key: {…}}]}, aside: {2020-01-01: 3}, copies: 1}`; see
`_Short`. Other kinds put such files there, too.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import partial

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.drive import DRIVES, MARKER, OURS, PROGRAM_FILES, Drive
from remediate.lab.kinds import scratch_move
from remediate.lab.kinds.kind import Switch, may_write, refuse, same, short_form
from remediate.lab.kinds.old_files import FOLDER
from remediate.lab.kinds.old_files import MARKER as MOVED
from remediate.lab.kinds.registry_value import value_of
from remediate.lab.kinds.scratch_move import KEPT, LIST, NEW, REMOVING, STOPPED
from remediate.lab.kinds.scratch_move import MARKER as MOVE
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.model.beside import Beside
from remediate.resources.host_path import WholePath
from remediate.resources.mars_agent import INSTALL_PATH, KEY_FILE, SCRATCHES
from remediate.resources.service import Moment

KIND = "leftover"
HEALTHY: Record = {}
DAMAGING: dict[str, Switch] = {
    "some of it stays": Switch(
        "documented: a file that another process has open is not removed", (("stays", "open"),)
    ),
    "it is put back": Switch("plausible: what restores files does so", (("stays", "all"),)),
}
"""What a Windows should not do with what is removed; on the simulated engine."""
PART = 10_000
"""Files that are removed in one write; a real host removes as many as it can."""
_SCRATCH = ("old-scratch", "kept-scratch")
_SYSTEM = (r"C:\Windows", r"C:\Users", PROGRAM_FILES.rstrip("\\"), r"C:\ProgramData")
_SHOWN = "%ProgramFiles%\\"
_RECEIPTS, _SCANS = f"{OURS}receipts\\", f"{OURS}scans"
_COPY, _SCAN = "MSOnlineBackup.remediate-00000000000000a", "3f0e9c54-0000-0000-0000-00000000000"


class _Short(Model):
    """What is left.

    Args:
        receipts: what each run has written to, by the run.
        written: when the receipts were, UTC; not known when they do not say.
        aside: how many files are in the folder for moved files of a day.
        copies: copies of the folder of the agent's module, each with one file.
        scans: folders about scans of volumes.
        links: a link stands in each copy.
        kept: folders of moves that were taken back, each with a file that the agent had written.
        begun: new folders of moves that were cut off at their first step.
    """

    receipts: dict[str, tuple[Beside, ...]] = Field(default_factory=dict)
    written: Moment | None = None
    aside: dict[date, int] = Field(default_factory=dict)
    copies: int = Field(0, ge=0, le=9)
    scans: int = Field(0, ge=0, le=9)
    links: bool = False
    kept: tuple[WholePath, ...] = ()
    begun: tuple[WholePath, ...] = ()


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """These and no others, whichever kind has left them."""
    known, drive = short_form(_SHORT, short), host.drive
    for record in list(read(host)):
        if record["sort"] not in _SCRATCH:  # that is put by another kind
            drive.remove(_real(record))
    for run, named in known.receipts.items():
        changes = [{"resource": one.model_dump(), "title": "x", "property": "y"} for one in named]
        when = {"written": known.written} if known.written else {}
        host.save_receipt({"run": run, "changes": changes, **when})
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
    _put_scratch(drive, known)


def _put_scratch(drive: Drive, known: _Short) -> None:
    for folder in known.kept:
        drive.put(rf"{folder}\{KEPT}", "{}")
        drive.put(rf"{folder}\VHDs\newer.vhd", "newer")
        scratch_move.save_list(drive, folder)
    for folder in known.begun:
        drive.put(rf"{folder}{NEW}\{MOVE}", "{}")


def read(host: HostState) -> Iterator[Record]:
    """All that is at such places."""
    drive, moves = host.drive, list[Record]()
    for path in drive.below(_RECEIPTS.rstrip("\\")):
        found = re.fullmatch(r"([0-9A-Za-z-]{1,64})\.json", path.removeprefix(_RECEIPTS))
        if found:
            receipt = _receipt(drive, path)
            changes = [one for one in receipt.get("changes") or () if isinstance(one, dict)]
            named = [one["resource"] for one in changes if "resource" in one]
            moves += [one["key"] for one in named if one["kind"] == scratch_move.KIND]
            written = receipt.get("written")
            yield _record(path, "receipt", run=found[1], beside=named, written=written)
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
    yield from _scratches(host, moves)
    yield from _begun(host, moves)


def _scratches(host: HostState, moves: list[Record]) -> Iterator[Record]:
    """Folders of moves that receipts name: old ones, and new ones in which something is kept."""
    drive = host.drive
    places = [(move["folder"], "old-scratch", "folder") for move in moves]
    kept = (move["target"] for move in moves if drive.find(rf"{move['target']}\{KEPT}"))
    told: dict[str, Record] = {}
    for path, sort, part in (*places, *((path, "kept-scratch", "target") for path in kept)):
        if path.casefold() in told or not drive.has_folder(path):
            continue
        hold, beside = _hold(host, path), [{"kind": scratch_move.KIND, "key": {part: path}}]
        inside = {} if hold in {"in-use", "nested", "link"} else _inside(drive, path)
        if hold == "changed":
            inside["changed"] = scratch_move.changed(drive, path)[:20]
        moved = int((drive.read(rf"{path}\{REMOVING}") or b"0").split()[0])
        told[path.casefold()] = _record(path, sort, beside=beside, moved=moved, hold=hold, **inside)
    yield from told.values()


def _hold(host: HostState, path: str) -> str:
    """What speaks against removing a folder that the agent has worked in."""
    drive, texts = host.drive, [scratch_move.text_of(host, name.key) for name in SCRATCHES]
    works = texts[0]
    if not works or not same(*texts):
        return "unclear"
    if same(works, path):
        return "in-use"
    if drive.find(rf"{works}\{STOPPED}"):
        return "unfinished"
    return _place_hold(host, path, works) or _content_hold(drive, path, works)


def _place_hold(host: HostState, path: str, works: str) -> str:
    """What speaks against it by where it is."""
    drive, held = host.drive, value_of(host, str(INSTALL_PATH))
    agent = str(held["data"]).rstrip("\\") if held else works
    if "~" in path + works:
        return "short-name"
    kept = (works, agent, *_SYSTEM)
    if any(map(partial(_is_within, folder=path), kept)) or _is_within(path, folder=works):
        return "nested"
    if any(map(partial(_is_within, path), _SYSTEM)) and not same(path, rf"{agent}\Scratch"):
        return "system"
    if any(map(drive.is_link, (*_above(works), *_above(path)))):
        return "link"
    return ""


def _content_hold(drive: Drive, path: str, works: str) -> str:
    """What speaks against it by what is in it."""
    if not drive.read(rf"{works}\{KEY_FILE}"):
        return "no-key"
    if not scratch_move.changed(drive, path):
        return ""
    return "changed" if drive.find(rf"{path}\{LIST}") else "unlisted"


def _is_within(path: str, folder: str) -> bool:
    return f"{path}\\".casefold().startswith(f"{folder}\\".casefold())


def _above(path: str) -> list[str]:
    parts = path.split("\\")
    return ["\\".join(parts[:number]) for number in range(2, len(parts) + 1)]


def _begun(host: HostState, moves: list[Record]) -> Iterator[Record]:
    """Folders of moves that were cut off at their first step, where such may be."""
    works = scratch_move.text_of(host, SCRATCHES[0].key)
    parents = (*(move["target"].rpartition("\\")[0] for move in moves), works.rpartition("\\")[0])
    for parent in sorted({each for each in (*parents, *DRIVES) if each}, key=str.casefold):
        for name in _folders(host.drive, parent, rf".*{re.escape(NEW)}"):
            path = f"{parent}\\{name}"
            about = {"kind": scratch_move.KIND, "key": {"target": path.removesuffix(NEW)}}
            yield _record(path, "begun-scratch", beside=[about], **_inside(host.drive, path))


def write(host: HostState, record: Record, after: Record) -> None:
    """Remove one."""
    may_write(host, KIND)
    if after["present"]:
        raise refuse("What was removed cannot be put back.")
    path, drive = _real(record), host.drive
    if record["sort"] in _SCRATCH:
        _remove_scratch(host, record)
        return
    ours = rf"{path}\{MOVE}"
    if record["sort"] == "begun-scratch" and any(one != ours for one in drive.below(path)):
        raise refuse("There is something in it that is not ours.")
    if record["sort"] != "receipt" and any(map(drive.is_link, drive.below(path))):
        raise refuse("In the folder something leads elsewhere.")
    if record["sort"] == "moved-files" and drive.folders(path):
        raise refuse("There is a folder in it that is not ours.")
    stays = {one: drive.entry(one) for one in _staying(host, path)}
    drive.remove(path)
    for one, entry in stays.items():
        drive.put(one, entry)
    if stays and ("stays", "open") in host.edits.get(KIND, ()):
        raise CallFailedError("RemoveFileSystemItemIOError", "Another process uses the file.")


def _staying(host: HostState, path: str) -> list[str]:
    """Files that stay, or are put back, on a Windows that does so."""
    how = dict(host.edits.get(KIND, ())).get("stays")
    if how is None or host.drive.find(path):
        return [path] if how == "all" else []
    files = host.drive.below(path)
    return files if how == "all" else [one for one in files if one.endswith((MOVED, "00000.tmp"))]


def _remove_scratch(host: HostState, record: Record) -> None:
    """Some of its files, and when none is left the folder."""
    path, drive = str(record["path"]), host.drive
    if _hold(host, path):
        raise refuse("The agent has to work in another folder, which has its key file.")
    if any(map(drive.is_link, drive.below(path))):
        raise refuse("In the folder something leads elsewhere.")
    removing, listed = rf"{path}\{REMOVING}", rf"{path}\{LIST}"
    if drive.find(removing) is None:
        drive.write(removing, f"{_inside(drive, path)['files']}".encode())
    files = [one for one in drive.below(path) if one not in {removing, listed}]
    for one in files[:PART]:
        drive.remove(one)
    if len(files) > PART:
        raise CallFailedError("RemediateUnfinished", "Some of the files are still to be removed.")
    drive.remove(path)


def _real(record: Record) -> str:
    return str(record["path"]).replace(_SHOWN, PROGRAM_FILES)


def _record(path: str, sort: str, **more: object) -> Record:
    nothing = {"run": "", "beside": [], "files": 0, "moved": 0, "size": 0, "hold": ""}
    nothing["changed"] = []
    path = path.replace(PROGRAM_FILES + "remediate", _SHOWN + "remediate")
    return {"path": path, "present": True, "sort": sort, "written": None, **nothing, **more}


def _receipt(drive: Drive, path: str) -> Record:
    try:
        said = json.loads((drive.read(path) or b"").decode("utf-8-sig"))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _folders(drive: Drive, parent: str, form: str) -> list[str]:
    return [
        name
        for name in drive.folders(parent)
        if re.fullmatch(form, name) and not drive.is_link(f"{parent}\\{name}")
    ]


def _inside(drive: Drive, path: str) -> Record:
    ours = tuple(f"\\{one}" for one in (MOVED, MARKER, *scratch_move.OWN))
    inside = (one for one in drive.below(path) if not drive.is_link(one))
    files = [one for one in inside if not one.endswith(ours)]
    return {"files": len(files), "size": sum(len(drive.read(one) or b"") for one in files)}


def _modules(host: HostState) -> str:
    held = value_of(host, str(INSTALL_PATH))
    return f"{str(held['data']).rstrip(chr(92))}\\bin\\Modules" if held else ""
