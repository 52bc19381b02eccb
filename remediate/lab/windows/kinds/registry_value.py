"""The registry of the stand-in Windows: a list of keys, each with its values.

A simulated host knows values only, so a key without any is not kept when its state is changed
from outside.
"""

from pathlib import Path

from remediate.lab.state import Record


def to_windows(records: list[Record], drive: Path) -> Record:  # noqa: ARG001 - no files
    """The keys.

    Raises:
        ValueError: a record is of an absent value, which no registry holds.
    """
    keys: dict[str, Record] = {}
    for record in records:
        if record["value"] is None:
            msg = f"{record['key']}\\{record['name']}: leave out what is absent"
            raise ValueError(msg)
        key = keys.setdefault(record["key"].casefold(), {"path": record["key"], "values": []})
        key["values"].append({"name": record["name"], **record["value"]})
    return {"registry": list(keys.values())}


def from_windows(windows: Record, drive: Path) -> list[Record]:  # noqa: ARG001 - no files
    """All values of all keys."""
    return [
        {
            "key": key["path"],
            "name": value["name"],
            "value": {"type": value["type"], "data": value["data"]},
        }
        for key in windows["registry"]
        for value in key["values"]
    ]
