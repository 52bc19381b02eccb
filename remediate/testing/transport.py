"""Transports for tests: to hosts in memory, with every fault on demand; and what passes on."""

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from remediate.lab.engines.functions import Spoken, answer
from remediate.lab.kinds import put
from remediate.lab.kinds.boot import is_away
from remediate.lab.state import HostState
from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request, decode_part, decode_reply
from remediate.transport.errors import NameNotResolved, Refused, TimedOut, TransportError
from remediate.transport.protocol import Deadline, Session, Transport


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
        del script
        if deadline.left <= 0:
            raise TimedOut(self.host.name)
        with self.transport.counting:
            self.transport.requests.append(request)
            number = len(self.transport.requests)
        trouble = self.transport.trouble(number)
        state = self.transport.states.get(self.host.address)
        if state is None:
            raise NameNotResolved(self.host.name)
        if is_away(state):
            raise Refused(self.host.name)
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


class Recorder:
    """A transport that keeps the requests that pass through it.

    Args:
        inner: what really talks to the host.
    """

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.requests: list[Request] = []

    def session(self, host: Host) -> Session:
        """A session of the inner one."""
        return _Recording(self, self.inner.session(host))


@dataclass
class _Recording:
    recorder: Recorder
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        self.recorder.requests.append(request)
        return self.inner.run(script, request, deadline)

    def close(self) -> None:
        self.inner.close()


@dataclass
class Meanwhile:
    """A transport to a host that is another for a moment, from the second question on.

    Args:
        inner: what really talks to the host.
        state: the host's.
        short: what is otherwise.
    """

    inner: Transport
    state: HostState
    short: Mapping[str, Any]

    def session(self, host: Host) -> Session:
        """A session of the inner one."""
        return _Moment(self, self.inner.session(host))


@dataclass
class _Moment:
    meanwhile: Meanwhile
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        state, (first, *rest) = self.meanwhile.state, request.calls
        said = self.inner.run(script, Request(run=request.run, calls=(first,)), deadline)
        before = copy.deepcopy(state.windows)
        put(state, self.meanwhile.short)
        more = self.inner.run(script, Request(run=request.run, calls=tuple(rest)), deadline)
        state.windows = before
        return Reply(host=said.host, calls=(*said.calls, *more.calls))

    def close(self) -> None:
        self.inner.close()


@dataclass
class WithPeer:
    """A transport that has one more host, in memory.

    Args:
        inner: talks to the others.
        peer: the host.
        state: the host's; none when it cannot be reached.
    """

    inner: Transport
    peer: Host
    state: HostState | None

    def session(self, host: Host) -> Session:
        """A session to the peer, or of the inner one."""
        if host != self.peer:
            return self.inner.session(host)
        states = {} if self.state is None else {host.address: self.state}
        return MemoryTransport(states).session(host)
