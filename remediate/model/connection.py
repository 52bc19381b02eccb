"""How a server is reached: what may be said of that, and how it is typed or written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, Field
from pydantic.fields import FieldInfo

from remediate.model.address import MAX_PORT, check_address, is_ip, parse_port, split_target
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
    if is_ip(name):
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
