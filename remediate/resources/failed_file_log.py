"""The agent's newest log of files that it could not back up: what the end of it says, and how.

The agent writes one for each such job. Neither its encoding nor its layout is documented.
"""

import codecs
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import AwareDatetime, Field

from remediate.model.base import Model
from remediate.model.plan import Observed
from remediate.resources.base import Query, Resource
from remediate.resources.file_tail import FILE_TAIL_READER, MOST, Tail
from remediate.resources.host_path import HOST_PATH_READER, HostPath
from remediate.resources.mars_agent import TEMP
from remediate.resources.registry_value import RegistryValue
from remediate.resources.withholding import digest

_CODE = re.compile(r"\b0x[0-9a-f]{8}\b", re.IGNORECASE)
_PATH = re.compile(r'[A-Za-z]:\\[^\t\r\n<>"|*?]*')
_AROUND = " \t,;:-([{<=\"'"
_WESTERN = "cp1252"


class FailedFile(Model):
    """A file that was not backed up.

    Args:
        path: of the file or folder.
        code: of the error, in small letters (`0x80070005`); empty where the log says none.
    """

    path: str
    code: str = ""


class FailedFileLog(Resource):
    """The newest of these logs, if there is one. It can only be looked at.

    Args:
        folder: where they are.
        logs: how many there are.
        name: of the newest; empty when there is none.
        size: bytes of it.
        modified: when it was last written, UTC.
        start: at which of its bytes `tail` begins.
        tail: its end, as Base64.
        code_page: in which programs write that know no Unicode, by its number; empty when unknown.
    """

    kind: ClassVar[str] = "failed_file_log"
    noun: ClassVar[str] = "failed-file log"
    function: ClassVar[str] = "FailedFileLog"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (
        FILE_TAIL_READER,
        HOST_PATH_READER,
        RegistryValue.reader,
    )
    identity: ClassVar[tuple[str, ...]] = ("folder",)
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"logs", "name", "size", "modified", "start", "tail", "code_page"}
    )

    folder: str
    logs: int = 0
    name: str = ""
    size: int = 0
    modified: AwareDatetime | None = None
    start: int = 0
    tail: Tail = ""
    code_page: str = ""

    def files(self) -> Iterator[FailedFile]:
        """The files that the end of it names, in its order."""
        for line in self.text().splitlines():
            code = _CODE.search(line)
            bare = line if code is None else f"{line[: code.start()]}\t{line[code.end() :]}"
            path = _PATH.search(bare)
            if path is not None:
                known = "" if code is None else code[0].lower()
                yield FailedFile(path=path[0].rstrip(_AROUND), code=known)

    def disclosed(self) -> Observed:
        """What is in it is told by its digest only: it names the files of other people."""
        told = self.observed()
        tail = {"tail": digest(b64decode(self.tail))}
        return told.model_copy(update={"properties": told.properties | tail})

    def text(self) -> str:
        """The end of it in whole lines."""
        text = _decoded(b64decode(self.tail), _codec(self.code_page))
        return text.partition("\n")[2] if self.start else text


def _codec(code_page: str) -> str:
    """Python's name of a code page; of the Western European one where it has none."""
    try:
        return codecs.lookup(f"cp{code_page}").name
    except (LookupError, ValueError):
        return _WESTERN


def _decoded(data: bytes, code_page: str) -> str:
    """Text of an unknown encoding. Zeros first: they are in no text but that of UTF-16."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    wide = marks.get(data[:2])
    if wide is None and b"\0" in data:
        wide = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    if wide is not None:
        return data.decode(wide, errors="replace").removeprefix("\ufeff")
    whole = data[data.find(b"\n") + 1 :] if b"\n" in data else data  # it may begin in a letter
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(code_page, errors="replace")
    return data.decode("utf-8-sig", errors="replace")


class FailedFileLogs(Query):
    """The newest log, wherever the agent is installed; none when it is not.

    Args:
        folder: where they are.
        most: bytes of its end that are read.
    """

    resource: ClassVar[type[Resource]] = FailedFileLog
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    folder: HostPath = TEMP
    most: int = Field(64 * 1024, ge=1024, le=MOST)

    def details(self) -> Iterator[str]:
        """Where it is; how much of it is read says little."""
        yield str(self.folder)
