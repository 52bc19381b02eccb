"""Who a connection belongs to: Basic, certificates, NTLM and Kerberos with message encryption."""

import base64
import binascii
import hmac
import importlib
import os
import re
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import spnego
from spnego import WinRMWrapResult
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from remediate.errors import RemediateError
from remediate.model.connection import Auth

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
BOUNDARY = "Encrypted Boundary"
ENCRYPTED = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="{BOUNDARY}"'

_LENGTH = re.compile(rb"Length=(\d+)")
_OCTETS = re.compile(
    rb"--\s*Encrypted Boundary\r?\n[\t ]*Content-Type: application/octet-stream\r?\n"
)
_END = re.compile(rb"--\s*Encrypted Boundary--(?:\r\n)?$")
_ENVIRONMENT = threading.Lock()
_ZERO_LM = "0" * 32
_NTLM = b"NTLMSSP\0"


class Context(Protocol):
    """What a logon has led to: knows its client, and seals for nobody else."""

    @property
    def complete(self) -> bool:
        """The client is known."""

    def step(self, token: bytes, /) -> bytes | None:
        """Take a client's token; what goes back to it."""

    def wrap_winrm(self, message: bytes, /) -> WinRMWrapResult:
        """A message sealed for the client."""

    def unwrap_winrm(self, header: bytes, data: bytes, /) -> bytes:
        """A message that the client has sealed."""


@dataclass(frozen=True)
class LabAccount:
    r"""The one account of a host.

    Args:
        user: its name, `user`, `DOMAIN\user` or, for Kerberos, `user@REALM`.
        password: its password.
    """

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Verdict:
    """What became of a request's credentials.

    Args:
        accepted: the request may be served.
        token: what goes back in WWW-Authenticate, if anything.
    """

    accepted: bool
    token: str | None = None


class DecryptionError(RemediateError, ValueError):
    """A message was not encrypted by the context of its connection."""


class Authentication:
    """The state of one connection.

    Args:
        account: who may come in.
        allowed: the methods that are offered.
        tls: the connection is encrypted by TLS.
        server_hash: SHA-256 of the server's certificate, for channel binding; empty without TLS.
        client_name: common name in the client's certificate, if it showed one.
        keytab: keys of the host in a realm of Kerberos, if it is in one.
        note: hears how logons by NTLM and Kerberos end (`kerberos`, `kerberos refused: …`).
    """

    def __init__(
        self,
        account: LabAccount,
        allowed: frozenset[Auth],
        *,
        tls: bool = False,
        server_hash: bytes = b"",
        client_name: str | None = None,
        keytab: Path | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._account = account
        self._allowed = allowed
        self._tls = tls
        self._server_hash = server_hash
        self._client_name = client_name
        self._keytab = keytab
        self._note = note
        self._way = ""
        self._context: Context | None = None

    @property
    def challenges(self) -> list[str]:
        """The values of WWW-Authenticate in a 401."""
        offers = []
        if self._negotiates:
            offers.append("Negotiate")
        if Auth.BASIC in self._allowed:
            offers.append('Basic realm="WSMAN"')
        return offers

    @property
    def sealed(self) -> bool:
        """Whether messages of this connection have to be encrypted."""
        return self._context is not None and not self._tls

    def forget(self) -> None:
        """The connection has to authenticate again."""
        self._context = None

    def check(self, headers: Mapping[str, str]) -> Verdict:
        """Look at a request's credentials; may be one leg of several."""
        method, _, value = headers.get("authorization", "").partition(" ")
        method = method.lower()
        if not method:
            return Verdict(self._context is not None and self._context.complete)
        if method == "basic" and Auth.BASIC in self._allowed:
            return Verdict(self._basic(value))
        if method in {"negotiate", "ntlm"} and value and self._negotiates:
            return self._negotiate(value)
        if method == MUTUAL and self._tls and Auth.CERTIFICATE in self._allowed:
            return Verdict(self._client_name == self._account.user)
        return Verdict(accepted=False)

    def decrypt(self, body: bytes) -> bytes:
        """The message in a multipart/encrypted body.

        Raises:
            DecryptionError: it does not belong to this connection, or is malformed.
        """
        length, start = _LENGTH.search(body), _OCTETS.search(body)
        if self._context is None or not self._context.complete or not length or not start:
            raise DecryptionError("no encrypted message of this connection")
        sealed = _END.sub(b"", body[start.end() :])
        try:
            size = struct.unpack("<i", sealed[:4])[0]
            message = self._context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
        except (SpnegoError, struct.error, ValueError, IndexError) as error:
            raise DecryptionError("the message was encrypted by somebody else") from error
        if len(message) != int(length[1]):
            raise DecryptionError("the message has another length than it says")
        return message

    def encrypt(self, message: bytes) -> bytes:
        """A message as a multipart/encrypted body."""
        if self._context is None:
            raise DecryptionError("the connection has no context")
        header, data, padding = self._context.wrap_winrm(message)
        head = (
            f"--{BOUNDARY}\r\n\tContent-Type: {PROTOCOL}\r\n"
            "\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
            f"Length={len(message) + padding}\r\n"
            f"--{BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        sealed = struct.pack("<i", len(header)) + header + data
        return head.encode() + sealed + f"--{BOUNDARY}--\r\n".encode()

    @property
    def _negotiates(self) -> bool:
        return bool(self._allowed & {Auth.NEGOTIATE, Auth.NTLM}) or (
            self._keytab is not None and Auth.KERBEROS in self._allowed
        )

    def _basic(self, value: str) -> bool:
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        same = hmac.compare_digest(password.encode(), self._account.password.encode())
        return same and user.casefold() == self._account.user.casefold()

    def _negotiate(self, value: str) -> Verdict:
        try:
            token = base64.b64decode(value, validate=True)
            with _credentials(self._account):
                if self._context is None or self._context.complete:
                    self._context = self._acceptor(token)
                answer = self._context.step(token)
        except Exception as error:  # noqa: BLE001 - a stranger's token may break its decoder anywhere
            self._note(f"{self._way} refused: {error}")
            self._context = None
            return Verdict(accepted=False)
        if self._context.complete:
            self._note(self._way)
        out = f"Negotiate {base64.b64encode(answer).decode()}" if answer else None
        return Verdict(self._context.complete, out)

    def _acceptor(self, token: bytes) -> Context:
        binding = b"tls-server-end-point:" + self._server_hash if self._server_hash else b""
        if self._keytab is not None and _NTLM not in token:
            self._way = Auth.KERBEROS.value
            # not everybody has what it needs
            kerberos = importlib.import_module("remediate.lab.server.kerberos")
            acceptor: Context = kerberos.Acceptor(self._keytab, self._account.user, binding)
            return acceptor
        self._way = Auth.NTLM.value
        bindings = GssChannelBindings(application_data=binding) if binding else None
        return spnego.server(
            protocol="negotiate",
            options=NegotiateOptions.use_negotiate | NegotiateOptions.use_ntlm,
            channel_bindings=bindings,
        )


@contextmanager
def _credentials(account: LabAccount) -> Iterator[None]:
    """Let pyspnego know the account: it reads a file that the environment names.

    The file lives for one step only and holds the hash, not the password; the environment is put
    back, so that nothing else in the process sees it for longer.
    """
    line = f"{account.user}:0:{_ZERO_LM}:{ntowfv1(account.password).hex()}:[U]:LCT-0\n"
    with _ENVIRONMENT, tempfile.TemporaryDirectory(prefix="remediate-lab-") as folder:
        path = Path(folder, "accounts")
        path.write_text(line, encoding="utf-8")
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(path)
        try:
            yield
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before
