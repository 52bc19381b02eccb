r"""The boot of a Windows, and its restart, which takes its time. Windows' state has `boot`.

In short, how it is: `{installing: true}`. That a restart was asked for is known to `asked`; what
comes of it, `pass_time` lets happen, for both engines.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from remediate.lab.call_error import CallFailedError, denied
from remediate.lab.drive import OURS
from remediate.lab.kinds.kind import Switch, check_access, same, short_form
from remediate.lab.kinds.operating_system import KEYS
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.boot import PROCESSES
from remediate.resources.operating_system import PendingRestart
from remediate.resources.service import Moment

KIND = "boot"
HEALTHY: Record = {}
_GRACE = timedelta(seconds=5)
"""Between asking for a restart and its beginning."""
_MARK = f"{OURS}restart.txt"
_PENDING = KEYS[PendingRestart.SERVICING]
UNKIND: dict[str, Switch] = {
    "it is away for long": Switch("plausible: firmware tests the memory", (("away", "900"),)),
    "its services come up late": Switch(
        "plausible: WinRM answers before WMI does, with 1115", (("late", "90"),)
    ),
    "it installs after its start": Switch(
        "documented: servicing goes on after a restart", (("installs", "300"),)
    ),
    "the key that a restart is pending stays": Switch(
        "plausible: a program writes it anew, or who made it was no servicing", (("leaves", ""),)
    ),
    "somebody else is restarting it": Switch(
        "documented: ERROR_SHUTDOWN_IN_PROGRESS, 1115", (("code", "1115"),)
    ),
}
"""What a restart is like, in seconds; and what Windows says when it is asked for."""
DAMAGING: dict[str, Switch] = {
    "somebody stops the restart": Switch("documented: shutdown /a", (("stays", ""),)),
}


class _Short(Model):
    """A boot.

    Args:
        created: when its processes were; None when Windows does not say.
        booted: when it began, as Windows says.
        installing: it installs something.
        refuses: the code with which it refuses to be restarted.
    """

    created: Moment | None = "2025-11-01T08:00:00.1234567Z"
    booted: Moment = "2025-11-01T08:00:00Z"
    installing: bool = False
    refuses: int = 0


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """This boot in place of the one that goes on."""
    known = short_form(_SHORT, short)
    host.windows["boot"] = {
        "started": [
            {"name": name, "id": 500 + 100 * number, "created": known.created}
            for number, name in enumerate(PROCESSES)
        ],
        "booted": known.booted,
        "installing": known.installing,
        "refuses": known.refuses,
        "asked": False,
        "when": None,
        "late": None,
        "installs": None,
    }


def read(host: HostState) -> Iterator[Record]:
    """The one that goes on."""
    check_access(host, KIND, "read")
    boot = host.windows.get("boot")
    if boot is None:
        return
    if boot["late"]:
        raise CallFailedError(
            "HRESULT 0x8007045b",
            "A system shutdown is in progress.",
            exception="Microsoft.Management.Infrastructure.CimException",
        )
    yield {
        "name": "Windows",
        "boot": _told(boot),
        "asked": (host.drive.read(_MARK) or b"").decode().strip(),
        "installing": boot["installing"],
        "servicing": _pending(host),
        "minutes": int(min(60, max(0, (host.clock() - _since(boot)).total_seconds() // 60))),
    }


def write(host: HostState, record: Record, after: Record) -> None:
    """Ask for a restart, which begins when the pipeline has ended."""
    del after
    boot = host.windows["boot"]
    if host.denied.get(KIND) == "write":
        raise denied()
    if boot["refuses"]:
        text = f"Win32ShutdownTracker returned {boot['refuses']}."
        raise CallFailedError("RemediateRefused", text, {"code": boot["refuses"]})
    marks = (f"{one['name']} {one['id']} {one['created']}" for one in record["boot"]["processes"])
    host.drive.write(_MARK, f"{';'.join(marks)}\n".encode())
    boot["asked"] = True
    pass_time(host)
    raise CallFailedError("RemediateUnfinished", "The server is about to be restarted.")


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody restarts it."""
    del record, change
    _restart(host.windows["boot"], host.clock())
    return _told(host.windows["boot"])


def _told(boot: Record) -> Record:
    return {"processes": [dict(one) for one in boot["started"]], "since": boot["booted"]}


def _since(boot: Record) -> datetime:
    return datetime.fromisoformat(boot["booted"])


def _pending(host: HostState) -> bool:
    return any(same(key["path"], _PENDING) for key in host.windows.get("registry", []))


# --- what takes its time ----------------------------------------------------------------------


def is_away(host: HostState) -> bool:
    """Whether it cannot be reached: it has gone down, and is not up yet."""
    pass_time(host)
    boot = host.windows.get("boot")
    if boot is None or not boot["asked"] or "stays" in _ways(host):
        return False
    return host.clock() >= datetime.fromisoformat(boot["when"])


def pass_time(host: HostState) -> None:
    """Let happen what comes of a restart that was asked for, as far as its time has come."""
    boot = host.windows.get("boot")
    if boot is None:
        return
    now, ways = host.clock(), _ways(host)
    if boot["asked"] and boot["when"] is None:
        boot["when"] = (now + _GRACE).isoformat()
    if boot["asked"] and "stays" not in ways:
        up = datetime.fromisoformat(boot["when"]) + _seconds(ways, "away")
        if now >= up:
            _restart(boot, up)
            boot["late"] = (up + _seconds(ways, "late")).isoformat()
            boot["installs"] = (up + _seconds(ways, "installs")).isoformat()
            boot["installing"] = True
    if boot["late"] and now >= datetime.fromisoformat(boot["late"]):
        boot["late"] = None
    if boot["installs"] and now >= datetime.fromisoformat(boot["installs"]):
        boot["installs"], boot["installing"] = None, False
        if "leaves" in ways:
            return
        keys = host.section("registry")
        keys[:] = [key for key in keys if not same(key["path"], _PENDING)]


def _restart(boot: Record, at: datetime) -> None:
    created = at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    boot["started"] = [
        {**process, "id": process["id"] + 4, "created": created} for process in boot["started"]
    ]
    boot |= {"booted": f"{created[:19]}Z", "asked": False, "when": None}


def _seconds(ways: dict[str, str], name: str) -> timedelta:
    return timedelta(seconds=float(ways.get(name, 0)))


def _ways(host: HostState) -> dict[str, str]:
    """What a restart of this Windows is like."""
    return dict(host.edits.get(KIND, ()))
