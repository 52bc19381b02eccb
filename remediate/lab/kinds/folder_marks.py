r"""What folders, and files in them, are marked as: Windows' state has it by path, in `marks`.

In short, by path: `[Compressed, Encrypted, Sparse]`, or `[Link]` of what leads to a folder that is
there. A folder that is not there is made; null takes one away, with all that is in it. Others stay
as they are.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds.kind import Switch, check_access, refuse, same, short_form
from remediate.lab.kinds.registry_value import asked_path
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.resources.folder_marks import Marks
from remediate.resources.host_path import WholePath

KIND = "folder_marks"
MARKS = "marks"
SCRATCH = r"C:\Program Files\Microsoft Azure Recovery Services Agent\Scratch"
HEALTHY: Record = {SCRATCH: [], rf"{SCRATCH}\VHDs": []}
LED_TO = r"C:\ProgramData"
"""Where a link leads; each host has it."""

UNKIND: dict[str, Switch] = {
    "the files in it, too": Switch("plausible", (("too", ""),)),
}
"""What a Windows may do besides when it takes a mark from a folder."""
DAMAGING: dict[str, Switch] = {
    "it becomes encrypted": Switch("plausible", (("becomes", "Encrypted"),)),
}
"""What no Windows should."""

_Mark = Literal["Compressed", "Encrypted", "Sparse", "Link"]
_SHORT = TypeAdapter(dict[WholePath, list[_Mark] | None])
_SETTABLE = {"compressed": "Compressed", "encrypted": "Encrypted"}
_MOST, _SAID = 5_000, 100


def state(host: HostState, short: object) -> None:
    """Mark what is named, and make it where it is not there."""
    for path, marks in short_form(_SHORT, short).items():
        _forget(host, path)
        if marks is None or "Link" in marks:
            host.drive.remove(path)
        if marks is None:
            continue
        if "Link" in marks:
            host.drive.put(path, {"link": LED_TO})
        elif not (host.drive.find(path) or host.drive.has_folder(path)):
            host.drive.put(path, None)
        host.windows.setdefault(MARKS, {})[path] = [mark for mark in marks if mark != "Link"]


def _forget(host: HostState, path: str) -> None:
    there = host.windows.get(MARKS, {})
    for known in [one for one in there if same(one, path)]:
        del there[known]


def read(host: HostState, paths: Iterable[JsonValue] | None = None) -> Iterator[Record]:
    """Each that is asked for and there; or all of which the state says what they are marked as."""
    for path in asked_folders(host, [*host.windows.get(MARKS, {})] if paths is None else paths):
        yield from _folder(host, path)


def asked_folders(host: HostState, paths: Iterable[JsonValue]) -> Iterator[str]:
    """The paths on drives that are asked for, each once and in one form."""
    told: set[str] = set()
    for wanted in paths:
        path = re.sub(r"\\+", r"\\", asked_path(host, wanted)).rstrip("\\")
        if path[1:3] == ":\\" and path.casefold() not in told:
            told.add(path.casefold())
            yield path


def _folder(host: HostState, path: str) -> Iterator[Record]:
    link = host.drive.is_link(path)
    if not (link or host.drive.has_folder(path)):
        return
    check_access(host, KIND, "read")
    marks = _marks(host, path)
    names = [] if link else _names(host, path)[:_MOST]
    inside = [
        {"name": name, "folder": not _is_file(host, f"{path}\\{name}"), "marks": int(found)}
        for name in names
        if (found := _marks(host, f"{path}\\{name}"))
    ]
    yield {
        "path": path,
        "compressed": Marks.COMPRESSED in marks,
        "encrypted": Marks.ENCRYPTED in marks,
        "leads_elsewhere": link,
        "inside": inside[:_SAID],
        "looked_at": len(names),
    }


def _names(host: HostState, folder: str) -> list[str]:
    """What stands right in a folder."""
    start = len(folder) + 1
    files = [path[start:] for path in host.drive.below(folder)]
    return sorted({*host.drive.folders(folder), *(name for name in files if "\\" not in name)})


def _is_file(host: HostState, path: str) -> bool:
    return host.drive.find(path) is not None and not host.drive.is_link(path)


def _marks(host: HostState, path: str) -> Marks:
    said: dict[str, list[str]] = host.windows.get(MARKS, {})
    names = next((marks for known, marks in said.items() if same(known, path)), [])
    link = Marks.LINK if host.drive.is_link(path) else Marks(0)
    return link | Marks(sum(Marks[name.upper()] for name in names))


def write(host: HostState, record: Record, after: Record) -> None:
    """Take marks away, then set others; what is there stays as it is on a kind Windows."""
    if record["leads_elsewhere"]:
        raise refuse("The folder leads elsewhere.")
    if KIND in host.denied:
        raise CallFailedError("RemediateProgramFailed", "A program ended with exit code 1.")
    path = str(record["path"])
    for wanted in (False, True):
        for name, mark in _SETTABLE.items():
            if after.get(name) is wanted:
                _mark(host, path, mark, wanted)


def _mark(host: HostState, path: str, mark: str, wanted: bool) -> None:
    known = host.windows.setdefault(MARKS, {})
    edits = dict(host.edits.get(KIND, ()))
    places = [path]
    if "too" in edits and not wanted:
        below = (one for one in known if one.casefold().startswith(f"{path}\\".casefold()))
        places += [one for one in below if _is_file(host, one)]
    for place in places:
        name = next((one for one in known if same(one, place)), place)
        kept = [one for one in known.get(name, []) if one != mark]
        known[name] = [*kept, mark] if wanted else kept
    if "becomes" in edits and mark != edits["becomes"]:
        name = next(one for one in known if same(one, path))
        known[name] = [*dict.fromkeys([*known[name], edits["becomes"]])]
