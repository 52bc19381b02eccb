r"""Shadow storage: `volumes`, `shadow_storages` of one volume on another, `shadow_copies`.

As on Windows, these are apart. Numbers of 64 bits are kept as text, being more than JSON promises.

In short, by volume: `{"C:": {limit: 2GB}, "D:": {}}`; one without a limit has no shadow storage. A
volume whose name is in brackets has no drive letter.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds.kind import Switch, refuse, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.model.size import Size
from remediate.resources.shadow_storage import UNBOUNDED

KIND = "shadow_storage"
HEALTHY: dict[str, Any] = {"C:": {"limit": "10GB"}, "D:": {}}
_LOCAL_DISK = 3
_GRAIN = "plausible: shadow storage grows in areas of a size of their own"
UNKIND: dict[str, Switch] = {
    "64 KB": Switch(_GRAIN, (("step", str(64 * 2**10)),)),
    "1 MB": Switch("seen: vssadmin shows and takes whole megabytes", (("step", str(2**20)),)),
    "1 %": Switch("plausible", (("less", "1%"),)),
}
"""To what a Windows may round a limit that it saves."""
DAMAGING: dict[str, Switch] = {
    "a hundredth of the volume": Switch(
        "implausible: vssadmin shows limits such as 4.395 GB", (("step", "1%"),)
    ),
    "a quarter of the volume": Switch("plausible", (("step", "25%"),)),
}
"""To what no Windows should."""
_SMALLEST, _SMALLEST_NEW = 2**20, 320 * 2**20
UNNAMED = "\\\\?\\"
"""How the name of a volume begins that has no other than its id."""


_CREATED, _PROCESSING_COMMIT = 12, 6
"""Of VSS_SNAPSHOT_STATE."""


class _Short(Model):
    """A volume, and the shadow storage of its copies.

    Args:
        limit: bytes that this may take; None when there is none.
        used: bytes that copies take.
        allocated: bytes that are set aside, those included; what is used when not said.
        on: the volume that holds the copies; itself when not said.
        copies: when each was made; None when Windows does not say.
        making: one more copy is being made.
        in_use: one more copy is there only as long as the backup that reads it.
        capacity: bytes of the volume.
        free: bytes free on it.
        file_system: that it has.
        offline: nothing is known of it but what refers to it.
    """

    limit: Size | None = None
    used: Size = 0
    allocated: Size | None = None
    on: str | None = None
    copies: tuple[str | None, ...] = ()
    making: bool = False
    in_use: bool = False
    capacity: Size = 100 * 2**30
    free: Size = 60 * 2**30
    file_system: str = "NTFS"
    offline: bool = False


_SHORT = TypeAdapter(dict[str, _Short])


def state(host: HostState, short: object) -> None:
    """These volumes and no others."""
    volumes = short_form(_SHORT, short)
    ids = {name: volume_id(number) for number, name in enumerate(volumes, 1)}
    for name, volume in volumes.items():
        if volume.on is not None and volume.on not in volumes:
            raise ValueError(f"{name}: on: there is no volume {volume.on}")
    host.windows["volumes"] = [_volume(ids[name], name, one) for name, one in volumes.items()]
    host.windows["shadow_storages"] = [
        {
            "volume": ids[name],
            "diff_volume": ids[one.on or name],
            "max_space": str(one.limit),
            "used_space": str(one.used),
            "allocated_space": str(one.used if one.allocated is None else one.allocated),
        }
        for name, one in volumes.items()
        if one.limit is not None
    ]
    host.windows["shadow_copies"] = [
        {
            "id": f"{{0b1f{number:04}-0000-0000-0000-{ids[name][35:47]}}}",
            "created": created,
            "volume": ids[name],
            "state": state,
            "persistent": persistent,
        }
        for name, one in volumes.items()
        for number, (created, state, persistent) in enumerate(_copies(one), 1)
    ]


def _copies(short: _Short) -> Iterator[tuple[str | None, int, bool]]:
    yield from ((created, _CREATED, True) for created in short.copies)
    if short.making:
        yield None, _PROCESSING_COMMIT, True
    if short.in_use:
        yield None, _CREATED, False


def volume_id(number: int) -> str:
    r"""The DeviceID of the n-th volume."""
    return f"{UNNAMED}Volume{{3f0e9c54-0000-0000-0000-{number:x}00000000000}}\\"


def _volume(id_: str, name: str, short: _Short) -> Record:
    known = not short.offline
    shown = id_ if name.startswith("(") else name.rstrip("\\") + "\\"
    return {
        "id": id_,
        "name": shown if known else "",
        "drive_type": _LOCAL_DISK,
        "file_system": short.file_system if known else None,
        "capacity": str(short.capacity) if known else None,
        "free_space": str(short.free) if known else None,
    }


def read(host: HostState) -> Iterator[Record]:
    """Each association, then each local disk with a name that has none."""
    volumes = {volume["id"]: volume for volume in host.windows.get("volumes", [])}
    storages = host.windows.get("shadow_storages", [])
    having = {storage["volume"] for storage in storages}
    none = {"max_space": None, "used_space": 0, "allocated_space": 0}
    for storage in storages:
        yield _record(host, volumes, storage)
    for id_, volume in sorted(volumes.items()):
        if id_ not in having and volume["name"] and not volume["name"].startswith(UNNAMED):
            yield _record(host, volumes, {"volume": id_, "diff_volume": id_, **none})


def _record(host: HostState, volumes: dict[str, Record], storage: Record) -> Record:
    diff = volumes.get(storage["diff_volume"], {})
    return {
        "volume": storage["volume"],
        "diff_volume": storage["diff_volume"],
        "name": _name(volumes, storage["volume"]),
        "diff_name": _name(volumes, storage["diff_volume"]),
        "max_space": _number(storage["max_space"]),
        "used_space": _number(storage["used_space"]),
        "allocated_space": _number(storage["allocated_space"]),
        "capacity": _number(diff.get("capacity")),
        "free_space": _number(diff.get("free_space")),
        "file_system": diff.get("file_system"),
        "copies": [
            {
                "id": copy["id"],
                "created": copy["created"],
                "state": copy.get("state", _CREATED),
                "persistent": copy.get("persistent", True),
            }
            for copy in host.windows.get("shadow_copies", [])
            if copy["volume"] == storage["volume"]
        ],
    }


def write(host: HostState, record: Record, after: Record) -> None:
    """A limit is raised, or lowered to what copies take at least."""
    limit = after["max_space"]
    if limit is None:
        raise refuse("Taking shadow storage away would delete its shadow copies.")
    taken = max(record["used_space"], record["allocated_space"])
    if record["max_space"] is not None and limit < min(record["max_space"], taken):
        raise refuse(f"Shadow copies take {taken} bytes; Windows would delete some.")
    _vssadmin(host, record, limit)
    ids = {name: record[name] for name in ("volume", "diff_volume")}
    storages = host.section("shadow_storages")
    there = (one for one in storages if ids.items() <= one.items())
    storage = next(there, None)
    if storage is None:
        storages.append(storage := {**ids, "used_space": "0", "allocated_space": "0"})
    volume = record["capacity"] or 0
    bounded = limit < UNBOUNDED
    storage["max_space"] = str(host.saved_size(KIND, limit, volume) if bounded else limit)


def _vssadmin(host: HostState, record: Record, limit: int) -> None:
    """It ends with 2 whatever keeps it from doing its work, and says why in the host's language."""
    if "vssadmin" in host.lacks:
        raise CallFailedError("RemediateProgramBlocked", "vssadmin was not let start.")
    new = record["max_space"] is None
    fits = limit >= (_SMALLEST_NEW if new else _SMALLEST)
    can_hold = record["file_system"] == "NTFS" or not new
    if host.denied.get(KIND) or not (fits and can_hold):
        raise CallFailedError("RemediateProgramFailed", "vssadmin ended with exit code 2.")


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """A limit that is much larger than either, unless that is none."""
    known = (change.before, change.after)
    bounded = [value for value in known if isinstance(value, int) and value < UNBOUNDED]
    value = 2 * max(bounded, default=2**30)
    write(host, record, {"max_space": value})
    ids = {name: record[name] for name in ("volume", "diff_volume")}
    [there] = (one for one in host.section("shadow_storages") if ids.items() <= one.items())
    return int(there["max_space"])


def _name(volumes: dict[str, Record], id_: str) -> str:
    name = str(volumes.get(id_, {}).get("name") or id_)
    return name if name.startswith(UNNAMED) else name.rstrip("\\")


def _number(text: str | int | None) -> int | None:
    return None if text is None else int(text)
