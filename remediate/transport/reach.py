"""What can be seen of a host without logging on; nothing that a person has to hide is sent."""

import http.client
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Final, TypeVar

from remediate.errors import RemediateError
from remediate.model.certificate import Certificate, in_words
from remediate.model.check import CheckStep, StepName, StepState
from remediate.model.connection import Auth, Via
from remediate.model.host import Host
from remediate.transport.cause import Known
from remediate.transport.classify import classify
from remediate.transport.dialing import Dialer, Dialled, NotConnectedError
from remediate.transport.errors import ProtocolError, TransportError
from remediate.transport.protocol import CONNECT_SECONDS, Deadline
from remediate.transport.tls import Contexts, UntrustedError, looking_context, shown_certificate
from remediate.transport.tunnel import TunnelError
from remediate.transport.watch import offered

SOON_DAYS: Final = 30
"""A certificate that is valid for less is to be renewed soon."""

_T = TypeVar("_T")


def certificate_of(host: Host, deadline: Deadline) -> Certificate:
    """What a host shows in TLS, whether it is to be believed or not.

    Raises:
        TransportError: it cannot be had.
    """
    try:
        with closing(Dialer().connect(host, min(CONNECT_SECONDS, deadline.left))) as plain:
            plain.settimeout(min(CONNECT_SECONDS, deadline.left))
            context = looking_context()
            with context.wrap_socket(plain, server_hostname=host.address) as talk:
                certificate = shown_certificate(talk)
    except (OSError, NotConnectedError, TunnelError) as error:
        raise classify(error, host.name, Known(tls=True, heard=False)) from error
    if certificate is None:
        raise ProtocolError(host.name, "it speaks TLS, and shows no certificate")
    return certificate


def look(
    host: Host, deadline: Deadline, dialer: Dialer | None = None
) -> tuple[tuple[CheckStep, ...], TransportError | None]:
    """Go the way to a host as far as one gets without logging on.

    Args:
        host: the host.
        deadline: for all of it.
        dialer: gives the connection.

    Returns:
        The steps, and why the last of them failed.
    """
    if host.transport is Via.LOCAL:  # there is no way to go
        return (), None
    way = _Way(host, deadline, dialer or Dialer())
    try:
        with ExitStack() as opened:
            way.go(opened)
    except TransportError as error:
        return tuple(way.steps), error
    return tuple(way.steps), None


class _Way:
    """The steps to a host, one after the other."""

    def __init__(self, host: Host, deadline: Deadline, dialer: Dialer) -> None:
        self.steps: list[CheckStep] = []
        self._host = host
        self._deadline = deadline
        self._dialer = dialer

    def go(self, opened: ExitStack) -> None:
        host = self._host
        dialled = self._dialer.dial(host, min(CONNECT_SECONDS, self._deadline.left))
        self._step(StepName.NAME, lambda: self._name(dialled), dialled.looking_up)
        sock = self._step(StepName.PORT, lambda: self._port(dialled), dialled.connecting)
        opened.enter_context(closing(sock))
        if host.tls:
            sock = self._step(StepName.TLS, lambda: self._tls(sock))
            opened.enter_context(closing(sock))
        self._step(StepName.WINRM, lambda: self._winrm(sock))

    def _step(
        self, name: StepName, do: Callable[[], tuple[_T, CheckStep]], seconds: float = 0.0
    ) -> _T:
        started = time.monotonic() - seconds
        problem = None
        try:
            result, step = do()
        except (OSError, http.client.HTTPException, RemediateError) as error:
            problem = classify(error, self._host.name, Known(tls=self._host.tls, heard=False))
            seen = problem.detail or problem.says
            shown = error.certificate if isinstance(error, UntrustedError) else None
            step = CheckStep(step=name, state=StepState.FAILED, seen=seen, certificate=shown)
        ms = round(1000 * (time.monotonic() - started))
        self.steps.append(step.model_copy(update={"ms": ms}))
        if problem is not None:
            raise problem
        return result

    def _name(self, dialled: Dialled) -> tuple[None, CheckStep]:
        if self._host.proxy is not None:
            return None, _ok(StepName.NAME, f"its proxy {self._host.proxy} looks it up")
        if dialled.error is not None and not dialled.addresses:
            raise dialled.error
        return None, _ok(StepName.NAME, ", ".join(dialled.addresses))

    def _port(self, dialled: Dialled) -> tuple[socket.socket, CheckStep]:
        if dialled.sock is None:
            raise dialled.error or NotConnectedError(self._host.name)
        return dialled.sock, _ok(StepName.PORT, f"{self._host.port} is open")

    def _tls(self, plain: socket.socket) -> tuple[socket.socket, CheckStep]:
        context = Contexts().of(self._host) or looking_context()  # there is one, as it is TLS
        plain.settimeout(min(CONNECT_SECONDS, self._deadline.left))
        talk = context.wrap_socket(plain, server_hostname=self._host.address)
        shown = shown_certificate(talk)
        if shown is None or shown.not_after is None:
            return talk, _ok(StepName.TLS, talk.version() or "")
        days = (shown.not_after - datetime.now(UTC)).days
        pinned = "; pinned" if self._host.tls_pin else ""
        state = StepState.WARNING if days < SOON_DAYS else StepState.OK
        seen = f"{talk.version()}; {in_words(shown)}: {days} days left{pinned}"
        return talk, CheckStep(step=StepName.TLS, state=state, seen=seen, certificate=shown)

    def _winrm(self, sock: socket.socket) -> tuple[None, CheckStep]:
        sock.settimeout(min(CONNECT_SECONDS, self._deadline.left))
        where = self._host.url.partition("://")[2].partition("/")[0]
        ask = f"POST /wsman HTTP/1.1\r\nHost: {where}\r\nContent-Length: 0\r\nConnection: close\r\n"
        sock.sendall(f"{ask}\r\n".encode())
        with http.client.HTTPResponse(sock) as answer:
            answer.begin()
            offers = offered(", ".join(answer.headers.get_all("WWW-Authenticate", [])))
        if (
            answer.status != http.HTTPStatus.UNAUTHORIZED
            and self._host.auth is not Auth.CERTIFICATE
        ):
            text = f"it answers HTTP {answer.status} where WinRM asks who one is"
            raise ProtocolError(self._host.name, text)
        return None, _ok(StepName.WINRM, f"it offers {', '.join(offers) or 'certificates only'}")


def _ok(step: StepName, seen: str) -> CheckStep:
    return CheckStep(step=step, state=StepState.OK, seen=seen)
