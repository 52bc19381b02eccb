"""The agent's own logs, `CBEngine*.errlog`: what the ends of the newest ones say."""

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

MOST_LOGS = 10
"""Logs whose ends can be asked for."""


class LogEnd(Model):
    """The end of a log.

    Args:
        name: of its file.
        size: bytes of all of it.
        modified: when it was last written, UTC.
        start: at which of its bytes `tail` begins.
        tail: its end, as Base64.
    """

    name: str
    size: int
    modified: AwareDatetime
    start: int
    tail: Tail

    @property
    def data(self) -> bytes:
        """Its end; it may begin within a line, and within a letter."""
        return b64decode(self.tail)


class AgentLog(Resource):
    """The logs of an agent that is installed. They can only be looked at.

    Args:
        folder: where they are.
        found: how many there are.
        logs: the newest of them, the newest first.
    """

    kind: ClassVar[str] = "agent_log"
    noun: ClassVar[str] = "agent log"
    function: ClassVar[str] = "AgentLog"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (
        FILE_TAIL_READER,
        HOST_PATH_READER,
        RegistryValue.reader,
    )
    identity: ClassVar[tuple[str, ...]] = ("folder",)
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"found", "logs"})

    folder: str
    found: int = 0
    logs: tuple[LogEnd, ...] = Field((), max_length=MOST_LOGS)

    def disclosed(self) -> Observed:
        """What is in them is told by its digest only: it names accounts and files."""
        told = self.observed()
        ends = [{**one.model_dump(mode="json"), "tail": digest(one.data)} for one in self.logs]
        return told.model_copy(update={"properties": {**told.properties, "logs": ends}})


class AgentLogs(Query):
    """The ends of the newest logs, wherever the agent is installed; none when it is not.

    Args:
        folder: where they are.
        newest: how many are read.
        most: bytes of the end of each that are read.
    """

    resource: ClassVar[type[Resource]] = AgentLog
    bounded: ClassVar[bool] = False  # a disk that hangs takes no limit

    folder: HostPath = TEMP
    newest: int = Field(2, ge=1, le=MOST_LOGS)
    most: int = Field(64 * 1024, ge=1024, le=MOST)

    def details(self) -> Iterator[str]:
        """Where they are; how much of them is read says little."""
        yield str(self.folder)
