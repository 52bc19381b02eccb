"""Shadow storage of the stand-in Windows: volumes, associations of two of them, shadow copies.

As on Windows, these are apart. Numbers of 64 bits are kept as text, being more than JSON promises.
"""

from pathlib import Path

from remediate.lab.state import Record

_LOCAL_DISK = 3
_UNNAMED = "\\\\?\\"


def to_windows(records: list[Record], drive: Path) -> Record:  # noqa: ARG001 - no files
    """The volumes that the records are about, with their shadow storage and shadow copies.

    Raises:
        ValueError: the records contradict each other, or one about a volume is missing.
    """
    volumes: dict[str, Record] = {}
    for record in records:
        space = {name: _text(record[name]) for name in ("capacity", "free_space")}
        facts = {**space, "file_system": record["file_system"]}
        _add(volumes, _volume(record["diff_volume"], record["diff_name"], **facts))
    for record in records:
        if record["volume"] not in volumes:
            _add(volumes, _volume(record["volume"], record["name"]))
    _complete(records, volumes)
    copies = {
        copy["id"]: {**copy, "volume": record["volume"]}
        for record in records
        for copy in record["copies"]
    }
    order = dict.fromkeys([one["volume"] for one in records] + list(volumes))
    return {
        "volumes": [volumes[id_] for id_ in order],
        "shadow_storages": [_storage(one) for one in records if one["max_space"] is not None],
        "shadow_copies": list(copies.values()),
    }


def from_windows(windows: Record, drive: Path) -> list[Record]:  # noqa: ARG001 - no files
    """Each association, and each local disk with a name and without shadow storage."""
    volumes = {volume["id"]: volume for volume in windows["volumes"]}
    storages = windows["shadow_storages"]
    having = {storage["volume"] for storage in storages}
    none = [
        {
            "volume": id_,
            "diff_volume": id_,
            "max_space": None,
            "used_space": 0,
            "allocated_space": 0,
        }
        for id_, volume in volumes.items()
        if id_ not in having and volume["name"] and not volume["name"].startswith(_UNNAMED)
    ]
    order = list(volumes)
    found = sorted([*storages, *none], key=lambda one: order.index(one["volume"]))
    return [_record(windows, volumes, storage) for storage in found]


def _record(windows: Record, volumes: dict[str, Record], storage: Record) -> Record:
    diff = volumes[storage["diff_volume"]]
    return {
        "volume": storage["volume"],
        "diff_volume": storage["diff_volume"],
        "name": _name(volumes, storage["volume"]),
        "diff_name": _name(volumes, storage["diff_volume"]),
        "max_space": _number(storage["max_space"]),
        "used_space": _number(storage["used_space"]),
        "allocated_space": _number(storage["allocated_space"]),
        "capacity": _number(diff["capacity"]),
        "free_space": _number(diff["free_space"]),
        "file_system": diff["file_system"],
        "copies": [
            {"id": copy["id"], "created": copy["created"]}
            for copy in windows["shadow_copies"]
            if copy["volume"] == storage["volume"]
        ],
    }


def _volume(
    id_: str,
    name: str,
    capacity: str | None = None,
    free_space: str | None = None,
    file_system: str | None = None,
) -> Record:
    """A volume; the name of one that is offline is empty, and Windows does not list it."""
    return {
        "id": id_,
        "name": "" if name == id_ and capacity is None else name.rstrip("\\") + "\\",
        "drive_type": _LOCAL_DISK,
        "file_system": file_system,
        "capacity": capacity,
        "free_space": free_space,
    }


def _add(volumes: dict[str, Record], volume: Record) -> None:
    if volumes.setdefault(volume["id"], volume) != volume:
        raise ValueError(f"what is said of volume {volume['id']} differs between records")


def _complete(records: list[Record], volumes: dict[str, Record]) -> None:
    own = {record["volume"] for record in records}
    for volume in volumes.values():
        named = volume["name"] and not volume["name"].startswith(_UNNAMED)
        if named and volume["id"] not in own:
            raise ValueError(f"{volume['name']} is a volume of its own, and has no record")
    for record in records:
        if record["max_space"] is None and record["volume"] != record["diff_volume"]:
            raise ValueError(f"{record['name']} has no shadow storage, so it cannot be elsewhere")


def _storage(record: Record) -> Record:
    names = ("max_space", "used_space", "allocated_space")
    sizes = {name: str(record[name]) for name in names}
    return {"volume": record["volume"], "diff_volume": record["diff_volume"], **sizes}


def _name(volumes: dict[str, Record], id_: str) -> str:
    name = str(volumes[id_]["name"]) or id_
    return name if name.startswith(_UNNAMED) else name.rstrip("\\")


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _number(text: str | int | None) -> int | None:
    return None if text is None else int(text)
