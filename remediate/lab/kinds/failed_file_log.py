r"""Logs of failed files: they stand in the agent's folder Temp, on `C:`.

In short, by name: `{LastBackupFailedFiles17af1_1_5_2026.txt: {lines: [...], encoding: utf-16}}`.
These are there and no others.
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime

from pydantic import TypeAdapter

from remediate.lab.kinds.agent_module import AGENT_FOLDER
from remediate.lab.kinds.file import LONG_AGO
from remediate.lab.kinds.kind import short_form
from remediate.lab.kinds.registry_value import path_of, value_of
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.failed_file_log import FailedFileLogs
from remediate.resources.host_path import HostPath

HEALTHY: Record = {}
FIRST = "Consider adding these to exclusion list of backup policy."
"""How a log begins, as somebody's script has it."""
_CODE_PAGE = r"HKLM\SYSTEM\CurrentControlSet\Control\Nls\CodePage\ACP"
_FOLDER = f"{AGENT_FOLDER}\\Temp"
_PREFIX, _END = "lastbackupfailedfiles", ".txt"
_DEFAULT = FailedFileLogs()


class _Short(Model):
    """A log.

    Args:
        lines: of it, between the first ones and the last.
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
        text = "\r\n".join((FIRST, "-" * 40, *log.lines, "-" * 40, ""))
        host.drive.write(f"{_FOLDER}\\{name}", text.encode(log.encoding))
        times[f"{_FOLDER}\\{name}"] = log.modified.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(
    host: HostState, folder: Record | None = None, most: int = _DEFAULT.most
) -> Iterator[Record]:
    """The newest of the logs right in a folder, and the end of it."""
    asked = _DEFAULT.folder if folder is None else HostPath.model_validate(folder)
    place = path_of(host, asked)
    if place is None:
        return
    record = {"folder": place, "logs": 0, "name": "", "size": 0, "modified": None, "start": 0}
    page = value_of(host, _CODE_PAGE)
    record["code_page"] = "" if page is None else str(page["data"])
    above = f"{place}\\".casefold()
    logs = [
        path
        for path in sorted(host.drive.below(place), key=str.casefold)
        if _is_log(path) and "\\" not in path[len(above) :]
    ]
    if not logs:
        yield {**record, "tail": ""}
        return
    times = host.windows.get("file_times", {})
    newest = max(enumerate(logs), key=lambda one: (times[one[1]], one[0]))[1]
    data = host.drive.read(newest) or b""
    yield {
        **record,
        "logs": len(logs),
        "name": newest.rpartition("\\")[2],
        "modified": times[newest],
        **tail_of(data, most),
    }


def tail_of(data: bytes, most: int) -> Record:
    """The end of a file, as `Get-RemediateFileTail` has it."""
    start = max(0, len(data) - most)
    start -= start % 2
    return {"size": len(data), "start": start, "tail": b64encode(data[start:]).decode()}


def _is_log(path: str) -> bool:
    name = path.rpartition("\\")[2].casefold()
    return name.startswith(_PREFIX) and name.endswith(_END)
