"""The PowerShell Remoting Protocol over WinRM, on pypsrp.

pypsrp encodes messages; when to send, wait, repeat and give up is decided here. Only Receive is
ever repeated, because the host answers it with the same data again; Create, Command and Send may
start something and go out once.
"""

import logging
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pydantic import SecretStr
from pypsrp.complex_objects import (
    DictionaryMeta,
    ObjectMeta,
    PSInvocationState,
    RunspacePoolState,
)
from pypsrp.messages import MessageType
from pypsrp.powershell import PowerShell
from pypsrp.wsman import SelectorSet

from remediate.model.host import Auth, Host
from remediate.powershell.messages import (
    MAX_REPLY,
    MalformedReplyError,
    Reply,
    Request,
    decode_part,
    decode_reply,
)
from remediate.transport import wsman
from remediate.transport.classify import (
    Known,
    chain,
    classify,
    is_fault,
    is_passing,
    is_waiting,
    of_record,
)
from remediate.transport.errors import (
    AuthenticationFailed,
    NameNotResolved,
    ProtocolError,
    Refused,
    RemoteError,
    TimedOut,
    TransportError,
    WrongSettings,
)
from remediate.transport.gate import Gate
from remediate.transport.markup import CarefulPool
from remediate.transport.protocol import Deadline
from remediate.transport.tls import Contexts
from remediate.transport.wire import Watch

OPERATION_SECONDS: Final = 20
"""A host with nothing to say answers so after this time, and is asked again."""

GRACE_SECONDS: Final = 10
"""Silence beyond that for which a Receive is given up, and repeated."""

START_SECONDS: Final = 60
"""A host may take long to make a shell, or to begin a pipeline."""

IDLE_SECONDS: Final = 180
"""The host ends a shell that we have left; Windows allows no less than 60."""

LATE_SECONDS: Final = 5.0
"""What a host may be late with the answers to questions that have a time limit of their own."""

CLOSE_SECONDS: Final = 5.0
"""To end a shell; it ends by itself otherwise."""

_REUSE_SECONDS: Final = IDLE_SECONDS - 60
_CONNECT_PAUSES: Final = (0.2, 0.5)
_RECEIVE_PAUSES: Final = (0.1, 0.5, 1.0)
_OVERHEAD: Final = 1024 * 1024
_SHELL: Final = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
_QUESTIONS: Final = {MessageType.PIPELINE_HOST_CALL, MessageType.RUNSPACEPOOL_HOST_CALL}
_NO_ANSWER_WANTED: Final = -100

_log = logging.getLogger(__name__)

SecretFor = Callable[[Host], SecretStr]
"""Finds a host's password; raises ValueError, with a text for people, when it cannot."""


class PsrpTransport:
    """Makes sessions over WinRM; all of them pass the same gate.

    Args:
        secret_for: called when a session first connects, and not for certificates.
        pause: waits the given seconds between tries; a fake in tests.
        clock: monotonic seconds; a fake in tests.
        max_reply: characters after which a host is cut off.
        close_within: seconds that closing may take.
    """

    def __init__(
        self,
        secret_for: SecretFor,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        max_reply: int = MAX_REPLY,
        close_within: float = CLOSE_SECONDS,
    ) -> None:
        wsman.quiet()
        self._secret_for = secret_for
        self._pause = pause
        self._clock = clock
        self._max_reply = max_reply
        self._close_within = close_within
        self._gate = Gate(clock)
        self._tls = Contexts()

    def session(self, host: Host) -> "PsrpSession":
        """A session that has sent nothing yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        wsman.check(host)
        return PsrpSession(
            host,
            partial(self._client, host, self._tls.of(host)),
            pause=self._pause,
            clock=self._clock,
            max_reply=self._max_reply,
            close_within=self._close_within,
        )

    def _client(self, host: Host, tls: ssl.SSLContext | None, watch: Watch) -> wsman.Client:
        """What a session talks through, made when it first connects.

        Raises:
            WrongSettings: the password cannot be had.
        """
        if host.auth is Auth.CERTIFICATE:
            return wsman.Client(host, None, watch, tls)  # which nobody can lock
        try:
            secret = self._secret_for(host)
        except ValueError as error:
            raise WrongSettings(host.name, str(error)) from error
        watch.turn = self._gate.turn(host, secret)
        return wsman.Client(host, secret, watch, tls)


class PsrpSession:
    """One shell on one host over one connection, for one thread.

    Args:
        host: the host.
        new_client: makes what the session talks through.
        pause: as for the transport.
        clock: as for the transport.
        max_reply: as for the transport.
        close_within: as for the transport.
    """

    def __init__(
        self,
        host: Host,
        new_client: Callable[[Watch], wsman.Client],
        *,
        pause: Callable[[float], None],
        clock: Callable[[], float],
        max_reply: int,
        close_within: float,
    ) -> None:
        self._host = host
        self._new_client = new_client
        self._pause = pause
        self._clock = clock
        self._max_reply = max_reply
        self._close_within = close_within
        self._watch = Watch(Deadline(0, clock))
        self._client: wsman.Client | None = None
        self._pool: CarefulPool | None = None
        self._opened = False
        self._begun = False
        self._last = 0.0

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run one pipeline; see the protocol. A session that failed opens a new shell first."""
        self._begun = False
        try:
            pool = self._ready(deadline)
            return self._pipeline(pool, script, request)
        except RemoteError:
            raise  # of the script, not of the connection
        except BaseException as error:
            self._opened = False
            if not isinstance(error, Exception) or isinstance(error, TransportError):
                raise
            raise self._problem(error) from error
        finally:
            self._last = self._clock()

    def close(self) -> None:
        """End the shell and the connection; see the protocol."""
        try:
            self._delete_shell()
        except Exception:  # noqa: BLE001 - a failing close must not hide a result; the host ends idle shells
            _log.debug("%s: the shell may stay until it has been idle", self._host.name)
        finally:
            self._pool = None
            self._opened = False
            self._reset()

    def _ready(self, deadline: Deadline) -> CarefulPool:
        """The open shell, or a new one when there is none, or it may have ended by now."""
        fresh = self._opened and self._clock() - self._last < _REUSE_SECONDS
        if not fresh:
            self.close()
        self._watch.deadline = deadline
        self._watch.budget = 2 * self._max_reply + _OVERHEAD
        if self._pool is not None:
            self._pool.expect()
            return self._pool
        if self._client is None:
            self._client = self._new_client(self._watch)
        pool = CarefulPool(self._client, no_profile=True, idle_timeout=IDLE_SECONDS)
        self._create(pool)
        while pool.state == RunspacePoolState.NEGOTIATION_SENT:
            self._receive(pool, None)
        if pool.state != RunspacePoolState.OPENED:
            raise self._error(ProtocolError, "its shell does not open")
        self._opened = True
        return pool

    def _create(self, pool: CarefulPool) -> None:
        """Ask for a shell; a few quick tries, but only to connect."""
        for pause in (*_CONNECT_PAUSES, None):
            self._allow(START_SECONDS)
            self._watch.sent = False
            self._pool = pool  # whatever happens now, it may exist and is to be deleted
            try:
                pool.open()
            except Exception as error:
                if pool.shell.opened and (is_waiting(error) or is_passing(error)):
                    return  # it exists, and is asked again by Receive
                problem = self._problem(error)
                watch = self._watch
                refused = watch.refused or isinstance(problem, AuthenticationFailed)
                if (refused and not watch.accepted) or not watch.sent:
                    self._pool = None  # a Delete would be one more wrong logon
                again = isinstance(problem, (Refused, NameNotResolved)) and not self._watch.sent
                if pause is None or not again or self._watch.deadline.left <= pause:
                    raise problem from error
            else:
                return
            self._pause(pause)

    def _pipeline(self, pool: CarefulPool, script: str, request: Request) -> Reply:
        pipeline = PowerShell(pool)
        pipeline.add_script(script).add_parameter("Request", request.encode())
        if request.secrets:
            pipeline.add_parameter("Secrets", self._sealed(pool, request))
        self._allow(START_SECONDS)
        self._watch.sent = False
        self._begun = True
        pipeline.begin_invoke()
        if request.seconds is not None:
            most = min(self._watch.deadline.left, request.seconds + LATE_SECONDS)
            self._watch.deadline = Deadline(most, self._clock)
        outputs: list[object] = []
        try:
            self._collect(pool, pipeline, outputs, most=len(request.calls) + 1)
        except TransportError as error:
            error.partial = self._part(outputs, request)
            raise
        except Exception as error:
            problem = self._problem(error)
            problem.partial = self._part(outputs, request)
            raise problem from error
        pool.pipelines.pop(pipeline.id, None)
        if pipeline.streams.error:
            raise of_record(pipeline.streams.error[0], self._host.name)
        if pipeline.state != PSInvocationState.COMPLETED:
            raise RemoteError(self._host.name, "the script was stopped")
        return self._reply(outputs, request)

    def _sealed(self, pool: CarefulPool, request: Request) -> Any:  # noqa: ANN401 - an element
        """A request's secrets under a key that is agreed upon for this shell: once, 2 exchanges."""
        self._allow(START_SECONDS)
        pool.exchange_keys()
        values = {name: one.get_secret_value() for name, one in request.secrets.items()}
        key, value = ObjectMeta("S", name="Key"), ObjectMeta("SS", name="Value")
        return pool.serialize(values, DictionaryMeta(dict_key_meta=key, dict_value_meta=value))

    def _collect(
        self, pool: CarefulPool, pipeline: PowerShell, outputs: list[object], most: int
    ) -> None:
        """Wait for the end of a pipeline, and keep what it puts out."""
        length = 0
        while pipeline.state == PSInvocationState.RUNNING:
            for kind, message in self._receive(pool, pipeline.id):
                if kind == MessageType.PIPELINE_OUTPUT:
                    outputs.append(message.data.data)
                    length += len(outputs[-1]) if isinstance(outputs[-1], str) else 0
                elif kind in _QUESTIONS and message.ci != _NO_ANSWER_WANTED:
                    self._opened = False  # it would wait for ever
                    raise RemoteError(self._host.name, "it asks a person for input")
            if len(outputs) > most or length > self._max_reply:
                raise self._error(ProtocolError, "it sends more than a reply can be")

    def _reply(self, outputs: list[object], request: Request) -> Reply:
        if not outputs or not all(isinstance(output, str) for output in outputs):
            what = "something that is not text" if outputs else "nothing"
            raise self._error(ProtocolError, f"the script ended and printed {what}")
        try:
            return decode_reply([str(output) for output in outputs], request)
        except MalformedReplyError as error:
            raise self._error(ProtocolError, str(error)) from error

    def _part(self, outputs: list[object], request: Request) -> Reply | None:
        """What had been answered when a pipeline broke off."""
        try:
            return decode_part([output for output in outputs if isinstance(output, str)], request)
        except MalformedReplyError:
            return None

    def _receive(self, pool: CarefulPool, pipeline: str | None) -> list[tuple[int, Any]]:
        """Ask for output, again over a new connection when one breaks."""
        for pause in (*_RECEIVE_PAUSES, None):
            self._allow(OPERATION_SECONDS)
            try:
                messages: list[tuple[int, Any]] = pool._receive(pipeline)  # noqa: SLF001 - pypsrp's public loop has no deadline and drops host calls
            except Exception as error:
                if is_waiting(error):
                    return []
                left = self._watch.deadline.left
                if pause is None or not is_passing(error) or left <= pause:
                    raise
                _log.debug("%s: asking again after %s", self._host.name, type(error).__name__)
            else:
                return messages
            self._pause(pause)
            self._reset()
        return []

    def _allow(self, seconds: int) -> None:
        """Set how long the host may take to answer the next request."""
        left = self._watch.deadline.left
        if left <= 0:
            raise self._error(TimedOut, "the time for this host is used up")
        if self._client is not None:
            # A second less than we wait, so that the answer still comes in time.
            self._client.operation_timeout = max(1, min(seconds, int(left) - 1))
            self._watch.patience = self._client.operation_timeout + GRACE_SECONDS

    def _delete_shell(self) -> None:
        """Delete the shell, if there may be one, over a new connection if need be."""
        pool, client = self._pool, self._client
        if pool is None or client is None:
            return
        self._pool = None
        self._watch.deadline = Deadline(self._close_within, self._clock)
        self._watch.budget = _OVERHEAD
        if not self._opened:
            self._reset()
        shell = SelectorSet()
        shell.add_option("ShellId", pool.shell.id or pool.id)
        for last in (False, True):
            self._allow(OPERATION_SECONDS)
            self._watch.patience = self._close_within / 2
            try:
                client.delete(_SHELL, selector_set=shell)
            except Exception as error:
                # To delete twice does no harm, but to log on twice may, and a fault is an answer.
                problem = self._problem(error)
                if last or isinstance(problem, AuthenticationFailed) or is_fault(error):
                    raise problem from error
                self._reset()
            else:
                return

    def _reset(self) -> None:
        if self._client is not None:
            self._client.http.reset()

    def _problem(self, error: Exception) -> TransportError:
        watch, host = self._watch, self._host
        certificate = host.auth is Auth.CERTIFICATE
        known = Known(
            after_send=self._begun and watch.sent,
            who=str(host.cert_file) if certificate else f"as {host.user} by {host.auth}",
            tls=host.tls,
            certificate=certificate,
            heard=watch.heard,
            accepted=watch.accepted,
        )
        seen = " from ".join(type(link).__qualname__ for link in chain(error))
        _log.debug("%s: %s", host.name, seen)
        return classify(error, host.name, known)

    def _error(self, kind: type[TransportError], detail: str) -> TransportError:
        return kind(self._host.name, detail, after_send=self._begun and self._watch.sent)
