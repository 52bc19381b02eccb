"""Shells: what a Create makes, and a Delete or the idle time-out ends."""

import asyncio
import base64
import binascii
import struct
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from remediate.lab.engines.protocol import BackendFactory
from remediate.lab.server.outlet import FRAGMENT_HEADER, Batch, Chunk, Outlet, fragments
from remediate.lab.server.soap import NS, Code, SoapRequest, WSManFault

MAX_COMMANDS = 5000
"""Commands of one shell, as MaxConcurrentOperationsPerUser of Windows."""
MAX_RECEIVED = 50 * 1024 * 1024
"""Bytes that a command may be sent, as MaximumReceivedDataSizePerCommandMB of Windows."""

_POOL_STATE = 0x00021005
_OPENED = b'N="RunspaceState">2<'
_PIPELINE_ID = slice(FRAGMENT_HEADER + 24, FRAGMENT_HEADER + 40)


@dataclass
class ShellInfo:
    """What Windows tells of a shell.

    Args:
        id: its name.
        resource: URI of its kind.
        owner: account.
        client: address it was made from.
        idle_timeout: seconds without a request after which it is ended.
        created: clock at its making.
        used: clock at its last request.
    """

    id: str
    resource: str
    owner: str
    client: str
    idle_timeout: float
    created: float
    used: float

    def xml(self, now: float, streams: tuple[str, str]) -> str:
        """The rsp:Shell element."""
        return (
            f"<rsp:Shell><rsp:ShellId>{escape(self.id)}</rsp:ShellId>"
            f"<rsp:ResourceUri>{escape(self.resource)}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(self.owner)}</rsp:Owner>"
            f"<rsp:ClientIP>{escape(self.client)}</rsp:ClientIP>"
            f"<rsp:IdleTimeOut>PT{self.idle_timeout:.3f}S</rsp:IdleTimeOut>"
            f"<rsp:InputStreams>{streams[0]}</rsp:InputStreams>"
            f"<rsp:OutputStreams>{streams[1]}</rsp:OutputStreams>"
            f"<rsp:ShellRunTime>PT{now - self.created:.0f}S</rsp:ShellRunTime>"
            f"<rsp:ShellInactivity>PT{now - self.used:.0f}S</rsp:ShellInactivity></rsp:Shell>"
        )


class Shell(ABC):
    """One shell of a host.

    Args:
        info: what is told of it.
    """

    streams: ClassVar[tuple[str, str]]

    def __init__(self, info: ShellInfo) -> None:
        self.info = info
        self.commands: dict[str, Outlet] = {}
        self._received = 0

    @abstractmethod
    async def create(self, body: ET.Element) -> None:
        """Begin, with the rsp:Shell element of the request."""

    @abstractmethod
    async def command(
        self, command_id: str | None, line: ET.Element, options: Mapping[str, str]
    ) -> str:
        """Begin a command and name it; options by name in lower case."""

    @abstractmethod
    async def send(self, command_id: str | None, stream: str, data: bytes, *, end: bool) -> None:
        """Take input."""

    @abstractmethod
    async def signal(self, command_id: str, code: str) -> None:
        """Stop a command; Terminate also forgets it."""

    @abstractmethod
    async def close(self) -> None:
        """End everything."""

    def outlet(self, command_id: str | None) -> Outlet:
        """The output of a command.

        Raises:
            WSManFault: there is no such command.
        """
        outlet = self.commands.get((command_id or "").upper())
        if outlet is None or outlet.ended:
            raise unknown_command()
        return outlet

    async def receive(self, request: SoapRequest, room: int, gone: asyncio.Future[None]) -> Batch:
        """Fetch output of the target that the request names."""
        return await self.outlet(receive_target(request)).take(room, request.timeout, gone)

    def delivered(self, command_id: str | None, batch: Batch) -> None:
        """The client has what it fetched."""
        outlet = self.commands.get((command_id or "").upper())
        if outlet is not None:
            outlet.delivered(batch)

    def new_command(self, command_id: str) -> Outlet:
        """Room for the output of a new command.

        Raises:
            WSManFault: its name is taken, or there are too many.
        """
        if command_id.upper() in self.commands:
            raise WSManFault(Code.COMMAND_ID_CONFLICT, "The CommandId is in use.")
        if len(self.commands) >= MAX_COMMANDS:
            raise WSManFault(Code.QUOTA_MAX_OPERATIONS, "The shell has too many commands.")
        outlet = self.commands[command_id.upper()] = Outlet()
        self._received = 0
        return outlet

    def count(self, data: bytes) -> bytes:
        """Keep within what a command may be sent.

        Raises:
            WSManFault: it is too much.
        """
        self._received += len(data)
        if self._received > MAX_RECEIVED:
            raise WSManFault(Code.ENVELOPE_TOO_LARGE, "A command was sent more than 50 MB.")
        return data


class PsrpShell(Shell):
    """A runspace pool.

    Args:
        info: what is told of it.
        backend: what runs its pipelines.
    """

    streams = ("stdin pr", "stdout")

    def __init__(self, info: ShellInfo, backend: BackendFactory) -> None:
        super().__init__(info)
        self.opened = False
        self._pool = Outlet()
        self._pipelines: dict[UUID, str] = {}
        self._backend = backend(self._output, self._done)

    async def create(self, body: ET.Element) -> None:
        """Open the pool with the messages in creationXml."""
        creation = body.findtext("{http://schemas.microsoft.com/powershell}creationXml")
        await self._feed(self._backend.open(decoded(creation)))

    async def command(
        self, command_id: str | None, line: ET.Element, options: Mapping[str, str]
    ) -> str:
        """Begin a pipeline, whose first fragment is the argument of the command."""
        del options
        if not self.opened:
            raise WSManFault(Code.INVALID_SOAP_BODY, "The runspace pool is not open yet.")
        data = self.count(decoded(line.findtext("rsp:Arguments", None, NS)))
        if len(data) < _PIPELINE_ID.stop or not data[16] & 1:
            raise WSManFault(Code.INVALID_SOAP_BODY, "The command is no PSRP message.")
        pipeline = UUID(bytes_le=data[_PIPELINE_ID])
        name = (command_id or str(pipeline)).upper()
        self.new_command(name)
        self._pipelines[pipeline] = name
        await self._feed(self._backend.command(pipeline, data))
        return name

    async def send(self, command_id: str | None, stream: str, data: bytes, *, end: bool) -> None:  # noqa: ARG002 - PSRP has its own end
        """Take further fragments for the pool or a pipeline."""
        if stream not in {"stdin", "pr"}:
            raise WSManFault(Code.INVALID_SOAP_BODY, f"The shell has no stream {stream}.")
        pipeline = None if command_id is None else self._pipeline(command_id)
        await self._feed(self._backend.send(pipeline, stream, self.count(data)))

    async def signal(self, command_id: str, code: str) -> None:
        """Stop a pipeline."""
        pipeline = self._pipeline(command_id)
        await self._backend.signal(pipeline)
        if code.lower().endswith("/terminate"):
            self.commands.pop(command_id.upper()).close()
            del self._pipelines[pipeline]

    async def close(self) -> None:
        """End the pool."""
        for outlet in (self._pool, *self.commands.values()):
            outlet.close()
        await self._backend.close()

    def outlet(self, command_id: str | None) -> Outlet:
        """The output of a pipeline, or of the pool."""
        return self._pool if command_id is None else super().outlet(command_id)

    def delivered(self, command_id: str | None, batch: Batch) -> None:
        """The client has what it fetched; it may now know that the pool is open."""
        self.opened = self.opened or any(piece.opens for piece in batch.pieces)
        if command_id is None:
            self._pool.delivered(batch)
        else:
            super().delivered(command_id, batch)

    def _pipeline(self, command_id: str) -> UUID:
        for pipeline, name in self._pipelines.items():
            if name == command_id.upper():
                return pipeline
        raise unknown_command()

    async def _feed(self, work: Awaitable[None]) -> None:
        try:
            await work
        except WSManFault:
            raise
        except Exception as error:  # a client's bytes may break the decoder anywhere
            reason = f"The PSRP message cannot be read: {type(error).__name__}"
            raise WSManFault(Code.INVALID_SOAP_BODY, reason) from error

    def _output(self, pipeline: UUID | None, data: bytes) -> None:
        outlet = self._target(pipeline)
        if outlet is None:
            return
        for fragment in fragments(data):
            kind = struct.unpack("<I", fragment[25:29])[0] if fragment[16] & 1 else 0
            state = kind == _POOL_STATE
            outlet.put(Chunk("stdout", fragment, alone=state, opens=state and _OPENED in fragment))

    def _done(self, pipeline: UUID | None) -> None:
        if pipeline is None:
            for waiting in (self._pool, *self.commands.values()):
                waiting.close()
            return
        outlet = self._target(pipeline)
        if outlet is not None:
            outlet.finish()

    def _target(self, pipeline: UUID | None) -> Outlet | None:
        if pipeline is None:
            return self._pool
        return self.commands.get(self._pipelines.get(pipeline, ""))


def unknown_command() -> WSManFault:
    """The fault for a shell or command that is not there."""
    return WSManFault(
        Code.UNEXPECTED_SELECTORS,
        "The request for the Windows Remote Shell failed because the shell or the command was not "
        "found on the server.",
    )


def receive_target(request: SoapRequest) -> str | None:
    """The CommandId that a Receive asks about; None for the pool.

    Raises:
        WSManFault: it is no Receive.
    """
    body = request.body
    desired = body.find("rsp:DesiredStream", NS) if body is not None else None
    if desired is None:
        raise WSManFault(Code.INVALID_SOAP_BODY, "DesiredStream is missing.")
    return desired.get("CommandId")


def decoded(text: str | None) -> bytes:
    """Base64, strictly.

    Raises:
        WSManFault: it is none.
    """
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WSManFault(Code.INVALID_SOAP_BODY, "The data is not base64.") from error
