r"""Old temporary files: they stand in `C:\Windows\Temp`, and beside it when they are moved aside.

In short, how many there are of each sort: `{old: 4, new: 2}`; see `_Short`.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.drive import Drive
from remediate.lab.kinds.kind import Switch, may_write, refuse, short_form
from remediate.lab.kinds.operating_system import RENAMES
from remediate.lab.kinds.registry_value import value_of
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.old_files import OldFileSets, Place

KIND = "old_files"
HEALTHY: Record = {}
FOLDER = "C:\\Windows\\Temp"
MARKER = "remediate.moved"
LONG_AGO = "2021-03-01T08:00:00Z"
"""When files were made and written that are old, whatever clock a host has."""
PART = 10_000
"""Files that are moved in one write; a real host moves as many as it has time for."""
AWAITED = (RENAMES, f"{RENAMES}2")
"""What Windows is to move, replace or delete at its next start."""
DAMAGING: dict[str, Switch] = {
    "the folder is taken away": Switch(
        "plausible: what cleans a disk takes a folder that it does not know",
        (("without", "folder"),),
    )
}
"""What no Windows should do to files that are moved aside; on the simulated engine."""
_DEFAULT = OldFileSets()


class _Short(Model):
    """How many files there are of each sort.

    Args:
        old: nobody has touched them for years.
        new: made and written now.
        rewritten: made years ago, and written now.
        copied: written years ago, and made now, as a copy is.
        in_use: old, and open; on the simulated engine only.
        other: old, and of another extension.
        links: old links, to a file.
        aside: sets of which one file is aside, by day, each with what its folder says.
    """

    old: int = Field(0, ge=0)
    new: int = Field(0, ge=0)
    rewritten: int = Field(0, ge=0)
    copied: int = Field(0, ge=0)
    in_use: int = Field(0, ge=0)
    other: int = Field(0, ge=0)
    links: int = Field(0, ge=0)
    aside: dict[date, Place] = Field(default_factory=dict)


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """These files and no others, and none aside."""
    drive, known = host.drive, short_form(_SHORT, short)
    for path in [path for path in drive.files if path.startswith(FOLDER) and _is_ours(path)]:
        drive.remove(path)
    written: dict[str, str] = host.windows.setdefault("file_times", {})
    made: dict[str, str] = host.windows.setdefault("files_made", {})
    for times in (written, made):
        for path in [path for path in times if path.startswith(FOLDER) and _is_ours(path)]:
            del times[path]
    for day, place in known.aside.items():
        drive.put(f"{_aside(day.isoformat())}\\moved.tmp", "moved")
        _say(drive, day.isoformat(), place.value, moved=1)
    for sort, number in known.model_dump(exclude={"aside"}).items():
        for each in range(number):
            path = f"{FOLDER}\\{sort}{each:05}{'.log' if sort == 'other' else '.tmp'}"
            drive.put(path, {"link": f"{FOLDER}\\elsewhere"} if sort == "links" else sort)
            if sort not in {"new", "rewritten"}:
                written[path] = LONG_AGO
            if sort not in {"new", "copied"}:
                made[path] = LONG_AGO
    if not made:
        del host.windows["files_made"]


def _is_ours(path: str) -> bool:
    return path.endswith((".tmp", "\\" + MARKER)) or "\\other" in path


def read(host: HostState, day: str = "", days: int = _DEFAULT.days) -> Iterator[Record]:
    """The set of a day; without one, that of so many days ago, and all that have a folder."""
    drive = host.drive
    current = day or (host.clock() - timedelta(days=days)).strftime("%Y-%m-%d")
    known = [] if day else [one for one in _days(drive) if one != current]
    there = _files(drive, FOLDER)
    for one in (current, *known):
        old = [path for path in there if _is_old(host, path, one)]
        said = _said(drive, one)
        place = said["state"] if said else "there" if old else "none"
        aside = len(_files(drive, _aside(one))) if said else 0
        yield {
            "folder": FOLDER,
            "day": one,
            "place": place,
            "skipped": len(old) if place == "aside" else 0,
            "kept": aside if place == "there" else 0,
            "current": one == current,
            "total": len(there),
            "old": len(old),
            "size": sum(drive.facts(path)[0] for path in old),
            "aside": aside,
            "moved": said["moved"] if said and place == "aside" else 0,
        }


def write(host: HostState, record: Record, after: Record) -> None:
    """Some of the files get their other name; which do not, stay where they are."""
    day, back = record["day"], after["place"] == "there"
    if not back and after["place"] != "aside":
        raise refuse("Files can be moved aside or back only.")
    may_write(host, KIND)
    drive, aside = host.drive, _aside(day)
    theirs = drive.is_link(aside) or (_said(drive, day) is None and drive.below(aside))
    if not back and theirs:
        raise refuse(f"{aside} is not a folder of ours.")
    _say(drive, day, "returning" if back else "moving")
    source, target = (aside, FOLDER) if back else (FOLDER, aside)
    wanted = [p for p in _files(drive, source) if back or _is_old(host, p, day)]
    open_ = {path for path in wanted if "\\in_use" in path and not back}
    able = [
        (path, to)
        for path in wanted
        if path not in open_ and drive.find(to := target + path[len(source) :]) is None
    ]
    for path, to in able[:PART]:
        drive.move(path, to)
    if len(able) > PART:
        raise CallFailedError("RemediateUnfinished", "Some files are left.")
    if not back:
        _say(drive, day, "aside", len(_files(drive, aside)))
        if host.edits.get(KIND):
            drive.remove(aside)
        return
    _say(drive, day, "there")
    if len(drive.below(aside)) == 1:
        drive.remove(aside)


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """There is one more; None of files that are there: somebody can only take those away."""
    del record
    if change.before != "none":
        return None
    state(host, {"old": 1})
    return "there"


def _aside(day: str) -> str:
    return f"{FOLDER}.remediate-{day}"


def _days(drive: Drive) -> list[str]:
    """The days of all sets that are aside."""
    start = "Temp.remediate-"
    names = (name for name in drive.folders("C:\\Windows") if name.startswith(start))
    found = (name.removeprefix(start) for name in names)
    return [day for day in found if _said(drive, day)]


def _files(drive: Drive, folder: str) -> list[str]:
    """The .tmp files right in a folder, but for links."""
    start = len(folder) + 1
    return [
        path
        for path in drive.below(folder)
        if path.casefold().endswith(".tmp") and "\\" not in path[start:] and not drive.is_link(path)
    ]


def _is_old(host: HostState, path: str, day: str) -> bool:
    """Whether a file was both made and written before a day, and the next start needs it not.

    Of which no time is known, is new.
    """
    if path.rpartition("\\")[2].casefold() in _awaited(host):
        return False
    known = (host.windows.get(section, {}).get(path) for section in ("file_times", "files_made"))
    begins = datetime.fromisoformat(f"{day}T00:00:00Z")
    return all(said is not None and datetime.fromisoformat(said) < begins for said in known)


def _awaited(host: HostState) -> set[str]:
    held = (value_of(host, path) for path in AWAITED)
    paths = (str(path) for value in held if value for path in value["data"])
    return {path.rpartition("\\")[2].casefold() for path in paths}


def _said(drive: Drive, day: str) -> Record | None:
    """What a set's folder says of itself."""
    data = drive.read(f"{_aside(day)}\\{MARKER}")
    try:
        return None if data is None else dict(json.loads(data.decode("utf-8-sig")))
    except ValueError:  # cut off
        return {"state": "moving", "moved": 0}


def _say(drive: Drive, day: str, state: str, moved: int = 0) -> None:
    text = json.dumps({"state": state, "moved": moved}, separators=(",", ":"))
    drive.write(f"{_aside(day)}\\{MARKER}", f"{text}\n".encode("utf-8-sig"))
