"""A server, as it is reached."""

from ipaddress import ip_address
from typing import Self

from pydantic import Field, field_validator, model_validator

from remediate.model.address import MAX_PORT, check_address, is_ip
from remediate.model.connection import Auth, Connection, Via
from remediate.model.text import check_text

_OWN_LOGON = frozenset({Auth.NEGOTIATE, Auth.KERBEROS})
"""How one may log on as whoever runs this."""

WINDOWS = "win32"
"""What `sys.platform` is there."""


class Host(Connection):
    """One server. Holds a reference to a secret, never the secret.

    Args:
        name: what the operator calls it; shown everywhere, unique in a selection.
        address: DNS name or IP address that is connected to.
        port: TCP port.
        tls: speak HTTPS; without it messages are encrypted by Kerberos or NTLM.
        auth: authentication method.
        transport: what carries requests to it.
        insecure: allow Basic without TLS to an address beyond loopback.
    """

    name: str = Field(min_length=1)
    address: str
    port: int = Field(ge=1, le=MAX_PORT)
    tls: bool = False
    auth: Auth = Auth.NEGOTIATE
    transport: Via = Via.PSRP
    insecure: bool = False

    @field_validator("name")
    @classmethod
    def _seen_name(cls, value: str) -> str:
        return check_text(value, "name")

    @field_validator("address")
    @classmethod
    def _known_form(cls, value: str) -> str:
        return check_address(value)

    @property
    def endpoint(self) -> str:
        """Where it is reached, whatever it is called; its lease is kept under this."""
        if self.here:
            return f"local:{self.name.casefold()}"
        address = self.address.rstrip(".").lower()
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"

    @property
    def here(self) -> bool:
        """Whether it is this machine itself, which is not connected to."""
        return self.transport is Via.LOCAL

    @property
    def loopback(self) -> bool:
        """Whether the address can only be this machine."""
        if self.address == "localhost":
            return True
        try:
            return ip_address(self.address).is_loopback
        except ValueError:
            return False

    @property
    def domain_name(self) -> str | None:
        """The name by which a domain knows it; None when it has an address only."""
        return self.kerberos_host or (None if is_ip(self.address) else self.address.rstrip("."))

    @property
    def as_whoever_runs_this(self) -> bool:
        """Whether nobody is named to log on, so that it is the account that runs this.

        By Negotiate only Windows can do so: it hands out the logon of the session. By Kerberos it
        is the ticket of that account on any system.
        """
        named = (self.user, self.password, self.keytab)
        return self.auth in _OWN_LOGON and named == (None, None, None)

    @property
    def mistake(self) -> tuple[str, str] | None:
        """What it says cannot be done, and what to do about that; None where it can.

        A host on record may have one, and stays readable.
        """
        if self.transport is Via.WINRS and self.configuration_name is not None:
            return (
                f"the command shell (winrs) knows no PowerShell endpoint {self.configuration_name}",
                "Leave out --configuration-name, or --transport winrs.",
            )
        if self.keytab is not None and self.auth is not Auth.KERBEROS:
            return (
                f"a keytab is given, and {self.auth} takes none",
                "Use --auth kerberos, or say where the password is (--password-from) instead.",
            )
        if self.keytab is not None and self.password is not None:
            return "a keytab and a password are both given", "Leave out one of them."
        if self.auth is Auth.KERBEROS and self.domain_name is None:
            return (
                f"Kerberos knows hosts by name, and {self.address} is an address",
                "Say by what name the domain knows it, with --kerberos-host.",
            )
        return None

    @property
    def in_the_clear(self) -> bool:
        """Whether logging on shows the password to whoever listens or answers."""
        return not self.tls and self.auth in {Auth.BASIC, Auth.CERTIFICATE}

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{address}:{self.port}/wsman"

    @model_validator(mode="after")
    def _user_of_basic(self) -> Self:
        if self.auth is Auth.BASIC and ":" in (self.user or ""):
            msg = (
                f"the user of {self.name} has a colon, and basic would take what follows it for "
                "the password: use --auth negotiate, or another account"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_trust(self) -> Self:
        if self.tls_pin and not self.tls:
            msg = (
                f"a pin is given for {self.name}, which is spoken to without TLS: use --tls, or "
                "tls: true in an inventory"
            )
            raise ValueError(msg)
        if self.tls_pin and self.ca_file:
            msg = (
                f"a pin and an authority are both given for {self.name}: a pin needs no authority, "
                "so leave out one of tls_pin and ca_file"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _tunnel(self) -> Self:
        if self.proxy and not self.tls:
            msg = (
                f"a proxy is given for {self.name}, which is spoken to without TLS: a logon does "
                "not pass a proxy then, so use --tls, or tls: true in an inventory"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _confidential(self) -> Self:
        if self.in_the_clear and not (self.loopback or self.insecure):
            msg = (
                f"{self.auth} over plain HTTP would send the password of {self.name} readable "
                "by anyone on the way: use --tls, or --auth negotiate (in an inventory "
                "tls: true, or auth: negotiate)"
            )
            raise ValueError(msg)
        return self
