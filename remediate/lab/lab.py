"""The lab itself: hosts on loopback, served by a thread of their own."""

import asyncio
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from remediate.lab.engines.protocol import BackendFactory
from remediate.lab.engines.simulated import simulated_backend_factory, simulated_program
from remediate.lab.host import LabHost, Spec
from remediate.lab.hosts import make_state
from remediate.lab.server.auth import Authentication, LabAccount
from remediate.lab.server.exchanges import Exchanges, Latency
from remediate.lab.server.faults import Fault
from remediate.lab.server.http import HttpClient, Limits
from remediate.lab.server.tls import Certificates, Tls, make_certificates
from remediate.lab.server.wsman import USUAL_ENDPOINTS, WSManService
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Via

REAP_EVERY = 5.0
"""Seconds between two looks for shells that are past their idle time-out."""
MAX_CONNECTIONS = 300
"""Connections of one host at once, as MaxConnections of Windows."""
START_WITHIN = 60
"""Seconds that a busy machine is given until hosts listen."""
STOP_WITHIN = 60
"""Seconds that it is given until they have ended; what is left then is somebody else's trouble."""

ACCEPTING_TURNS = 5
"""Turns of the loop until a connection that was just accepted is known here."""

EngineFactory = Callable[[HostState], BackendFactory]


class Lab:
    """Practice hosts, served from `start` to `close`, or within `with`.

    Args:
        hosts: what they are; one ordinary host by default.
        tls: HTTPS, with such a certificate; plain HTTP when None.
        auth: the method that `LabHost.target` uses.
        transport: what carries requests, as `LabHost.target` has it.
        allow: the methods that hosts offer; all of them when None.
        account: who may come in; a user of fixed name and random password when None.
        keytab: keys of the hosts in a realm of Kerberos, where `account` is a principal; in none
            when None.
        faults: rules; `faults` of the lab may be replaced while it runs.
        latency: seconds before each reply, or a function of the request's kind.
        engine: makes what runs pipelines on a host; its `close()` is awaited, if it has one.
        limits: how long clients may take.
        endpoints: names of the PowerShell endpoints that hosts have.
        max_shells: shells that a host lets be open at once.
        clock: monotonic seconds, for idle time-outs.
    """

    def __init__(  # noqa: PLR0913 - each is a thing tests set on its own
        self,
        hosts: Sequence[Spec | HostState] | None = None,
        *,
        tls: Tls | None = None,
        auth: Auth = Auth.BASIC,
        transport: Via = Via.PSRP,
        allow: Iterable[Auth] | None = None,
        account: LabAccount | None = None,
        keytab: Path | None = None,
        faults: Iterable[Fault] = (),
        latency: float | Latency = 0.0,
        engine: EngineFactory = simulated_backend_factory,
        limits: Limits | None = None,
        endpoints: tuple[str, ...] = USUAL_ENDPOINTS,
        max_shells: int = 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        wanted = [make_state()] if hosts is None else hosts
        self._specs = [spec if isinstance(spec, Spec) else Spec(spec) for spec in wanted]
        self._tls = tls
        self._auth = auth
        self._transport = transport
        self._allow = frozenset(Auth) if allow is None else frozenset(allow)
        self._account = account or LabAccount("labadmin", "Lab-" + secrets.token_urlsafe(12))
        self._keytab = keytab
        self.faults: tuple[Fault, ...] = tuple(faults)
        self._latency: Latency = latency if callable(latency) else lambda _: latency
        self._engine = engine
        self._limits = limits or Limits()
        self._endpoints = endpoints
        self._max_shells = max_shells
        self._clock = clock
        self.hosts: list[LabHost] = []
        self._certificates: Certificates | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="remediate-lab", daemon=True)
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._stop = asyncio.Event()
        self._connections: dict[HttpClient, LabHost] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Listen; returns when all hosts can be reached.

        Raises:
            OSError: an address or port cannot be had.
            TimeoutError: they do not listen in time.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="remediate-lab-")
        if self._tls is not None:
            addresses = [spec.address for spec in self._specs]
            self._certificates = make_certificates(
                Path(self._folder.name), addresses, self._account.user, self._tls
            )
        self._thread.start()
        late = not self._ready.wait(START_WITHIN)
        if late or self._error is not None:
            self.close()
            raise self._error or TimeoutError("the practice hosts do not listen in time")

    def close(self) -> None:
        """End everything and remove what was written; more than once without harm."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_WITHIN)
        if not self._thread.is_alive() and not self._loop.is_closed():
            self._loop.close()
        if self._folder is not None:
            self._folder.cleanup()

    def reset(self) -> None:
        """Forget what was counted and traced, not what hosts are like."""
        for host in self.hosts:
            host.counters = Counter()
            host.trace.clear()
            host.connections = 0

    def reap(self) -> None:
        """Look for shells past their idle time-out now."""
        asyncio.run_coroutine_threadsafe(self._reap(), self._loop).result(STOP_WITHIN)

    def drop_connections(self) -> None:
        """Reset every open connection, as a server does that restarts; shells stay."""

        async def drop() -> None:
            for connection in list(self._connections):
                connection.abort()

        asyncio.run_coroutine_threadsafe(drop(), self._loop).result(STOP_WITHIN)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:  # noqa: BLE001 - goes to the thread that waits for us
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        servers: list[asyncio.Server] = []
        reaper = asyncio.create_task(self._reap_forever())
        try:
            for spec in self._specs:
                servers.append(await self._listen(spec))  # noqa: PERF401 - those begun are closed
            self._ready.set()
            await self._stop.wait()
        finally:
            reaper.cancel()
            for server in servers:
                server.close()
            await self._end()

    async def _listen(self, spec: Spec) -> asyncio.Server:
        context = self._certificates.context if self._certificates else None
        held: list[LabHost] = []
        server = await self._loop.create_server(
            lambda: HttpClient(partial(self._serve, held), self._limits),
            spec.address,
            spec.port,
            ssl=context,
            backlog=MAX_CONNECTIONS,
        )
        port = server.sockets[0].getsockname()[1]
        held.append(self._host(spec, port))
        self.hosts.append(held[0])
        return server

    def _host(self, spec: Spec, port: int) -> LabHost:
        address = f"[{spec.address}]" if ":" in spec.address else spec.address
        backend = self._engine(spec.state)
        service = WSManService(
            state=spec.state,
            backend=backend,
            # an engine with a real PowerShell has that as a program, too
            program=getattr(backend, "program", None) or simulated_program(spec.state),
            url=f"{'https' if self._tls else 'http'}://{address}:{port}/wsman",
            endpoints=self._endpoints,
            max_shells=self._max_shells,
            clock=self._clock,
        )
        account = spec.account or self._account
        return LabHost(
            name=spec.state.name,
            address=spec.address,
            port=port,
            account=account,
            tls=self._tls is not None,
            auth=self._auth,
            transport=self._transport,
            ca_file=self._certificates.ca_file if self._certificates else None,
            client_files=self._certificates.client_files if self._certificates else None,
            password_file=partial(self._password_file, account),
            state=spec.state,
            service=service,
        )

    def _password_file(self, account: LabAccount) -> Path:
        assert self._folder is not None  # noqa: S101 - a host exists only while the lab runs
        path = Path(self._folder.name, f"password-{account.user.replace(chr(92), '-')}")
        path.touch(mode=0o600)
        path.write_text(account.password, encoding="utf-8")
        return path

    async def _serve(self, held: list[LabHost], connection: HttpClient) -> None:
        host = held[0]
        host.connections += 1
        if sum(other is host for other in self._connections.values()) >= MAX_CONNECTIONS:
            connection.abort()
            return
        self._connections[connection] = host
        try:
            authentication = Authentication(
                host.account,
                self._allow,
                tls=host.tls,
                server_hash=self._certificates.server_hash if self._certificates else b"",
                client_name=_client_name(connection),
                keytab=self._keytab,
                note=host.logons.append,
            )
            rules = lambda: self.faults  # noqa: E731 - may be replaced while we run
            await Exchanges(host, connection, authentication, rules, self._latency).serve()
        finally:
            del self._connections[connection]

    async def _reap(self) -> None:
        for host in self.hosts:
            await host.service.reap()

    async def _reap_forever(self) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY)
            await self._reap()

    async def _end(self) -> None:
        for _ in range(ACCEPTING_TURNS):
            await asyncio.sleep(0)
        tasks = [connection.task for connection in self._connections if connection.task]
        for connection in list(self._connections):
            connection.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for host in self.hosts:
            await host.service.close()
        close = getattr(self._engine, "close", None)  # an engine with processes has one
        if close is not None:
            await close()
        # One more turn, in which the transports that were aborted close their sockets.
        await asyncio.sleep(0)


def _client_name(connection: HttpClient) -> str | None:
    certificate = connection.transport.get_extra_info("peercert") if connection.transport else None
    for part in (certificate or {}).get("subject", ()):
        for name, value in part:
            if name == "commonName":
                return str(value)
    return None
