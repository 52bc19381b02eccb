"""The seam between the engine and whatever carries a request to a host."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeGuard, TypeVar, runtime_checkable

from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request

_T = TypeVar("_T")

CONNECT_SECONDS = 10.0
"""A host that takes longer to accept a connection is taken for unreachable."""

LATE_SECONDS = 5.0
"""What a host may be late with the answers to questions that have a time limit of their own."""


class Deadline:
    """A moment by which all waiting ends.

    Args:
        seconds: from now.
        clock: monotonic seconds; a fake in tests.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds until it, never negative."""
        return max(0.0, self._end - self._clock())


class Session(Protocol):
    """One connection to one host, used by one thread."""

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run one pipeline: the script with the request as its parameter.

        The first call opens the connection. Nothing is sent twice that could write.

        Raises:
            TransportError: one of its leaves; its `after_send` says whether the host may have
                begun to act.
        """

    def close(self) -> None:
        """End the connection and the host's shell. Never raises; bounded in time."""


class Aside(Protocol):
    """Does work that may keep a thread waiting; see `Waiting.aside`."""

    def __call__(self, work: Callable[[], _T]) -> Awaitable[_T]:
        """Do it in a thread, and come to what it returns."""


@runtime_checkable
class LoopSession(Protocol):
    """A session that a task of an event loop can use, and that needs no thread to wait."""

    async def run_in_loop(
        self, script: str, request: Request, deadline: Deadline, aside: Aside
    ) -> Reply:
        """See `Session.run`.

        Args:
            script: as there.
            request: as there.
            deadline: as there.
            aside: does what may keep a thread waiting all the same.
        """

    async def close_in_loop(self, aside: Aside) -> None:
        """See `Session.close`."""


class Transport(Protocol):
    """Makes sessions."""

    def session(self, host: Host) -> Session:
        """A session that has sent nothing yet.

        Raises:
            TransportError: the host's settings cannot work.
        """


@runtime_checkable
class Dials(Protocol):
    """A transport that can connect to a host before anybody talks to it."""

    async def ahead(self, host: Host, within: float) -> None:
        """Connect to a host for the session to come, which is also told why there is no connection.

        Nothing is said over it, so that no account can be locked. Never raises.

        Args:
            host: the host.
            within: seconds that it may take.
        """

    def seconds_ahead(self, host: Host) -> float:
        """Seconds that this took, as long as no session has asked for what came of it."""

    def forget(self, host: Host) -> None:
        """End what was made ahead, and no session has asked for."""


def runs_in_loop(session: Session) -> TypeGuard[LoopSession]:
    """Whether a session is one that a task of a loop can use.

    Its class is asked, of which that is worked out once: of an instance it is anew each time, which
    takes Python 3.11 as long as a short message.
    """
    return issubclass(type(session), LoopSession)


def dials(transport: Transport) -> TypeGuard[Dials]:
    """Whether a transport is one that can connect ahead; asked as above."""
    return issubclass(type(transport), Dials)
