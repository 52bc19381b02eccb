"""The seam between the engine and whatever works through hosts.

The work on a host is a coroutine that knows nothing of threads or loops: whatever may take time it
awaits of the ways to wait that it is given.
"""

import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from remediate.powershell.messages import Reply, Request
from remediate.transport.protocol import Deadline, Session

Item = TypeVar("Item")
Result = TypeVar("Result")
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


Work = Callable[[Item, Waiting], Coroutine[Any, Any, Result]]
"""What is done with an item."""


def never() -> bool:
    """All items are begun, whatever becomes of others."""
    return False


class Runner(Protocol):
    """Works through items, such as hosts."""

    def run(
        self,
        items: Sequence[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
        enough: Callable[[], bool] = never,
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, in any order.

        Work that rests holds nothing up. When the one who takes the results is interrupted, or
        stops taking them, no new item is begun, those under way are finished, and `skip` makes the
        results of the others. Who is interrupted again waits for nothing: what is under way may
        then be broken off anywhere, with the process.

        Args:
            items: what is worked through.
            work: what is done with each.
            skip: makes the result of one that is not begun.
            enough: says whether none is to be begun any more; asked when one has ended, and before
                one is begun.
        """
