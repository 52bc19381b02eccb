"""A scan on a practice host: a write begins it, and it goes on for 100 seconds by itself."""

from collections.abc import Iterator

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds.kind import may_write
from remediate.lab.state import HostState, Record

SECONDS = 100
_USUAL = {"depth": "quick", "fault": ""}


def read(host: HostState, name: str = "") -> Iterator[Record]:
    for scan in host.section("own_scan"):
        if name in ("", scan["name"]):
            said = {name: scan.get(name, usual) for name, usual in _USUAL.items()}
            yield {"name": scan["name"], **said, **_now(host, scan)}


def _now(host: HostState, scan: Record) -> Record:
    seconds = host.clock().timestamp() - scan.get("begun", 0)
    if "wanted" not in scan or seconds >= scan.get("seconds", SECONDS):
        return {"result": scan.get("wanted", scan["result"]), "percent": 0}
    return {"result": "scanning", "percent": int(seconds) % 100}


def write(host: HostState, record: Record, after: Record) -> None:
    may_write(host, "own_scan")
    scan = next(one for one in host.section("own_scan") if one["name"] == record["name"])
    scan["depth"] = after.get("depth", record["depth"])
    if "result" not in after:
        return
    scan |= {"wanted": after["result"], "begun": host.clock().timestamp()}
    raise CallFailedError("RemediateUnfinished", "It goes on by itself.")
