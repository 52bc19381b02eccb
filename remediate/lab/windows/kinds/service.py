"""Services of the stand-in Windows, with their processes, dependents and iSCSI sessions.

When a service was last seen stopped is in the file that our own Set leaves; see `service.ps1`.
"""

from pathlib import Path

from remediate.lab.state import Record

_INITIATOR = "msiscsi"


def to_windows(records: list[Record], drive: Path) -> Record:
    """The services.

    Raises:
        ValueError: a record contradicts itself.
    """
    for record in records:
        _check(record)
        file = _file(drive, record["name"])
        process = record["process"]
        if process and process["stopped"]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(process["stopped"] + "\n", encoding="ascii")
        elif process:
            file.unlink(missing_ok=True)
    return {"services": [_windows_service(record) for record in records]}


def from_windows(windows: Record, drive: Path) -> list[Record]:
    """The services, and what the files say of them."""
    return [_record(service, drive) for service in windows["services"]]


def _file(drive: Path, name: str) -> Path:
    return drive / "Program Files" / "remediate" / "stopped" / f"{name}.txt"


def _check(record: Record) -> None:
    stopped = record["status"] == "Stopped"
    if stopped is not (record["process"] is None):
        raise ValueError(f"service {record['name']} is {record['status']}, but see its process")
    if (record["in_use"] is not None) is not _has_sessions(record["name"], record["status"]):
        raise ValueError("sessions are known of the iSCSI initiator, and while it runs")


def _has_sessions(name: str, status: str) -> bool:
    return name.casefold() == _INITIATOR and status == "Running"


def _windows_service(record: Record) -> Record:
    process = record["process"] and {
        name: record["process"][name] for name in ("id", "started", "shared")
    }
    return {
        "name": record["name"],
        "state": record["status"],
        "start_mode": record["start_mode"],
        "process": process,
        "dependents": record["dependents"],
        "sessions": record["in_use"] or [],
    }


def _record(service: Record, drive: Path) -> Record:
    file, process = _file(drive, service["name"]), service["process"]
    stopped = file.read_text(encoding="ascii").strip() if file.exists() else None
    if process:
        started = {"id": process["id"], "started": process["started"]}
        process = {**started, "stopped": stopped, "shared": process["shared"]}
    known = _has_sessions(service["name"], service["state"])
    return {
        "name": service["name"],
        "status": service["state"],
        "start_mode": service["start_mode"],
        "process": process,
        "dependents": service["dependents"],
        "in_use": service["sessions"] if known else None,
    }
