r"""The state of a stand-in Windows host: one JSON file, and folders for `C:\`.

`windows.json` holds what the stand-in commands read and write. As on Windows, a task is its XML;
its policy and logon type are only found in there. Lease and receipts are files that our own
scripts write below Program Files.
"""

import json
import shutil
import uuid
from pathlib import Path
from xml.etree import ElementTree as ET

from remediate.lab.behaviour import with_policy
from remediate.lab.state import HostState, Record
from remediate.resources.scheduled_task import LogonType, MultipleInstances

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


class WindowsHost:
    """A host in a folder, and in memory as a `HostState`; `push` and `pull` keep them the same.

    Args:
        state: the host in memory. May be changed between pipelines, as a simulated host's.
        folder: an existing folder for this host alone.

    Raises:
        ValueError: the stand-in Windows cannot be such a host.
        OSError: the folder cannot be written.
    """

    def __init__(self, state: HostState, folder: Path) -> None:
        self.state = state
        self.folder = folder
        self._both: Record = {}
        for place in (self.programs, self.folder / "C" / "ProgramData", self._windows / "Temp"):
            place.mkdir(parents=True)
        self.push()

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
            "COMPUTERNAME": self.state.name,
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
            "USERDOMAIN": self.state.name,
            "REMEDIATE_LAB_STATE": str(self.state_file),
        }

    def push(self) -> None:
        """Bring the files up to date when the state in memory was changed.

        Raises:
            ValueError: the stand-in Windows cannot be such a host.
        """
        snapshot = self.state.snapshot()
        if snapshot != self._both:
            self._write(windows_state(snapshot))
            self._write_remediate(snapshot)
            self.pull()

    def pull(self) -> None:
        """Bring the state in memory up to date when the files were changed.

        Raises:
            ValueError: a script wrote something that is no state.
        """
        windows = json.loads(self.state_file.read_text(encoding="utf-8"))
        ours = self.programs / "remediate"
        lease = ours / "lease.json"
        receipts = [_read(path) for path in sorted((ours / "receipts").glob("*.json"))]
        with self.state.lock:
            for kind, records in simulated_state(windows)["resources"].items():
                _merge(self.state.kind(kind), records)
            self.state.receipts = sorted(receipts, key=lambda one: str(one.get("written")))
            self.state.lease = _read(lease) if lease.exists() else None
            snapshot = self.state.snapshot()
        if snapshot != self._both:
            self._both = snapshot
            if self.state.changed:
                self.state.changed()

    def _write(self, state: Record) -> None:
        new = self.state_file.with_suffix(".new")
        # The generation comes first: a reader sees from the first bytes whether it is news.
        text = json.dumps({"generation": str(uuid.uuid4()), **state})
        new.write_text(text, encoding="ascii")
        new.replace(self.state_file)

    def _write_remediate(self, snapshot: Record) -> None:
        ours = self.programs / "remediate"
        shutil.rmtree(ours / "receipts", ignore_errors=True)
        (ours / "receipts").mkdir(parents=True)
        for receipt in snapshot["receipts"]:
            path = ours / "receipts" / f"{receipt['run']}.json"
            path.write_text(json.dumps(receipt), encoding="utf-8")
        lease = ours / "lease.json"
        if snapshot["lease"] is None:
            lease.unlink(missing_ok=True)
        else:
            lease.write_text(json.dumps(snapshot["lease"]), encoding="utf-8")


def _merge(old: list[Record], new: list[Record]) -> None:
    """Make a list the same as another, but keep the records that somebody may hold."""
    held = {(record["path"], record["name"]): record for record in old}
    merged = []
    for record in new:
        kept = held.get((record["path"], record["name"]), record)
        kept.update(record)
        merged.append(kept)
    old[:] = merged


def windows_state(snapshot: Record) -> Record:
    """A simulated host's snapshot as the content of `windows.json`.

    Raises:
        ValueError: it has resources that the stand-in has no commands for, or a task logs on
            in another way than its own XML says.
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
    if said["multiple_instances"] != record["multiple_instances"]:
        task["xml"] = with_policy(task["xml"], MultipleInstances(record["multiple_instances"]))
    if said["logon_type"] != record["logon_type"]:
        msg = f"{record['path']}{record['name']}: its logon type is not the one in its XML"
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
