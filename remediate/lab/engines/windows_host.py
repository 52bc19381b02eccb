r"""A host of the PowerShell engine: its Windows' state as a JSON file, and a folder for each drive.

`windows.json` is the state, but for the files, which are files: the stand-in commands work on the
one, PowerShell's own commands on the others.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from remediate.lab.drive import ALWAYS, CONTENTS, DRIVES, MARKER, Drive, Entry, content_of, entry_of
from remediate.lab.kinds import is_plain
from remediate.lab.kinds.session import language_mode
from remediate.lab.state import HostState, Record
from remediate.resources.session import FULL_LANGUAGE

_LANGUAGES = {"en", "de", "ko"}
_LOCK = "C:\\Program Files\\remediate\\lease.lock"
"""Held open by the pipeline that writes; what is in it is nothing."""

_hashes: dict[tuple[str, int, int], str] = {}
"""SHA-256 of files by path, time and size, as every pipeline ends in a look at all of them."""


class WindowsHost:
    """A host in a folder, and in memory as a `HostState`; `write` and `read` keep them the same.

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
        for path in ALWAYS:
            self._place(path).mkdir(parents=True, exist_ok=True)
        self.write()

    @property
    def state_file(self) -> Path:
        """The JSON file that the stand-in commands work on."""
        return self.folder / "windows.json"

    @property
    def programs(self) -> Path:
        """What `$env:ProgramFiles` is on this host."""
        return self._place("C:\\Program Files")

    def variables(self) -> dict[str, str]:
        """The environment of the host's processes."""
        data, windows = str(self._place("C:\\ProgramData")), self._place("C:\\Windows")
        return {
            "COMPUTERNAME": self.state.name,
            "OS": "Windows_NT",
            "PROCESSOR_ARCHITECTURE": "AMD64",
            "ProgramFiles": str(self.programs),
            "ProgramW6432": str(self.programs),
            "ProgramData": data,
            "ALLUSERSPROFILE": data,
            "SystemRoot": "C:\\Windows",
            "windir": "C:\\Windows",
            "SystemDrive": "C:",
            "TEMP": str(windows / "Temp"),
            "TMP": str(windows / "Temp"),
            "USERNAME": "Administrator",
            "USERDOMAIN": self.state.name,
            "REMEDIATE_LAB_STATE": str(self.state_file),
        }

    def write(self) -> None:
        """Bring the folder up to date when the state in memory was changed.

        Raises:
            ValueError: the stand-in Windows cannot be such a host.
        """
        snapshot = self.state.snapshot()
        if snapshot == self._both:
            return
        left = sorted(name for name in snapshot["windows"] if is_plain(name))
        if left:
            raise ValueError(f"the powershell engine has no stand-in for {', '.join(left)} yet")
        culture = snapshot["culture"]
        if culture.partition("-")[0] not in _LANGUAGES:
            speaks = sorted(_LANGUAGES)
            raise ValueError(f"the stand-in Windows does not speak {culture}; it speaks {speaks}")
        if {"agent_module", "old_files"} & snapshot["edits"].keys():
            raise ValueError("nothing is done to files on the disk of the stand-in Windows")
        if snapshot["hangs"].get("registry_value", "late") != "late":
            raise ValueError("the stand-in registry can be late, and nothing worse")
        windows = dict(snapshot.pop("windows"))
        if language_mode(self.state) != FULL_LANGUAGE:
            raise ValueError("PowerShell of the stand-in Windows is in FullLanguage mode")
        others = {path[:2] for path in windows.get("files") or {}} - {*DRIVES}
        if others:
            raise ValueError(f"the stand-in Windows has no files on {', '.join(sorted(others))}")
        self._write_files(Drive(windows))
        sections = {name: said for name, said in windows.items() if name != "files"}
        # The generation comes first: a reader sees from the first bytes whether it is news.
        document = {"generation": str(uuid.uuid4()), **snapshot, **sections}
        new = self.state_file.with_suffix(".new")
        new.write_text(json.dumps(document), encoding="ascii")
        new.replace(self.state_file)
        self._both = self.state.snapshot()

    def read(self) -> None:
        """Bring the state in memory up to date when the folder was changed.

        Raises:
            OSError: the folder cannot be read.
            ValueError: a script wrote something that is no state.
            LookupError: as above.
        """
        document = json.loads(self.state_file.read_text(encoding="utf-8"))
        with self.state.lock:
            facts = {"generation", *self.state.snapshot()}
            windows = {name: said for name, said in document.items() if name not in facts}
            before = self.state.windows
            files = dict(self._read_files(Drive(before)))
            if files:
                windows["files"] = _in_order(files, before.get("files") or {})
            self.state.windows = _in_order(windows, before)
            snapshot = self.state.snapshot()
        if snapshot != self._both:
            self._both = snapshot
            if self.state.changed:
                self.state.changed()

    # --- files ------------------------------------------------------------------------------------

    def _place(self, path: str) -> Path:
        drive, *inside = path.split("\\")
        return self.folder.joinpath(drive[0], *inside)

    def _all(self) -> list[Path]:
        """What is on all drives."""
        return sorted(place for drive in DRIVES for place in self._place(drive).rglob("*"))

    def _write_files(self, drive: Drive) -> None:
        there = dict(self._read_files(drive))
        for path, entry in there.items():
            if path not in drive.files and entry is not None:
                self._place(path).unlink()
        always = {self._place(path) for path in ALWAYS}
        folders = (one for one in self._all() if one.is_dir())
        for place in sorted((one for one in folders if not one.is_symlink()), reverse=True):
            if place not in always and not any(place.iterdir()):
                place.rmdir()
        for path, entry in drive.files.items():
            if entry is None or there.get(path) != entry:
                self._write_file(path, entry)

    def _write_file(self, path: str, entry: Entry) -> None:
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.is_file():
            place.unlink()
        if entry is None:
            place.mkdir(parents=True, exist_ok=True)
        elif isinstance(entry, dict) and "link" in entry:
            place.symlink_to(self._place(entry["link"]))
        else:
            place.write_bytes(content_of(path, entry))
            if isinstance(entry, dict) and "written" in entry:
                os.utime(place, (entry["written"], entry["written"]))

    def _read_files(self, before: Drive) -> Iterator[tuple[str, Entry]]:
        """What is there now; what is as it was before is said as before."""
        always = {self._place(path) for path in ALWAYS}
        for place in self._all():
            path = self._path(place)
            if place.is_symlink():
                yield path, {"link": self._path(place.readlink())}
            elif place.is_dir():
                if place not in always and not any(place.iterdir()):
                    yield path, None
            elif path != _LOCK:
                yield path, _entry(place, before, path)

    def _path(self, place: Path) -> str:
        if not any(place.is_relative_to(self._place(drive)) for drive in DRIVES):
            return f"C:\\{place}"
        drive, *inside = place.relative_to(self.folder).parts
        return f"{drive}:\\" + "\\".join(inside)


def _entry(place: Path, before: Drive, path: str) -> Entry:
    about = place.stat()
    key = (str(place), about.st_mtime_ns, about.st_size)
    if key not in _hashes:
        data = place.read_bytes()
        _hashes[key] = hashlib.sha256(data).hexdigest()
        CONTENTS[_hashes[key]] = data
    sha256 = _hashes[key]
    if place.name == MARKER:
        return {"size": about.st_size, "sha256": sha256, "written": about.st_mtime}
    known = path in before.files and before.find(path) == path and not before.is_link(path)
    if known and before.facts(path) == (about.st_size, sha256):
        return before.entry(path)
    return entry_of(CONTENTS[sha256])


def _in_order(new: Record, old: Record) -> Record:
    """The same, with what there was before in the order of before."""
    names = [*(name for name in old if name in new), *(name for name in new if name not in old)]
    return {name: new[name] for name in names}
