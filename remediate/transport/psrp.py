"""The PowerShell Remoting Protocol over WinRM: one session's life, whatever writes the messages.

A wire writes and reads them: ours (`lean`), or pypsrp (`reference`), which REMEDIATE_WIRE=pypsrp
chooses. When to send, wait, repeat and give up is decided in the conversation, for both.
"""

from functools import partial
from typing import Final

from remediate.model.host import Host
from remediate.powershell.messages import (
    MalformedReplyError,
    Reply,
    Request,
    decode_part,
    decode_reply,
)
from remediate.powershell.packed import PLAIN, packed, unpacker
from remediate.transport.classify import is_closed_endpoint
from remediate.transport.conversation import START_SECONDS, Conversation
from remediate.transport.errors import ProtocolError, RemoteError, TransportError
from remediate.transport.protocol import Aside, Deadline
from remediate.transport.shell import Parameters, Pipeline, Shell
from remediate.transport.stream import Steps
from remediate.transport.winrm import WinrmTransport
from remediate.transport.wires import WireName, wire_of_environment

_ANOTHER_WAY: Final = (
    "If only the PowerShell endpoint there is closed or not registered, --transport winrs does "
    "without it."
)


def new_shell(talk: Conversation) -> Shell:
    """A shell that nobody has asked for yet, by the wire that is chosen.

    Args:
        talk: the conversation with its host.
    """
    if wire_of_environment() is WireName.LEAN:
        from remediate.transport.lean.shell import LeanShell  # noqa: PLC0415 - one wire is enough

        return LeanShell(talk)
    from remediate.transport.reference import ReferenceShell  # noqa: PLC0415 - as above

    return ReferenceShell(talk)


class PsrpTransport(WinrmTransport):
    """Makes sessions that speak PSRP."""

    def session(self, host: Host) -> "PsrpSession":
        """A session that has sent nothing yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        return PsrpSession(self.conversation(host), self.max_reply)


class PsrpSession:
    """One runspace pool on one host, for one thread.

    Scripts go packed; once it has said that it takes them only as they are, they go so.

    Args:
        talk: the conversation with the host.
        max_reply: characters after which the host is cut off.
    """

    def __init__(self, talk: Conversation, max_reply: int) -> None:
        self._talk = talk
        self._max_reply = max_reply
        self._shell: Shell | None = None
        self._plain = False

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run one pipeline; see the protocol. A session that failed opens a new shell first."""
        return self._talk.drive(self.running(script, request, deadline))

    def close(self) -> None:
        """End the shell and the connection; see the protocol."""
        self._talk.drive(self.closing())

    async def run_in_loop(
        self, script: str, request: Request, deadline: Deadline, aside: Aside
    ) -> Reply:
        """The same as a task of a loop; see `LoopSession`."""
        if wire_of_environment() is WireName.PYPSRP:
            return await aside(partial(self.run, script, request, deadline))
        return await self._talk.drive_in_loop(self.running(script, request, deadline), aside)

    async def close_in_loop(self, aside: Aside) -> None:
        """The same as a task of a loop; see `LoopSession`."""
        if wire_of_environment() is WireName.PYPSRP:
            await aside(self.close)
        else:
            await self._talk.drive_in_loop(self.closing(), aside)

    def running(self, script: str, request: Request, deadline: Deadline) -> Steps[Reply]:
        """The steps of `run`."""
        with self._talk.turn():
            shell = yield from self._ready(deadline)
            return (yield from self._pipeline(shell, script, request))

    def closing(self) -> Steps[None]:
        """The steps of `close`."""
        shell, self._shell = self._shell, None
        yield from self._talk.closing(shell.delete if shell else None)

    def _ready(self, deadline: Deadline) -> Steps[Shell]:
        """The open shell, or a new one when there is none, or it may have ended by now."""
        talk = self._talk
        if not talk.fresh:
            yield from self.closing()
        talk.begin(deadline, self._max_reply)
        if self._shell is not None:
            self._shell.expect()
            return self._shell
        shell = self._shell = new_shell(talk)  # whatever happens now, it may have to be deleted
        try:
            yield from talk.creating(shell.create)
        except TransportError as error:
            if talk.made_nothing:
                self._shell = None
            if is_closed_endpoint(error):
                error.hint = f"{error.hint} {_ANOTHER_WAY}"
            raise
        while shell.opening:
            yield from shell.receive(None)
        if not shell.opened:
            raise talk.error(ProtocolError, "its shell does not open")
        talk.opened = True
        return shell

    def _pipeline(self, shell: Shell, script: str, request: Request) -> Steps[Reply]:
        talk = self._talk
        yield from shell.seal(request)
        talk.allow(START_SECONDS)
        talk.may_act()
        pipeline = yield from shell.start(*self._said(script, request))
        talk.bound(request)
        try:
            yield from self._collect(shell, pipeline, most=len(request.calls) + 1)
        except TransportError as error:
            error.partial = self._part(pipeline, request)
            raise
        except Exception as error:
            problem = talk.problem(error)
            problem.partial = self._part(pipeline, request)
            raise problem from error
        shell.forget(pipeline)
        if pipeline.error is not None:
            raise pipeline.error
        if not pipeline.completed:
            raise RemoteError(talk.host.name, "the script was stopped")
        if pipeline.outputs == [PLAIN] and not self._plain:
            self._plain = True
            return (yield from self._pipeline(shell, script, request))
        return self._reply(pipeline, request)

    def _said(self, script: str, request: Request) -> tuple[str, Parameters]:
        """What is run, and with which parameters."""
        if self._plain:
            return script, {"Request": request.encode()}
        return unpacker(), {"Packed": packed(script), "Request": request.encode()}

    def _collect(self, shell: Shell, pipeline: Pipeline, most: int) -> Steps[None]:
        """Wait for the end of a pipeline, and keep what it puts out."""
        talk = self._talk
        while not pipeline.ended:
            yield from shell.receive(pipeline)
            if pipeline.asks:
                talk.opened = False  # it would wait for ever
                raise RemoteError(talk.host.name, "it asks a person for input")
            length = sum(len(output) for output in pipeline.outputs if output is not None)
            if len(pipeline.outputs) > most or length > self._max_reply:
                raise talk.error(ProtocolError, "it sends more than a reply can be")

    def _reply(self, pipeline: Pipeline, request: Request) -> Reply:
        texts = [output for output in pipeline.outputs if output is not None]
        if not texts or len(texts) < len(pipeline.outputs):
            what = "something that is not text" if pipeline.outputs else "nothing"
            raise self._talk.error(ProtocolError, f"the script ended and printed {what}")
        try:
            reply = decode_reply(texts, request)
        except MalformedReplyError as error:
            raise self._talk.error(ProtocolError, str(error)) from error
        return self._talk.told(reply)

    def _part(self, pipeline: Pipeline, request: Request) -> Reply | None:
        """What had been answered when a pipeline broke off."""
        try:
            texts = [output for output in pipeline.outputs if output is not None]
            return decode_part(texts, request)
        except MalformedReplyError:
            return None
