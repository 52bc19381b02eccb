"""Folders of a practice host: the functions of `content.write.ps1`.

A staging folder stands beside the folder that it may replace and holds a marker file as long as it
is ours to fill or to remove; without it, it is a former folder, and somebody's data.
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from remediate.lab.call_error import CallFailedError, denied
from remediate.lab.drive import MARKER, Drive
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.model.content import FileEntry, Manifest, file_path

MODULE = "agent_module"
"""The kind of resource that is made of files: who may not write it may not stage any."""

_NAME = re.compile(r"\.remediate-([0-9a-f]{16})(-[0-9])?")
_MARK = b"Being filled by remediate; may be deleted.\n"
_PART = ".part"


@dataclass(frozen=True)
class Kept:
    """A folder of ours beside another.

    Args:
        path: the folder.
        digest: the content that it is for.
        marked: we are filling it; else it is a former folder.
    """

    path: str
    digest: str
    marked: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.rpartition("\\")[2]


def kept(drive: Drive, path: str) -> Iterator[Kept]:
    """The folders of ours beside a folder."""
    parent, _, leaf = path.rpartition("\\")
    for name in drive.folders(parent):
        if name[: len(leaf)].casefold() == leaf.casefold():
            found = _NAME.fullmatch(name, len(leaf))
            if found:
                place = f"{parent}\\{name}"
                marked = drive.find(f"{place}\\{MARKER}") is not None
                yield Kept(place, found[1], marked)


def files_in(drive: Drive, folder: str) -> tuple[dict[str, FileEntry], list[str]]:
    """The files in a folder, by relative path, and what in it leads elsewhere."""
    files, links = {}, []
    for path in drive.below(folder):
        inside = path[len(folder) + 1 :]
        if drive.is_link(path):
            links.append(inside)
        elif inside != MARKER:
            size, sha256 = drive.facts(path)
            files[inside] = FileEntry(path=inside, size=size, sha256=sha256)
    return files, sorted(links)


def manifest_of(drive: Drive, folder: str) -> tuple[Record | None, list[str]]:
    """The manifest of a folder, None when there is no such folder, and what leads elsewhere."""
    if not drive.has_folder(folder):
        return None, []
    files, links = files_in(drive, folder)
    return Manifest.of(files.values()).model_dump(mode="json"), links


def holds(drive: Drive, folder: str, files: list[Record]) -> bool:
    """Whether exactly these files are in a folder."""
    there, links = files_in(drive, folder)
    wanted = {file["path"]: FileEntry.model_validate(file) for file in files}
    return not links and there == wanted


def free_name(drive: Drive, path: str, digest: str) -> str:
    """A name beside a folder for content with this digest that is not taken."""
    parent, _, leaf = path.rpartition("\\")
    name = f"{leaf}.remediate-{digest}"
    ends = ("", *(f"-{number}" for number in range(1, 10)))
    return next(name + end for end in ends if not drive.has_folder(f"{parent}\\{name}{end}"))


def _start(state: HostState, arguments: Record) -> list[JsonValue]:
    drive, path = state.drive, arguments["path"]
    digest, files = arguments["digest"], arguments["files"]
    _may(state)
    for file in files:
        _check_path(file["path"])
    now = state.clock().timestamp()
    stage, others = None, [path]
    for one in list(kept(drive, path)):
        if one.digest == digest and not one.marked and holds(drive, one.path, files):
            return [{"folder": one.name, "missing": []}]
        if one.digest == digest and one.marked:
            stage = one.path
        elif not one.marked:
            others.append(one.path)
        elif now - drive.written(f"{one.path}\\{MARKER}") >= arguments["stale"]:
            drive.remove(one.path)
    if stage is None:
        parent = path.rpartition("\\")[0]
        stage = f"{parent}\\{free_name(drive, path, digest)}"
    elif files_in(drive, stage)[1]:
        raise CallFailedError(
            "RemediateRefused", "In the staging folder something leads elsewhere."
        )
    drive.write(f"{stage}\\{MARKER}", _MARK, written=now)
    there = [files_in(drive, folder)[0] for folder in others]
    missing = [_missing(drive, file, stage, others, there) for file in files]
    return [{"folder": stage.rpartition("\\")[2], "missing": [one for one in missing if one]}]


def _missing(
    drive: Drive, file: Record, stage: str, others: list[str], there: list[dict[str, FileEntry]]
) -> JsonValue:
    """How much of a file is in the staging folder; None when all of it, perhaps as of now."""
    wanted, place = FileEntry.model_validate(file), f"{stage}\\{file['path']}"
    if drive.find(place) and drive.facts(place) == (wanted.size, wanted.sha256):
        return None
    for folder, known in zip(others, there, strict=True):
        if known.get(wanted.path) == wanted:
            drive.put(place, drive.entry(f"{folder}\\{wanted.path}"))
            return None
    if drive.find(place):
        drive.remove(place)
    have = drive.facts(place + _PART)[0] if drive.find(place + _PART) else 0
    if have > wanted.size:
        drive.remove(place + _PART)
        have = 0
    return {"path": wanted.path, "have": have}


def _add(state: HostState, arguments: Record) -> list[JsonValue]:
    drive = state.drive
    ours = (one for one in kept(drive, arguments["path"]) if one.name == arguments["folder"])
    stage = next((one.path for one in ours if one.marked), None)
    if stage is None:
        raise CallFailedError("RemediateMissing", "The staging folder is no longer there.")
    _may(state)
    drive.write(f"{stage}\\{MARKER}", _MARK, written=state.clock().timestamp())
    for piece in arguments["pieces"]:
        _append(drive, stage, piece)
    return []


def _append(drive: Drive, stage: str, piece: Record) -> None:
    _check_path(piece["path"])
    data = base64.b64decode(piece["data"])
    if piece["gzip"]:
        data = gzip.decompress(data)
    if hashlib.sha256(data).hexdigest() != piece["sha256"]:
        raise CallFailedError("RemediateDamaged", "A part of a file was damaged on its way.")
    place = f"{stage}\\{piece['path']}"
    have = drive.facts(place + _PART)[0] if drive.find(place + _PART) else 0
    if have != piece["offset"]:
        raise CallFailedError("RemediateStale", "A file is not as long as it was.")
    drive.append(place + _PART, data)
    if piece["last"]:
        whole = drive.read(place + _PART) or b""
        drive.remove(place + _PART)
        if hashlib.sha256(whole).hexdigest() != piece["whole"]:
            raise CallFailedError("RemediateDamaged", "A file is not what the source has.")
        drive.write(place, whole)


def _read(state: HostState, arguments: Record) -> list[JsonValue]:
    if state.denied.get(MODULE) == "read":
        raise denied()
    values: list[JsonValue] = []
    for piece in arguments["pieces"]:
        _check_path(piece["path"])
        whole = state.drive.read(f"{arguments['path']}\\{piece['path']}")
        if whole is None:
            raise CallFailedError("FileNotFound", f"Could not find file '{piece['path']}'.")
        data = whole[piece["offset"] : piece["offset"] + piece["length"]]
        if len(data) != piece["length"]:
            raise CallFailedError("RemediateStale", "A file of the source has become shorter.")
        packed = gzip.compress(data, 1)
        small = len(packed) < len(data)
        text = base64.b64encode(packed if small else data).decode()
        values.append({"gzip": small, "data": text})
    return values


def _may(state: HostState) -> None:
    if MODULE in state.denied:
        raise denied()


def _check_path(path: str) -> None:
    try:
        file_path(path)
    except ValueError as error:
        raise CallFailedError("RemediateRefused", "A path leads out of its folder.") from error


FUNCTIONS: Mapping[str, Callable[[HostState, dict[str, Any]], list[JsonValue]]] = {
    "Start-RemediateStage": _start,
    "Add-RemediateContent": _add,
    "Get-RemediateContent": _read,
}
