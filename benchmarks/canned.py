"""Hosts that answer with what a practice host has said once: next to no CPU is theirs.

`recorded` takes down what a client and a practice host say to each other, connection by connection;
`serve` gives the same answers to any number of clients, with the ids that each of these has chosen.
Basic over HTTP only.
"""

import base64
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle
from pathlib import Path

from remediate.lab.host import LabHost
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.state import HostState

_UUID = re.compile(rb"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb">([A-Za-z0-9+/=]{40,})</rsp:Stream>")
_HEAD = 4096
"""Bytes of a message in which all its ids stand: a script that comes behind them has none."""
_LONG = 36
"""Characters of an id."""
_BEFORE = 12
"""Bytes before an id that stand nowhere else between it and the one before."""

Conversation = list[tuple[bytes, bytes]]
"""What is sent over a connection, and what it is answered, each with its head."""

Run = Callable[[int, LabHost], object]
"""Visits the practice host, at this port and not at its own."""


def message(data: bytes) -> int:
    """How long the first message of some bytes is; 0 while it is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    found = _LENGTH.search(data, 0, end + 2)
    length = end + 4 + (int(found[1]) if found else 0)
    return length if len(data) >= length else 0


def recorded(run: Run, state: HostState | None = None) -> list[Conversation]:
    """What a client and a practice host say to each other, by connection.

    Args:
        run: is the client.
        state: the host; an ordinary one when None.
    """
    found: list[Conversation] = []
    with Lab([state or make_state()]) as lab, socket.create_server(("127.0.0.1", 0)) as door:
        [host] = lab.hosts

        def pass_on(near: socket.socket, said: Conversation) -> None:
            with near, socket.create_connection((host.address, host.port)) as far:
                while request := _read(near):
                    far.sendall(request)
                    answer = _read(far)
                    said.append((request, answer))
                    near.sendall(answer)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    near, _ = door.accept()
                    found.append([])
                    threading.Thread(target=pass_on, args=(near, found[-1]), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        run(door.getsockname()[1], host)
    return found


def by(command: Sequence[str]) -> Run:
    """A command of ours as a client: it is given `--host` and `--user` behind it."""

    def run(port: int, host: LabHost) -> None:
        subprocess.run(
            [*command, "--host", f"127.0.0.1:{port}", "--user", host.user],
            env={**os.environ, "REMEDIATE_PASSWORD": host.password},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )

    return run


def _read(near: socket.socket) -> bytes:
    data = b""
    while not (length := message(data)):
        part = near.recv(1 << 20)
        if not part:
            return b""
        data += part
    assert length == len(data), "the next message came before the answer"
    return data


class Canned:
    """The answers of one conversation.

    Args:
        conversation: as it was recorded.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._ids = [_ids(request) for request, _ in conversation]
        known = dict.fromkeys(id_ for ids in self._ids for _, id_ in ids)
        self._answers = [_pieces(answer, known) for _, answer in conversation]

    def answer(self, number: int, request: bytes, known: dict[bytes, bytes]) -> bytes:
        """The answer to the n-th request of a client; as long as the recorded one.

        Args:
            number: from 0; a client that has said all begins again.
            request: what it sends.
            known: the ids that it has chosen so far, by those of the recording.
        """
        number %= len(self._answers)
        at = request.index(b"\r\n\r\n")
        for before, id_ in self._ids[number]:
            at = request.index(before, at) + len(before)
            known[id_] = request[at : at + _LONG].upper()
        return b"".join([_made(piece, known) for piece in self._answers[number]])


def _ids(request: bytes) -> list[tuple[bytes, bytes]]:
    """The ids in a request, each with what stands before it, by which it is found soonest."""
    found = []
    end = request.index(b"\r\n\r\n")
    for each in _UUID.finditer(request, end, end + _HEAD):
        found.append((request[max(end, each.start() - _BEFORE) : each.start()], each[0].upper()))
        end = each.end()
    return found


def _in_bytes(id_: bytes) -> bytes:
    """An id as .NET has it; by uuid.UUID it takes ten times as long."""
    data = bytes.fromhex(id_.replace(b"-", b"").decode())
    return data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]


Piece = bytes | tuple[bytes, bool] | list["Piece"]
"""Bytes as they are; an id, as text or in .NET's bytes; or pieces of what is sent as Base64."""


def _pieces(answer: bytes, known: Sequence[bytes] | dict[bytes, None]) -> list[Piece]:
    found: list[Piece] = []
    end = 0
    for stream in _STREAM.finditer(answer):
        found += _texts(answer[end : stream.start(1)], known)
        found.append(_raw(base64.b64decode(stream[1]), known))
        end = stream.end(1)
    return found + _texts(answer[end:], known)


def _texts(text: bytes, known: Sequence[bytes] | dict[bytes, None]) -> list[Piece]:
    found: list[Piece] = []
    end = 0
    for each in _UUID.finditer(text):
        if each[0].upper() in known:
            found += [text[end : each.start()], (each[0].upper(), False)]
            end = each.end()
    return [*found, text[end:]]


def _raw(data: bytes, known: Sequence[bytes] | dict[bytes, None]) -> list[Piece]:
    pieces: list[Piece] = [data]
    for id_ in known:
        inside = _in_bytes(id_)
        split: list[Piece] = []
        for piece in pieces:
            if not isinstance(piece, bytes):
                split.append(piece)
                continue
            first, *rest = piece.split(inside)
            split.append(first)
            for each in rest:
                split += [(id_, True), each]
        pieces = split
    return pieces


def _made(piece: Piece, known: dict[bytes, bytes]) -> bytes:
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, tuple):
        id_, raw = piece
        chosen = known.get(id_, id_)  # it may be one that the host has chosen
        return _in_bytes(chosen) if raw else chosen
    return base64.b64encode(b"".join([_made(each, known) for each in piece]))


class _Hosts:
    """Answer their clients. Not by asyncio, which costs as much as all that is said.

    Args:
        conversations: what the clients of a host are told, by turns.
        latency: seconds until each answer.
    """

    def __init__(self, conversations: Sequence[Canned], latency: float) -> None:
        self._conversations = conversations
        self._latency = latency
        self._heard = selectors.DefaultSelector()
        self._late = deque[tuple[float, socket.socket, bytes]]()

    def open(self, door: socket.socket) -> None:
        """Let clients of one host in."""
        then = partial(self._accept, door, cycle(self._conversations))
        self._heard.register(door, selectors.EVENT_READ, then)

    def serve(self) -> None:
        """Answer until there is something on standard input, or that has ended."""
        self._heard.register(sys.stdin, selectors.EVENT_READ)
        while True:
            wait = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, _ in self._heard.select(wait):
                if key.data is None:
                    return
                key.data()
            while self._late and self._late[0][0] <= time.monotonic():
                _, near, answer = self._late.popleft()
                _say(near, answer)

    def _accept(self, door: socket.socket, conversations: Iterator[Canned]) -> None:
        near, _ = door.accept()
        near.setblocking(False)  # noqa: FBT003 - it takes no name
        client = _Client(next(conversations))
        self._heard.register(near, selectors.EVENT_READ, partial(self._hear, near, client))

    def _hear(self, near: socket.socket, client: "_Client") -> None:
        data = b""
        with suppress(OSError):
            data = near.recv(1 << 16)
        if not data:
            self._heard.unregister(near)
            near.close()
        for answer in client.answers(data):
            if self._latency:
                self._late.append((time.monotonic() + self._latency, near, answer))
            else:
                _say(near, answer)


def _say(near: socket.socket, answer: bytes) -> None:
    with suppress(OSError):  # it is gone
        assert near.send(answer) == len(answer), "more than a socket takes at once"


class _Client:
    """What is said to one client.

    Args:
        canned: what is answered.
    """

    def __init__(self, canned: Canned) -> None:
        self._canned = canned
        self._data = b""
        self._number = 0
        self._known: dict[bytes, bytes] = {}

    def answers(self, data: bytes) -> Iterator[bytes]:
        """The answers to what it sends."""
        self._data += data
        while length := message(self._data):
            request, self._data = self._data[:length], self._data[length:]
            yield self._canned.answer(self._number, request, self._known)
            self._number += 1


def serve(hosts: int, latency: float = 0.0) -> None:
    """Serve what comes over standard input first, until there comes more or it ends.

    The n-th connection of a host is told the n-th conversation, and it begins again after the last.

    Args:
        hosts: how many.
        latency: seconds until each answer.
    """
    said = [
        Canned([(base64.b64decode(one), base64.b64decode(two)) for one, two in each])
        for each in json.loads(sys.stdin.readline())
    ]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    addresses = [f"127.0.{2 + number // 250}.{1 + number % 250}" for number in range(hosts)]
    there = _Hosts(said, latency)
    for address in addresses:
        there.open(socket.create_server((address, port)))
    began = time.process_time()
    print(json.dumps({"port": port, "addresses": addresses}), flush=True)
    there.serve()
    print(json.dumps({"cpu": time.process_time() - began}), flush=True)


def written(conversations: Sequence[Conversation]) -> str:
    """Conversations, as `serve` takes them."""
    return json.dumps(
        [
            [[base64.b64encode(part).decode() for part in exchange] for exchange in one]
            for one in conversations
        ]
    )


def said(command: Sequence[str]) -> str:
    """What a command of ours and a practice host say to each other, as `serve` takes it."""
    return written(recorded(by(command)))


@contextmanager
def served(
    conversations: str, hosts: int, latency: float = 0.0
) -> Iterator["tuple[subprocess.Popen[str], int, list[str]]"]:
    """A process with hosts, their port and their addresses.

    Args:
        conversations: as `written` has them.
        hosts: how many.
        latency: seconds until each answer.
    """
    with subprocess.Popen(
        [sys.executable, __file__, str(hosts), str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{conversations}\n")
        server.stdin.flush()
        there = json.loads(server.stdout.readline())
        try:
            yield server, there["port"], there["addresses"]
        finally:
            server.kill()


@contextmanager
def fleet(
    folder: Path, conversation: str, hosts: int, latency: float = 0.0
) -> Iterator["tuple[subprocess.Popen[str], Path]"]:
    """A process with hosts, and an inventory of them in a folder.

    Args:
        folder: where the inventory is written.
        conversation: as `said` has it.
        hosts: how many.
        latency: seconds until each answer.
    """
    with served(conversation, hosts, latency) as (server, port, addresses):
        rows = (
            f"  H{number}: {{address: {address}, port: {port}}}\n"
            for number, address in enumerate(addresses)
        )
        file = folder / "hosts.yaml"
        file.write_text("defaults: {user: ada, auth: basic, tls: false}\nhosts:\n" + "".join(rows))
        file.chmod(0o600)
        yield server, file


if __name__ == "__main__":
    if sys.argv[1] == "record":
        print(said(sys.argv[2:]))
    else:
        serve(int(sys.argv[1]), *map(float, sys.argv[2:]))
