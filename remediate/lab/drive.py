r"""The files on the drives of a practice host, as its Windows' state has them.

The section `files` names each by its full path. What it says of one is a short text as it is, or
`{"size", "sha256"}` of anything else (`CONTENTS` has what that is); `{"link"}` leads elsewhere;
null is a folder with nothing in it. Windows ignores case in paths.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

CONTENTS: dict[str, bytes] = {}
"""What files hold that are more than a short text, by SHA-256."""

PROGRAM_FILES = "C:\\Program Files\\"
OURS = PROGRAM_FILES + "remediate\\"
"""Where runs leave lease, receipts and what they have to remember."""

MARKER = "remediate.staging"
"""Name of the file in a staging folder that says whose it is; when it was written counts, too."""

DRIVES = ("C:", "D:")
"""Those that a host may have files on."""

ALWAYS = (*DRIVES, "C:\\Program Files", "C:\\ProgramData", "C:\\Windows", "C:\\Windows\\Temp")
"""Folders that each host has, empty or not."""

LONGEST_TEXT = 2_000
"""Bytes up to which a text stands in the state itself."""

Entry = str | dict[str, Any] | None


def entry_of(data: bytes) -> Entry:
    """What the state says of a file with this in it."""
    if len(data) <= LONGEST_TEXT:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    return {"size": len(data), "sha256": learn(data)}


def learn(data: bytes) -> str:
    """Keep what a file holds; its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    CONTENTS[sha256] = data
    return sha256


class Drive:
    """The files of one host; made anew by whoever looks at them.

    Args:
        windows: the state of its Windows.
    """

    def __init__(self, windows: dict[str, Any]) -> None:
        self._windows = windows

    @property
    def files(self) -> dict[str, Entry]:
        """All of them by path; not to be changed."""
        return self._windows.get("files") or {}

    @cached_property
    def _names(self) -> dict[str, str]:
        """Paths as they are written, by what Windows compares."""
        return {path.casefold(): path for path in self.files}

    # --- folders ----------------------------------------------------------------------------------

    def below(self, folder: str) -> list[str]:
        """Paths of all files in a folder and below, and of what leads elsewhere."""
        return [path for path in self._inside(folder) if self.files[path] is not None]

    def folders(self, parent: str) -> list[str]:
        """Names of the folders right in a folder."""
        start = len(_prefix(parent))
        found: dict[str, None] = {}
        for path in self._inside(parent):
            name, below, _ = path[start:].partition("\\")
            if below or self.files[path] is None:
                found[name] = None
        return list(found)

    def has_folder(self, folder: str) -> bool:
        """Whether there is such a folder."""
        known = self._names.get(folder.rstrip("\\").casefold(), "")
        return (known != "" and self.files[known] is None) or any(self._inside(folder))

    def _inside(self, folder: str) -> Iterator[str]:
        start = _prefix(folder)
        return (path for name, path in self._names.items() if name.startswith(start))

    # --- files ------------------------------------------------------------------------------------

    def find(self, path: str) -> str | None:
        """The path of a file or link as the state has it; None when there is none."""
        known = self._names.get(path.casefold())
        return known if known is not None and self.files[known] is not None else None

    def entry(self, path: str) -> Entry:
        """What the state says of a file; None when there is none."""
        known = self.find(path)
        return None if known is None else self.files[known]

    def is_link(self, path: str) -> bool:
        """Whether a path leads elsewhere."""
        entry = self.entry(path)
        return isinstance(entry, dict) and "link" in entry

    def facts(self, path: str) -> tuple[int, str]:
        """How many bytes a file has, and their SHA-256; it is there, and no link."""
        entry = self.entry(path)
        if isinstance(entry, dict) and "sha256" in entry:
            return int(entry["size"]), str(entry["sha256"])
        data = self.read(path) or b""
        return len(data), _sha256(data)

    def written(self, path: str) -> float:
        """When a file was written, in seconds since 1970; only kept of `MARKER`."""
        entry = self.entry(path)
        return float(entry.get("written", 0)) if isinstance(entry, dict) else 0.0

    def read(self, path: str) -> bytes | None:
        """What a file holds; None when there is none.

        Raises:
            ValueError: nobody knows it.
        """
        entry = self.entry(path)
        return None if entry is None else content_of(path, entry)

    # --- changes ----------------------------------------------------------------------------------

    def write(self, path: str, data: bytes, *, written: float | None = None) -> None:
        """Make or replace a file, and the folders that it is in.

        Args:
            path: the file.
            data: what it holds.
            written: when, where that counts.
        """
        entry = entry_of(data)
        if written is not None:
            entry = {"size": len(data), "sha256": learn(data), "written": written}
        self.put(path, entry)

    def append(self, path: str, data: bytes) -> None:
        """Make a file longer; what it holds is put together when it is asked for."""
        entry = self.entry(path)
        pieces = list(entry["pieces"]) if isinstance(entry, dict) and "pieces" in entry else []
        if not pieces and entry is not None:
            pieces = [learn(content_of(path, entry))]
        pieces.append(learn(data))
        size = sum(len(CONTENTS[piece]) for piece in pieces)
        self.put(path, {"size": size, "pieces": pieces})

    def put(self, path: str, entry: Entry) -> None:
        """Let the state say this of a file, link or empty folder."""
        files = self._windows.setdefault("files", {})
        path = self._names.get(path.casefold(), path)
        above = path
        while above := above.rpartition("\\")[0]:  # has something in it from now on
            self._forget(self._names.get(above.casefold(), ""))
        files[path] = entry
        self._names[path.casefold()] = path

    def remove(self, path: str) -> None:
        """Take a file, or a folder with all that is in it, away; more than once without harm."""
        path = path.rstrip("\\")
        gone = [*self._inside(path), self._names.get(path.casefold(), "")]
        there = [self._forget(known) for known in gone]
        parent = path.rpartition("\\")[0]
        always = {one.casefold() for one in ALWAYS}
        if any(there) and parent.casefold() not in always and not self.has_folder(parent):
            self.put(parent, None)

    def move(self, path: str, to: str) -> None:
        """Give a file, which is there, another path."""
        entry = self.entry(path)
        self._forget(self._names[path.casefold()])
        self.put(to, entry)

    def rename(self, folder: str, name: str) -> None:
        """Give a folder another name."""
        folder = folder.rstrip("\\")
        new = folder.rpartition("\\")[0] + "\\" + name
        moved = [*self._inside(folder), self._names.get(folder.casefold(), "")]
        for path in filter(None, moved):
            entry = self.files[path]
            self._forget(path)
            self.put(new + path[len(folder) :], entry)

    def _forget(self, path: str) -> bool:
        if path not in self.files:
            return False
        del self._windows["files"][path]
        del self._names[path.casefold()]
        return True


def content_of(path: str, entry: Entry) -> bytes:
    """What a file holds of which the state says this.

    Raises:
        ValueError: nobody knows it.
    """
    if isinstance(entry, str):
        return entry.encode()
    pieces = (entry or {}).get("pieces", [(entry or {}).get("sha256")])
    if any(piece not in CONTENTS for piece in pieces):
        raise ValueError(f"nobody knows what is in {path}")
    return b"".join(CONTENTS[piece] for piece in pieces)


@lru_cache(maxsize=1_000)
def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _prefix(folder: str) -> str:
    return folder.rstrip("\\").casefold() + "\\"
