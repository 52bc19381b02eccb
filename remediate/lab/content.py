"""Folders of a simulated host: the functions of `content.ps1` and `agent_module.ps1`."""

import base64
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from remediate.lab.call_error import CallFailedError, denied
from remediate.lab.module_files import BLOBS, blob, imported
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.resources.agent_module import AgentModule

_KIND = AgentModule.kind
_FACTS = ("installed", "load_error", "module_version")


@dataclass
class Kept:
    """A folder of ours beside the module's.

    Args:
        digest: the content that it is for.
        marked: we are filling it; else it is a former folder.
        files: what is whole in it, by path.
        parts: what has arrived of other files, by path.
        facts: whether the module that it was could be loaded.
        touched: when it was last written to, in seconds since 1970.
    """

    digest: str
    marked: bool
    files: dict[str, Record] = field(default_factory=dict)
    parts: dict[str, bytearray] = field(default_factory=dict)
    facts: Record = field(default_factory=dict)
    touched: float = 0.0

    def holds(self, files: list[Record]) -> bool:
        """Whether exactly these files are in it."""
        return not self.parts and self.files == {file["path"]: file for file in files}


def _get(state: HostState, arguments: Record) -> list[JsonValue]:
    if arguments:
        raise CallFailedError("ParameterBindingFailed", "Get takes no arguments.")
    digests = sorted({kept.digest for kept in state.kept.values() if not kept.marked})
    return [{**record, "kept": list[JsonValue](digests)} for record in state.kind(_KIND)]


def _set(state: HostState, arguments: Record) -> list[JsonValue]:
    record = _module(state, arguments["identity"]["path"])
    before, after = arguments["before"], arguments["after"]
    was, wanted = _manifest(before["installed"]), _manifest(after["installed"])
    if _manifest(record["installed"]) != was or record["links"]:
        detail = {"property": "installed"}
        raise CallFailedError("RemediateStale", "Its files are not what they were.", detail)
    name = None
    if wanted is not None:
        name = next(
            (
                name
                for name, kept in state.kept.items()
                if kept.digest == wanted["digest"] and kept.holds(wanted["files"])
            ),
            None,
        )
        if name is None:
            raise CallFailedError("RemediateContentMissing", "The files are not on the host.")
    if state.denied.get(_KIND) == "write":
        raise denied()
    if was is not None:  # two renames, as on Windows: a host can die between them
        _keep(state, record)
        record.update(imported(None))
    if name is not None:
        record.update(state.kept.pop(name).facts or imported(wanted))
    _changed(state)
    return []


def _keep(state: HostState, record: Record) -> None:
    """Rename the module's folder."""
    manifest = record["installed"]["manifest"]
    name = _free_name(state, manifest["digest"])
    files = {file["path"]: file for file in manifest["files"]}
    facts = {fact: record[fact] for fact in _FACTS}
    state.kept[name] = Kept(manifest["digest"], marked=False, files=files, facts=facts)


def _start(state: HostState, arguments: Record) -> list[JsonValue]:
    record = _module(state, arguments["path"])
    digest, files = arguments["digest"], arguments["files"]
    if _KIND in state.denied:
        raise denied()
    now = state.clock().timestamp()
    for name, kept in list(state.kept.items()):
        if kept.digest == digest and not kept.marked and kept.holds(files):
            return [{"folder": name, "missing": []}]
        stale = now - kept.touched >= arguments["stale"]
        if kept.marked and kept.digest != digest and stale:
            del state.kept[name]
    found = (n for n, kept in state.kept.items() if kept.digest == digest and kept.marked)
    name = next(found, None) or _free_name(state, digest)
    stage = state.kept.setdefault(name, Kept(digest, marked=True))
    stage.touched = now
    others = [kept.files.values() for kept in state.kept.values() if not kept.marked]
    own = (_manifest(record["installed"]) or {"files": []})["files"]
    there = {(file["path"], file["sha256"]) for files in (*others, own) for file in files}
    missing: list[JsonValue] = []
    for file in files:
        if (file["path"], file["sha256"]) in there:
            stage.files[file["path"]] = file
        if stage.files.get(file["path"]) != file:
            have = len(stage.parts.setdefault(file["path"], bytearray()))
            missing.append({"path": file["path"], "have": have})
    return [{"folder": name, "missing": missing}]


def _add(state: HostState, arguments: Record) -> list[JsonValue]:
    stage = state.kept.get(arguments["folder"])
    if stage is None or not stage.marked:
        raise CallFailedError("RemediateMissing", "The staging folder is no longer there.")
    if _KIND in state.denied:
        raise denied()
    stage.touched = state.clock().timestamp()
    for piece in arguments["pieces"]:
        _append(stage, piece)
    return []


def _append(stage: Kept, piece: Record) -> None:
    path = piece["path"]
    data = base64.b64decode(piece["data"])
    if piece["gzip"]:
        data = gzip.decompress(data)
    if hashlib.sha256(data).hexdigest() != piece["sha256"]:
        raise CallFailedError("RemediateDamaged", "A part of a file was damaged on its way.")
    part = stage.parts.setdefault(path, bytearray())
    if len(part) != piece["offset"]:
        raise CallFailedError("RemediateStale", "A file is not as long as it was.")
    part += data
    if piece["last"]:
        whole = bytes(stage.parts.pop(path))
        if hashlib.sha256(whole).hexdigest() != piece["whole"]:
            raise CallFailedError("RemediateDamaged", "A file is not what the source has.")
        BLOBS[piece["whole"]] = whole
        stage.files[path] = {"path": path, "size": len(whole), "sha256": piece["whole"]}


def _read(state: HostState, arguments: Record) -> list[JsonValue]:
    record = _module(state, arguments["path"])
    if state.denied.get(_KIND) == "read":
        raise denied()
    own = (_manifest(record["installed"]) or {"files": []})["files"]
    files = {file["path"]: file for file in own}
    values: list[JsonValue] = []
    for piece in arguments["pieces"]:
        data = blob(files.get(piece["path"], {}).get("sha256", ""))
        if data is None:
            raise CallFailedError("FileNotFound", f"Could not find file '{piece['path']}'.")
        data = data[piece["offset"] : piece["offset"] + piece["length"]]
        packed = gzip.compress(data, 1)
        small = len(packed) < len(data)
        text = base64.b64encode(packed if small else data).decode()
        values.append({"gzip": small, "data": text})
    return values


def _manifest(installed: Record | None) -> Record | None:
    return None if installed is None else dict(installed["manifest"])


def _module(state: HostState, path: str) -> Record:
    for record in state.kind(_KIND):
        if str(record["path"]).casefold() == path.casefold():
            return record
    raise CallFailedError("RemediateMissing", "The agent is no longer installed there.")


def _free_name(state: HostState, digest: str) -> str:
    name = f"MSOnlineBackup.remediate-{digest}"
    ends = ("", *(f"-{number}" for number in range(1, 10)))
    return next(name + end for end in ends if name + end not in state.kept)


def _changed(state: HostState) -> None:
    if state.changed:
        state.changed()


FUNCTIONS: dict[str, Callable[[HostState, dict[str, Any]], list[JsonValue]]] = {
    "Get-RemediateAgentModule": _get,
    "Set-RemediateAgentModule": _set,
    "Start-RemediateStage": _start,
    "Add-RemediateContent": _add,
    "Get-RemediateContent": _read,
}
