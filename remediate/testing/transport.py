"""A transport to simulated hosts in this process: no network, every fault on demand."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remediate.lab.engines.functions import Spoken, answer
from remediate.lab.state import HostState
from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request, decode_part, decode_reply
from remediate.transport.errors import NameNotResolved, TimedOut, TransportError
from remediate.transport.protocol import Deadline


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one pipeline.

    Args:
        error: what the caller gets instead of a reply.
        calls: how many of the pipeline's calls the host carries out all the same; -1 for all.
        after_send: the caller is told that the host may have begun to act.
    """

    error: type[TransportError]
    calls: int = 0
    after_send: bool = True


@dataclass
class MemoryTransport:
    """Makes sessions to hosts that live in memory.

    Args:
        states: the hosts, by address.
        trouble: asked before each pipeline with its number, from 1; None when all goes well.
    """

    states: Mapping[str, HostState]
    trouble: Callable[[int], Trouble | None] = lambda _: None
    requests: list[Request] = field(default_factory=list)
    counting: threading.Lock = field(default_factory=threading.Lock, repr=False)
    opened: int = 0
    closed: int = 0

    def session(self, host: Host) -> "MemorySession":
        """A session to one of the hosts."""
        with self.counting:
            self.opened += 1
        return MemorySession(self, host)


@dataclass
class MemorySession:
    """One connection to a host in memory."""

    transport: MemoryTransport
    host: Host

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Carry the request out, or as much of it as the trouble of the moment allows."""
        del script, deadline
        with self.transport.counting:
            self.transport.requests.append(request)
            number = len(self.transport.requests)
        trouble = self.transport.trouble(number)
        state = self.transport.states.get(self.host.address)
        if state is None:
            raise NameNotResolved(self.host.name)
        if trouble is None:
            return self._reply(answer(state, request), request)
        calls = request.calls if trouble.calls < 0 else request.calls[: trouble.calls]
        answer(state, request.model_copy(update={"calls": calls}))
        raise trouble.error(self.host.name, after_send=trouble.after_send)

    def _reply(self, spoken: Spoken, request: Request) -> Reply:
        if spoken.ends is not None:
            return decode_reply(spoken.texts, request)
        error = TimedOut(self.host.name, after_send=True)
        error.partial = decode_part(spoken.texts, request)
        raise error

    def close(self) -> None:
        """Count that it was closed."""
        with self.transport.counting:
            self.transport.closed += 1
