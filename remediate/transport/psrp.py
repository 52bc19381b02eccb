"""The PowerShell Remoting Protocol over WinRM, on pypsrp.

pypsrp encodes messages; when to send, wait, repeat and give up is decided in the conversation.
"""

from functools import partial
from typing import Any, Final

from pypsrp.complex_objects import (
    DictionaryMeta,
    ObjectMeta,
    PSInvocationState,
    RunspacePoolState,
)
from pypsrp.messages import MessageType
from pypsrp.powershell import PowerShell
from pypsrp.wsman import SelectorSet

from remediate.model.host import Host
from remediate.powershell.messages import (
    MalformedReplyError,
    Reply,
    Request,
    decode_part,
    decode_reply,
)
from remediate.powershell.packed import PLAIN, packed, unpacker
from remediate.transport.classify import is_closed_endpoint, is_passing, is_waiting, of_record
from remediate.transport.conversation import (
    IDLE_SECONDS,
    START_SECONDS,
    Conversation,
    WinrmTransport,
)
from remediate.transport.errors import ProtocolError, RemoteError, TransportError
from remediate.transport.markup import CarefulPool
from remediate.transport.protocol import Deadline

_USUAL: Final = "Microsoft.PowerShell"
"""The endpoint that every Windows with remoting has."""

_QUESTIONS: Final = {MessageType.PIPELINE_HOST_CALL, MessageType.RUNSPACEPOOL_HOST_CALL}
_NO_ANSWER_WANTED: Final = -100
_ANOTHER_WAY: Final = (
    "If only the PowerShell endpoint there is closed or not registered, --transport winrs does "
    "without it."
)


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
        self._pool: CarefulPool | None = None
        self._plain = False

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run one pipeline; see the protocol. A session that failed opens a new shell first."""
        with self._talk.turn():
            return self._pipeline(self._ready(deadline), script, request)

    def close(self) -> None:
        """End the shell and the connection; see the protocol."""
        pool, self._pool = self._pool, None
        self._talk.close(partial(self._delete, pool) if pool else None)

    def _ready(self, deadline: Deadline) -> CarefulPool:
        """The open shell, or a new one when there is none, or it may have ended by now."""
        talk = self._talk
        if not talk.fresh:
            self.close()
        talk.begin(deadline, self._max_reply)
        if self._pool is not None:
            self._pool.expect()
            return self._pool
        pool = CarefulPool(
            talk.client,
            configuration_name=talk.host.configuration_name or _USUAL,
            no_profile=True,
            idle_timeout=IDLE_SECONDS,
        )
        self._pool = pool  # whatever happens now, it may exist and is to be deleted
        try:
            talk.create(partial(self._open, pool))
        except TransportError as error:
            if talk.made_nothing:
                self._pool = None
            if is_closed_endpoint(error):
                error.hint = f"{error.hint} {_ANOTHER_WAY}"
            raise
        while pool.state == RunspacePoolState.NEGOTIATION_SENT:
            self._receive(pool, None)
        if pool.state != RunspacePoolState.OPENED:
            raise talk.error(ProtocolError, "its shell does not open")
        talk.opened = True
        return pool

    def _open(self, pool: CarefulPool) -> None:
        try:
            pool.open()
        except Exception as error:
            # one that exists is asked again by Receive
            if not (pool.shell.opened and (is_waiting(error) or is_passing(error))):
                raise

    def _pipeline(self, pool: CarefulPool, script: str, request: Request) -> Reply:
        talk = self._talk
        pipeline = PowerShell(pool)
        if self._plain:
            pipeline.add_script(script)
        else:
            pipeline.add_script(unpacker()).add_parameter("Packed", packed(script))
        pipeline.add_parameter("Request", request.encode())
        if request.secrets:
            pipeline.add_parameter("Secrets", self._sealed(pool, request))
        talk.allow(START_SECONDS)
        talk.may_act()
        pipeline.begin_invoke()
        talk.bound(request)
        outputs: list[object] = []
        try:
            self._collect(pool, pipeline, outputs, most=len(request.calls) + 1)
        except TransportError as error:
            error.partial = self._part(outputs, request)
            raise
        except Exception as error:
            problem = talk.problem(error)
            problem.partial = self._part(outputs, request)
            raise problem from error
        pool.pipelines.pop(pipeline.id, None)
        if pipeline.streams.error:
            raise of_record(pipeline.streams.error[0], talk.host.name)
        if pipeline.state != PSInvocationState.COMPLETED:
            raise RemoteError(talk.host.name, "the script was stopped")
        if outputs == [PLAIN] and not self._plain:
            self._plain = True
            return self._pipeline(pool, script, request)
        return self._reply(outputs, request)

    def _sealed(self, pool: CarefulPool, request: Request) -> Any:  # noqa: ANN401 - an element
        """A request's secrets under a key that is agreed upon for this shell: once, 2 exchanges."""
        self._talk.allow(START_SECONDS)
        pool.exchange_keys()
        values = {name: one.get_secret_value() for name, one in request.secrets.items()}
        key, value = ObjectMeta("S", name="Key"), ObjectMeta("SS", name="Value")
        return pool.serialize(values, DictionaryMeta(dict_key_meta=key, dict_value_meta=value))

    def _collect(
        self, pool: CarefulPool, pipeline: PowerShell, outputs: list[object], most: int
    ) -> None:
        """Wait for the end of a pipeline, and keep what it puts out."""
        talk, length = self._talk, 0
        while pipeline.state == PSInvocationState.RUNNING:
            for kind, message in self._receive(pool, pipeline.id):
                if kind == MessageType.PIPELINE_OUTPUT:
                    outputs.append(message.data.data)
                    length += len(outputs[-1]) if isinstance(outputs[-1], str) else 0
                elif kind in _QUESTIONS and message.ci != _NO_ANSWER_WANTED:
                    talk.opened = False  # it would wait for ever
                    raise RemoteError(talk.host.name, "it asks a person for input")
            if len(outputs) > most or length > self._max_reply:
                raise talk.error(ProtocolError, "it sends more than a reply can be")

    def _reply(self, outputs: list[object], request: Request) -> Reply:
        if not outputs or not all(isinstance(output, str) for output in outputs):
            what = "something that is not text" if outputs else "nothing"
            raise self._talk.error(ProtocolError, f"the script ended and printed {what}")
        try:
            reply = decode_reply([str(output) for output in outputs], request)
        except MalformedReplyError as error:
            raise self._talk.error(ProtocolError, str(error)) from error
        return self._talk.told(reply)

    def _part(self, outputs: list[object], request: Request) -> Reply | None:
        """What had been answered when a pipeline broke off."""
        try:
            return decode_part([output for output in outputs if isinstance(output, str)], request)
        except MalformedReplyError:
            return None

    def _receive(self, pool: CarefulPool, pipeline: str | None) -> list[tuple[int, Any]]:
        """Ask for output; none while the host has nothing to say."""
        # pypsrp's public loop has no deadline and drops host calls
        return self._talk.receive(lambda: pool._receive(pipeline)) or []  # noqa: SLF001 - as above

    def _delete(self, pool: CarefulPool) -> None:
        shell = SelectorSet()
        shell.add_option("ShellId", pool.shell.id or pool.id)
        self._talk.client.delete(pool.shell.resource_uri, selector_set=shell)
