"""A task of a loop takes the steps of a conversation as a thread does, and holds none up."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from remediate.model.host import Host
from remediate.transport.dialing import Dialer
from remediate.transport.in_loop import take_all
from remediate.transport.stream import (
    Close,
    Connect,
    Do,
    LookAtIt,
    Receive,
    Send,
    SocketStream,
    Steps,
)
from tests.looped import aside

LONG = b"a long message" * 500_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


class Gives(Dialer):
    """Dials nobody: the connection is there, or there is none."""

    def __init__(self, sock: socket.socket | None) -> None:
        super().__init__()
        self._sock = sock

    async def connect_in_loop(self, host: Host, within: float) -> socket.socket:
        del host, within
        if self._sock is None:
            raise ConnectionRefusedError
        return self._sock


def stream_over(sock: socket.socket | None) -> SocketStream:
    return SocketStream(Host(name="host", address="host", port=5985), Gives(sock), None)


def said_and_heard(message: bytes, length: int) -> Steps[bytes]:
    yield Connect(60)
    yield Send(message, 60)
    heard = b""
    while len(heard) < length:
        piece: bytes = yield Receive(60)
        assert piece
        heard += piece
    assert (yield LookAtIt())
    yield Close()
    return heard


def test_what_does_not_go_at_once_is_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    heard = b""

    def listen() -> None:
        nonlocal heard
        while len(heard) < len(LONG) and (piece := theirs.recv(65536)):
            heard += piece
        theirs.sendall(b"thanks")

    listener = threading.Thread(target=listen)
    listener.start()
    steps = said_and_heard(LONG, len("thanks"))
    assert asyncio.run(take_all(steps, stream_over(ours), aside)) == b"thanks"
    listener.join(60)
    assert heard == LONG


def test_silence_ends_with_its_time_and_others_go_on_meanwhile(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, _ = ends

    def waits() -> Steps[str]:
        yield Connect(5)
        try:
            yield Receive(0.2)
        except TimeoutError:
            return "nothing came"
        return "something came"

    async def both() -> tuple[str, int]:
        waiting = asyncio.create_task(take_all(waits(), stream_over(ours), aside))
        turns = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            turns += 1
        return waiting.result(), turns

    came, turns = asyncio.run(both())
    assert came == "nothing came"
    assert turns > 1


def test_who_hangs_up_has_said_nothing(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends

    def hears() -> Steps[bytes]:
        yield Connect(5)
        heard: bytes = yield Receive(60)
        return heard

    theirs.close()
    assert asyncio.run(take_all(hears(), stream_over(ours), aside)) == b""


def test_work_that_waits_is_done_in_another_thread() -> None:
    def works() -> Steps[int]:
        ident: int = yield Do(threading.get_ident)
        return ident

    assert asyncio.run(take_all(works(), stream_over(None), aside)) != threading.get_ident()


def test_what_goes_wrong_is_for_the_steps_to_judge() -> None:
    def judges() -> Steps[str]:
        try:
            yield Connect(5)
        except ConnectionRefusedError:
            return "refused"
        return "connected"

    assert asyncio.run(take_all(judges(), stream_over(None), aside)) == "refused"
