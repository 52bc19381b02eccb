"""A pile on a practice host: a write moves three files, and ends unfinished while some are left."""

from collections.abc import Iterator

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds.kind import may_write
from remediate.lab.state import HostState, Record

PART = 3


def read(host: HostState, name: str = "") -> Iterator[Record]:
    for pile in host.section("own_pile"):
        if name in ("", pile["name"]):
            whole = {0: "there", pile["total"]: "aside"}
            said = {key: value for key, value in pile.items() if key not in {"busy", "keys"}}
            yield {"fault": "", **said, "place": whole.get(pile["moved"], "partly")}


def write(host: HostState, record: Record, after: Record) -> None:
    may_write(host, "own_pile")
    pile = next(one for one in host.section("own_pile") if one["name"] == record["name"])
    pile["keys"] = [*pile.get("keys", ()), *(after[name] for name in after.keys() & {"key"})]
    step = PART if after["place"] == "aside" else -PART
    if pile.get("busy") != pile["moved"]:  # a file in use stays where it is
        pile["moved"] = max(0, min(pile["total"], pile["moved"] + step))
    if pile["moved"] != (pile["total"] if step > 0 else 0):
        raise CallFailedError("RemediateUnfinished", "Some files are left.")
