"""A server and how it is reached."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from remediate.model.address import MAX_PORT, check_address, parse_port, split_target
from remediate.model.base import Model
from remediate.model.certificate import parse_pin
from remediate.model.text import check_text, in_quotes

HTTP_PORT = 5985
HTTPS_PORT = 5986
_ENDPOINT = re.compile(r"[A-Za-z0-9_.-]{1,255}")


class Auth(StrEnum):
    """How a host is asked to believe who we are."""

    BASIC = "basic"
    CERTIFICATE = "certificate"
    KERBEROS = "kerberos"
    NEGOTIATE = "negotiate"
    NTLM = "ntlm"


class KerberosService(StrEnum):
    """What a domain calls the service of a host; Windows takes tickets for each of them."""

    HOST = "host"
    HTTP = "HTTP"
    WSMAN = "WSMAN"


class Via(StrEnum):
    """What carries a request to a host."""

    LOCAL = "local"
    PSRP = "psrp"
    WINRS = "winrs"

    @property
    def refuses_secrets(self) -> str:
        """Why a secret value cannot be sent that way; empty where it can."""
        if self is not Via.WINRS:  # it is sealed by itself, and handed over as a SecureString
            return ""
        return f"over {self} a secret value would lie open in the input of a program there"


def parse_proxy(text: str) -> str:
    """The proxy that a text says, as `HOST:PORT`, with brackets around an IPv6 address.

    Raises:
        ValueError: it is none; a password that stands in it is not repeated.
    """
    if "@" in text:
        msg = "a proxy that wants a logon is not supported: give HOST:PORT, and no account"
        raise ValueError(msg)
    scheme, there, rest = text.rpartition("://")
    if scheme.lower() not in {"", "http"}:
        msg = f"a proxy is spoken to without TLS: give HOST:PORT, not {in_quotes(text)}"
        raise ValueError(msg)
    where = rest.removesuffix("/") if there else rest
    host, port = split_target(where) if where else ("", None)
    if port is None:
        msg = f"the proxy {in_quotes(text)} has no port: give HOST:PORT"
        raise ValueError(msg)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_endpoint(text: str) -> str:
    """The name of a PowerShell endpoint that a text says.

    Raises:
        ValueError: it is none.
    """
    if not _ENDPOINT.fullmatch(text):
        msg = (
            "the configuration name is that of Get-PSSessionConfiguration on the host, without "
            f"an address before it, such as PowerShell.7; not {in_quotes(text)}"
        )
        raise ValueError(msg)
    return text


@dataclass(frozen=True, slots=True)
class Typed:
    """How a setting is typed or written.

    Args:
        metavar: stands for the value in a help text.
        default: what counts when nobody says it, in words.
        read: what a text means, where its type does not say it; raises `ValueError`.
        switch: on the command line it can only be turned on.
        written: only an inventory says it, so it is no option.
        logon: a file of the operator's own, with which one logs on.
    """

    metavar: str | None = None
    default: str = ""
    read: Callable[[str], Any] | None = None
    switch: bool = False
    written: bool = False
    logon: bool = False


_user = partial(check_text, what="user")


def _seen(user: str | None) -> str | None:
    return None if user is None else _user(user)


def _domain_name(value: str) -> str:
    name = check_address(value)
    if _is_ip(name):
        msg = f"a domain knows hosts by name, not by address: {name} is no name"
        raise ValueError(msg)
    return name


def _known_name(value: str | None) -> str | None:
    return None if value is None else _domain_name(value)


def _pin(text: str | None) -> str | None:
    return None if text is None else parse_pin(text)


def _proxy(text: str | None) -> str | None:
    return None if text is None else parse_proxy(text)


def _endpoint(text: str | None) -> str | None:
    return None if text is None else parse_endpoint(text)


class Connection(Model):
    """How a host is reached, as far as somebody has said so; None is not said.

    A password is a reference to one; a file's path is complete. That a connection may be insecure
    an inventory cannot say alone.
    """

    user: Annotated[
        str | None,
        AfterValidator(_seen),
        Field(description="Account on the servers."),
        Typed("NAME", read=_user),
    ] = None
    password: Annotated[
        str | None,
        Field(
            description="Where the password is: env:NAME, file:PATH, keyring:SERVICE, "
            "command:PROGRAM, or prompt:."
        ),
        Typed("WHERE", default="env:REMEDIATE_PASSWORD if set, else prompt:"),
    ] = None
    auth: Annotated[
        Auth | None, Field(description="How to log on."), Typed(default="negotiate")
    ] = None
    transport: Annotated[
        Via | None,
        Field(
            description="How a host is talked to: psrp is the PowerShell endpoint; winrs starts a "
            "powershell.exe in the command shell, where that endpoint is closed; local is without "
            "WinRM, and for --host . only."
        ),
        Typed(default="psrp"),
    ] = None
    port: Annotated[
        int | None,
        Field(ge=1, le=MAX_PORT, description="TCP port."),
        Typed("NUMBER", default=f"{HTTP_PORT}, or {HTTPS_PORT} with TLS", read=parse_port),
    ] = None
    tls: Annotated[
        bool | None,
        Field(description="Speak HTTPS."),
        Typed(default=f"with port {HTTPS_PORT} or 443"),
    ] = None
    ca_file: Annotated[
        Path | None,
        Field(
            description="PEM file of the authority that signed the servers' certificates. No other "
            "is trusted then, whatever the inventory says."
        ),
        Typed("FILE"),
    ] = None
    tls_pin: Annotated[
        str | None,
        AfterValidator(_pin),
        Field(
            description="Trust exactly the certificate with this pin, whoever signed it and "
            "whatever name it carries, and no other. remediate hosts pin shows a host's."
        ),
        Typed("sha256:HEX", read=parse_pin),
    ] = None
    proxy: Annotated[
        str | None,
        AfterValidator(_proxy),
        Field(
            description="HTTP proxy through which a host is reached, as HOST:PORT; for TLS only. "
            "An inventory alone says it, and what the environment says of proxies is ignored."
        ),
        Typed(written=True, read=parse_proxy),
    ] = None
    configuration_name: Annotated[
        str | None,
        AfterValidator(_endpoint),
        Field(
            description="PowerShell endpoint on the servers, such as PowerShell.7 or that of a JEA "
            "role; it has to run scripts in full language mode."
        ),
        Typed("NAME", default="Microsoft.PowerShell", read=parse_endpoint),
    ] = None
    cert_file: Annotated[
        Path | None,
        Field(description="PEM file of your certificate, for --auth certificate."),
        Typed("FILE", logon=True),
    ] = None
    key_file: Annotated[
        Path | None,
        Field(description="PEM file of its private key."),
        Typed("FILE", logon=True),
    ] = None
    keytab: Annotated[
        Path | None,
        Field(
            description="File with the keys of your account, for --auth kerberos; takes the place "
            "of a password."
        ),
        Typed("FILE", logon=True),
    ] = None
    kerberos_host: Annotated[
        str | None,
        AfterValidator(_known_name),
        Field(description="Name by which the domain knows the server, where that is another."),
        Typed("NAME", default="the server's address", read=_domain_name),
    ] = None
    kerberos_service: Annotated[
        KerberosService | None,
        Field(description="Service that a ticket is asked for."),
        Typed(default="host"),
    ] = None
    insecure: Annotated[
        bool | None,
        Field(
            description="Allow Basic over plain HTTP beyond this machine: anyone can read the "
            "password. An inventory cannot allow it by itself."
        ),
        Typed(switch=True),
    ] = None

    def over(self, other: "Connection") -> "Connection":
        """This one, and the other where this says nothing.

        Who says which certificates are trusted says all of it: an authority takes the place of a
        pin, and a pin that of an authority. So it is with a password and a keytab. What cannot be
        used with what is said here gives way, too: a keytab where one logs on without Kerberos,
        an endpoint in the command shell. What protects, or says which way one goes, does not: TLS,
        a pin, a proxy.
        """
        mine, theirs = self.said(), other.said()
        if not mine or not theirs:  # as it is of most hosts
            return self if mine else other
        for choice in (_TRUST, _PROOF):
            if mine.keys() & choice:
                theirs = {name: value for name, value in theirs.items() if name not in choice}
        if mine.get("auth", Auth.KERBEROS) is not Auth.KERBEROS:
            theirs.pop("keytab", None)
        if mine.get("transport") is Via.WINRS:
            theirs.pop("configuration_name", None)
        if "configuration_name" in mine and theirs.get("transport") is Via.WINRS:
            theirs.pop("transport")
        return Connection(**{**theirs, **mine})

    def said(self) -> dict[str, Any]:
        """What is said, by name."""
        return self.model_dump(exclude_none=True)


WINDOWS = "win32"
"""What `sys.platform` is there."""

_OWN_LOGON = frozenset({Auth.NEGOTIATE, Auth.KERBEROS})
"""How one may log on as whoever runs this."""

_TRUST = frozenset({"ca_file", "tls_pin"})
"""What says which certificates are trusted."""

_PROOF = frozenset({"password", "keytab"})
"""What says how an account proves that it is who it says."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a connection, for who reads it from a text.

    Args:
        name: of the field.
        kind: its type, when it is said.
        about: what it is, in sentences.
        typed: how it is typed.
    """

    name: str
    kind: type
    about: str
    typed: Typed


def _setting(name: str, field: FieldInfo) -> Setting:
    [kind] = (one for one in get_args(field.annotation) if one is not type(None))
    [typed] = (one for one in field.metadata if isinstance(one, Typed))
    return Setting(name, kind, field.description or "", typed)


SETTINGS = tuple(_setting(name, field) for name, field in Connection.model_fields.items())
"""All of them, in the order of the help."""


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
        return self.kerberos_host or (None if _is_ip(self.address) else self.address.rstrip("."))

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


def _is_ip(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True
