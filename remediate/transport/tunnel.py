"""A way through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6)."""

import asyncio
import re
import socket
from typing import Final

from remediate.errors import RemediateError

_MAX_HEAD: Final = 64 * 1024
_END: Final = b"\r\n\r\n"
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r\n]")
_HINTS: Final = {
    403: "Many proxies allow port 443 only: have the host's port allowed there.",
    407: "Proxies that want a logon are not supported: have this machine let through without.",
    **dict.fromkeys((502, 503, 504), "It does not reach the host itself: is that up?"),
}


class TunnelError(RemediateError):
    """A proxy does not let us through; nothing was sent to the host.

    Args:
        why: what it did.
        hint: what to do, where that is known.
    """

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why, hint)
        self.why = why
        self.hint = hint


async def tunnel(sock: socket.socket, proxy: str, address: str, port: int) -> None:
    """Have a proxy pass on to a host whatever is sent over a connection to it from now on.

    Args:
        sock: the connection; it does not block.
        proxy: HOST:PORT.
        address: of the host.
        port: of the host.

    Raises:
        TunnelError: it does not.
    """
    loop = asyncio.get_running_loop()
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    head = b""
    try:
        ask = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"
        await loop.sock_sendall(sock, ask.encode("ascii"))
        while _END not in head and len(head) < _MAX_HEAD:
            piece = await loop.sock_recv(sock, 4096)
            if not piece:
                break
            head += piece
    except OSError as error:
        raise TunnelError(f"{proxy} does not answer") from error
    _judge(head, proxy)


def _judge(head: bytes, proxy: str) -> None:
    status = _STATUS.match(head)
    if status is None:
        raise TunnelError(f"{proxy} gives an answer that is not HTTP")
    number = int(status[1])
    if number // 100 != 2:  # noqa: PLR2004 - success
        raise TunnelError(f"{proxy} answers HTTP {number}", _HINTS.get(number, ""))
    if not head.endswith(_END):  # a host says nothing before it is spoken to
        raise TunnelError(f"{proxy} gives an answer that has no end")
