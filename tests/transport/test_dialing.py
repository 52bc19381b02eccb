"""A connection to a host: how it comes about, also ahead, and what is said where it does not."""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from remediate.errors import RemediateError
from remediate.model.host import Host
from remediate.transport import errors
from remediate.transport.cause import Known
from remediate.transport.classify import classify
from remediate.transport.dialing import Dialer, NotConnectedError, most_at_once
from remediate.transport.protocol import Deadline
from remediate.transport.reach import look
from tests.transport.dead import dropping


def here(port: int, address: str = "127.0.0.1", **more: Any) -> Host:
    return Host(name="SRV01", address=address, port=port, user="ada", **more)


def kind_of(error: RemediateError | None) -> type[errors.TransportError]:
    assert error is not None
    return type(classify(error, "SRV01", Known(heard=False)))


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, listener.getsockname()[1]


def free_port() -> int:
    with listening() as (_, port):
        return port


@pytest.fixture
def known_as(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Host]:
    """A host whose name has the given ports of this machine for addresses."""

    def known(*ports: int) -> Host:
        def ask(host: str, port: int, *_: object, flags: int = 0, **__: object) -> list[Any]:
            if flags:
                raise socket.gaierror(socket.EAI_NONAME, "it is a name")
            kind = socket.SOCK_STREAM
            return [(socket.AF_INET, kind, 0, "", ("127.0.0.1", one)) for one in ports]

        monkeypatch.setattr(socket, "getaddrinfo", ask)
        return here(5985, "srv01.invalid")

    return known


@pytest.mark.parametrize("tls", [False, True])
def test_a_host_that_drops_packets_takes_no_connection(tls: bool) -> None:
    """What comes after the connection is not blamed for it: nothing of TLS was begun."""
    with dropping() as port:
        host = here(port, tls=tls)
        with pytest.raises(NotConnectedError) as raised:
            Dialer().connect(host, 0.5)
        steps, error = look(host, Deadline(0.5))
    assert error is not None
    for found in (classify(raised.value, "SRV01", Known(tls=tls, heard=False)), error):
        assert type(found) is errors.TimedOut
        assert found.detail == "it does not accept a connection"
    assert steps[-1].seen == "it does not accept a connection"


def test_hosts_that_do_not_answer_are_waited_for_together() -> None:
    dialer = Dialer()

    async def all_of(hosts: list[Host]) -> None:
        await asyncio.gather(*(dialer.ahead(host, 0.3) for host in hosts))

    with dropping() as port:
        hosts = [here(port, f"127.0.0.{number}") for number in range(1, 101)]
        threads, began = threading.active_count(), time.monotonic()
        asyncio.run(all_of(hosts))
        assert time.monotonic() - began < 20
        assert threading.active_count() <= threads
    told = [dialer.dial(host, 0) for host in hosts]
    assert {kind_of(one.error) for one in told} == {errors.TimedOut}


def test_of_several_addresses_the_first_that_answers_is_taken(
    known_as: Callable[..., Host],
) -> None:
    with dropping() as dead, listening() as (_, port):
        began = time.monotonic()
        for ports in ((dead, port), (free_port(), port), (dead, free_port(), port)):
            with closing(Dialer().connect(known_as(*ports), 60)) as sock:
                assert sock.getpeername()[1] == port
        assert time.monotonic() - began < 30


def test_several_addresses_that_all_fail_have_one_cause(known_as: Callable[..., Host]) -> None:
    refused = Dialer().dial(known_as(free_port(), free_port()), 20)
    assert kind_of(refused.error) is errors.Refused
    with dropping() as dead:  # that one of them refuses says more than that another is silent
        assert kind_of(Dialer().dial(known_as(dead, free_port()), 1.5).error) is errors.Refused


def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enough = threading.Event()

    def ask(*_: object, flags: int = 0, **__: object) -> None:
        assert flags or enough.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    dialled = Dialer().dial(here(5985, "srv01.invalid"), 0.1)
    enough.set()
    assert kind_of(dialled.error) is errors.NameNotResolved


def test_a_connection_that_was_made_ahead_is_used_once() -> None:
    dialer = Dialer()
    with listening() as (listener, port):
        host = here(port)
        asyncio.run(dialer.ahead(host, 20))
        listener.accept()[0].close()
        with closing(dialer.connect(host, 20)):  # the server has ended that one
            accepted, _ = listener.accept()
        accepted.close()
        asyncio.run(dialer.ahead(host, 20))
        accepted, _ = listener.accept()
        with closing(accepted), closing(dialer.connect(host, 20)) as sock:
            assert sock.getsockname() == accepted.getpeername()
            assert sock.getblocking()
        asyncio.run(dialer.ahead(host, 20))
        accepted, _ = listener.accept()
        with closing(accepted):
            dialer.forget(host)
            accepted.settimeout(20)
            assert accepted.recv(1) == b""


def test_a_host_that_refuses_is_tried_a_few_times_ahead_and_then_told_of() -> None:
    dialer, host, began = Dialer(), here(free_port()), time.monotonic()
    asyncio.run(dialer.ahead(host, 60))
    assert 0.6 < time.monotonic() - began < 30
    assert 0.6 < dialer.seconds(host) < 30
    with pytest.raises(NotConnectedError) as told:
        dialer.connect(host, 20)
    assert kind_of(told.value) is errors.Refused
    assert not told.value.soon
    assert dialer.seconds(host) == 0
    with pytest.raises(NotConnectedError) as told:
        dialer.connect(host, 20)
    assert told.value.soon


def test_a_host_that_begins_to_listen_is_connected_to() -> None:
    dialer, host = Dialer(), here(free_port())
    listener = threading.Timer(0.1, lambda: made.append(socket.create_server(("", host.port))))
    made: list[socket.socket] = []
    listener.start()
    asyncio.run(dialer.ahead(host, 20))
    listener.join()
    with closing(made[0]), closing(dialer.connect(host, 20)):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit on Windows")
def test_few_open_files_are_made_more_as_far_as_the_system_lets_one() -> None:
    """As on macOS, whose 256 would be too few for the usual workers and whom they dial ahead."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        assert most_at_once() == 256
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 2048
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
