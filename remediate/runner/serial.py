"""One host after the other, in the thread of whoever takes the results."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from remediate.powershell.messages import Reply, Request
from remediate.runner.protocol import Item, Result, Work, never
from remediate.transport.protocol import Deadline, Session

_T = TypeVar("_T")


@dataclass(frozen=True)
class InThread:
    """Waits as a thread does; see `Waiting`. Work that is given it never stops before its end.

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
        wake.wait(seconds)


class Serial:
    """One after the other, in this thread; for tests and for looking at what happens."""

    def run(
        self,
        items: Sequence[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
        enough: Callable[[], bool] = never,
    ) -> Iterator[tuple[Item, Result]]:
        """See `Runner`; what rests is waited for."""
        stopped = False
        for item in items:
            try:
                result = skip(item) if stopped or enough() else _done(work, item)
            except KeyboardInterrupt:
                stopped = True
                result = skip(item)
            yield item, result


def _done(work: Work[Item, Result], item: Item) -> Result:
    try:
        work(item, InThread()).send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError("work awaits something that it was not given")
