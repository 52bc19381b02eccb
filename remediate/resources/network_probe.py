"""How far a host gets on its way to a name on the network: address, TCP, proxy, TLS."""

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryName, RegistryValue


def _address(text: str) -> str:
    ip_address(text.partition("%")[0])  # what follows says on which of the host's interfaces it is
    return text


Address = Annotated[str, AfterValidator(_address)]
HostName = Annotated[
    str, Field(max_length=253, pattern=r"^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$")
]
Proxy = Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$")]

_SYSTEM = r"HKEY_USERS\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
AUTOMATIC_PROXY = RegistryName(key=_SYSTEM, name="AutoConfigURL")
"""Where SYSTEM finds the script that says which proxy it takes; nobody but it can run that."""


class Stage(StrEnum):
    """How far it got; the last is that all went well."""

    NAME = "name"
    CONNECT = "connect"
    PROXY = "proxy"
    TLS = "tls"
    DONE = "done"


class ProxyFrom(StrEnum):
    """Which setting names the proxy."""

    NOWHERE = "nowhere"
    GIVEN = "given"
    SYSTEM = "system"
    WINHTTP = "winhttp"


class NetworkProbe(Resource):
    """One attempt to reach a name. Nobody logs on, and nothing is asked for.

    Args:
        name: of the server.
        port: TCP port.
        addresses: what the name comes to on this host; none through a proxy that alone knows it.
        proxy: through which it went (`proxy:8080`); empty when straight.
        proxy_from: which setting names that proxy.
        stage: how far it got.
        error: number of what ended it, of a socket (10061), of HTTP (407) or of Windows; None when
            all went well, or its time was up.
        protocol: version of TLS (`Tls12`); empty before.
        issuer: of the server's certificate, 300 characters at most; empty before.
        distrust: why Windows does not trust it: 1 there is none, 2 another name, 4 its chain.
    """

    kind: ClassVar[str] = "network_probe"
    noun: ClassVar[str] = "network probe"
    function: ClassVar[str] = "NetworkProbe"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (RegistryValue.reader,)
    identity: ClassVar[tuple[str, ...]] = ("name", "port")
    settable: ClassVar[frozenset[str]] = frozenset()
    volatile: ClassVar[frozenset[str]] = frozenset({"addresses"})

    name: str
    port: int
    addresses: tuple[Address, ...]
    proxy: str
    proxy_from: ProxyFrom
    stage: Stage
    error: int | None
    protocol: str
    issuer: str
    distrust: int

    @property
    def public(self) -> bool:
        """One of its addresses belongs to the Internet."""
        return any(ip_address(one.partition("%")[0]).is_global for one in self.addresses)

    def __str__(self) -> str:
        told = ["no address known"]
        if self.addresses:
            told = [f"{', '.join(self.addresses)} ({'public' if self.public else 'private'})"]
        told += [f"through proxy {self.proxy} ({self.proxy_from})"] if self.proxy else []
        told += [f"{self.protocol}, certificate by {self.issuer}"] if self.issuer else []
        if self.stage is not Stage.DONE:
            why = "its time was up" if self.error is None else f"error {self.error}"
            told.append(f"ended at {self.stage}: {why}")
        return f"{self.name}:{self.port}: {'; '.join(told)}"


class NetworkProbes(Query):
    """One attempt for each name, all at once, in 13 seconds together.

    A proxy that is not given is the one of SYSTEM, else that of WinHTTP, as the registry has it.

    Args:
        names: of servers.
        proxy: host and port of a proxy (`proxy:8080`).
        port: TCP port of all.
    """

    resource: ClassVar[type[Resource]] = NetworkProbe
    seconds: ClassVar[float] = 15.0
    bounded: ClassVar[bool] = False

    names: tuple[HostName, ...] = Field(min_length=1, max_length=40)
    proxy: Proxy = ""
    port: int = Field(443, ge=1, le=65535)

    def details(self) -> Iterator[str]:
        """What is tried, in words."""
        yield from (f"{name}:{self.port}" for name in self.names)
