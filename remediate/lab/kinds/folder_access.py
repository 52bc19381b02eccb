r"""Who may do what in folders: Windows' state has it by path, in `access`.

In short, by path: `{owner: BA, access: 'AI(A;OICI;FA;;;SY)'}`, each as SDDL has it; what is not
said is as on a healthy host. A folder that is not there is made; null takes one away. What is
audited of one is kept with it, and is no part of its record.
"""

from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from remediate.lab.kinds.folder_marks import SCRATCH, asked_folders
from remediate.lab.kinds.kind import (
    Switch,
    check_access,
    may_write,
    refuse,
    same,
    short_form,
)
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.host_path import WholePath

KIND = "folder_access"
ACCESS = "access"
HEALTHY: Record = {SCRATCH: {}, rf"{SCRATCH}\VHDs": {}}
INHERITED = "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)"
"""What a folder has from the one above; the same everywhere on a practice host."""

_SEEN = "documented: .NET puts the entries of a list in order, and merges those that it can"
UNKIND: dict[str, Switch] = {
    "accounts by number": Switch("plausible", ((";;;SY\\)", ";;;S-1-5-18)"),)),
    "rights by number": Switch("plausible", ((";FA;", ";0x1f01ff;"),)),
    "entries in another order": Switch(
        _SEEN, (("(\\(A;OICI;[^)]*\\))(\\(A;OICI;[^)]*\\))", "$2$1"),)
    ),
    "an entry in two": Switch(_SEEN, (("\\(A;OICI;([^)]*)\\)", "(A;;$1)(A;OICIIO;$1)"),)),
    "that it was inherited": Switch("documented: SE_DACL_AUTO_INHERITED", (("^(P?)\\(", "$1AI("),)),
}
"""What a Windows may make of an access list that it saves."""
DAMAGING: dict[str, Switch] = {
    "an entry is lost": Switch("plausible", (("\\(A;OICI;FA;;;S-1-5-32-544\\)", ""),)),
    "it takes nothing from above": Switch("plausible", (("^AI", "PAI"),)),
}
"""What no Windows should."""


class _Short(Model):
    """Who may do what in a folder.

    Args:
        owner: of it.
        group: of it.
        access: its access list.
        audit: what is audited, as SDDL has it after `S:`.
    """

    owner: str = "SY"
    group: str = "SY"
    access: str = f"AI{INHERITED}"
    audit: str = "AI(AU;OICISA;FA;;;WD)"


_SHORT = TypeAdapter(dict[WholePath, _Short | None])


def state(host: HostState, short: object) -> None:
    """Say of the folders that are named who may do what in them."""
    known: Record = host.windows.setdefault(ACCESS, {})
    for path, one in short_form(_SHORT, short).items():
        for there in [each for each in known if same(each, path)]:
            del known[there]
        if one is None:
            host.drive.remove(path)
            continue
        if not (host.drive.find(path) or host.drive.has_folder(path)):
            host.drive.put(path, None)
        known[path] = one.model_dump()


def read(host: HostState, paths: Iterable[JsonValue] | None = None) -> Iterator[Record]:
    """Each that is asked for and there; or all of which the state says who may do what."""
    for path in asked_folders(host, [*host.windows.get(ACCESS, {})] if paths is None else paths):
        link = host.drive.is_link(path)
        if link or host.drive.has_folder(path):
            check_access(host, KIND, "read")
            said = {name: one for name, one in _said(host, path).items() if name != "audit"}
            yield {"path": path, **said, "leads_elsewhere": link}


def _said(host: HostState, path: str) -> Record:
    known: Record = host.windows.get(ACCESS, {})
    return next((one for there, one in known.items() if same(there, path)), _Short().model_dump())


def write(host: HostState, record: Record, after: Record) -> None:
    """Write what is the folder's own; what comes from above is made anew."""
    if record["leads_elsewhere"]:
        raise refuse("The folder leads elsewhere.")
    may_write(host, KIND)
    path = str(record["path"])
    known: Record = host.windows.setdefault(ACCESS, {})
    there = next((one for one in known if same(one, path)), path)
    said = {**_said(host, path), **after}
    said["access"] = host.saved_text(KIND, said["access"])
    known[there] = said


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody takes the folder for himself."""
    value = "S-1-5-21-1-2-3-1104"
    if change.property == "access":
        value = f"PAI(A;CI;CCDC;;;{value})"
    write(host, record, {change.property: value})
    return value
