r"""The state of a stand-in Windows host: one JSON file, and folders for `C:\`.

`windows.json` holds what the stand-in commands read and write. As on Windows, a task is its XML;
its policy and logon type are only found in there. Lease and receipts are files that our own
scripts write below Program Files.
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from xml.etree import ElementTree as ET

from remediate.resources.scheduled_task import LogonType, MultipleInstances

Record = dict[str, Any]
"""A JSON object: a snapshot of a simulated host, or a part of it."""

_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_POLICIES = {
    "Parallel": MultipleInstances.PARALLEL,
    "Queue": MultipleInstances.QUEUE,
    "IgnoreNew": MultipleInstances.IGNORE_NEW,
    "StopExisting": MultipleInstances.STOP_EXISTING,
}
_LOGONS = {
    "Password": LogonType.PASSWORD,
    "S4U": LogonType.S4U,
    "InteractiveToken": LogonType.INTERACTIVE_TOKEN,
    "InteractiveTokenOrPassword": LogonType.INTERACTIVE_TOKEN_OR_PASSWORD,
}
_SERVICE_ACCOUNTS = {"S-1-5-18", "S-1-5-19", "S-1-5-20", "SYSTEM", "NT AUTHORITY\\SYSTEM"}
_LANGUAGES = {"en", "de", "ko"}


@dataclass(frozen=True)
class WindowsHost:
    """A host's folder, and what the host calls itself.

    Args:
        name: its computer name.
        folder: holds `windows.json` and the folder `C`.
    """

    name: str
    folder: Path

    @classmethod
    def prepare(cls, folder: Path, snapshot: Record) -> Self:
        """Make the host that a simulated host's snapshot describes.

        Args:
            folder: an existing folder of its own.
            snapshot: as `HostState.snapshot` makes it.

        Raises:
            ValueError: a task is not what its own XML says it is.
            OSError: the folder cannot be written.
        """
        host = cls(name=snapshot["name"], folder=folder)
        for place in (host.programs, host.folder / "C" / "ProgramData", host._windows / "Temp"):
            place.mkdir(parents=True, exist_ok=True)
        host._write(windows_state(snapshot))
        host._write_remediate(snapshot)
        return host

    @property
    def state_file(self) -> Path:
        """The JSON file that the stand-in commands work on."""
        return self.folder / "windows.json"

    @property
    def programs(self) -> Path:
        """What `$env:ProgramFiles` is on this host."""
        return self.folder / "C" / "Program Files"

    @property
    def _windows(self) -> Path:
        return self.folder / "C" / "Windows"

    def variables(self) -> dict[str, str]:
        """The environment of the host's processes."""
        data = str(self.folder / "C" / "ProgramData")
        return {
            "COMPUTERNAME": self.name,
            "OS": "Windows_NT",
            "PROCESSOR_ARCHITECTURE": "AMD64",
            "ProgramFiles": str(self.programs),
            "ProgramW6432": str(self.programs),
            "ProgramData": data,
            "ALLUSERSPROFILE": data,
            "SystemRoot": str(self._windows),
            "windir": str(self._windows),
            "TEMP": str(self._windows / "Temp"),
            "TMP": str(self._windows / "Temp"),
            "USERNAME": "Administrator",
            "USERDOMAIN": self.name,
            "REMEDIATE_LAB_STATE": str(self.state_file),
        }

    def snapshot(self) -> Record:
        """The host as a simulated host's snapshot, to compare the two.

        Raises:
            ValueError: a stand-in command or a script wrote something else.
        """
        state = json.loads(self.state_file.read_text(encoding="utf-8"))
        ours = self.programs / "remediate"
        lease = ours / "lease.json"
        receipts = [_read(path) for path in sorted((ours / "receipts").glob("*.json"))]
        return {
            **simulated_state(state),
            "receipts": sorted(receipts, key=lambda receipt: str(receipt.get("written"))),
            "lease": _read(lease) if lease.exists() else None,
        }

    def _write(self, state: Record) -> None:
        new = self.state_file.with_suffix(".new")
        # The generation comes first: a reader sees from the first bytes whether it is news.
        text = json.dumps({"generation": str(uuid.uuid4()), **state})
        new.write_text(text, encoding="ascii")
        new.replace(self.state_file)

    def _write_remediate(self, snapshot: Record) -> None:
        ours = self.programs / "remediate"
        receipts = snapshot.get("receipts") or []
        if receipts or snapshot.get("lease"):
            (ours / "receipts").mkdir(parents=True, exist_ok=True)
        for receipt in receipts:
            path = ours / "receipts" / f"{receipt['run']}.json"
            path.write_text(json.dumps(receipt), encoding="utf-8")
        if snapshot.get("lease"):
            (ours / "lease.json").write_text(json.dumps(snapshot["lease"]), encoding="utf-8")


def windows_state(snapshot: Record) -> Record:
    """A simulated host's snapshot as the content of `windows.json`.

    Raises:
        ValueError: it has resources that the stand-in has no commands for, or a task is not
            what its own XML says it is.
    """
    resources = dict(snapshot.get("resources") or {})
    tasks = resources.pop("scheduled_task", [])
    left = sorted(kind for kind, records in resources.items() if records)
    if left:
        msg = f"the powershell engine has no stand-in for {', '.join(left)} yet"
        raise ValueError(msg)
    culture = str(snapshot.get("culture", "en-US"))
    language = culture.partition("-")[0]
    if language not in _LANGUAGES:
        msg = f"the stand-in Windows does not speak {culture}; it speaks {sorted(_LANGUAGES)}"
        raise ValueError(msg)
    return {
        "name": snapshot["name"],
        "os": snapshot.get("os", "10.0.17763"),
        "powershell": snapshot.get("powershell", "5.1.17763.6893"),
        "culture": culture,
        "scheduled_tasks": [_windows_task(task) for task in tasks],
    }


def simulated_state(state: Record) -> Record:
    """The content of `windows.json` as a simulated host's snapshot, without lease and receipts.

    Raises:
        ValueError: a task's XML is none.
    """
    tasks = [_simulated_task(task) for task in state["scheduled_tasks"]]
    return {
        **{name: state[name] for name in ("name", "os", "powershell", "culture")},
        "resources": {"scheduled_task": tasks},
    }


def _windows_task(record: Record) -> Record:
    task = {name: record[name] for name in ("path", "name", "state", "xml")}
    said = _simulated_task(task)
    for name in ("multiple_instances", "logon_type"):
        if said[name] != record[name]:
            msg = f"{record['path']}{record['name']}: {name} is {record[name]}, not so in its XML"
            raise ValueError(msg)
    return task


def _simulated_task(task: Record) -> Record:
    return {
        "path": task["path"],
        "name": task["name"],
        "multiple_instances": int(_policy(task["xml"])),
        "logon_type": int(_logon(task["xml"])),
        "state": task["state"],
        "xml": task["xml"],
    }


def _policy(xml: str) -> MultipleInstances:
    text = _element(xml, "Settings/MultipleInstancesPolicy")
    return _POLICIES[text] if text else MultipleInstances.IGNORE_NEW


def _logon(xml: str) -> LogonType:
    text = _element(xml, "Principals/Principal/LogonType")
    if text:
        return _LOGONS[text]
    if _element(xml, "Principals/Principal/GroupId"):
        return LogonType.GROUP
    user = _element(xml, "Principals/Principal/UserId")
    return LogonType.SERVICE_ACCOUNT if user in _SERVICE_ACCOUNTS else LogonType.NONE


def _element(xml: str, path: str) -> str | None:
    _, _, body = xml.partition("?>") if xml.lstrip().startswith("<?xml") else ("", "", xml)
    try:
        root = ET.fromstring(body)  # noqa: S314 - the lab's own file
    except ET.ParseError as error:
        msg = f"a task's definition is not XML: {error}"
        raise ValueError(msg) from error
    full = "/".join(_NAMESPACE + step for step in path.split("/"))
    return root.findtext(full)


def _read(path: Path) -> Record:
    # written by Set-Content -Encoding UTF8, with a byte order mark on Windows PowerShell
    return dict(json.loads(path.read_text(encoding="utf-8-sig")))
