r"""Files: what is on `C:`, and what Windows' state has of their versions and times.

In short, by path: `{version: …, modified: …, text: …}`, each of which may be left out; null takes a
file away. Others stay as they are.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import check_access, same, short_form
from remediate.lab.kinds.registry_value import asked_path
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.resources.host_path import WholePath

KIND = "file"
LONG_AGO = "2026-01-05T08:00:00Z"
"""When files were written of which nothing else is said."""
_PROGRAMS = (".exe", ".dll")
HEALTHY: Record = {
    r"C:\Program Files\Microsoft Azure Recovery Services Agent\Scratch\OnlineBackup.KEK": {},
    r"C:\Program Files\WindowsPowerShell\Modules\AzureRM\3.7.0\AzureRM.psd1": {},
}


class _Short(Model):
    """A file.

    Args:
        text: what is in it.
        modified: when it was written.
        version: of a program (.exe, .dll); empty when it has none.
    """

    text: str = "practice"
    modified: datetime = datetime.fromisoformat(LONG_AGO)
    version: str = ""


_SHORT = TypeAdapter(dict[WholePath, _Short | None])


def state(host: HostState, short: object) -> None:
    """Make, change or take away the files that are named."""
    for path, known in short_form(_SHORT, short).items():
        host.drive.remove(path)
        _tell(host, path)
        if known is not None:
            host.drive.write(path, known.text.encode())
            when = known.modified.strftime("%Y-%m-%dT%H:%M:%SZ")
            _tell(host, path, file_versions=known.version, file_times=when)


def _tell(host: HostState, path: str, **facts: str) -> None:
    """Say of a file what the drive does not, and nothing else."""
    for section in ("file_versions", "file_times"):
        there = host.windows.setdefault(section, {})
        for known in [one for one in there if same(one, path)]:
            del there[known]
        if facts.get(section):
            there[path] = facts[section]


def read(host: HostState, paths: Iterable[JsonValue] | None = None) -> Iterator[Record]:
    """Each that is asked for and on a drive; or all of which it is known when they were written."""
    told: set[str] = set()
    for wanted in [*host.windows.get("file_times", {})] if paths is None else paths:
        path = asked_path(host, wanted)
        if path[1:3] == ":\\" and path.casefold() not in told:
            told.add(path.casefold())
            check_access(host, KIND, "read")
            yield {"path": path, **_facts(host, path)}


def _facts(host: HostState, path: str) -> Record:
    path = re.sub(r"\\+", r"\\", path)  # Windows takes several backslashes for one
    if host.drive.find(path) is None or host.drive.is_link(path):
        return {"size": None, "modified": None, "version": ""}
    return {
        "size": host.drive.facts(path)[0],
        "modified": _known(host, "file_times", path) or LONG_AGO,
        "version": _known(host, "file_versions", path) if path.lower().endswith(_PROGRAMS) else "",
    }


def _known(host: HostState, section: str, path: str) -> str:
    there: dict[str, str] = host.windows.get(section, {})
    return next((said for known, said in there.items() if same(known, path)), "")
