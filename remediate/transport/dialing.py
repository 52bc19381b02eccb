"""A TCP connection to a host, by whatever way leads there; nothing is said over it yet."""

import socket
from collections.abc import Callable

from remediate.errors import RemediateError
from remediate.model.host import Host
from remediate.transport.protocol import Deadline
from remediate.transport.tunnel import tunnel

Connect = Callable[[Host, float], socket.socket]
"""Gives a connected socket for a host within seconds; see `connect`."""


class NotConnectedError(RemediateError):
    """No connection comes about; what it was raised from says why."""


class NotAcceptedError(NotConnectedError):
    """Nothing came back in time from where a connection was asked for."""


def connect(host: Host, within: float) -> socket.socket:
    """A connection to a host, or to it through its proxy.

    Args:
        host: the host.
        within: seconds that it may take.

    Raises:
        NotConnectedError: there is none.
        TunnelError: the proxy does not lead there.
    """
    if host.proxy is not None:
        return tunnel(host.proxy, host.address, host.port, Deadline(within))
    try:
        sock = socket.create_connection((host.address, host.port), timeout=within)
    except TimeoutError as error:
        raise NotAcceptedError(host.name) from error
    except OSError as error:
        raise NotConnectedError(host.name) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
