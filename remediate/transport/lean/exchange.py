"""Messages to one host and its answers, over HTTP: logged on, sealed, bounded, none sent twice.

Steps only (see `stream`): nothing here waits, or knows a socket.
"""

import base64
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.transport.lean.answer import Answer, Reader
from remediate.transport.lean.sealed import Seal
from remediate.transport.logon import CHALLENGES, METHODS, Logon
from remediate.transport.protocol import CONNECT_SECONDS
from remediate.transport.stream import Close, Connect, Do, LookAtIt, Receive, Send, StartTls, Steps
from remediate.transport.watch import (
    OK,
    PAGES,
    SERVED,
    UNAUTHORISED,
    LoggedOutError,
    NotOfferedError,
    OutOfTimeError,
    PackedError,
    PageError,
    RedirectedError,
    RefusedError,
    StaleConnectionError,
    StatusError,
    UnsealedError,
    Watch,
    is_proof,
    offered,
)

if TYPE_CHECKING:
    from remediate.transport.lean.negotiation import Negotiation

_SOAP: Final = "application/soap+xml;charset=UTF-8"
_BY_CERTIFICATE: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_REDIRECTS: Final = {301, 302, 303, 307, 308}


class Exchanges:
    """The exchanges with one host, one after the other.

    Args:
        host: the host.
        secret: the account's password, if it has one.
        watch: bounds of the conversation, and what comes to be known in it.
        logon: answers a host that negotiates.
    """

    def __init__(self, host: Host, secret: SecretStr | None, watch: Watch, logon: Logon) -> None:
        self._host = host
        self._secret = secret
        self._watch = watch
        self._logon = logon
        self._where = host.url.partition("://")[2].partition("/")[0]
        self._negotiates = host.auth not in {Auth.BASIC, Auth.CERTIFICATE}
        self._sealing = self._negotiates and not host.tls
        self._open = False
        self._certificate = b""
        self._logged_on = False
        self._seal: Seal | None = None

    def carry(self, message: bytes) -> Steps[bytes]:
        """Send a message; comes to what is in the answer to it.

        Raises:
            OSError, NotConnectedError, TunnelError, UntrustedError: there is no connection.
            TicketError, NotOfferedError, RefusedError, LoggedOutError, SpnegoError: no logon.
            AccountRefusedElsewhere, TimedOut: it is not our turn to log on.
            StatusError: the host says no.
            NotHttpError, PackedError, PageError, RedirectedError, TooMuchError, UnsealedError: the
                answer is none.
            OutOfTimeError: the time was up before anything was sent.
        """
        try:
            return (yield from self._carried(message))
        except StaleConnectionError:
            yield from self.forget()
        return (yield from self._carried(message))

    def forget(self) -> Steps[None]:
        """Forget connection and logon: the next message begins with both."""
        self._watch.live = self._open = self._logged_on = False
        self._seal = None
        yield Close()

    def _carried(self, message: bytes) -> Steps[bytes]:
        if self._negotiates and not self._logged_on:
            if not self._sealing:
                return self._in_clear((yield from self._log_on(message)))
            answer = yield from self._log_on(b"")
            if answer.status == OK and not self._logged_on:
                raise UnsealedError(OK)
            _checked(answer, b"")  # whoever wrote more has proved nothing
        if self._seal is None:
            return self._in_clear((yield from self._asked(message)))
        return self._opened((yield from self._asked(self._seal.seal(message))), self._seal)

    def _log_on(self, message: bytes) -> Steps[Answer]:
        """Log on by tokens; over TLS the message goes with that which decides."""
        answer = yield from self._asked()
        if answer.status != UNAUTHORISED:
            bare = answer.status in SERVED and not self._sealing
            return (yield from self._asked(message)) if bare else answer
        said: Negotiation = yield Do(partial(self._negotiation, answer))
        further = False
        while said.token is not None:
            body = message if said.decides else b""
            answer = yield from self._asked(body, said.authorization, further=further)
            further = said.hear(answer)
        self._logged_on = answer.status == OK or (answer.status in SERVED and not self._sealing)
        if self._logged_on and self._sealing:
            self._seal = Seal(said.context, said.scheme)
        return answer

    def _negotiation(self, answer: Answer) -> "Negotiation":
        """What is said to a host that asks who we are; may take as long as a KDC does."""
        from remediate.transport.lean.negotiation import Negotiation  # noqa: PLC0415 - as in logon.py

        choice = self._logon.choose()
        return Negotiation(self._logon, choice, answer, self._certificate, sealing=self._sealing)

    def _in_clear(self, answer: Answer) -> bytes:
        if answer.field("content-type").partition(";")[0].strip().lower() not in PAGES:
            return _checked(answer, answer.body)
        if answer.status == OK:
            raise PageError
        return _checked(answer, b"")

    def _opened(self, answer: Answer, seal: Seal) -> bytes:
        try:
            content = seal.open(answer.field("content-type"), answer.body)
        except Exception as error:  # whatever a stranger's bytes may break
            raise UnsealedError(answer.status) from error
        return _checked(answer, content)

    def _asked(
        self, body: bytes = b"", authorization: str = "", *, further: bool = False
    ) -> Steps[Answer]:
        """One request and its answer.

        Args:
            body: of the request.
            authorization: who we are.
            further: what was said before it on this connection belongs to it.
        """
        watch = self._watch
        if watch.deadline.left <= 0:
            raise OutOfTimeError
        watch.refused = False
        authorization = authorization or self._always()
        proof = is_proof(authorization)
        try:
            yield from self._connected(further=further)
            within = watch.wait()
            watch.sent = watch.sent or bool(body)
            answer = yield from self._exchanged(self._request(body, authorization), within)
            self._heard(answer, proof=proof)
        except Exception as error:
            watch.refused = watch.refused or (
                proof and isinstance(error, PackedError) and error.status == UNAUTHORISED
            )
            self._open = False
            yield Close()
            raise
        if not answer.keeps:
            self._open = False
            yield Close()
        return answer

    def _connected(self, *, further: bool) -> Steps[None]:
        """Have a connection, and our turn to log on over it."""
        watch = self._watch
        if self._open and (yield LookAtIt()):
            return
        if further:
            raise ConnectionResetError
        if watch.live:  # a logon has been lost with its connection
            watch.live = False
            raise StaleConnectionError
        if watch.turn is not None:
            watch.turn.check()
        yield from self._dialled()
        if watch.turn is None or watch.turn.take_at_once():
            return
        waited = yield Do(partial(watch.turn.take, watch.deadline))
        if waited and not (yield LookAtIt()):  # the host would not wait so long
            yield from self._dialled()

    def _dialled(self) -> Steps[None]:
        yield Close()
        within = min(CONNECT_SECONDS, self._watch.wait())
        yield Connect(within)
        if self._host.tls:
            self._certificate = yield StartTls(within)
        self._open = True

    def _exchanged(self, request: bytes, within: float) -> Steps[Answer]:
        watch, reader = self._watch, Reader()
        with suppress(BrokenPipeError):  # it may have said why before it hung up
            yield Send(request, within)
        answer = None
        while answer is None:
            piece = yield Receive(watch.wait())
            watch.took(len(piece))
            if not piece:
                raise ConnectionResetError
            answer = reader.feed(piece)
        return answer

    def _heard(self, answer: Answer, *, proof: bool) -> None:
        """Note what an answer tells of the logon."""
        watch = self._watch
        if answer.status in _REDIRECTS and "location" in answer.fields:
            raise RedirectedError
        if answer.status in SERVED:
            watch.accepted = watch.live = True
        if answer.status != UNAUTHORISED:
            return
        if watch.live:
            watch.live = False
            raise UnsealedError(UNAUTHORISED) if self._seal else LoggedOutError
        offers, methods = offered(answer.field(CHALLENGES)), METHODS[self._host.auth]
        ours = {offer.lower() for offer in offers} & methods
        if not ours and methods and (offers or not proof):
            raise NotOfferedError(offers)
        watch.refused = proof

    def _always(self) -> str:
        """What says who we are in each request, where something does."""
        if self._host.auth is Auth.CERTIFICATE:
            return _BY_CERTIFICATE
        if self._host.auth is not Auth.BASIC:
            return ""
        password = self._secret.get_secret_value() if self._secret else ""
        return f"Basic {base64.b64encode(f'{self._host.user}:{password}'.encode()).decode()}"

    def _request(self, body: bytes, authorization: str) -> bytes:
        fields = [
            "POST /wsman HTTP/1.1",
            f"Host: {self._where}",
            "User-Agent: remediate",
            "Accept-Encoding: identity",
            "Connection: Keep-Alive",
            f"Content-Length: {len(body)}",
        ]
        if body:
            fields.append(f"Content-Type: {self._seal.kind if self._seal else _SOAP}")
        if authorization:
            fields.append(f"Authorization: {authorization}")
        return "\r\n".join((*fields, "", "")).encode("ascii") + body


def _checked(answer: Answer, content: bytes) -> bytes:
    """The content of an answer that is a reply."""
    if answer.status == UNAUTHORISED:
        raise RefusedError
    if answer.status != OK:
        raise StatusError(answer.status, content)
    return content
