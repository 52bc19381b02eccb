"""What a story can be told on besides the simulated engine: hosts that several stories share."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Any

from pydantic import SecretStr

from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.powershell import PowerShellEngine
from remediate.lab.state import HostState
from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request
from remediate.transport.errors import TransportError
from remediate.transport.protocol import Deadline, Session, Transport
from remediate.transport.psrp import PsrpTransport
from tests.playbooks.cases import Case, base_state
from tests.playbooks.story import Teller

HOSTS = 3
"""Practice hosts, each with an engine of its own; two cores keep no more of them busy."""


class KeptSession:
    """A transport to one host whose session outlives those who use it: an engine is expensive.

    Args:
        transport: makes the session.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._session: Session | None = None

    def session(self, host: Host) -> Session:
        self._host = host
        return self

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        if self._session is None:
            self._session = self._transport.session(self._host)
        try:
            return self._session.run(script, request, deadline)
        except TransportError:
            self.end()
            raise

    def close(self) -> None:
        """The next one needs it too."""

    def end(self) -> None:
        """Close it after all."""
        if self._session is not None:
            self._session.close()
            self._session = None


class PowerShellHosts:
    """A lab whose hosts become whatever a case wants them to be."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._free: SimpleQueue[tuple[LabHost, KeptSession]] = SimpleQueue()
        states = [base_state() for _ in range(HOSTS)]
        lab = self._stack.enter_context(Lab(states, engine=PowerShellEngine(ready=0)))
        for host in lab.hosts:
            password = SecretStr(host.password)
            kept = KeptSession(PsrpTransport(lambda _, password=password: password))
            self._stack.callback(kept.end)
            self._free.put((host, kept))
        self._threads = ThreadPoolExecutor(HOSTS)
        self._stopped = threading.Event()

    @contextmanager
    def host(self, state: HostState) -> Iterator[tuple[HostState, Host, Transport]]:
        """A host that is like this state; its own state, how it is reached, and by what."""
        lab, kept = self._free.get()
        try:
            with lab.state.lock:
                for name in ("resources", "denied", "culture", "os", "powershell"):
                    setattr(lab.state, name, getattr(state, name))
                lab.state.receipts, lab.state.lease = [], None
            yield lab.state, lab.target(), kept
        finally:
            self._free.put((lab, kept))

    def tell(self, case: Case) -> list[tuple[str, Any]]:
        """The story of a case."""
        if self._stopped.is_set():
            return []
        with self.host(case.state()) as (state, host, transport):
            return Teller(case, transport, host, state).tell()

    def tell_all(self, cases: Sequence[Case]) -> dict[str, "Future[list[tuple[str, Any]]]"]:
        """The stories of several cases, told side by side; by id of the case."""
        return {case.id: self._threads.submit(self.tell, case) for case in cases}

    def close(self) -> None:
        """End the lab and its engines."""
        self._stopped.set()
        self._threads.shutdown()
        self._stack.close()
