"""A WS-Management client for one host, set up so that pypsrp decides nothing by itself.

What pypsrp would do unasked, and does not here: use proxies, netrc and certificate authorities
of the environment; follow redirects; repeat requests after silence; go on with the encryption
of a connection that is gone; take an answer in clear for one that is sealed.
"""

import re
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from xml.etree import ElementTree as ET

import requests
from pydantic import SecretStr
from pypsrp.encryption import WinRMEncryption
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.wsman import WSMan, _TransportHTTP
from requests.auth import HTTPBasicAuth

from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.transport.client import T, telling_the_gate
from remediate.transport.dialing import Dialer
from remediate.transport.kerberos import Tickets
from remediate.transport.logon import METHODS, Logon
from remediate.transport.markup import look_at
from remediate.transport.stream import Steps, at_once
from remediate.transport.watch import (
    OK,
    PAGES,
    UNAUTHORISED,
    LoggedOutError,
    PageError,
    StaleConnectionError,
    UnsealedError,
    Watch,
)
from remediate.transport.wire import Negotiated, Wire

_SEALED: Final = re.compile(r'multipart/(?:x-multi-)?encrypted;.*boundary="([^"]+)"', re.IGNORECASE)


class Http(_TransportHTTP):
    """HTTP to one host with authentication and message encryption.

    Args:
        host: the host.
        secret: the account's password, if it has one.
        watch: bounds of the conversation.
        tls: how TLS is spoken, where it is.
        tickets: those of Kerberos.
        dialer: gives connections.
    """

    def __init__(
        self,
        host: Host,
        secret: SecretStr | None,
        watch: Watch,
        tls: ssl.SSLContext | None,
        tickets: Tickets,
        dialer: Dialer,
    ) -> None:
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
        self._watch = watch
        self._methods = METHODS[host.auth]
        self._tls = tls
        self._logon = Logon(host, secret, watch, tickets)
        self._connect = partial(dialer.connect, host)

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

    def _send_request(self, request: requests.PreparedRequest, timeout: object = None) -> bytes:
        """Send a message, or the empty request of a logon, and return what is in the answer."""
        del timeout
        response = self._exchanged(request)
        status, content = response.status_code, response.content
        kind = response.headers.get("Content-Type", "")
        if self.encryption is not None:
            content = _opened(self.encryption, response)
        elif self.wrap_required:
            content = b""  # nobody has proved anything yet
            if status == OK and not self._asked_who_we_are():
                raise UnsealedError(status)
        elif kind.partition(";")[0].strip().lower() in PAGES:
            content = b""
            if status == OK:
                raise PageError
        if status == UNAUTHORISED:
            raise AuthenticationError
        look_at(content)
        if status != OK:
            raise WinRMTransportError("http", status, content.decode(errors="replace"))
        return content

    def _asked_who_we_are(self) -> bool:
        return self.session is not None and bool(getattr(self.session.auth, "contexts", None))

    def _exchanged(self, request: requests.PreparedRequest) -> requests.Response:
        if self.session is None:
            raise StaleConnectionError
        try:
            return self.session.send(request)
        except LoggedOutError:
            if self.encryption is None:
                raise
            raise UnsealedError(UNAUTHORISED) from None

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
        session.verify = True  # what is trusted is in our TLS
        session.max_redirects = 0
        wire = Wire(self._watch, self._connect, self._methods, self._tls)
        session.adapters.clear()  # pypsrp's repeat, and there is none for another scheme
        session.mount("https://" if self.ssl else "http://", wire)
        if self.auth == Auth.BASIC:
            # As bytes: requests would encode as Latin-1, and fail with the password in the error.
            session.auth = HTTPBasicAuth(
                (self.username or "").encode(),
                (self.password or "").encode(),
            )
        return session

    def _build_auth_negotiate(self, session: requests.Session, auth_provider: str = "") -> None:
        del auth_provider  # the logon knows it
        session.auth = Negotiated(self._logon, wrap_required=self.wrap_required)

    def __repr__(self) -> str:
        return f"Http({self.endpoint!r})"


class Client(WSMan):
    """WS-Management with one host; nothing is sent yet.

    Args:
        host: the host.
        http: carries the messages.
        watch: bounds of the conversation.
    """

    def __init__(self, host: Host, http: Http, watch: Watch) -> None:
        super().__init__(
            host.address,
            port=host.port,
            ssl=host.tls,
            auth=host.auth.value,
            encryption=_encryption(host),
            no_proxy=True,
        )
        self.http = self.transport = http
        self._watch = watch

    def invoke(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - pypsrp's own
        """Exchange one message, and tell the gate what that says of the password."""
        with telling_the_gate(self._watch):
            return super().invoke(*args, **kwargs)

    def carry(self, message: bytes, read: Callable[[bytes], T]) -> Steps[T]:
        """Exchange one message that another library has written, as `invoke` does its own.

        Args:
            message: the message.
            read: reads the answer.

        Raises:
            WSManFaultError: the host says no.
        """
        return at_once(partial(self._carried, message, read))

    def _carried(self, message: bytes, read: Callable[[bytes], T]) -> T:
        with telling_the_gate(self._watch):
            try:
                return read(self.http.send(message))
            except WinRMTransportError as error:
                try:
                    fault = self._parse_wsman_fault(error.response_text)
                except ET.ParseError:
                    raise error from None
                raise fault from None

    def reset(self) -> Steps[None]:
        """Forget connection and encryption; the next message connects and logs on again."""
        return at_once(self.http.reset)


def _opened(encryption: WinRMEncryption, response: requests.Response) -> bytes:
    """What was sealed for us, and by nobody but the host."""
    sealed = _SEALED.match(response.headers.get("Content-Type", ""))
    if sealed is None:
        raise UnsealedError(response.status_code)
    try:
        opened: bytes = encryption.unwrap_message(response.content, sealed[1])
    except Exception as error:  # whatever a stranger's bytes may break
        raise UnsealedError(response.status_code) from error
    if not opened:
        raise UnsealedError(response.status_code)
    return opened


def _encryption(host: Host) -> str:
    if host.tls:
        return "auto"  # by TLS
    # Host has refused Basic over HTTP already where it may not be.
    return "never" if host.auth is Auth.BASIC else "always"
