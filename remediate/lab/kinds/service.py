r"""Services, with their processes, dependents and iSCSI sessions. Windows' state has `services`.

When a service was last seen stopped is in a file that our own Set leaves; see `service.ps1`. One
that is on its way says what it `becomes`, and when.

In short, by name: `{MSiSCSI: {status: Stopped}}`; what is not said is as on a healthy host.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import randrange
from typing import Any

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.drive import OURS
from remediate.lab.kinds.kind import Switch, may_write, refuse, same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.service import Moment, ServiceStatus, StartMode

KIND = "service"
HEALTHY: dict[str, Any] = {
    "MSiSCSI": {},
    "W32Time": {"start": StartMode.AUTO},
    "obengine": {"start": StartMode.AUTO},
    "RpcSs": {"start": StartMode.AUTO},
    "EventSystem": {"start": StartMode.AUTO},
    "SENS": {"start": StartMode.AUTO},
    "VSS": {"status": ServiceStatus.STOPPED},
    "swprv": {"status": ServiceStatus.STOPPED},
    "vds": {"status": ServiceStatus.STOPPED},
    "Schedule": {"start": StartMode.AUTO},
    "WinDefend": {"start": StartMode.AUTO},
}
INITIATOR = "MSiSCSI"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
_RUNS, _STOPPED = ServiceStatus.RUNNING, ServiceStatus.STOPPED
_STARTS, _STOPS = ServiceStatus.START_PENDING, ServiceStatus.STOP_PENDING
_PATIENCE = 25
"""Seconds that our Set waits for a service."""
_DOCUMENTED = "documented: a service is in between for as long as it says (SERVICE_STATUS)"
UNKIND: dict[str, Switch] = {
    "it takes seconds to stop": Switch(_DOCUMENTED, (("stop", "3"),)),
    "it takes seconds to start": Switch(_DOCUMENTED, (("start", "3"),)),
}
"""How long a service may be on its way, in seconds."""
DAMAGING: dict[str, Switch] = {
    "another start mode": Switch("plausible", (("mode", StartMode.AUTO.value),)),
    "it ends as soon as it runs": Switch("plausible", (("ends", ""),)),
}
"""What Windows should not make of one that it starts or stops."""


class _Process(Model):
    """A process; what is not said is that of a service which has run for long, by itself."""

    id: int | None = None
    started: Moment | None = "2026-01-05T08:00:00Z"
    stopped: Moment | None = None
    shared: bool = False


class _Short(Model):
    """A service.

    Args:
        status: what it is doing.
        start: when Windows starts it.
        process: where it runs, unless it is stopped; `stopped` is when our Set saw it so.
        dependents: which services need it, and what those are doing.
        sessions: names of the targets that the iSCSI initiator is connected to.
        hangs: it never gets beyond the beginning of what it is told to do.
        fails: it cannot be started.
        display: what this Windows calls it; its name when not said.
    """

    status: ServiceStatus = _RUNS
    start: StartMode = StartMode.MANUAL
    process: _Process = Field(default_factory=_Process)
    dependents: dict[str, ServiceStatus] = Field(default_factory=dict)
    sessions: tuple[str, ...] = ()
    hangs: bool = False
    fails: bool = False
    display: str = ""


_SHORT = TypeAdapter(dict[str, _Short])


def state(host: HostState, short: object) -> None:
    """These services and no others."""
    services = short_form(_SHORT, short)
    host.windows["services"] = [
        _windows(name, one, 2184 + 4 * number)
        for number, (name, one) in enumerate(services.items())
    ]
    for name, one in services.items():
        if one.status is not _STOPPED and one.process.stopped:
            _saw_stopped(host, name, one.process.stopped)


def _windows(name: str, short: _Short, own: int) -> Record:
    process = short.process.model_dump(exclude={"stopped"})
    process["id"] = process["id"] or own
    return {
        "name": name,
        "display_name": short.display or name,
        "state": short.status.value,
        "start_mode": short.start.value,
        "process": None if short.status is _STOPPED else process,
        "dependents": [
            {"name": other, "status": status.value} for other, status in short.dependents.items()
        ],
        "sessions": list(short.sessions),
        **{name: True for name in ("hangs", "fails") if getattr(short, name)},
    }


def read(host: HostState, names: list[str] | None = None) -> Iterator[Record]:
    """Those that are asked for and exist; or all."""
    for service in host.windows.get("services", []):
        if names is None or any(same(service["name"], name) for name in names):
            yield _record(host, _arrived(host, service))


def _record(host: HostState, service: Record) -> Record:
    process = service["process"]
    if process is not None:
        process = {
            "id": process["id"],
            "started": process["started"],
            "stopped": _seen_stopped(host, service["name"]),
            "shared": process["shared"],
        }
    known = same(service["name"], INITIATOR) and service["state"] == _RUNS
    return {
        "name": service["name"],
        "status": service["state"],
        "start_mode": service["start_mode"],
        "process": process,
        "dependents": [dict(other) for other in service["dependents"]],
        "in_use": list(service["sessions"]) if known else None,
        "display_name": service.get("display_name", service["name"]),
    }


def write(host: HostState, record: Record, after: Record) -> None:
    """Windows stops no service that another one needs, and starts none that is disabled."""
    service = _service(host, record["name"])
    service |= _arrived(host, service)
    stop = "process" in after or after.get("status") == _STOPPED
    start = "process" in after or after.get("status") == _RUNS
    if "status" in after and not (stop or start):
        raise refuse("A service can only be made to run or to stop.")
    if start and after.get("start_mode", record["start_mode"]) == StartMode.DISABLED:
        raise refuse("A disabled service could not be started again.")
    may_write(host, KIND)
    begun = "start_mode" in after
    if begun:
        service["start_mode"] = after["start_mode"]
    if stop:
        _stop(host, service, begun=begun)
        begun = True
    elif start and service["state"] == _STOPS:
        _wait(host, service, _STOPPED)
    if start:
        _saw_stopped(host, service["name"], host.clock().strftime("%Y-%m-%dT%H:%M:%S.%f0Z"))
        _start(host, service, begun=begun)
    if (stop or start) and "mode" in _ways(host):
        service["start_mode"] = _ways(host)["mode"]


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody pauses it, has it started with Windows, or restarts it."""
    service = _service(host, record["name"])
    if change.property == "process":
        _saw_stopped(host, service["name"], "2026-01-07T09:00:00.0000000Z")
        service["process"] = {"id": 31_337, "started": "2026-01-07T09:00:00Z", "shared": False}
        found: JsonValue = _record(host, service)["process"]
        return found
    wanted: dict[str, list[str]] = {
        "status": [ServiceStatus.PAUSED, ServiceStatus.START_PENDING, ServiceStatus.STOP_PENDING],
        "start_mode": [StartMode.AUTO, StartMode.MANUAL, StartMode.DISABLED],
    }
    known = (change.before, change.after)
    value = next(str(one) for one in wanted[change.property] if one not in known)
    service["state" if change.property == "status" else "start_mode"] = value
    return value


def _service(host: HostState, name: str) -> Record:
    return next(one for one in host.windows["services"] if same(one["name"], name))


def _stop(host: HostState, service: Record, *, begun: bool) -> None:
    if service["state"] == _STOPPED:
        return
    if service["state"] != _RUNS:
        raise _failed(5, "it does not accept that now", begun=begun)
    if any(other["status"] != _STOPPED for other in service["dependents"]):
        raise _failed(3, "running services depend on it", begun=begun)
    if service.get("hangs"):
        service["state"] = _STOPS.value
        raise _hangs(service)
    if service["process"]["shared"]:
        service["host"] = service["process"]
    _become(host, service, "stop", _STOPS, {"state": _STOPPED, "process": None, "sessions": []})
    _wait(host, service, _STOPPED)


def _start(host: HostState, service: Record, *, begun: bool) -> None:
    if service["state"] == _STOPPED:
        if service.get("fails"):
            raise _failed(8, "see Win32_Service", begun=begun)
        started = host.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        new = {"id": randrange(1000, 9000), "started": started, "shared": False}  # noqa: S311 - no secret
        runs = {"state": _RUNS, "process": service.get("host") or new}
        ends = {"state": _STOPPED, "process": None}
        _become(host, service, "start", _STARTS, ends if "ends" in _ways(host) else runs)
    _wait(host, service, _RUNS)


# --- what takes its time ----------------------------------------------------------------------


def _ways(host: HostState) -> dict[str, str]:
    """What this Windows does when a service is to run or stop."""
    return dict(host.edits.get(KIND, ()))


def _become(
    host: HostState, service: Record, verb: str, meanwhile: ServiceStatus, then: Record
) -> None:
    """Be something else, at once or when the seconds are over that this takes."""
    then["state"] = then["state"].value
    seconds = float(_ways(host).get(verb, 0))
    if seconds:
        when = (host.clock() + timedelta(seconds=seconds)).isoformat()
        then = {"state": meanwhile.value, "becomes": {"when": when, "then": then}}
    service |= then


def _arrived(host: HostState, service: Record) -> Record:
    """The service as it is by now."""
    way = service.get("becomes")
    if way is None or host.clock() < datetime.fromisoformat(way["when"]):
        return service
    return {**service, **way["then"], "becomes": None}


def _wait(host: HostState, service: Record, wanted: ServiceStatus) -> None:
    """Let the time pass that our Set would wait."""
    way = service.get("becomes")
    if way is not None:
        left = datetime.fromisoformat(way["when"]) - host.clock()
        host.wait(min(_PATIENCE, max(0.0, left.total_seconds())))
        service |= _arrived(host, service)
    if service["state"] != wanted:
        raise _hangs(service)


def _hangs(service: Record) -> CallFailedError:
    state = service["state"]
    message = f"Service {service['name']} is {state} after 25 seconds."
    return CallFailedError("RemediateServiceHangs", message, {"status": state})


def _failed(code: int, why: str, *, begun: bool) -> CallFailedError:
    """Windows says no; `begun` when something has been written before."""
    name = "RemediateServiceFailed" if begun else "RemediateRefused"
    return CallFailedError(name, f"Windows returned {code}: {why}.", {"code": code})


def _stopped_file(name: str) -> str:
    return f"{OURS}stopped\\{name}.txt"


def _seen_stopped(host: HostState, name: str) -> str | None:
    text = (host.drive.read(_stopped_file(name)) or b"").decode().strip()
    return text if _MOMENT.fullmatch(text) else None


def _saw_stopped(host: HostState, name: str, moment: str) -> None:
    host.drive.write(_stopped_file(name), f"{moment}\n".encode())
