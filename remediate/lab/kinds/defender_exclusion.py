r"""Microsoft Defender's exclusions. Windows' state has `defender`: each with its list and value.

Whether Defender runs, its service says. In short, by list: `{path: ['C:\Scratch'], process: []}`.
"""

from collections.abc import Iterator

from pydantic import TypeAdapter

from remediate.lab.call_error import denied
from remediate.lab.kinds.kind import Switch, may_write, same, short_form
from remediate.lab.kinds.registry_value import value_of
from remediate.lab.state import HostState, Record
from remediate.resources.defender_exclusion import DEFENDER, HIDDEN, ExclusionList

KIND = "defender_exclusion"
_AGENT = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
_REPLACES = "^replaces$"
HEALTHY = {
    "path": [rf"{_AGENT}\Scratch", rf"{_AGENT}\bin"],
    "process": [rf"{_AGENT}\bin\cbengine.exe"],
}
UNKIND: dict[str, Switch] = {
    "capitals": Switch("plausible", (("Program Files", "PROGRAM FILES"), ("bin", "BIN"))),
}
"""What Defender may make of an exclusion that it saves."""
DAMAGING: dict[str, Switch] = {
    "nothing is saved": Switch(
        "documented: with tamper protection changes are ignored", ((r"^[\s\S]+$", ""),)
    ),
    "what others have is lost": Switch(
        "documented: Set-MpPreference puts a list in the place of another", ((_REPLACES, ""),)
    ),
}
"""What it should not."""
_SHORT = TypeAdapter(dict[ExclusionList, list[str]])


def state(host: HostState, short: object) -> None:
    """These exclusions and no others."""
    lists = short_form(_SHORT, short)
    host.windows["defender"] = [
        {"list": name.value, "value": value} for name, values in lists.items() for value in values
    ]


def read(host: HostState, *, shown: bool = False) -> Iterator[Record]:
    """All, if Defender runs; where a policy hides them, a text in place of each list."""
    hidden = value_of(host, str(HIDDEN))
    is_hidden = hidden is not None and hidden["data"] == 1
    if shown and is_hidden:
        return
    services = host.windows.get("services", [])
    if not any(same(one["name"], DEFENDER) and one["state"] == "Running" for one in services):
        return
    if is_hidden:
        raise denied()
    for one in host.windows.get("defender", []):
        yield {**one, "present": True}


def write(host: HostState, record: Record, after: Record) -> None:
    """Each is added to its list, or taken out of it."""
    may_write(host, KIND)
    value = record["value"]
    if after["present"]:
        saved = host.saved_text(KIND, value)
        if (_REPLACES, "") in host.edits.get(KIND, ()):
            host.section("defender").clear()
        if saved:
            host.section("defender").append({"list": record["list"], "value": saved})
        return
    host.section("defender")[:] = [
        one
        for one in host.section("defender")
        if one["list"] != record["list"] or not same(one["value"], value)
    ]
