"""Tells a connection that can still be used from one that has ended meanwhile."""

import socket


def is_silent(sock: socket.socket) -> bool:
    """Whether a connection is there, and nothing has come over it; does not wait."""
    if sock.gettimeout() != 0.0:
        sock.settimeout(0.0)
    try:
        socket.socket.recv(sock, 1, socket.MSG_PEEK)  # below TLS, which cannot peek
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False  # it has ended, or speaks unasked
