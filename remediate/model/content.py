"""A folder as data: which files are in it, how long they are, and their SHA-256.

Paths are Windows paths, relative, whatever the controller runs on. One that Windows would read
as anything but a file below the folder is refused here, before anything is sent.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from remediate.model.base import Model
from remediate.model.text import count

MAX_PATH = 150
"""Characters of a path, so that with the folder before it it stays below the 260 of Windows."""
MAX_PART = 100
"""Characters of one name in it."""
MAX_FILES = 3_000
MAX_BYTES = 512 * 1024 * 1024
MAX_TEXT = 400_000
"""Characters of all paths in a request, so that two manifests stay below two million."""

_MEGABYTE = 1_000_000
_ESCAPED = re.compile(r"[^ -\[\]-^`-~]")
"""What takes up to six characters in a request: beyond ASCII, underscore, backslash."""

DIGEST = 16
"""Digits of a manifest's SHA-256 that name a folder."""

_FORBIDDEN = re.compile(r"""[\x00-\x1f\x7f-\x9f"*/:<>?|\ud800-\udfff]""")
_DEVICES = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE
)


def file_path(value: str) -> str:
    r"""Check a relative path, such as `en-US\about.help.txt`.

    Raises:
        ValueError: it is absolute, leaves the folder, names a device or a stream, or Windows
            would take it for another path.
    """
    if len(value) > MAX_PATH or _FORBIDDEN.search(value):
        msg = f"{value[:MAX_PATH]!r} cannot be the path of a file below a folder"
        raise ValueError(msg)
    for part in value.split("\\"):
        device = _DEVICES.fullmatch(part.split(".")[0].rstrip(" "))
        if not part or len(part) > MAX_PART or part != part.strip(" ").rstrip(".") or device:
            msg = f"{value!r} cannot be the path of a file below a folder"
            raise ValueError(msg)
    return value


class FileEntry(Model):
    """One file.

    Args:
        path: relative, with backslashes.
        size: bytes.
        sha256: of its content, 64 lower-case hexadecimal digits.
    """

    path: Annotated[str, AfterValidator(file_path)]
    size: int = Field(ge=0, le=MAX_BYTES)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Model):
    """All files of a folder. Empty folders are not in it.

    Args:
        digest: names this content: the first digits of a SHA-256 over all entries.
        files: the files, in the order of their paths.
    """

    digest: str = ""
    files: tuple[FileEntry, ...] = Field(max_length=MAX_FILES)

    @classmethod
    def of(cls, files: Iterable[FileEntry]) -> Self:
        """The manifest of these files.

        Raises:
            pydantic.ValidationError: two of them cannot be in one folder, or they are too much.
        """
        return cls(files=tuple(files))

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        files = tuple(sorted(self.files, key=lambda file: file.path))
        seen: set[str] = set()
        for file in files:
            path = file.path.casefold()
            if path in seen:
                msg = f"{file.path!r} is there twice, as Windows ignores case"
                raise ValueError(msg)
            seen.add(path)
        for path in sorted(seen):
            parts = path.split("\\")
            for end in range(1, len(parts)):
                if "\\".join(parts[:end]) in seen:
                    msg = f"{path!r} is below a file"
                    raise ValueError(msg)
        if sum(len(_ESCAPED.sub("123456", file.path)) for file in files) > MAX_TEXT:
            msg = f"the paths of the files have more than {MAX_TEXT} characters together"
            raise ValueError(msg)
        if sum(file.size for file in files) > MAX_BYTES:
            msg = f"the files have more than {MAX_BYTES} bytes together"
            raise ValueError(msg)
        text = "".join(f"{file.sha256} {file.size} {file.path}\n" for file in files)
        digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST]
        if self.digest not in {"", digest}:
            msg = "the digest is not that of the files"
            raise ValueError(msg)
        # frozen, but its own validator may bring it into its one form
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "digest", digest)
        return self

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def __str__(self) -> str:
        size = (
            f"{self.size / 1e6:.1f} MB" if self.size >= _MEGABYTE else f"{self.size / 1e3:.1f} kB"
        )
        return f"{count(len(self.files), 'file')}, {size}, sha256 {self.digest}"


class Piece(Model):
    """Part of a file.

    Args:
        file: the file.
        offset: where it begins, bytes.
        length: how long it is, bytes.
    """

    file: FileEntry
    offset: int
    length: int

    @property
    def last(self) -> bool:
        """Whether the file ends with it."""
        return self.offset + self.length == self.file.size
