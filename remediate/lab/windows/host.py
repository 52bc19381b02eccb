r"""The state of a stand-in Windows host: one JSON file, and folders for `C:\`.

`windows.json` holds what the stand-in commands read and write; how each kind of resource is kept
there is said in `kinds`. Lease and receipts are files that our own scripts write below Program
Files.
"""

import json
import shutil
import uuid
from pathlib import Path

from remediate.lab.state import HostState, Record
from remediate.lab.windows.kinds import kinds
from remediate.resources.base import resource_type

_LANGUAGES = {"en", "de", "ko"}
_CRYPTOGRAPHY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography"


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
        for place in (self.programs, self._drive / "ProgramData", self._windows / "Temp"):
            place.mkdir(parents=True)
        self.push()

    @property
    def state_file(self) -> Path:
        """The JSON file that the stand-in commands work on."""
        return self.folder / "windows.json"

    @property
    def programs(self) -> Path:
        """What `$env:ProgramFiles` is on this host."""
        return self._drive / "Program Files"

    @property
    def _drive(self) -> Path:
        return self.folder / "C"

    @property
    def _windows(self) -> Path:
        return self._drive / "Windows"

    def variables(self) -> dict[str, str]:
        """The environment of the host's processes."""
        data = str(self._drive / "ProgramData")
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
            self._write(windows_state(snapshot, self._drive))
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
            resources = simulated_state(windows, self._drive)["resources"]
            for kind in self.state.resources.keys() | resources.keys():
                _merge(kind, self.state.kind(kind), resources.get(kind, []))
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


def _merge(kind: str, old: list[Record], new: list[Record]) -> None:
    """Make a list the same as another, but keep the records that somebody may hold."""
    identity = resource_type(kind).identity
    held = {tuple(record[name] for name in identity): record for record in old}
    merged = []
    for record in new:
        kept = held.get(tuple(record[name] for name in identity), record)
        kept.update(record)
        merged.append(kept)
    old[:] = merged


def windows_state(snapshot: Record, drive: Path) -> Record:
    """A simulated host's snapshot as the content of `windows.json`.

    Args:
        snapshot: of the host.
        drive: the folder that is `C:` on the host, for what is kept in files.

    Raises:
        ValueError: it has resources that the stand-in has no commands for, or such as no Windows
            can have.
    """
    resources = snapshot.get("resources") or {}
    known = kinds()
    left = sorted(kind for kind, records in resources.items() if records and kind not in known)
    if left:
        msg = f"the powershell engine has no stand-in for {', '.join(left)} yet"
        raise ValueError(msg)
    culture = str(snapshot.get("culture", "en-US"))
    language = culture.partition("-")[0]
    if language not in _LANGUAGES:
        msg = f"the stand-in Windows does not speak {culture}; it speaks {sorted(_LANGUAGES)}"
        raise ValueError(msg)
    if "registry_value" in (snapshot.get("hangs") or {}):
        raise ValueError("nothing of the stand-in registry can hang")
    windows = {
        "name": snapshot["name"],
        "os": snapshot.get("os", "10.0.17763"),
        "powershell": snapshot.get("powershell", "5.1.17763.6893"),
        "culture": culture,
        "denied": snapshot.get("denied") or {},
        "hangs": snapshot.get("hangs") or {},
        "lacks": snapshot.get("lacks") or [],
    }
    for name, kind in known.items():
        windows.update(kind.to_windows(resources.get(name, []), drive))
    guid = {"name": "MachineGuid", "type": "String", "data": snapshot["guid"]}
    windows["registry"].append({"path": _CRYPTOGRAPHY, "values": [guid]})
    return windows


def simulated_state(windows: Record, drive: Path) -> Record:
    """The content of `windows.json` as a simulated host's snapshot, without lease and receipts.

    Args:
        windows: what the file holds.
        drive: the folder that is `C:` on the host.

    Raises:
        ValueError: a script wrote something that is no state.
    """
    (cryptography,) = (key for key in windows["registry"] if key["path"] == _CRYPTOGRAPHY)
    others = [key for key in windows["registry"] if key is not cryptography]
    known = {**windows, "registry": others}
    found = {name: kind.from_windows(known, drive) for name, kind in kinds().items()}
    return {
        **{name: windows[name] for name in ("name", "os", "powershell", "culture")},
        "guid": cryptography["values"][0]["data"],
        "resources": {name: records for name, records in found.items() if records},
    }


def _read(path: Path) -> Record:
    # written by Set-Content -Encoding UTF8, with a byte order mark on Windows PowerShell
    return dict(json.loads(path.read_text(encoding="utf-8-sig")))
