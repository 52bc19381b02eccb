"""Practice hosts with a real PowerShell engine, which all stories of a process share."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pydantic import SecretStr

from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.hosts import healthy_host
from remediate.lab.lab import Lab
from remediate.lab.state import HostState
from remediate.model.host import Host
from remediate.powershell.messages import Reply, Request
from remediate.testing.case import Case
from remediate.testing.story import Seen, Teller
from remediate.transport.protocol import Deadline, Session, Transport
from remediate.transport.psrp import PsrpTransport


class KeptSession:
    """A transport to one host whose session outlives those who use it: an engine is expensive.

    Args:
        transport: makes the session.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._session: Session | None = None

    def session(self, host: Host) -> Session:
        """Itself."""
        self._host = host
        return self

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run it in the session, or in a new one when there was none or it broke off."""
        if self._session is None:
            self._session = self._transport.session(self._host)
        try:
            return self._session.run(script, request, deadline)
        except BaseException:  # of a test that is given up the next one is to hear nothing
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
    """A lab with a host that becomes whatever a case wants it to be."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        engine = PowerShellEngine(ready=0, lasting=True)
        lab = self._stack.enter_context(Lab([healthy_host()], engine=engine))
        self._host = lab.hosts[0]
        password = SecretStr(self._host.password)
        self._kept = KeptSession(PsrpTransport(lambda _: password))
        self._stack.callback(self._kept.end)
        self._first = ""

    @contextmanager
    def host(self, state: HostState) -> Iterator[tuple[HostState, Host, Transport]]:
        """The host, like this state now; its own state, how it is reached, and by what."""
        now = self._host.state
        with now.lock:
            for name in (
                "windows",
                "denied",
                "hangs",
                "lacks",
                "edits",
                "culture",
                "os",
                "powershell",
            ):
                setattr(now, name, getattr(state, name))
        yield now, self._host.target(), self._kept

    def begin_with(self, first: str) -> None:
        """Have an engine in which nobody else has put functions in the place of real ones.

        Before the host becomes another: an engine that ends says what it was last.

        Args:
            first: PowerShell that is run before each request from now on and does so, if any.
        """
        if first != self._first:
            self._kept.end()
            self._first = first

    def tell(self, case: Case, *, short: bool = False) -> Seen:
        """The story of a case, to be compared.

        Args:
            case: the case.
            short: end it with the rollback.
        """
        self.begin_with("")
        with self.host(case.state()) as (state, host, transport):
            return Teller(case, transport, host, state, short=short, compared=True).tell()

    def close(self) -> None:
        """End the lab and its engine."""
        self._stack.close()
