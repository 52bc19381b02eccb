"""Sessions as a task of a loop uses them, for tests that call them from a thread."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request
from remediate.transport.protocol import Deadline, LoopSession, Transport

_T = TypeVar("_T")


async def aside(work: Callable[[], _T]) -> _T:
    return await asyncio.to_thread(work)


@dataclass(frozen=True)
class Looped:
    """A transport whose sessions are used in a loop, a new one for each call."""

    inner: Transport

    def session(self, host: Host) -> "LoopedSession":
        session = self.inner.session(host)
        assert isinstance(session, LoopSession)
        return LoopedSession(session)


@dataclass(frozen=True)
class LoopedSession:
    inner: LoopSession

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        return asyncio.run(self.inner.run_in_loop(script, request, deadline, aside))

    def close(self) -> None:
        asyncio.run(self.inner.close_in_loop(aside))
