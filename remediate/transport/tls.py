"""What TLS means here, whatever the environment and the version of Python say.

`ssl` and urllib3 by themselves write session keys where SSLKEYLOGFILE says, and check
certificates more strictly from Python 3.13 on.
"""

import os
import ssl
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import truststore

from remediate.errors import RemediateError
from remediate.model.certificate import Certificate
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.transport.errors import WrongSettings

CHECKS: Final = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
"""What the named file holds is trusted, also an authority below the root.

VERIFY_X509_STRICT is left out: it refuses certificates as Windows makes them for WinRM.
"""

NOT_YET_VALID: Final = 9
EXPIRED: Final = 10
WEAK_KEY: Final = 66
"""Numbers of OpenSSL, X509_V_ERR_… in x509_vfy.h."""

OTHER_PIN: Final = -1
UNREADABLE: Final = -2
"""Numbers of ours: it is not the certificate that is pinned; it is none that can be read."""

_OWN_STORE: Final = sys.platform in {"darwin", "win32"}
"""The system has its own program that judges certificates; elsewhere OpenSSL reads its files."""

_FILE_HINT: Final = (
    "Correct or unset SSL_CERT_FILE, or name the authority with --ca-file; the host was not "
    "contacted."
)


class UntrustedError(RemediateError):
    """The host shows a certificate that is not to be believed; nothing was sent to it.

    Args:
        number: why, as OpenSSL or the system numbers it, or one of the above.
        message: the same in its words.
        certificate: what it shows; None when that cannot be had.
    """

    def __init__(self, number: int, message: str, certificate: Certificate | None) -> None:
        super().__init__(number, message, certificate)
        self.number = number
        self.message = message
        self.certificate = certificate


class Contexts:
    """The client's sides of TLS: hosts that trust and show the same share one.

    To read the certificates of a hundred authorities takes many times as long as a handshake.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Path | str | None, ...], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def of(self, host: Host) -> ssl.SSLContext | None:
        """The one for a host; None when it is spoken to without TLS.

        Raises:
            WrongSettings: a file cannot be read, or does not hold what it should.
        """
        if not host.tls:
            return None
        shown = (host.cert_file, host.key_file) if host.auth is Auth.CERTIFICATE else ()
        key = (host.ca_file, host.tls_pin, *shown)
        with self._lock:
            context = self._known.get(key) or _context(host)
            if not isinstance(context, _SystemContext):  # hosts that share one wait for each other
                self._known[key] = context
            return context


def looking_context() -> ssl.SSLContext:
    """For who only looks at a certificate and sends nothing: it believes nobody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown_certificate(sock: ssl.SSLSocket) -> Certificate | None:
    """What the other side has shown, whether it is believed or not; None when it showed nothing."""
    from remediate.transport.certificate import read_certificate  # noqa: PLC0415 - not without TLS

    der = _first_shown(sock)
    return read_certificate(der) if der else None


def _context(host: Host) -> ssl.SSLContext:
    if host.tls_pin is not None:
        context = looking_context()
        context.sslsocket_class = _pinned(host.tls_pin)
    elif host.ca_file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it checks the chain and the name
        context.sslsocket_class = _Socket
        _harden(context)
        _trust(context, host, host.ca_file)
    else:
        context = _of_the_system()
        _harden(context)
        named = os.environ.get("SSL_CERT_FILE")
        if named and not _OWN_STORE:  # OpenSSL goes on without a file that it cannot use
            _trust(context, host, Path(named), "file of SSL_CERT_FILE", _FILE_HINT)
    if host.auth is Auth.CERTIFICATE:
        _show(context, host)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.verify_flags = CHECKS
    context.post_handshake_auth = True  # a host may ask late for the client's certificate


def _of_the_system() -> ssl.SSLContext:
    """One that trusts whom this machine trusts."""
    if _OWN_STORE:
        return _SystemContext(ssl.PROTOCOL_TLS_CLIENT)
    # truststore reads the files of OpenSSL anew for each connection, and lets one at a time shake
    # hands. What it has filled in is an ordinary context, which needs neither.
    filling = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = filling.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="host").context
    context.sslsocket_class = _Socket
    return context


class _Socket(ssl.SSLSocket):
    """A connection that says whose certificate was not believed."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except ssl.SSLCertVerificationError as error:
            untrusted = _untrusted(error, shown_certificate(self))
            self.close()  # ssl does so only for errors that it knows
            raise untrusted from error


def _pinned(pin: str) -> type[ssl.SSLSocket]:
    """Connections to whoever shows one certificate, which has to be one that can be used."""

    class Pinned(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            try:
                _usable(_same(shown_certificate(self), pin))
            except UntrustedError:
                self.close()
                raise

    return Pinned


class _SystemContext(truststore.SSLContext):
    """The judgement of Windows or macOS, and whose certificate it did not believe."""

    def wrap_socket(
        self,
        sock: Any,  # noqa: ANN401 - ssl's own
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        del do_handshake_on_connect
        talk = super().wrap_socket(
            sock,
            server_side=server_side,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=suppress_ragged_eofs,
            server_hostname=server_hostname,
            session=session,
        )
        certificate = None
        try:
            ssl.SSLSocket.do_handshake(talk)
            certificate = shown_certificate(talk)
            talk.do_handshake()  # which is over, so that only the judgement is left of it
            if certificate is not None:
                _usable(certificate)
        except ssl.SSLCertVerificationError as error:
            certificate = certificate or shown_certificate(talk)
            talk.close()
            raise _untrusted(error, certificate) from error
        except BaseException:
            talk.close()
            raise
        return talk


def _untrusted(
    error: ssl.SSLCertVerificationError, certificate: Certificate | None
) -> UntrustedError:
    # A fault of the certificate itself comes first: whom it was signed by is no matter then.
    number: int = getattr(error, "verify_code", 0)
    if certificate is not None:
        number = _fault(certificate) or number
    message = getattr(error, "verify_message", "") or str(error.reason or error)
    return UntrustedError(number, message, certificate)


def _same(certificate: Certificate | None, pin: str) -> Certificate:
    if certificate is None or certificate.pin != pin:
        raise UntrustedError(OTHER_PIN, "", certificate)
    return certificate


def _usable(certificate: Certificate) -> None:
    if number := _fault(certificate):
        raise UntrustedError(number, "", certificate)


def _fault(certificate: Certificate) -> int | None:
    """Why a certificate could not be used even by its owner."""
    now = datetime.now(UTC)
    if certificate.not_before is None or certificate.not_after is None:
        return UNREADABLE
    if certificate.weak_key:
        return WEAK_KEY
    if now < certificate.not_before:
        return NOT_YET_VALID
    return EXPIRED if now > certificate.not_after else None


def _first_shown(sock: ssl.SSLSocket) -> bytes | None:
    """The certificate of the other side; of a handshake that failed only the chain tells."""
    if sys.version_info >= (3, 13):
        chain: list[bytes] = sock.get_unverified_chain()
        return chain[0] if chain else None
    hidden: Any = sock._sslobj  # type: ignore[attr-defined] # noqa: SLF001 - public from 3.13 on
    links = hidden.get_unverified_chain() if hidden is not None else None
    return ssl.PEM_cert_to_DER_cert(links[0].public_bytes()) if links else None


def _trust(
    context: ssl.SSLContext,
    host: Host,
    ca_file: Path,
    what: str = "certificate authority's file",
    hint: str = "",
) -> None:
    _readable(host, ca_file, what, hint)
    try:
        context.load_verify_locations(ca_file)
    except (ssl.SSLError, ValueError) as error:
        text = f"the {what} {ca_file} holds no certificate of an authority (PEM)"
        raise WrongSettings(host.name, text, hint=hint) from error


def _show(context: ssl.SSLContext, host: Host) -> None:
    if host.cert_file is None or host.key_file is None:
        raise WrongSettings(host.name, "a client certificate needs its file and its key's file")
    _readable(host, host.cert_file, "client certificate file")
    _readable(host, host.key_file, "private key file")
    try:
        context.load_cert_chain(host.cert_file, host.key_file, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        text = f"{host.cert_file} and {host.key_file} are no pair of certificate and open key"
        raise WrongSettings(host.name, text) from error


def _readable(host: Host, path: Path, what: str, hint: str = "") -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        text = f"the {what} {path} cannot be read: {error.strerror}"
        raise WrongSettings(host.name, text, hint=hint) from error


def _no_password() -> str:
    """Keep OpenSSL from asking on the terminal."""
    return ""
