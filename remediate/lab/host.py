"""One practice host: where it is, who may come in, what it was asked, what was left behind."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from remediate.lab.server.auth import LabAccount
from remediate.lab.server.exchanges import Exchange
from remediate.lab.server.faults import Step
from remediate.lab.server.wsman import WSManService
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Via
from remediate.model.host import Host

TRACE = 2000
"""Exchanges that are kept for each host."""


@dataclass(frozen=True)
class Leaks:
    """What clients have not cleaned up.

    Args:
        shells: their names.
        commands: names of commands in these shells.
    """

    shells: tuple[str, ...]
    commands: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.shells or self.commands)


@dataclass(frozen=True)
class Spec:
    """What a host is to be.

    Args:
        state: its state.
        address: loopback address it listens on.
        port: TCP port; 0 takes a free one.
        account: who may come in; None for the lab's.
    """

    state: HostState
    address: str = "127.0.0.1"
    port: int = 0
    account: LabAccount | None = None

    def __post_init__(self) -> None:
        if not ip_address(self.address).is_loopback:
            msg = f"a practice host listens on loopback addresses only, not on {self.address}"
            raise ValueError(msg)


@dataclass
class LabHost:
    """A host that is being served.

    Args:
        name: what the operator calls it.
        address: loopback address.
        port: TCP port.
        account: who may come in.
        tls: it speaks HTTPS.
        auth: the method that its `target` uses.
        transport: what carries requests, as its `target` has it.
        ca_file: PEM file of the authority behind its certificate.
        client_files: certificate and key of a client that may come in.
        password_file: makes a file with the password.
        state: its state.
        service: its shells.
        logons: how the last ones by NTLM and Kerberos ended.
    """

    name: str
    address: str
    port: int
    account: LabAccount
    tls: bool
    auth: Auth
    transport: Via
    ca_file: Path | None
    client_files: tuple[Path, Path] | None
    password_file: Callable[[], Path]
    state: HostState
    service: WSManService
    counters: Counter[Step] = field(default_factory=Counter)
    connections: int = 0
    logons: deque[str] = field(default_factory=lambda: deque(maxlen=TRACE))
    trace: deque[Exchange] = field(default_factory=lambda: deque(maxlen=TRACE))

    @property
    def user(self) -> str:
        """The account that may come in."""
        return self.account.user

    @property
    def password(self) -> str:
        """Its password."""
        return self.account.password

    @property
    def requests(self) -> int:
        """HTTP requests so far."""
        return self.counters.total()

    def leaks(self) -> Leaks:
        """Shells and commands that are open now."""
        shells = list(self.service.shells.values())
        return Leaks(
            shells=tuple(shell.info.id for shell in shells),
            commands=tuple(name for shell in shells for name in list(shell.commands)),
        )

    def target(self, auth: Auth | None = None) -> Host:
        """The host as an inventory would have it.

        Args:
            auth: another method than the host's own.
        """
        auth = auth or self.auth
        certificate = self.client_files if auth is Auth.CERTIFICATE else None
        return Host(
            name=self.name,
            address=self.address,
            port=self.port,
            tls=self.tls,
            auth=auth,
            transport=self.transport,
            user=None if certificate else self.account.user,
            password=None if certificate else f"file:{self.password_file()}",
            ca_file=self.ca_file,
            cert_file=certificate[0] if certificate else None,
            key_file=certificate[1] if certificate else None,
        )
