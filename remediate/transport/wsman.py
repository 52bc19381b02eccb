"""A WS-Management client for one host, set up so that pypsrp decides nothing by itself.

What pypsrp would do unasked, and does not here: use proxies, netrc and certificate authorities
of the environment; follow redirects; repeat requests after silence; go on with the encryption
of a connection that is gone.
"""

import logging
import ssl
import warnings
from pathlib import Path

import requests
from pydantic import SecretStr
from pypsrp.wsman import WSMan, _TransportHTTP
from requests.auth import HTTPBasicAuth

from remediate.model.host import Auth, Host
from remediate.transport.errors import WrongSettings
from remediate.transport.wire import StaleConnectionError, Watch, Wire

_LOUD = ("pypsrp", "urllib3", "requests", "spnego")


class Http(_TransportHTTP):
    """HTTP to one host with authentication and message encryption."""

    def __init__(self, host: Host, secret: SecretStr | None, watch: Watch) -> None:
        super().__init__(
            host.address,
            host.port,
            username=host.user,
            password=secret.get_secret_value() if secret else None,
            ssl=host.tls,
            auth=host.auth.value,
            encryption=_encryption(host),
            no_proxy=True,
            certificate_pem=str(host.cert_file) if host.cert_file else None,
            certificate_key_pem=str(host.key_file) if host.key_file else None,
        )
        self._trusted: str | bool = str(host.ca_file) if host.ca_file else True
        self._watch = watch

    def send(
        self,
        message: bytes,
        *,
        retries_on_read_timeout: int = 0,  # noqa: ARG002 - repeating is decided by the session
        timeout: object = None,  # noqa: ARG002 - the watch knows how long
    ) -> bytes:
        """Send one message and return the answer to it."""
        try:
            return self._sent(message)
        except StaleConnectionError:
            pass
        self.reset()
        return self._sent(message)

    def _sent(self, message: bytes) -> bytes:
        answer: bytes = super().send(message)
        return answer

    def reset(self) -> None:
        """Forget connection and encryption; the next message connects and logs on again."""
        self._watch.live = False
        self.encryption = None
        if self.session is not None:
            self.session.close()
            self.session = None

    def _build_session(self) -> requests.Session:
        session = super()._build_session()
        session.trust_env = False
        session.proxies = {}
        session.verify = self._trusted
        session.max_redirects = 0
        session.adapters.clear()  # pypsrp's repeat, and there is none for another scheme
        session.mount("https://" if self.ssl else "http://", Wire(self._watch))
        if self.auth == Auth.BASIC:
            # As bytes: requests would encode as Latin-1, and fail with the password in the error.
            session.auth = HTTPBasicAuth(
                (self.username or "").encode(),
                (self.password or "").encode(),
            )
        return session

    def __repr__(self) -> str:
        return f"Http({self.endpoint!r})"


class Client(WSMan):
    """WS-Management with one host; nothing is sent yet."""

    def __init__(self, host: Host, secret: SecretStr | None, watch: Watch) -> None:
        super().__init__(
            host.address,
            port=host.port,
            ssl=host.tls,
            auth=host.auth.value,
            encryption=_encryption(host),
            no_proxy=True,
        )
        self.http = Http(host, secret, watch)
        self.transport = self.http


def check(host: Host) -> None:
    """Find what cannot work before anything is sent.

    Raises:
        WrongSettings: a setting is missing or contradicts another, or a file cannot be read.
    """
    if host.auth is Auth.CERTIFICATE:
        if not host.tls:
            raise WrongSettings(host.name, "a client certificate needs TLS")
        if host.cert_file is None or host.key_file is None:
            raise WrongSettings(host.name, "a client certificate needs its file and its key's file")
        _readable(host, host.cert_file, "client certificate")
        _readable(host, host.key_file, "private key")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
                host.cert_file, host.key_file, password=_no_password
            )
        except (ssl.SSLError, ValueError) as error:
            text = f"{host.cert_file} and {host.key_file} are no pair of certificate and open key"
            raise WrongSettings(host.name, text) from error
    elif not host.user:
        raise WrongSettings(host.name, f"no user is given, which {host.auth} needs")
    if host.ca_file is not None and host.tls:
        _readable(host, host.ca_file, "certificate authority's")
        try:
            ssl.create_default_context(cafile=str(host.ca_file))
        except (ssl.SSLError, ValueError) as error:
            text = f"{host.ca_file} holds no certificate of an authority (PEM)"
            raise WrongSettings(host.name, text) from error


def quiet() -> None:
    """Silence the libraries: at DEBUG they write scripts and replies, in errors tracebacks.

    A level that somebody has set on purpose stays.
    """
    for name in _LOUD:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pypsrp(\.|$)")


def _encryption(host: Host) -> str:
    if host.tls:
        return "auto"  # by TLS
    # Host has refused Basic over HTTP already where it may not be.
    return "never" if host.auth is Auth.BASIC else "always"


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
