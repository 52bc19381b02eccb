"""A logon on a practice host: keeps a digest of its password, and says whether it has one."""

import hashlib
from collections.abc import Iterator

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds.kind import may_write
from remediate.lab.state import HostState, Record


def read(host: HostState, name: str = "") -> Iterator[Record]:
    for one in host.section("own_logon"):
        if name in ("", one["name"]):
            yield {"name": one["name"], "given": one["given"]}


def write(host: HostState, record: Record, after: Record) -> None:
    may_write(host, "own_logon")
    one = next(each for each in host.section("own_logon") if each["name"] == record["name"])
    if one.get("echoes"):
        raise CallFailedError("Rejected", f"The password {after['password']} is not good enough.")
    one["given"] = after["given"]
    if "password" in after:
        one["digest"] = hashlib.sha256(after["password"].encode()).hexdigest()
