"""How the work on a host waits: as a thread does, or as a task of a loop.

Work is a coroutine that knows nothing of either. Whatever may take time it awaits of these.
"""

import threading
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from remediate.powershell.messages import Reply, Request
from remediate.transport.protocol import Deadline, Session

_T = TypeVar("_T")


class Waiting(Protocol):
    """The ways to wait."""

    async def talk(
        self, session: Session, script: str, request: Request, deadline: Deadline
    ) -> Reply:
        """Run one pipeline; see `Session.run`."""

    async def close(self, session: Session) -> None:
        """End a session; see `Session.close`."""

    async def aside(self, work: Callable[[], _T]) -> _T:
        """Do what may keep a thread waiting: a disk, a person, somebody else's code."""

    async def pause(self, seconds: float) -> None:
        """Wait, with everything left open."""

    async def rest(self, seconds: float, wake: threading.Event) -> None:
        """Wait, with nothing open and holding nothing up.

        Args:
            seconds: how long.
            wake: ends the rest early once it is set.
        """


@dataclass(frozen=True)
class Rest(Awaitable[None]):
    """Work in a thread rests: whoever drives it gets the thread back.

    Args:
        seconds: how long it rests.
        wake: ends the rest early once it is set.
    """

    seconds: float
    wake: threading.Event

    def __await__(self) -> Generator["Rest", None, None]:
        yield self

    def wait(self) -> None:
        """Rest in this thread."""
        self.wake.wait(self.seconds)


@dataclass(frozen=True)
class InThread:
    """Waits as a thread does.

    Args:
        sleep: waits the given seconds.
    """

    sleep: Callable[[float], None] = time.sleep

    async def talk(
        self, session: Session, script: str, request: Request, deadline: Deadline
    ) -> Reply:
        """See the protocol."""
        return session.run(script, request, deadline)

    async def close(self, session: Session) -> None:
        """See the protocol."""
        session.close()

    async def aside(self, work: Callable[[], _T]) -> _T:
        """See the protocol."""
        return work()

    async def pause(self, seconds: float) -> None:
        """See the protocol."""
        self.sleep(seconds)

    async def rest(self, seconds: float, wake: threading.Event) -> None:
        """See the protocol."""
        await Rest(seconds, wake)
