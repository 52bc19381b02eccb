"""The seam between commands and whatever knows the hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from remediate.errors import RemediateError
from remediate.model.base import Model
from remediate.model.host import Auth


class InventoryError(RemediateError):
    """An inventory cannot be used.

    Args:
        source: where it comes from.
        mistakes: all that is wrong with it, each with its place; none repeats a password.
    """

    def __init__(self, source: str, *mistakes: str) -> None:
        only = mistakes[0] if len(mistakes) == 1 else f"{source} has {len(mistakes)} mistakes"
        super().__init__(only)
        self.mistakes = mistakes


class Settings(Model):
    """How a host is reached, as far as somebody has said so; None is not said.

    Args:
        port: TCP port.
        tls: speak HTTPS.
        auth: authentication method.
        user: account on the host.
        password: reference to its password; a file's path is complete.
        ca_file: PEM file of the authority that signed the host's certificate.
        cert_file: PEM file of the client's certificate.
        key_file: PEM file of its private key.
        insecure: Basic without TLS beyond loopback is meant; an inventory alone cannot allow it.
    """

    port: int | None = None
    tls: bool | None = None
    auth: Auth | None = None
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure: bool | None = None

    def over(self, other: "Settings") -> "Settings":
        """These, and the other's where these say nothing."""
        return Settings(**{**other.said(), **self.said()})

    def said(self) -> dict[str, object]:
        """What is said, by name."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """A host in an inventory.

    Args:
        name: what the operator calls it.
        address: DNS name or IP address.
        settings: how it is reached, defaults and groups included.
        groups: the groups that it belongs to.
    """

    name: str
    address: str
    settings: Settings
    groups: Sequence[str] = field(default=())


class Inventory(Protocol):
    """Knows hosts and groups."""

    @property
    def source(self) -> str:
        """Where it comes from, for messages."""

    def entries(self) -> Sequence[Entry]:
        """All hosts, in the order in which they are written."""

    def groups(self) -> Mapping[str, Sequence[str]]:
        """Names of hosts by name of group."""
