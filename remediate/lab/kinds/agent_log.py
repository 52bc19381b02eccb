r"""Logs of the agent: they stand in its folder Temp, on `C:`.

In short, by name: `{CBEngineCurr.errlog: {lines: [...], encoding: cp949, modified: ...}}`. These
are there and no others.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import TypeAdapter

from remediate.lab.kinds.agent_module import AGENT_FOLDER
from remediate.lab.kinds.failed_file_log import tail_of
from remediate.lab.kinds.file import LONG_AGO
from remediate.lab.kinds.kind import short_form
from remediate.lab.kinds.registry_value import path_of
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.agent_log import AgentLogs
from remediate.resources.host_path import HostPath

HEALTHY: Record = {}
_FOLDER = f"{AGENT_FOLDER}\\Temp"
_PREFIX, _END = "cbengine", ".errlog"
_DEFAULT = AgentLogs()


class _Short(Model):
    """A log.

    Args:
        lines: of it.
        encoding: that it is written in, as Python calls it.
        modified: when it was last written.
    """

    lines: tuple[str, ...] = ()
    encoding: str = "utf-8"
    modified: datetime = datetime.fromisoformat(LONG_AGO)


_SHORT = TypeAdapter(dict[str, _Short])


def state(host: HostState, short: object) -> None:
    """These logs and no others."""
    times = host.windows.setdefault("file_times", {})
    for path in [path for path in host.drive.below(_FOLDER) if _is_log(path)]:
        host.drive.remove(path)
        times.pop(path, None)
    for name, log in short_form(_SHORT, short).items():
        path = f"{_FOLDER}\\{name}"
        host.drive.write(path, "".join(f"{line}\r\n" for line in log.lines).encode(log.encoding))
        times[path] = log.modified.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(
    host: HostState,
    folder: Record | None = None,
    newest: int = _DEFAULT.newest,
    most: int = _DEFAULT.most,
) -> Iterator[Record]:
    """The newest of the logs right in a folder, and the end of each."""
    asked = _DEFAULT.folder if folder is None else HostPath.model_validate(folder)
    place = path_of(host, asked)
    if place is None:
        return
    start = len(place) + 1
    found = [path for path in host.drive.below(place) if _is_log(path) and "\\" not in path[start:]]
    times = host.windows.get("file_times", {})
    order = sorted(sorted(found, key=str.casefold), key=times.__getitem__, reverse=True)
    logs = [
        {
            "name": path[start:],
            "modified": times[path],
            **tail_of(host.drive.read(path) or b"", most),
        }
        for path in order[:newest]
    ]
    yield {"folder": place, "found": len(found), "logs": logs}


def _is_log(path: str) -> bool:
    name = path.rpartition("\\")[2].casefold()
    return name.startswith(_PREFIX) and name.endswith(_END)
