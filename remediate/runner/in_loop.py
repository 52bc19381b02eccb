"""How work in a loop waits."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from remediate.powershell.messages import Reply, Request
from remediate.transport.protocol import Deadline, Session, runs_in_loop

_T = TypeVar("_T")


class InLoop:
    """Waits as a task does; see `Waiting`.

    Args:
        pool: has threads for what keeps one waiting.
        rest: what resting means for the item that is worked on.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        rest: Callable[[float, threading.Event], Coroutine[Any, Any, None]],
    ) -> None:
        self._pool = pool
        self._rest = rest

    async def talk(
        self, session: Session, script: str, request: Request, deadline: Deadline
    ) -> Reply:
        """See `Waiting.talk`."""
        if runs_in_loop(session):
            return await session.run_in_loop(script, request, deadline, self.aside)
        return await self.aside(partial(session.run, script, request, deadline))

    async def close(self, session: Session) -> None:
        """See `Waiting.close`."""
        if runs_in_loop(session):
            await session.close_in_loop(self.aside)
        else:
            await self.aside(session.close)

    async def aside(self, work: Callable[[], _T]) -> _T:
        """See `Waiting.aside`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def pause(self, seconds: float) -> None:
        """See `Waiting.pause`."""
        await asyncio.sleep(seconds)

    async def rest(self, seconds: float, wake: threading.Event) -> None:
        """See `Waiting.rest`."""
        await self._rest(seconds, wake)
