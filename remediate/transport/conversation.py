"""A conversation with one host over WinRM, in whatever language its shell speaks.

When to send, wait, repeat and give up is decided here, and not by a library. Only Receive is ever
repeated, because the host answers it with the same data again; Create, Command and Send may start
something and go out once.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request
from remediate.transport.cause import Known
from remediate.transport.classify import (
    chain,
    classify,
    is_fault,
    is_passing,
    is_waiting,
    may_connect_soon,
)
from remediate.transport.client import Client
from remediate.transport.dialing import CONNECT_PAUSES
from remediate.transport.errors import (
    AuthenticationFailed,
    RemoteError,
    TimedOut,
    TransportError,
)
from remediate.transport.in_loop import take_all
from remediate.transport.logon import KERBEROS
from remediate.transport.protocol import LATE_SECONDS, Aside, Deadline
from remediate.transport.stream import Pause, SocketStream, Steps, at_once, drive
from remediate.transport.watch import Watch

OPERATION_SECONDS: Final = 20
"""A host with nothing to say answers so after this time, and is asked again."""

GRACE_SECONDS: Final = 10
"""Silence beyond that for which a Receive is given up, and repeated."""

START_SECONDS: Final = 60
"""A host may take long to make a shell, or to begin a pipeline."""

IDLE_SECONDS: Final = 180
"""The host ends a shell that we have left; Windows allows no less than 60."""

_REUSE_SECONDS: Final = IDLE_SECONDS - 60
_RECEIVE_PAUSES: Final = (0.1, 0.5, 1.0)
_OVERHEAD: Final = 1024 * 1024

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """Time in a conversation.

    Args:
        pause: waits the given seconds between tries; the usual way when not given.
        clock: monotonic seconds.
        close_within: seconds that closing may take.
    """

    pause: Callable[[float], None] | None
    clock: Callable[[], float]
    close_within: float


class Conversation:
    """What is said to one host and heard of it, over one connection, by one thread.

    Args:
        host: the host.
        new_client: makes what is talked through.
        stream: what that talks over.
        bounds: time.

    Attributes:
        opened: the host has a shell of ours that may be used.
        made_nothing: the last Create has left nothing that could be deleted.
    """

    def __init__(
        self,
        host: Host,
        new_client: Callable[[Watch], Client],
        stream: SocketStream,
        bounds: Bounds,
    ) -> None:
        self.host = host
        self.opened = False
        self.made_nothing = True
        self._new_client = new_client
        self._stream = stream
        self._bounds = bounds
        self._watch = Watch(Deadline(0, bounds.clock))
        self._client: Client | None = None
        self._begun = False
        self._last = 0.0

    @property
    def client(self) -> Client:
        """What is talked through; made when it is first asked for.

        Raises:
            WrongSettings: the password cannot be had.
        """
        if self._client is None:
            self._client = self._new_client(self._watch)
        return self._client

    @property
    def fresh(self) -> bool:
        """Whether there is a shell that the host has not ended by now."""
        return self.opened and self._bounds.clock() - self._last < _REUSE_SECONDS

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One run of a script; whatever breaks it, but the script itself, ends the shell's use."""
        self._begun = False
        try:
            yield
        except RemoteError:
            raise  # of the script, not of the connection
        except BaseException as error:
            self.opened = False
            if not isinstance(error, Exception) or isinstance(error, TransportError):
                raise
            raise self.problem(error) from error
        finally:
            self._last = self._bounds.clock()

    def begin(self, deadline: Deadline, max_reply: int) -> None:
        """Set until when all that follows may take, and how much the host may say."""
        self._watch.deadline = deadline
        self._watch.budget = 2 * max_reply + _OVERHEAD

    def bound(self, request: Request) -> None:
        """Wait no longer for the answer than the questions themselves may take."""
        if request.seconds is not None:
            most = min(self._watch.deadline.left, request.seconds + LATE_SECONDS)
            self._watch.deadline = Deadline(most, self._bounds.clock)

    def may_act(self) -> None:
        """From the next message on the host may begin to act."""
        self._watch.sent = False
        self._begun = True

    def allow(self, seconds: int) -> None:
        """Set how long the host may take to answer the next request.

        Raises:
            TimedOut: no time is left.
        """
        left = self._watch.deadline.left
        if left <= 0:
            raise self.error(TimedOut, "the time for this host is used up")
        if self._client is not None:
            # A second less than we wait, so that the answer still comes in time.
            self._client.operation_timeout = max(1, min(seconds, int(left) - 1))
            self._watch.patience = self._client.operation_timeout + GRACE_SECONDS

    def drive(self, steps: Steps[_T]) -> _T:
        """Take steps in this thread."""
        return drive(steps, self._stream, self._bounds.pause or time.sleep)

    async def drive_in_loop(self, steps: Steps[_T], aside: Aside) -> _T:
        """Take steps as a task of a loop."""
        return await take_all(steps, self._stream, aside, self._bounds.pause)

    def create(self, ask: Callable[[], _T]) -> _T:
        """Ask for a shell by a library's call; see `creating`."""
        return self.drive(self.creating(lambda: at_once(ask)))

    def receive(self, ask: Callable[[], _T]) -> _T | None:
        """Ask for output by a library's call; see `receiving`."""
        return self.drive(self.receiving(lambda: at_once(ask)))

    def close(self, delete: Callable[[], None] | None) -> None:
        """End the shell by a library's call; see `closing`."""
        self.drive(self.closing(None if delete is None else lambda: at_once(delete)))

    def creating(self, ask: Callable[[], Steps[_T]]) -> Steps[_T]:
        """Ask for a shell; a few quick tries, but only to connect.

        Raises:
            TransportError: there is none; `made_nothing` says whether it may exist all the same.
        """
        watch = self._watch
        self.made_nothing = True
        pauses = iter(CONNECT_PAUSES)
        while True:
            self.allow(START_SECONDS)
            watch.sent = self.made_nothing = False
            try:
                return (yield from ask())
            except Exception as error:
                problem = self.problem(error)
                refused = watch.refused or isinstance(problem, AuthenticationFailed)
                # else a Delete would be one more wrong logon
                self.made_nothing = (refused and not watch.accepted) or not watch.sent
                again = may_connect_soon(error) and not watch.sent
                pause = next(pauses, None)
                if pause is None or not again or watch.deadline.left <= pause:
                    if problem is error:  # one of ours: of itself it would come without an end
                        raise
                    raise problem from error
            yield Pause(pause)

    def receiving(self, ask: Callable[[], Steps[_T]]) -> Steps[_T | None]:
        """Ask for output, again over a new connection when one breaks; None while there is none."""
        for pause in (*_RECEIVE_PAUSES, None):
            self.allow(OPERATION_SECONDS)
            try:
                return (yield from ask())
            except Exception as error:
                if is_waiting(error):
                    return None
                left = self._watch.deadline.left
                if pause is None or not is_passing(error) or left <= pause:
                    raise
                _log.debug("%s: asking again after %s", self.host.name, type(error).__name__)
            yield Pause(pause)
            yield from self.client.reset()
        return None

    def closing(self, delete: Callable[[], Steps[None]] | None) -> Steps[None]:
        """End the shell, if there may be one, and the connection. Never raises.

        Args:
            delete: asks for the end of the shell; None when there is none.
        """
        client = self._client
        if client is None:  # nothing was ever said
            return
        try:
            if delete is not None:
                yield from self._deleting(client, delete)
        except Exception:  # noqa: BLE001 - a failing close must not hide a result; the host ends idle shells
            _log.debug("%s: the shell may stay until it has been idle", self.host.name)
        finally:
            self.opened = False
            yield from client.reset()

    def _deleting(self, client: Client, ask: Callable[[], Steps[None]]) -> Steps[None]:
        """Ask for the end of the shell, over a new connection if need be."""
        within = self._bounds.close_within
        self._watch.deadline = Deadline(within, self._bounds.clock)
        self._watch.budget = _OVERHEAD
        if not self.opened:
            yield from client.reset()
        for last in (False, True):
            self.allow(OPERATION_SECONDS)
            self._watch.patience = within / 2
            try:
                yield from ask()
            except Exception as error:
                # To delete twice does no harm, but to log on twice may, and a fault is an answer.
                problem = self.problem(error)
                if last or isinstance(problem, AuthenticationFailed) or is_fault(error):
                    if problem is error:
                        raise
                    raise problem from error
                yield from client.reset()
            else:
                return

    def problem(self, error: Exception) -> TransportError:
        """Our own error for a library's."""
        watch, host = self._watch, self.host
        certificate = host.auth is Auth.CERTIFICATE
        known = Known(
            after_send=self._begun and watch.sent,
            who=str(host.cert_file)
            if certificate
            else f"as {host.user or 'whoever runs this'} by {watch.way or host.auth}",
            tls=host.tls,
            certificate=certificate,
            kerberos=watch.way == KERBEROS,
            heard=watch.heard,
            accepted=watch.accepted,
        )
        seen = " from ".join(type(link).__qualname__ for link in chain(error))
        _log.debug("%s: %s", host.name, seen)
        return classify(error, host.name, known)

    def told(self, reply: Reply) -> Reply:
        """A reply, with what is known here of how we were let in."""
        facts = reply.host.model_copy(update={"logon": self._watch.way})
        return reply.model_copy(update={"host": facts})

    def error(self, kind: type[TransportError], detail: str) -> TransportError:
        """An error of ours, which says whether the host may have begun to act."""
        return kind(self.host.name, detail, after_send=self._begun and self._watch.sent)
