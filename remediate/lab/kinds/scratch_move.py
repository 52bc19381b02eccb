r"""A move of the agent's scratch folder: files in the old one and in the new one, and both values.

In short, how far one is and what is in the old folder: `{place: copying, files: 3}`; see `_Short`.
"""

import json
import re
from collections.abc import Iterator

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.drive import DRIVES, Drive, Entry
from remediate.lab.kinds import backup_record, folder_access, registry_value, service
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.kind import Switch, may_write, refuse, same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.host_path import WholePath
from remediate.resources.mars_agent import INSTALL_PATH, KEY_FILE, SCRATCH_VALUE, SCRATCHES
from remediate.resources.scratch_move import Content, Place

KIND = "scratch_move"
HEALTHY: Record = {}
PART = 10_000
"""Files that are copied, or taken away, in one write; a real host does as many as it can."""
AGENT = "obengine"
TARGET = r"D:\Scratch"
MARKER, KEPT, STOPPED = "remediate.scratch", "remediate.kept", "remediate.stopped"
LIST, REMOVING = "remediate.left", "remediate.removing"
NEW = ".remediate-new"
OWN = {MARKER, KEPT, STOPPED, LIST, REMOVING}
_SEEDING = {"CompletedWithWaitingForImportJob", "CompletedWithWaitingForCopyBlob"}
DAMAGING: dict[str, Switch] = {
    "the key file is taken away": Switch(
        "plausible: what looks for malware takes what it does not know", (("without", "key"),)
    )
}
"""What no Windows should do to what is copied; on the simulated engine."""


class _Short(Model):
    """How far a move is, and what is in the old folder.

    Args:
        to: the new folder.
        place: where the agent works; with one of the files copied, or all of them.
        files: how many there are besides.
        held: how many of these the agent has open while it runs; on the simulated engine only.
        link: something in the old folder leads elsewhere.
        used: the agent has written in the new folder.
    """

    to: WholePath = TARGET
    place: Place = Place.THERE
    files: int = Field(0, ge=0)
    held: int = Field(0, ge=0)
    link: bool = False
    used: bool = False


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """These files and no others besides what a healthy host has, and this far."""
    known, drive = short_form(_SHORT, short), host.drive
    for number in range(known.files):
        sort = "held" if number < known.held else "file"
        drive.put(rf"{SCRATCH}\VHDs\{sort}{number:05}.vhd", f"{sort} {number}")
    if known.link:
        drive.put(rf"{SCRATCH}\SSBV", {"link": r"C:\ProgramData"})
    if known.place in {Place.THERE, Place.ELSEWHERE}:
        return
    new = {Place.SPLIT: 1, Place.MOVED: 2}.get(known.place, 0)
    begun = {"folder": SCRATCH, "target": known.to}
    _begin(host, begun)
    files = _files(drive, SCRATCH)
    for path in list(files)[: None if new else 1]:
        drive.put(rf"{known.to}\{path}", files[path])
    if known.used:
        drive.put(rf"{known.to}\VHDs\used.vhd", "used")
    if new:
        save_list(drive, SCRATCH)
    for name in SCRATCHES[:new]:
        _set(host, name.key, {"type": "String", "data": known.to})
    if known.place is Place.STOPPED:
        drive.put(rf"{known.to}\{STOPPED}", "Running\n")
        service.write(host, _service(host) or {}, {"status": "Stopped"})


# --- reading ----------------------------------------------------------------------------------


def read(
    host: HostState, target: str = "", downtime: str = "30", folder: str = ""
) -> Iterator[Record]:
    """The move to a folder; without one, those that have begun, and those to usual folders."""
    if registry_value.value_of(host, f"{INSTALL_PATH.key}\\{INSTALL_PATH.name}") is None:
        return
    if target:
        yield _told(host, target, downtime, folder)
        return
    ends = f"\\{MARKER}"
    marked = (path.removesuffix(ends) for path in host.drive.files if path.endswith(ends))
    begun = [path for path in marked if not path.endswith(NEW)]
    elsewhere = text_of(host, SCRATCH_VALUE.key)
    usual = {TARGET: SCRATCH} if same(elsewhere, SCRATCH) else {TARGET: SCRATCH, SCRATCH: elsewhere}
    for each in dict.fromkeys([*usual, *begun]):
        marker = _marker(host.drive, each)
        yield _told(host, each, downtime, marker["folder"] if marker else usual[each])


def _told(host: HostState, target: str, downtime: str, folder: str) -> Record:
    drive, marker = host.drive, _marker(host.drive, target)
    texts = [text_of(host, name.key) for name in SCRATCHES]
    if not folder:
        folder = texts[0]
        if marker and any(same(text, one) for text in texts for one in (target, marker["folder"])):
            folder = marker["folder"]
    ours = marker is not None and same(marker["folder"], folder)
    place = _place(texts, folder, target, ours=ours)
    if ours and place is not Place.ELSEWHERE and drive.find(rf"{target}\{STOPPED}"):
        place = Place.STOPPED
    old, new = _files(drive, folder), _files(drive, target) if ours else {}
    works = target if same(texts[0], target) else folder
    return {
        "folder": folder,
        "target": target,
        "downtime": downtime,
        "place": place.value,
        "key": bool(works and drive.read(rf"{works}\{KEY_FILE}")),
        "new": _content(drive, target, ours=ours).value,
        "links": _links(drive, folder)[:20],
        "files": len(old),
        "total": sum(drive.facts(rf"{folder}\{path}")[0] for path in old),
        "copied": sum(
            drive.facts(rf"{folder}\{path}")[0] for path in old if new.get(path) == old[path]
        ),
        "whole": _is_whole(drive, folder),
        "used": place is Place.MOVED and any(old.get(path) != new[path] for path in new),
    }


def _is_whole(drive: Drive, folder: str) -> bool:
    begun = drive.find(rf"{folder}\{REMOVING}") is not None
    return bool(folder and not begun and drive.read(rf"{folder}\{KEY_FILE}"))


def _place(texts: list[str], folder: str, target: str, *, ours: bool) -> Place:
    if all(same(text, target) for text in texts):
        return Place.MOVED if ours or same(folder, target) else Place.ELSEWHERE
    if folder and all(same(text, folder) for text in texts):
        return Place.COPYING if ours else Place.THERE
    split = ours and all(same(text, folder) or same(text, target) for text in texts)
    return Place.SPLIT if split else Place.ELSEWHERE


def _content(drive: Drive, target: str, *, ours: bool) -> Content:
    parts = target.split("\\")
    above = ["\\".join(parts[:number]) for number in range(1, len(parts) + 1)]
    if any(map(drive.is_link, above)):
        return Content.LINK
    if ours:
        return Content.OURS
    if drive.find(target) or drive.has_folder(target):
        return Content.FOREIGN
    parent = above[-2]
    return Content.NONE if parent in DRIVES or drive.has_folder(parent) else Content.NOWHERE


def text_of(host: HostState, key: str) -> str:
    """A folder that a value names, as one writes it."""
    held = registry_value.value_of(host, rf"{key}\ScratchLocation")
    data = held["data"] if held else None
    text = re.sub(r"\\+", r"\\", data).rstrip("\\") if isinstance(data, str) else ""
    return text if re.fullmatch(r'[A-Za-z]:\\[^"<>|\x00-\x1f]*', text) else ""


def _marker(drive: Drive, target: str) -> Record | None:
    data = drive.read(rf"{target}\{MARKER}")
    return None if data is None else dict(json.loads(data.decode("utf-8-sig")))


def _service(host: HostState) -> Record | None:
    return next(iter(service.read(host, [AGENT])), None)


def _below(drive: Drive, folder: str) -> Iterator[tuple[str, Entry]]:
    """What is in a folder and below, by path within it; empty folders too."""
    start = f"{folder}\\".casefold()
    for path in [*drive.files]:
        if path.casefold().startswith(start):
            yield path[len(start) :], drive.files[path]


def _files(drive: Drive, folder: str) -> dict[str, Entry]:
    """The files of a folder, by path within it, but for what is ours."""
    return {
        path: entry
        for path, entry in (_below(drive, folder) if folder else ())
        if entry is not None and path not in OWN and not _is_link(entry)
    }


def save_list(drive: Drive, folder: str) -> None:
    """Write down which files are in a folder that the agent works in no longer."""
    lines = "".join(f"{line}\n" for line in _lines(drive, folder))
    drive.write(rf"{folder}\{LIST}", lines.encode())


def changed(drive: Drive, folder: str) -> list[str]:
    """Files that were not in such a folder then, or are not as they were; a drive has no times."""
    known = (drive.read(rf"{folder}\{LIST}") or b"").decode("utf-8-sig").splitlines()
    return sorted(path for line, path in _lines(drive, folder).items() if line not in known)


def _lines(drive: Drive, folder: str) -> dict[str, str]:
    """The paths of the files of a folder, each by its line in the list."""
    files = ((path, drive.facts(rf"{folder}\{path}")[0]) for path in _files(drive, folder))
    return {f"{size}|{path}": path for path, size in files}


def _links(drive: Drive, folder: str) -> list[str]:
    return [path for path, entry in _below(drive, folder) if _is_link(entry)] if folder else []


def _is_link(entry: Entry) -> bool:
    return isinstance(entry, dict) and "link" in entry


# --- writing ----------------------------------------------------------------------------------


def write(host: HostState, record: Record, after: Record) -> None:
    """Some of the files are copied; when all are, the service is stopped and the values are set."""
    may_write(host, KIND)
    if after["place"] == Place.THERE:
        _back(host, record)
        return
    if after["place"] != Place.MOVED or record["place"] == Place.ELSEWHERE:
        raise refuse("A scratch folder can be moved or taken back only.")
    if record["place"] == Place.THERE:
        if record["new"] != Content.NONE:
            raise refuse(f"{record['target']} cannot be made.")
        if not host.drive.has_folder(record["folder"]):
            raise refuse(f"{record['folder']} is no folder.")
        _begin(host, record)
    new = [{"type": _held(host, n.key)["type"], "data": record["target"]} for n in SCRATCHES]
    texts = [text_of(host, name.key) for name in SCRATCHES]
    if any(same(text, record["target"]) for text in texts):
        _complete(host, record, new, differ=not same(*texts))
        return
    runs = (_service(host) or {"status": "Stopped"})["status"] != "Stopped"
    _copy(host, record, held=runs, most=PART)
    _check_idle(host)
    try:
        _stop(host, record)
        _check_quiet(host, record)
        _copy(host, record, held=False)
        old = _files(host.drive, record["folder"])
        for path in _files(host.drive, record["target"]).keys() - old.keys():
            host.drive.remove(rf"{record['target']}\{path}")
        save_list(host.drive, record["folder"])
        if host.edits.get(KIND):
            host.drive.remove(rf"{record['target']}\{KEY_FILE}")
        _set_both(host, new)
    finally:
        _start(host, record)


def _complete(host: HostState, record: Record, new: list[Record], *, differ: bool) -> None:
    """Set what is left of both values, where the move was cut off between them or later."""
    if differ:
        old, copies = _files(host.drive, record["folder"]), _files(host.drive, record["target"])
        if any(copies.get(path) != entry for path, entry in old.items()):
            raise CallFailedError("RemediateScratchApart", "The agent has worked since.")
        _check_idle(host)
    try:
        if differ:
            _stop(host, record)
            _check_quiet(host, record)
            _set_both(host, new)
    finally:
        _start(host, record)


def _begin(host: HostState, record: Record) -> None:
    """Make the new folder, with who may do what in it and what it says; then it gets its name."""
    drive, target = host.drive, record["target"]
    new = f"{target}{NEW}"
    _remove(host, new)
    drive.put(new, None)
    _copy_access(host, record["folder"], new, whole=True)
    values = [_held(host, name.key) for name in SCRATCHES]
    said = {"folder": record["folder"], "values": values}
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    drive.write(rf"{new}\{MARKER}", f"{text}\n".encode("utf-8-sig"))
    access = host.windows[folder_access.ACCESS]
    known = next(path for path in access if same(path, new))
    there = next((path for path in access if same(path, target)), target)
    access[there] = access.pop(known)
    drive.rename(new, target.rpartition("\\")[2])


def _copy(host: HostState, record: Record, *, held: bool, most: int | None = None) -> None:
    """Copy what is not there, or not as it is in the old folder; so many files at most."""
    drive, folder, target = host.drive, record["folder"], record["target"]
    if links := _links(drive, folder):
        raise CallFailedError("RemediateScratchLink", f"{links[0]} leads elsewhere.")
    copied = 0
    made: set[str] = set()
    for path, entry in list(_below(drive, folder)):
        above = path if entry is None else path.rpartition("\\")[0]
        if above and above not in made:
            made.add(above)
            if not drive.has_folder(rf"{target}\{above}"):
                drive.put(rf"{target}\{above}", None)
            _copy_access(host, rf"{folder}\{above}", rf"{target}\{above}")
        there = drive.entry(rf"{target}\{path}")
        if entry is None or path in OWN or there == entry:
            continue
        if held and "\\held" in f"\\{path}":
            continue
        if copied == most:
            raise CallFailedError("RemediateUnfinished", "Some is left to copy.")
        drive.put(rf"{target}\{path}", entry)
        copied += 1


def _copy_access(host: HostState, source: str, target: str, *, whole: bool = False) -> None:
    """Give a copy the owner and entries of what it is a copy of; see the writer."""
    [theirs] = folder_access.read(host, [source])
    text, told = theirs["access"], {"path": target, "leads_elsewhere": False}
    flags = re.findall(r"\([A-Z]*;([A-Z]*);", text)
    inherited = all("ID" in re.findall("..", each) for each in flags)
    own = "(" not in text or re.match("[A-Z]*P", text) is not None or not inherited
    if whole:
        text = re.sub(r"(\([A-Z]*;(?:[A-Z]{2})*?)ID((?:[A-Z]{2})*;)", r"\1\2", text)
        text = re.sub("^[A-Z]*", "P", text)
    if whole or own:
        folder_access.write(host, told, {"access": text})
    [ours] = folder_access.read(host, [target])
    if ours["owner"] != theirs["owner"]:
        folder_access.write(host, told, {"owner": theirs["owner"]})


def _check_idle(host: HostState) -> None:
    """Make sure that the agent says that it is not at work, or that its service is stopped."""
    told = _service(host)
    if told is None or told["status"] == "Stopped":
        return
    record = next(iter(backup_record.read(host, most=1)), None)
    if record is None or record["running"] is None:
        raise CallFailedError("RemediateScratchUnknown", "The agent does not say what it does.")
    if any(job["state"] in _SEEDING for job in record["finished"] or ()):
        raise CallFailedError("RemediateScratchSeeding", "A first backup is on its way.")
    if record["running"]:
        raise CallFailedError("RemediateUnfinished", "The agent backs up or restores.")


def _stop(host: HostState, record: Record) -> None:
    told = _service(host)
    if told is None or told["status"] == "Stopped":
        return
    host.drive.write(rf"{record['target']}\{STOPPED}", f"{told['status']}\n".encode())
    _make(host, told, "Stopped")


def _check_quiet(host: HostState, record: Record) -> None:
    """Make sure that no job has begun in the moment before the service was stopped here."""
    if host.drive.find(rf"{record['target']}\{STOPPED}") is None:
        return
    told = next(iter(backup_record.read(host, most=1)), None)
    if told is not None and told["running"]:
        raise CallFailedError("RemediateScratchBegun", "A backup began just before.")


def _start(host: HostState, record: Record) -> None:
    stopped, told = rf"{record['target']}\{STOPPED}", _service(host)
    if host.drive.find(stopped) is None or told is None:
        return
    _make(host, told, "Running")
    host.drive.remove(stopped)


def _make(host: HostState, told: Record, status: str) -> None:
    try:
        service.write(host, told, {"status": status})
    except CallFailedError as error:
        raise CallFailedError("RemediateScratchService", str(error)) from error


def _held(host: HostState, key: str) -> Record:
    found = registry_value.value_of(host, rf"{key}\ScratchLocation")
    return {"type": found["type"], "data": found["data"]} if found else {}


def _set(host: HostState, key: str, value: Record) -> None:
    registry_value.write(host, {"key": key, "name": "ScratchLocation"}, {"value": value})


def _set_both(host: HostState, values: list[Record]) -> None:
    for name, value in zip(SCRATCHES, values, strict=True):
        _set(host, name.key, value)


def _back(host: HostState, record: Record) -> None:
    """Both values as they were; then the copy goes, but for what is not in the old folder."""
    drive, folder, target = host.drive, record["folder"], record["target"]
    marker = _marker(drive, target)
    if marker is None or not same(marker["folder"], folder):
        raise refuse("The new folder does not say where the old one is.")
    if not any(same(text_of(host, name.key), target) for name in SCRATCHES):
        _start(host, record)
    else:
        if not _is_whole(drive, folder):
            raise refuse(f"{folder} is removed in part, or without its key file.")
        _check_idle(host)
        try:
            _stop(host, record)
            _check_quiet(host, record)
            _set_both(host, marker["values"])
        finally:
            _start(host, record)
    drive.remove(rf"{folder}\{LIST}")
    old = _files(drive, folder)
    gone = [path for path, entry in _files(drive, target).items() if old.get(path) == entry]
    for path in gone[:PART]:
        drive.remove(rf"{target}\{path}")
    if len(gone) > PART:
        raise CallFailedError("RemediateUnfinished", "Some of the copy is left.")
    left = _files(drive, target)
    for path, entry in sorted(_below(drive, target), reverse=True):
        if entry is None:
            drive.remove(rf"{target}\{path}")
    if left:
        save_list(drive, target)
        data = drive.read(rf"{target}\{MARKER}") or b""
        drive.write(rf"{target}\{KEPT}", data)
        drive.remove(rf"{target}\{MARKER}")
        return
    _remove(host, target)


def _remove(host: HostState, folder: str) -> None:
    """Take a folder away, and who may do what in it."""
    host.drive.remove(folder)
    known, start = host.windows.get(folder_access.ACCESS, {}), f"{folder}\\".casefold()
    for path in [one for one in known if f"{one}\\".casefold().startswith(start)]:
        del known[path]


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody has the agent work elsewhere, and deletes the copy; None of an unusual one."""
    del change
    if record["target"] != TARGET:
        return None
    _set_both(host, [{"type": "String", "data": r"C:\Elsewhere"}] * 2)
    _remove(host, record["target"])
    return Place.ELSEWHERE.value
