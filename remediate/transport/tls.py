"""What TLS means here, whatever the environment and the version of Python say.

`ssl` and urllib3 by themselves write session keys where SSLKEYLOGFILE says, and check
certificates more strictly from Python 3.13 on.
"""

import ssl
import threading
from pathlib import Path
from typing import Final

import certifi

from remediate.model.host import Auth, Host
from remediate.transport.errors import WrongSettings

CHECKS: Final = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
"""What the named file holds is trusted, also an authority below the root.

VERIFY_X509_STRICT is left out: it refuses certificates as Windows makes them for WinRM.
"""


class Contexts:
    """The client's sides of TLS: hosts that trust and show the same files share one.

    To read the certificates of a hundred authorities takes many times as long as a handshake.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Path | None, ...], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def of(self, host: Host) -> ssl.SSLContext | None:
        """The one for a host; None when it is spoken to without TLS.

        Raises:
            WrongSettings: a file cannot be read, or does not hold what it should.
        """
        if not host.tls:
            return None
        shown = (host.cert_file, host.key_file) if host.auth is Auth.CERTIFICATE else ()
        files = (host.ca_file, *shown)
        with self._lock:
            if files not in self._known:
                self._known[files] = _context(host)
            return self._known[files]


def _context(host: Host) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it checks the chain and the name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.verify_flags = CHECKS
    context.post_handshake_auth = True  # a host may ask late for the client's certificate
    _trust(context, host)
    if host.auth is Auth.CERTIFICATE:
        _show(context, host)
    return context


def _trust(context: ssl.SSLContext, host: Host) -> None:
    if host.ca_file is None:
        context.load_verify_locations(certifi.where())
        return
    _readable(host, host.ca_file, "certificate authority's")
    try:
        context.load_verify_locations(host.ca_file)
    except (ssl.SSLError, ValueError) as error:
        text = f"{host.ca_file} holds no certificate of an authority (PEM)"
        raise WrongSettings(host.name, text) from error


def _show(context: ssl.SSLContext, host: Host) -> None:
    if host.cert_file is None or host.key_file is None:
        raise WrongSettings(host.name, "a client certificate needs its file and its key's file")
    _readable(host, host.cert_file, "client certificate")
    _readable(host, host.key_file, "private key")
    try:
        context.load_cert_chain(host.cert_file, host.key_file, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        text = f"{host.cert_file} and {host.key_file} are no pair of certificate and open key"
        raise WrongSettings(host.name, text) from error


def _readable(host: Host, path: Path, what: str) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        text = f"the {what} file {path} cannot be read: {error.strerror}"
        raise WrongSettings(host.name, text) from error


def _no_password() -> str:
    """Keep OpenSSL from asking on the terminal."""
    return ""
