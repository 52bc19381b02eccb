"""The WS-Management service of one host: what each action does."""

import asyncio
import base64
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from remediate.lab.engines.protocol import BackendFactory, Program
from remediate.lab.server.cmd import CmdShell
from remediate.lab.server.faults import Step
from remediate.lab.server.outlet import Batch
from remediate.lab.server.shell import (
    PsrpShell,
    Shell,
    ShellInfo,
    decoded,
    receive_target,
    unknown_command,
)
from remediate.lab.server.soap import NS, Code, SoapRequest, WSManFault, duration, envelope
from remediate.lab.state import HostState

POWERSHELL = "http://schemas.microsoft.com/powershell/"
USUAL_ENDPOINTS = ("Microsoft.PowerShell",)
CMD = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
SHELLS = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
HEADROOM = 2048
"""Bytes of a response that are not streams, never less than there are."""
MIN_IDLE = 60
DEFAULT_IDLE = 7200
MAX_IDLE = 2147483

_ACTIONS = {
    f"{TRANSFER}/Create": Step.CREATE,
    f"{TRANSFER}/Delete": Step.DELETE,
    f"{TRANSFER}/Get": Step.GET,
    f"{SHELLS}/Command": Step.COMMAND,
    f"{SHELLS}/Send": Step.SEND,
    f"{SHELLS}/Receive": Step.RECEIVE,
    f"{SHELLS}/Signal": Step.SIGNAL,
}


def kind_of(action: str) -> Step:
    """What an action is called in counters and fault rules."""
    return _ACTIONS.get(action, Step.OTHER)


@dataclass(frozen=True)
class Caller:
    """Who sends a request.

    Args:
        user: account.
        address: IP address.
        gone: ends when the connection does.
    """

    user: str
    address: str
    gone: asyncio.Future[None]


@dataclass(frozen=True)
class Response:
    """An envelope, and what to do when it has arrived."""

    data: bytes
    arrived: Callable[[], None] = lambda: None


@dataclass
class WSManService:
    """The shells of one host.

    Args:
        state: the host.
        backend: makes what runs pipelines.
        program: what the command shell starts as PowerShell.
        url: of the endpoint.
        endpoints: names of those of PowerShell that it has.
        max_shells: shells that may be open at once; 30 on Windows.
        clock: monotonic seconds.
    """

    state: HostState
    backend: BackendFactory
    program: Program
    url: str
    endpoints: tuple[str, ...] = USUAL_ENDPOINTS
    max_shells: int = 30
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.shells: dict[str, Shell] = {}
        self._powershell = {POWERSHELL + name for name in self.endpoints}

    async def handle(self, request: SoapRequest, caller: Caller) -> Response:
        """Do what a request asks.

        Raises:
            WSManFault: it cannot be done.
            ClientGone: nobody waits for the answer.
        """
        actions = {
            Step.CREATE: self._create,
            Step.DELETE: self._delete,
            Step.GET: self._get,
            Step.COMMAND: self._command,
            Step.SEND: self._send,
            Step.RECEIVE: self._receive,
            Step.SIGNAL: self._signal,
        }
        action = actions.get(kind_of(request.action), self._refuse)
        try:
            return await action(request, caller)
        except WSManFault as fault:
            fault.relates_to = request.message_id
            raise

    async def reap(self) -> None:
        """End the shells that nobody has used for their idle time-out."""
        now = self.clock()
        for shell in list(self.shells.values()):
            if now - shell.info.used >= shell.info.idle_timeout:
                self.shells.pop(shell.info.id, None)
                await shell.close()

    async def close(self) -> None:
        """End all shells."""
        while self.shells:
            await self.shells.popitem()[1].close()

    async def _refuse(self, request: SoapRequest, caller: Caller) -> Response:
        del caller
        raise WSManFault(Code.ACTION_NOT_SUPPORTED, f"{request.action} is not supported.")

    async def _create(self, request: SoapRequest, caller: Caller) -> Response:
        if request.resource not in {*self._powershell, CMD}:
            raise _no_resource(request)
        if len(self.shells) >= self.max_shells:
            raise WSManFault(Code.QUOTA_MAX_SHELLS, "The user has too many shells open.")
        body = _body(request, "Shell")
        shell_id = (body.get("ShellId") or str(uuid.uuid4())).upper()
        if shell_id in self.shells:
            raise WSManFault(Code.SHELL_ID_CONFLICT, "The ShellId is in use.")
        now = self.clock()
        info = ShellInfo(
            id=shell_id,
            resource=request.resource,
            owner=caller.user,
            client=caller.address,
            idle_timeout=_idle_timeout(body),
            created=now,
            used=now,
        )
        shell: Shell
        if request.resource in self._powershell:
            shell = PsrpShell(info, self.backend)
        else:
            codepage = request.options.get("winrs_codepage", "437")
            shell = CmdShell(info, self.state, codepage, self.program)
        self.shells[shell_id] = shell
        try:
            await shell.create(body)
        except WSManFault:
            self.shells.pop(shell_id, None)
            await shell.close()
            raise
        created = (
            f"<x:ResourceCreated><a:Address>{escape(self.url)}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{escape(request.resource)}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{escape(shell_id)}</w:Selector></w:SelectorSet>'
            "</a:ReferenceParameters></x:ResourceCreated>"
        )
        return _response(request, created + info.xml(now, shell.streams))

    async def _delete(self, request: SoapRequest, caller: Caller) -> Response:
        del caller
        shell = self._shell(request)
        self.shells.pop(shell.info.id, None)
        await shell.close()
        return _response(request, "")

    async def _get(self, request: SoapRequest, caller: Caller) -> Response:
        del caller
        if request.resource == CONFIG:
            size = "<cfg:MaxEnvelopeSizekb>500</cfg:MaxEnvelopeSizekb>"
            return _response(request, f"<cfg:Config>{size}</cfg:Config>")
        shell = self._shell(request, any_uri=request.resource == SHELLS)
        return _response(request, shell.info.xml(self.clock(), shell.streams))

    async def _command(self, request: SoapRequest, caller: Caller) -> Response:
        del caller
        shell, body = self._shell(request), _body(request, "CommandLine")
        command_id = await shell.command(body.get("CommandId"), body, request.options)
        xml = f"<rsp:CommandId>{escape(command_id)}</rsp:CommandId>"
        return _response(request, f"<rsp:CommandResponse>{xml}</rsp:CommandResponse>")

    async def _send(self, request: SoapRequest, caller: Caller) -> Response:
        del caller
        shell = self._shell(request)
        stream = _body(request, "Send").find("rsp:Stream", NS)
        if stream is None:
            raise WSManFault(Code.INVALID_SOAP_BODY, "Stream is missing.")
        end = stream.get("End", "").lower() in {"true", "1"}
        name, data = stream.get("Name", ""), decoded(stream.text)
        await shell.send(stream.get("CommandId"), name, data, end=end)
        return _response(request, "<rsp:SendResponse/>")

    async def _receive(self, request: SoapRequest, caller: Caller) -> Response:
        shell = self._shell(request)
        _body(request, "Receive")
        command_id = receive_target(request)
        batch = await shell.receive(request, request.max_envelope - HEADROOM, caller.gone)
        shell.info.used = self.clock()
        response = _response(request, _receive_body(command_id, batch))
        return Response(response.data, lambda: shell.delivered(command_id, batch))

    async def _signal(self, request: SoapRequest, caller: Caller) -> Response:
        del caller
        shell, body = self._shell(request), _body(request, "Signal")
        code = body.findtext("rsp:Code", "", NS).strip()
        if not code.lower().endswith(("/terminate", "/ctrl_c", "/ctrl_break")):
            raise WSManFault(Code.INVALID_SOAP_BODY, "The signal is unknown.")
        await shell.signal(body.get("CommandId", ""), code)
        return _response(request, "<rsp:SignalResponse/>")

    def _shell(self, request: SoapRequest, *, any_uri: bool = False) -> Shell:
        if request.resource not in {*self._powershell, CMD, SHELLS}:
            raise _no_resource(request)
        if "ShellId" not in request.selectors:
            raise WSManFault(Code.INSUFFICIENT_SELECTORS, "The ShellId is missing.")
        shell = self.shells.get(request.selectors["ShellId"].upper())
        if shell is None or not (any_uri or shell.info.resource == request.resource):
            raise unknown_command()
        shell.info.used = self.clock()
        return shell


def _no_resource(request: SoapRequest) -> WSManFault:
    code = Code.RESOURCE_NOT_FOUND
    if request.resource.startswith(POWERSHELL):
        code = Code.INVALID_RESOURCE_URI
    return WSManFault(code, f"There is no resource {request.resource}.")


def _response(request: SoapRequest, body: str) -> Response:
    return Response(envelope(request.action + "Response", request.message_id, body))


def _body(request: SoapRequest, name: str) -> ET.Element:
    if request.body is None or request.body.tag != f"{{{NS['rsp']}}}{name}":
        raise WSManFault(Code.INVALID_SOAP_BODY, f"The body is no {name}.")
    return request.body


def _idle_timeout(shell: ET.Element) -> float:
    text = shell.findtext("rsp:IdleTimeOut", None, NS)
    seconds = DEFAULT_IDLE if text is None else duration(text)
    if seconds is None or not MIN_IDLE <= seconds <= MAX_IDLE:
        raise WSManFault(Code.IDLE_TIMEOUT_OUT_OF_BOUNDS, "IdleTimeOut is not within 60 s to 24 d.")
    return seconds


def _receive_body(command_id: str | None, batch: Batch) -> str:
    named = f' CommandId="{escape(command_id.upper())}"' if command_id else ""
    parts = [
        f'<rsp:Stream Name="{piece.stream}"{named}>{base64.b64encode(piece.data).decode()}'
        "</rsp:Stream>"
        for piece in batch.pieces
    ]
    if batch.done and command_id:
        streams = dict.fromkeys(piece.stream for piece in batch.pieces)
        if batch.exit_code is not None:
            streams = dict.fromkeys(("stdout", "stderr"))
            parts += [f'<rsp:Stream Name="{name}"{named} End="true"/>' for name in streams]
        code = "" if batch.exit_code is None else f"<rsp:ExitCode>{batch.exit_code}</rsp:ExitCode>"
        parts.append(
            f'<rsp:CommandState{named} State="{SHELLS}/CommandState/Done">{code}</rsp:CommandState>'
        )
    return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
