"""A host that drops what is sent to it, on loopback and without rights."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def dropping() -> Iterator[int]:
    """A port on which nobody answers who would connect: the queue of its listener is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - it takes no name
            waiting.connect_ex(("127.0.0.1", listener.getsockname()[1]))
        yield listener.getsockname()[1]
