"""Messages sealed for one host: multipart/encrypted, as Windows speaks it.

MS-WSMV, section 2.2.9.1: https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv. What
seals them is the context of the logon; here is only the wrapping. Windows indents its headers by
a tab and ends with CRLF, others do not.
"""

import re
import struct
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from spnego import WinRMWrapResult

_BOUNDARY: Final = "Encrypted Boundary"
_KIND: Final = re.compile(r'multipart/encrypted;.*boundary="([^"]+)"', re.IGNORECASE)
_COUNT: Final = struct.Struct("<i")


class Context(Protocol):
    """What a logon has led to."""

    def wrap_winrm(self, message: bytes, /) -> "WinRMWrapResult":
        """A message sealed for the host."""

    def unwrap_winrm(self, header: bytes, data: bytes, /) -> bytes:
        """A message that the host has sealed."""


class Seal:
    """Seals for a host, and opens what it has sealed.

    Args:
        context: of the logon.
        scheme: of HTTP by which that went.
    """

    def __init__(self, context: Context, scheme: str) -> None:
        self._context = context
        of = "Kerberos" if scheme.lower() == "kerberos" else "SPNEGO"
        self._protocol = f"application/HTTP-{of}-session-encrypted"
        self.kind = f'multipart/encrypted;protocol="{self._protocol}";boundary="{_BOUNDARY}"'
        """Content-Type of what was sealed."""

    def seal(self, message: bytes) -> bytes:
        """A message as nobody but the host can read it."""
        header, data, padding = self._context.wrap_winrm(message)
        head = (
            f"--{_BOUNDARY}\r\n\tContent-Type: {self._protocol}\r\n"
            "\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
            f"Length={len(message) + padding}\r\n"
            f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        return b"".join(
            (head.encode(), _COUNT.pack(len(header)), header, data, f"--{_BOUNDARY}--\r\n".encode())
        )

    def open(self, kind: str, body: bytes) -> bytes:
        """The message that the host has sealed.

        Args:
            kind: the Content-Type that it came with.
            body: what came.

        Raises:
            ValueError: it is not of the form.
            SpnegoError: somebody else has sealed it, or has changed it.
        """
        said = _KIND.match(kind)
        if said is None:
            raise ValueError("it is not said to be sealed")
        mark = rb"--[ ]?" + re.escape(said[1].encode("latin-1"))
        head = re.match(
            mark + rb"\r\n[ \t]*Content-Type: [^\r\n]+"
            rb"\r\n[ \t]*OriginalContent: [^\r\n]*;Length=([0-9]{1,10})\r\n"
            + mark
            + rb"\r\n[ \t]*Content-Type: application/octet-stream\r\n",
            body,
        )
        end = re.compile(mark + rb"--(?:\r\n)?").fullmatch(body, _last(body, said[1]))
        if head is None or end is None or head.end() + _COUNT.size > end.start():
            raise ValueError("it is not of the form")
        start = head.end() + _COUNT.size
        (count,) = _COUNT.unpack_from(body, head.end())
        if not 0 <= count <= end.start() - start:
            raise ValueError("its seal is longer than all of it")
        sealed = body[start : end.start()]
        message: bytes = self._context.unwrap_winrm(sealed[:count], sealed[count:])
        if len(message) != int(head[1]):
            raise ValueError("it has another length than it says")
        return message


def _last(body: bytes, boundary: str) -> int:
    """Where the last mark would have to begin."""
    return max(0, body.rfind(b"--", 0, body.rfind(boundary.encode("latin-1"))))
