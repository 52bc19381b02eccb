"""A network probe: our own PowerShell on the network of this machine, and what its twin says."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import trustme

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds.network_probe import proxy_of
from remediate.powershell.messages import Call, Request
from remediate.powershell.script import compose
from remediate.resources.network_probe import NetworkProbe, NetworkProbes, Stage
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.protocol import Deadline
from tests.conformance.doors import AT_LAST

HOME = "127.0.0.1"


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something that listens on this machine; its port."""
    with socket.create_server((HOME, 0)) as listening, ExitStack() as open_ones:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                open_ones.enter_context(connection)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def secure(connection: socket.socket) -> None:
    """Speak TLS, with a certificate that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA(organization_name="Contoso Inspection").issue_cert(HOME).configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(connection, server_side=True) as secured:
        secured.recv(1)


def silent(connection: socket.socket) -> None:
    """Say nothing."""


def plain(connection: socket.socket) -> None:
    """Speak no TLS."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def proxy(status: str) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n") and (piece := connection.recv(1)):
            asked += piece
        assert asked.startswith(b"CONNECT 127.0.0.1:9 HTTP/1.1\r\n")
        connection.sendall(f"HTTP/1.1 {status}\r\nVia: lab\r\n\r\n".encode())
        if status.startswith("200"):
            secure(connection)

    return answer


def ask(hosts: PowerShellHosts, *queries: NetworkProbes) -> list[NetworkProbe]:
    """Answers of a practice host, whose network is this machine's."""
    calls = tuple(
        Call(
            id=str(number),
            function="Get-RemediateNetworkProbe",
            arguments=query.arguments(),
            seconds=5,
        )
        for number, query in enumerate(queries)
    )
    script = compose(NetworkProbe.reading_files()).text
    with hosts.host(healthy_host()) as (_, target, transport):
        request = Request(run="R1", calls=calls)
        reply = transport.session(target).run(script, request, Deadline(AT_LAST))
    assert [call.error for call in reply.calls] == [None] * len(calls)
    found = [NetworkProbe.model_validate(value) for call in reply.calls for value in call.value]
    assert [one.name for one in found] == [name for query in queries for name in query.names]
    return found


@pytest.mark.powershell
def test_each_attempt_says_how_far_it_got(powershell: PowerShellHosts) -> None:
    with ExitStack() as stack:
        safe, mute, other, needs_logon, way = (
            stack.enter_context(server(answer))
            for answer in (secure, silent, plain, proxy("407 Authenticate"), proxy("200 OK"))
        )
        closed = stack.enter_context(socket.socket())
        closed.bind((HOME, 0))
        found = ask(
            powershell,
            NetworkProbes(names=(HOME, "nothing.invalid"), port=safe),
            NetworkProbes(names=(HOME,), port=closed.getsockname()[1]),
            NetworkProbes(names=(HOME,), port=other),
            NetworkProbes(names=(HOME,), port=9, proxy=f"{HOME}:{needs_logon}"),
            NetworkProbes(names=(HOME,), port=9, proxy=f"{HOME}:{way}"),
            NetworkProbes(names=(HOME,) * 30, port=mute),
        )
    told, unknown, refused, odd, stopped, through, *late = found
    assert (told.stage, told.protocol, told.distrust) == (Stage.DONE, "Tls12", 4)
    assert "O=Contoso Inspection" in told.issuer
    assert told.addresses == (HOME,)
    assert (unknown.stage, unknown.addresses, bool(unknown.error)) == (Stage.NAME, (), True)
    assert (refused.stage, refused.error) == (Stage.CONNECT, 10061)
    assert (odd.stage, bool(odd.error)) == (Stage.TLS, True)
    assert (stopped.stage, stopped.error, stopped.proxy) == (
        Stage.PROXY,
        407,
        f"{HOME}:{needs_logon}",
    )
    assert (through.stage, through.proxy_from, through.addresses) == (Stage.DONE, "given", (HOME,))
    assert (len(late), {one.stage for one in late} - {Stage.CONNECT, Stage.TLS}) == (30, set())


SYSTEM = r"HKU\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
MACHINE = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"


def winhttp(text: str, bypass: str = "", flags: int = 3) -> dict[str, Any]:
    """The value in which WinHTTP keeps its proxy."""
    parts = [b"(\0\0\0", b"\0" * 4, bytes([flags, 0, 0, 0])]
    for one in (text, bypass):
        parts += [len(one).to_bytes(4, "little"), one.encode()]
    return {"type": "Binary", "data": [*b"".join(parts)]}


PROXIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "none": ({}, {"proxy": "", "from": "nowhere", "bypass": []}),
    "switched off": ({f"{SYSTEM}\\ProxyServer": "a:8080"}, {"from": "nowhere"}),
    "of SYSTEM": (
        {
            f"{SYSTEM}\\ProxyEnable": 1,
            f"{SYSTEM}\\ProxyServer": "http://a.contoso.com:8080/",
            f"{SYSTEM}\\ProxyOverride": "*.contoso.com;<local>",
        },
        {"proxy": "a.contoso.com:8080", "from": "system", "bypass": ["*.contoso.com", "<local>"]},
    ),
    "by protocol": (
        {f"{SYSTEM}\\ProxyEnable": 1, f"{SYSTEM}\\ProxyServer": "http=a:80;https=b:443;c"},
        {"proxy": "b:443", "from": "system"},
    ),
    "for all users by policy": (
        {
            f"{POLICY}\\ProxySettingsPerUser": 0,
            f"{SYSTEM}\\ProxyEnable": 1,
            f"{SYSTEM}\\ProxyServer": "a:8080",
            f"{MACHINE}\\ProxyEnable": 1,
            f"{MACHINE}\\ProxyServer": "b",
        },
        {"proxy": "b:80", "from": "system"},
    ),
    "of WinHTTP": (
        {f"{MACHINE}\\Connections\\WinHttpSettings": winhttp("p:3128", "*.contoso.com")},
        {"proxy": "p:3128", "from": "winhttp", "bypass": ["*.contoso.com"]},
    ),
    "WinHTTP without": (
        {f"{MACHINE}\\Connections\\WinHttpSettings": winhttp("", flags=1)},
        {"from": "nowhere"},
    ),
    "WinHTTP, cut off": (
        {f"{MACHINE}\\Connections\\WinHttpSettings": {"type": "Binary", "data": [40, 0, 0, 0]}},
        {"from": "nowhere"},
    ),
    "no text of a proxy": (
        {f"{SYSTEM}\\ProxyEnable": 1, f"{SYSTEM}\\ProxyServer": "socks=a:1080"},
        {"from": "nowhere"},
    ),
}


@pytest.mark.parametrize("name", PROXIES)
def test_the_twin_takes_the_proxy_that_the_registry_says(name: str) -> None:
    values, wanted = PROXIES[name]
    found = proxy_of(healthy_host(resources={"registry_value": values}), "")
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.powershell
def test_a_host_takes_the_same_one(powershell: PowerShellHosts) -> None:
    script = compose(NetworkProbe.reading_files()).text
    request = Request(
        run="R1", calls=(Call(id="1", function="Get-RemediateProxy", arguments={"own": ""}),)
    )
    found = {}
    for name, (values, _) in PROXIES.items():
        state = healthy_host(resources={"registry_value": values})
        with powershell.host(state) as (_, target, transport):
            [call] = transport.session(target).run(script, request, Deadline(AT_LAST)).calls
        found[name] = call.value[0] if call.value else call.error
    hosts = {
        name: healthy_host(resources={"registry_value": values})
        for name, (values, _) in PROXIES.items()
    }
    assert found == {name: proxy_of(host, "") for name, host in hosts.items()}
