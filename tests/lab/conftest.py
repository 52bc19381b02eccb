"""Labs that end with the test; clients: pypsrp as it is, and hand-made requests."""

import base64
import http.client
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from psrpcore import ClientPowerShell, ClientRunspacePool
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from remediate.lab.host import LabHost, Spec
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.soap import ANONYMOUS, NS
from remediate.lab.state import HostState

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
POWERSHELL = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make_lab(stack: ExitStack) -> Callable[..., Lab]:
    """Start a lab of one ordinary host that answers to `'hi'`, or as the arguments say."""

    def make(hosts: Sequence[Spec | HostState] | None = None, **options: object) -> Lab:
        if hosts is None:
            state = make_state()
            state.answers["'hi'"] = ["hi"]
            hosts = [state]
        return stack.enter_context(Lab(hosts, **options))

    return make


@pytest.fixture
def connect(stack: ExitStack) -> Callable[..., WSMan]:
    """A pypsrp connection to a host; Basic unless the arguments say otherwise."""

    def make(host: LabHost, **options: object) -> WSMan:
        settings: dict[str, Any] = {
            "auth": "basic",
            "ssl": host.tls,
            "username": host.user,
            "password": host.password,
            "no_proxy": True,
            "cert_validation": str(host.ca_file) if host.tls else False,
            "reconnection_backoff": 0.01,
        }
        settings |= options
        if settings["auth"] == "basic" and not host.tls:
            settings["encryption"] = "never"
        return stack.enter_context(WSMan(host.address, port=host.port, **settings))

    return make


@pytest.fixture
def run(connect: Callable[..., WSMan]) -> Callable[..., list[PowerShell]]:
    """Open a pool, run scripts in it, close it."""

    def run(host: LabHost, *scripts: str, **options: object) -> list[PowerShell]:
        finished = []
        with connect(host, **options) as wsman, RunspacePool(wsman) as pool:
            for script in scripts:
                shell = PowerShell(pool).add_script(script)
                shell.invoke()
                finished.append(shell)
        return finished

    return run


class Answered:
    """What came back for a hand-made request."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    @property
    def xml(self) -> ET.Element:
        return ET.fromstring(self.body)  # noqa: S314 - from our own server

    @property
    def fault(self) -> int:
        found = re.search(rb'WSManFault [^>]*Code="(\d+)"', self.body)
        return int(found[1]) if found else 0

    @property
    def streams(self) -> list[bytes]:
        found = self.xml.findall(".//rsp:Stream", NS)
        return [base64.b64decode(stream.text or "") for stream in found]


class Raw:
    """A client that sends whatever a test wants."""

    def __init__(self, host: LabHost) -> None:
        self.host = host
        self.shell_id = str(uuid.uuid4()).upper()
        self.pool = ClientRunspacePool(runspace_pool_id=uuid.UUID(self.shell_id))
        self.http = http.client.HTTPConnection(host.address, host.port, timeout=60)
        credentials = f"{host.user}:{host.password}".encode()
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(credentials).decode(),
            "Content-Type": "application/soap+xml;charset=UTF-8",
        }

    def post(self, body: bytes, **headers: str) -> Answered:
        self.http.request("POST", "/wsman", body, {**self.headers, **headers})
        response = self.http.getresponse()
        return Answered(response.status, response.read())

    def envelope(self, action: str, body: str = "", /, **changes: str | None) -> bytes:
        """A proper request, apart from the changes; a header that is None is left out."""
        selector = f'<w:Selector Name="ShellId">{self.shell_id}</w:Selector>'
        shell = f"<w:SelectorSet>{selector}</w:SelectorSet>"
        headers: dict[str, str | None] = {
            "action": f'<a:Action s:mustUnderstand="true">{action}</a:Action>',
            "message_id": f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>",
            "to": "<a:To>http://lab/wsman</a:To>",
            "reply_to": f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>",
            "resource": f"<w:ResourceURI>{POWERSHELL}</w:ResourceURI>",
            "size": "<w:MaxEnvelopeSize>512000</w:MaxEnvelopeSize>",
            "timeout": "<w:OperationTimeout>PT20S</w:OperationTimeout>",
            "selectors": None if action.endswith("/Create") else shell,
        }
        headers |= changes
        prefixes = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
        head = "".join(text for text in headers.values() if text)
        inside = f"<s:Header>{head}</s:Header><s:Body>{body}</s:Body>"
        return f"<s:Envelope {prefixes}>{inside}</s:Envelope>".encode()

    def ask(self, action: str, body: str = "", /, **changes: str | None) -> Answered:
        return self.post(self.envelope(action, body, **changes))

    def create(
        self, inside: str = "", creation: str | None = None, **changes: str | None
    ) -> Answered:
        if creation is None:
            self.pool.open()
            payload = self.pool.data_to_send()
            assert payload
            creation = base64.b64encode(payload.data).decode()
        body = (
            f'<rsp:Shell ShellId="{self.shell_id}"><rsp:InputStreams>stdin pr</rsp:InputStreams>'
            f"<rsp:OutputStreams>stdout</rsp:OutputStreams>{inside}<creationXml "
            f'xmlns="http://schemas.microsoft.com/powershell">{creation}</creationXml></rsp:Shell>'
        )
        return self.ask(f"{TRANSFER}/Create", body, **changes)

    def receive(self, command: str | None = None, **changes: str | None) -> Answered:
        named = f' CommandId="{command}"' if command else ""
        body = f"<rsp:Receive><rsp:DesiredStream{named}>stdout</rsp:DesiredStream></rsp:Receive>"
        return self.ask(f"{SHELL}/Receive", body, **changes)

    def open(self) -> None:
        self.create()
        assert self.receive().status == 200
        assert self.receive().status == 200

    def script(self, text: str) -> tuple[str, str]:
        """A pipeline's id and its message, in base64."""
        pipe = ClientPowerShell(self.pool)
        pipe.add_script(text)
        if self.pool.state.name != "Opened":
            self.pool.state = type(self.pool.state).Opened
        pipe.start()
        payload = self.pool.data_to_send()
        assert payload
        return str(pipe.pipeline_id).upper(), base64.b64encode(payload.data).decode()

    def command(self, text: str) -> tuple[str, Answered]:
        name, message = self.script(text)
        body = (
            f'<rsp:CommandLine CommandId="{name}"><rsp:Command/>'
            f"<rsp:Arguments>{message}</rsp:Arguments></rsp:CommandLine>"
        )
        return name, self.ask(f"{SHELL}/Command", body)

    def delete(self, **changes: str | None) -> Answered:
        return self.ask(f"{TRANSFER}/Delete", **changes)


@pytest.fixture
def raw(stack: ExitStack) -> Callable[[LabHost], Raw]:
    """A hand-made client of a host."""

    def make(host: LabHost) -> Raw:
        client = Raw(host)
        stack.callback(client.http.close)
        return client

    return make
