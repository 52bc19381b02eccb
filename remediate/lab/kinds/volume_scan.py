r"""Scans of volumes. What runs have asked for stands in files below `C:\Program Files\remediate`.

Windows' state has `scans`: by DeviceID, what a scan finds, and with what number it is refused. In
short, by the name of a volume: `{"D:": {finds: 2}}`; see `_Short`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError, denied
from remediate.lab.drive import OURS
from remediate.lab.kinds.kind import Switch, refuse, short_form
from remediate.lab.kinds.volume import _shown
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.service import Moment
from remediate.resources.volume import DriveType
from remediate.resources.volume_scan import NTFS, ScanState

KIND = "volume_scan"
HEALTHY: Record = {}
CLEAN, DAMAGED = "NoErrorsFound", "ErrorsFound"
UNKIND: dict[str, Switch] = {
    "it finds damage": Switch("documented: ErrorsFound of Repair-Volume", (("finds", "3"),)),
}
"""What comes of each scan."""
DAMAGING: dict[str, Switch] = {
    "its process is ended": Switch(
        "plausible: a security product ends what WMI has started", (("ended", ""),)
    ),
}
"""What may become of one."""
_PROCESS = {"id": 5120, "created": "2026-01-02T03:04:05.0000000Z"}
_START = "2026-01-02T03:04:05.0000000Z"
_FOLDER = f"{OURS}scans\\"


class _Short(Model):
    """What is known of a volume, and what a scan of it comes to.

    Args:
        scan: when the last scan of ours ended; None when there was none.
        corruptions: that Windows has written down.
        finds: that a scan finds besides.
        refuses: the number with which Windows refuses to scan it.
        silent: Windows does not say how many corruptions it has written down.
        lasts: seconds that a scan takes; on the simulated engine only.
        state: what has become of the last that was asked for.
    """

    scan: Moment | None = None
    corruptions: int = Field(0, ge=0)
    finds: int = Field(0, ge=0)
    refuses: int = Field(0, ge=0)
    silent: bool = False
    lasts: int = Field(0, ge=0)
    state: ScanState = ScanState.NONE


_SHORT = TypeAdapter(dict[str, _Short])


def state(host: HostState, short: object) -> None:
    """These, and of the other volumes nothing."""
    scans = {}
    for name, one in short_form(_SHORT, short).items():
        volume = next((each for each in host.section("volumes") if _shown(each) == name), None)
        if volume is None:
            raise ValueError(f"there is no volume {name}")
        device = volume["id"]
        scans[device] = one.model_dump(exclude={"scan", "state"})
        if one.scan is not None:
            _say(host, device, "ended", at=_START, scan=one.scan, said=CLEAN)
        if one.state is not ScanState.NONE:
            _say(host, device, "asked", at=f"{_START[:-1]}1Z")
        if one.state is ScanState.RUNNING:
            _start(host, device, f"{_START[:-1]}1Z")
        if one.state is ScanState.REFUSED:
            _say(host, device, "refused", at=f"{_START[:-1]}1Z", code=str(one.refuses))
    host.windows.pop("scans", None)
    if scans:
        host.windows["scans"] = scans


def read(host: HostState) -> Iterator[Record]:
    """Every local volume with a file system."""
    for volume in host.windows.get("volumes", []):
        if not volume["name"] or not volume["file_system"]:
            continue
        if volume["drive_type"] != DriveType.LOCAL:
            continue
        device, name = volume["id"], _shown(volume)
        _pass_time(host, device)
        ended, scan = _said(host, device, "ended"), _scan(host, device)
        known = volume["file_system"] == NTFS and not scan.get("silent")
        what, refused = _state(host, device)
        yield {
            "device": device,
            "name": name,
            "file_system": volume["file_system"],
            "system": name == "C:",
            "scan": ended.get("scan"),
            "said": ended.get("said", ""),
            "state": what.value,
            "refused": refused,
            "corruptions": scan.get("corruptions", 0) if known else None,
        }


def write(host: HostState, record: Record, after: Record) -> None:
    """Start a scan, unless one is under way; it ends in its own time."""
    del after
    device = record["device"]
    if _state(host, device)[0] is not ScanState.RUNNING:
        if host.denied.get(KIND) == "write":
            raise denied()
        if "powershell.exe" in host.lacks:
            raise refuse("The scan could not be started: Create of Win32_Process returned 8.")
        at = host.clock().strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        _say(host, device, "asked", at=at)
        if not any(how == "ended" for how, _ in host.edits.get(KIND, ())):
            _start(host, device, at)
            _pass_time(host, device)
    raise CallFailedError("RemediateUnfinished", "The volume is being scanned.")


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody has it scanned by another run."""
    del change
    _end(host, record["device"], host.clock().strftime("%Y-%m-%dT%H:%M:%S.%f0Z"))
    return _said(host, record["device"], "ended")["scan"]


def _state(host: HostState, device: str) -> tuple[ScanState, int]:
    at = _said(host, device, "asked").get("at")
    if at is None:
        return ScanState.NONE, 0
    if _said(host, device, "ended").get("at") == at:
        return ScanState.DONE, 0
    refused = _said(host, device, "refused")
    if refused.get("at") == at:
        return ScanState.REFUSED, int(refused["code"])
    started = _said(host, device, "process")
    alive = [str(one["id"]) for one in host.windows.get("scan_processes", [])]
    running = started.get("at") == at and started.get("id") in alive
    return ScanState.RUNNING if running else ScanState.BROKEN_OFF, 0


def _start(host: HostState, device: str, at: str) -> None:
    _say(host, device, "process", at=at, id=str(_PROCESS["id"]), created=str(_PROCESS["created"]))
    host.section("scan_processes").append(dict(_PROCESS))


def _pass_time(host: HostState, device: str) -> None:
    """Let a scan end whose time has come."""
    at = _said(host, device, "asked").get("at", "")
    lasts = timedelta(seconds=_scan(host, device).get("lasts", 0))
    begun = datetime.fromisoformat(at[:26] + "Z") if at else host.clock()
    what, _ = _state(host, device)
    if what is ScanState.RUNNING and at[:19] != _START[:19] and host.clock() >= begun + lasts:
        _end(host, device, at)
        host.windows["scan_processes"].pop()
        if not host.windows["scan_processes"]:
            del host.windows["scan_processes"]


def _end(host: HostState, device: str, at: str) -> None:
    """What a scan comes to."""
    scan = _scan(host, device)
    volume = next(one for one in host.windows["volumes"] if one["id"] == device)
    code = scan.get("refuses", 0) or (0 if volume["file_system"] == NTFS else 43001)
    if code:
        _say(host, device, "refused", at=at, code=str(code))
        return
    more = (int(much) for how, much in host.edits.get(KIND, ()) if how == "finds")
    found = scan.get("finds", 0) + sum(more)
    if found:
        known = host.windows.setdefault("scans", {}).setdefault(device, {})
        known["corruptions"] = known.get("corruptions", 0) + found
    now = host.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    _say(host, device, "ended", at=at, scan=now, said=DAMAGED if found else CLEAN)


def _scan(host: HostState, device: str) -> Record:
    found: Record = host.windows.get("scans", {}).get(device, {})
    return found


def _path(device: str, name: str) -> str:
    return f"{_FOLDER}{device[11:-2]}\\{name}"


def _said(host: HostState, device: str, name: str) -> dict[str, str]:
    """What a file of ours says."""
    text = (host.drive.read(_path(device, name)) or b"").decode()
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value for key, _, value in pairs}


def _say(host: HostState, device: str, name: str, **values: str) -> None:
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    host.drive.write(_path(device, name), lines.encode())
