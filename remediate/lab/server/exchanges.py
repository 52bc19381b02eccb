"""From a connection's bytes to a host's service and back: credentials, faults, counters, trace."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from remediate.lab.kinds.boot import is_away
from remediate.lab.server.auth import ENCRYPTED, Authentication, DecryptionError
from remediate.lab.server.faults import Action, Fault, Step
from remediate.lab.server.http import BadRequest, HttpClient, HttpRequest
from remediate.lab.server.outlet import ClientGone
from remediate.lab.server.soap import SoapRequest, WSManFault, parse
from remediate.lab.server.wsman import Caller, Response, WSManService, kind_of
from remediate.lab.state import HostState

PATH = "/wsman"
HTML = b"<html><head><title>Internal error</title></head><body><p>No.</p></body></html>"

Latency = Callable[[Step], float]
"""Seconds that a host takes before it replies to a request of a kind."""


@dataclass(frozen=True)
class Exchange:
    """One HTTP request and what became of it.

    Args:
        kind: what it was for.
        headers: by name in lower case, credentials included.
        wire: the body as it came over the connection.
        message: the body after decryption, when it was encrypted.
        status: of the response; 0 when there was none.
        fault: number of the WS-Management fault, 0 when there was none.
    """

    kind: Step
    headers: dict[str, str] = field(repr=False)
    wire: bytes = field(repr=False)
    message: bytes | None = field(repr=False)
    status: int
    fault: int = 0


class Served(Protocol):
    """The host whose exchanges these are, and what is kept of them."""

    name: str
    state: HostState
    service: WSManService
    counters: Counter[Step]
    trace: deque[Exchange]

    @property
    def user(self) -> str:
        """The account that may come in."""


@dataclass(frozen=True)
class Answer:
    """What is sent back, before it is encrypted."""

    status: HTTPStatus
    body: bytes = b""
    fault: int = 0
    arrived: Callable[[], None] = lambda: None


class Exchanges:
    """All exchanges of one connection.

    Args:
        host: whose they are.
        connection: where they come from.
        authentication: the connection's.
        faults: rules of the lab.
        latency: before each reply.
    """

    def __init__(
        self,
        host: Served,
        connection: HttpClient,
        authentication: Authentication,
        faults: Callable[[], tuple[Fault, ...]],
        latency: Latency,
    ) -> None:
        self._host = host
        self._connection = connection
        self._auth = authentication
        self._faults = faults
        self._latency = latency

    async def serve(self) -> None:
        """Answer requests until one side has enough."""
        try:
            while (request := await self._connection.request()) is not None:
                if is_away(self._host.state) or not await self._exchange(request):
                    break
        except BadRequest as bad:
            await self._connection.reply(bad.status, headers=(("Connection", "close"),))
        except ClientGone:
            pass
        finally:
            self._close()

    def _close(self) -> None:
        # A reply that is still under way is sent first.
        if self._connection.transport:
            self._connection.transport.close()

    async def _exchange(self, request: HttpRequest) -> bool:
        """One exchange; says whether the connection goes on."""
        if request.method != "POST":
            raise BadRequest(HTTPStatus.METHOD_NOT_ALLOWED)
        if request.path.partition("?")[0] != PATH:
            raise BadRequest(HTTPStatus.NOT_FOUND)
        verdict = self._auth.check(request.headers)
        headers: tuple[tuple[str, str], ...] = ()
        if verdict.token:
            headers = (("WWW-Authenticate", verdict.token),)
        read = self._read(request, accepted=verdict.accepted)
        rule = self._count(read.kind)
        if rule is not None and not rule.acts_first:
            return await self._misbehave(request, read, rule, None, headers)
        if read.answer is not None:
            answer = read.answer
            if answer.status is HTTPStatus.UNAUTHORIZED and not headers:
                headers = tuple(("WWW-Authenticate", text) for text in self._auth.challenges)
        else:
            answer = await self._act(read.soap)
        if rule is not None:
            return await self._misbehave(request, read, rule, answer, headers)
        return await self._reply(request, read, answer, headers)

    def _read(self, request: HttpRequest, *, accepted: bool) -> "_Read":
        """What a request is, as far as its sender may be told."""
        encrypted = request.headers.get("content-type", "").startswith("multipart/encrypted")
        if not accepted:
            return _Read(Step.AUTH, answer=Answer(HTTPStatus.UNAUTHORIZED))
        if not request.body:
            return _Read(Step.AUTH, answer=Answer(HTTPStatus.OK))
        if self._auth.sealed and not encrypted:
            # AllowUnencrypted is false, as on Windows: a clear message counts for nothing.
            return _Read(Step.AUTH, answer=Answer(HTTPStatus.UNAUTHORIZED))
        message = None
        try:
            if encrypted:
                message = self._auth.decrypt(request.body)
            soap = parse(request.body if message is None else message)
        except DecryptionError:
            return _Read(Step.OTHER, answer=Answer(HTTPStatus.INTERNAL_SERVER_ERROR))
        except WSManFault as fault:
            return _Read(Step.OTHER, message=message, answer=self._fault(fault))
        return _Read(kind_of(soap.action), soap=soap, message=message)

    def _count(self, kind: Step) -> Fault | None:
        """Count a request, and find the rule that it falls under."""
        counters = self._host.counters
        counters[kind] += 1
        of_kind, overall = counters[kind], counters.total()
        for rule in self._faults():
            if rule.hits(self._host.name, kind, of_kind, overall):
                return rule
        return None

    async def _act(self, soap: SoapRequest | None) -> Answer:
        assert soap is not None  # noqa: S101 - a request without an answer has been read
        transport = self._connection.transport
        peer = transport.get_extra_info("peername") if transport else None
        caller = Caller(self._host.user, peer[0] if peer else "", self._connection.gone)
        try:
            response: Response = await self._host.service.handle(soap, caller)
        except WSManFault as fault:
            return self._fault(fault)
        return Answer(HTTPStatus.OK, response.data, arrived=response.arrived)

    def _fault(self, fault: WSManFault) -> Answer:
        body = fault.envelope(self._host.state.name)
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, body, int(fault.code))

    async def _reply(
        self,
        request: HttpRequest,
        read: "_Read",
        answer: Answer,
        headers: tuple[tuple[str, str], ...],
        share: float = 1.0,
    ) -> bool:
        delay = self._latency(read.kind)
        if delay:
            await asyncio.sleep(delay)
        body = answer.body
        kind = {}
        if body and read.message is not None:
            body, kind = self._auth.encrypt(body), {"content_type": ENCRYPTED}
        self._note(request, read, answer.status if share >= 1 else 0, answer.fault)
        if share >= 1 and not self._connection.gone.done():
            # Before the first byte leaves, so that a client that has it can rely on it.
            answer.arrived()
        await self._connection.reply(answer.status, body, headers=headers, share=share, **kind)
        return request.keep_alive and share >= 1

    async def _misbehave(
        self,
        request: HttpRequest,
        read: "_Read",
        rule: Fault,
        answer: Answer | None,
        headers: tuple[tuple[str, str], ...],
    ) -> bool:
        """Do what a rule says; `answer` is the proper one when the host has acted."""
        if rule.do is Action.DELAY and answer:
            await self._wait(rule.seconds)
            return await self._reply(request, read, answer, headers)
        if rule.do is Action.HALF and answer:
            await self._reply(request, read, answer, headers, share=0.5)
            return False
        if rule.do is Action.FAULT:
            relates_to = read.soap.message_id if read.soap else ""
            fault = self._fault(WSManFault(rule.code, "The lab was told to fail.", relates_to))
            return await self._reply(request, read, fault, headers)
        if rule.do in {Action.DROP, Action.HANG}:
            if rule.do is Action.HANG:
                await self._wait(rule.seconds)
            self._note(request, read, 0)
            self._connection.abort()
            return False
        status, body, content_type = _RAW[rule.do]
        if rule.do is Action.UNAUTHORIZED:
            self._auth.forget()
            headers = tuple(("WWW-Authenticate", text) for text in self._auth.challenges)
        self._note(request, read, status)
        await self._connection.reply(status, body, content_type=content_type, headers=headers)
        return request.keep_alive

    async def _wait(self, seconds: float) -> None:
        await asyncio.wait({self._connection.gone}, timeout=seconds)

    def _note(self, request: HttpRequest, read: "_Read", status: int, fault: int = 0) -> None:
        self._host.trace.append(
            Exchange(read.kind, request.headers, request.body, read.message, int(status), fault)
        )


_RAW: dict[Action, tuple[HTTPStatus, bytes, str]] = {
    Action.EMPTY: (HTTPStatus.INTERNAL_SERVER_ERROR, b"", ""),
    Action.HTML: (HTTPStatus.INTERNAL_SERVER_ERROR, HTML, "text/html"),
    Action.GARBAGE: (HTTPStatus.OK, b"\x00\x01 this is not SOAP <", "application/octet-stream"),
    Action.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, b"", ""),
    Action.UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, b"", ""),
}


@dataclass(frozen=True)
class _Read:
    """A request that was read: either its message, or what it is answered with at once."""

    kind: Step
    soap: SoapRequest | None = None
    message: bytes | None = None
    answer: Answer | None = None
