"""The lab refuses what Windows refuses, with the same numbers."""

import struct
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from remediate.lab.server.faults import Step
from remediate.lab.server.soap import NS
from remediate.transport.protocol import Deadline

Make = Callable[..., Any]
"""A fixture that makes something; see conftest."""

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SOAP = NS["s"]


def options(*pairs: tuple[str, str]) -> str:
    inner = "".join(
        f'<w:Option Name="{name}" MustComply="true">{value}</w:Option>' for name, value in pairs
    )
    return f"<w:OptionSet>{inner}</w:OptionSet>"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"action": None}, 2150858769),
        ({"resource": None}, 2150858769),
        ({"to": None}, 2150858769),
        ({"reply_to": None}, 2150858769),
        (
            {"reply_to": "<a:ReplyTo><a:Address>http://me</a:Address></a:ReplyTo>"},
            2150858767,
        ),
        ({"message_id": None}, 2150858767),
        ({"message_id": "<a:MessageID>1</a:MessageID>"}, 2150858767),
        ({"size": "<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize>"}, 2150858878),
        ({"size": "<w:MaxEnvelopeSize>-1</w:MaxEnvelopeSize>"}, 2150858878),
        ({"timeout": "<w:OperationTimeout>soon</w:OperationTimeout>"}, 2150858881),
        ({"resource": "<w:ResourceURI>http://nothing</w:ResourceURI>"}, 2150858752),
        ({"more": '<w:Other s:mustUnderstand="true"/>'}, 2150859035),
        ({"more": options(("protocolversion", "9.9"))}, 2150858835),
        ({"more": options(("surprise", "1"))}, 2150858833),
    ],
)
def test_a_header_that_is_wrong_is_a_fault(
    make_lab: Make, raw: Make, changes: dict[str, Any], fault: int
) -> None:
    host = make_lab().hosts[0]
    answer = raw(host).create(**changes)
    assert (500, fault) == (answer.status, answer.fault)
    assert not host.leaks()


def test_a_header_that_may_be_ignored_is_ignored(make_lab: Make, raw: Make) -> None:
    assert raw(make_lab().hosts[0]).create(more="<w:Other/>").status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not XML",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"<a>" * 20_000,
        b"\xff\xfe\x00",
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(),
    ],
)
def test_a_body_that_is_no_envelope_is_a_fault(make_lab: Make, raw: Make, body: bytes) -> None:
    host = make_lab().hosts[0]
    answer = raw(host).post(body)
    assert answer.status == (500 if body else 200)
    assert (answer.fault > 0) == bool(body)
    assert raw(host).create().status == 200


def test_a_document_type_is_refused_before_its_entities_grow(make_lab: Make, raw: Make) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><x>&e11;</x>'
    assert raw(make_lab().hosts[0]).post(bomb.encode()).fault == 2150858819


def test_an_envelope_of_more_than_500_kilobytes_is_refused(make_lab: Make, raw: Make) -> None:
    client = raw(make_lab().hosts[0])
    assert client.create(creation="A" * 512_000).fault == 2150858790


def test_the_reply_relates_to_the_request_and_has_what_windows_sends(
    make_lab: Make, raw: Make
) -> None:
    client = raw(make_lab().hosts[0])
    message_id = f"uuid:{str(uuid.uuid4()).upper()}"
    answer = client.create(message_id=f"<a:MessageID>{message_id}</a:MessageID>")
    assert message_id == answer.xml.findtext("s:Header/a:RelatesTo", None, NS)
    assert answer.xml.find("s:Header/p:ActivityId", NS) is not None
    fields = {element.tag.rpartition("}")[2] for element in answer.xml.find(".//rsp:Shell", NS)}
    assert fields >= {"ShellId", "ResourceUri", "Owner", "ClientIP", "IdleTimeOut", "ShellRunTime"}


def test_a_pool_opens_in_two_steps(make_lab: Make, raw: Make) -> None:
    client = raw(make_lab().hosts[0])
    client.create()
    first, second = client.receive(), client.receive()
    kinds = [struct.unpack("<I", data[25:29])[0] for data in first.streams]
    assert kinds == [0x00010002, 0x00021009]
    assert [struct.unpack("<I", data[25:29])[0] for data in second.streams] == [0x00021005]


def test_messages_begin_with_a_byte_order_mark(make_lab: Make, raw: Make) -> None:
    client = raw(make_lab().hosts[0])
    client.create()
    assert all(data[61:64] == b"\xef\xbb\xbf" for data in client.receive().streams)


def test_a_command_is_refused_until_the_client_knows_that_the_pool_is_open(
    make_lab: Make, raw: Make
) -> None:
    client = raw(make_lab().hosts[0])
    client.create()
    assert client.command("'hi'")[1].fault == 2150858791
    client.receive()
    assert client.command("'hi'")[1].fault == 2150858791
    client.receive()
    name, answer = client.command("'hi'")
    assert answer.status == 200
    assert client.receive(name).status == 200


def test_output_comes_in_fragments_of_32_kilobytes_and_responses_of_the_size_asked_for(
    make_lab: Make, raw: Make
) -> None:
    host = make_lab().hosts[0]
    host.state.answers["'much'"] = ["x" * 200_000]
    client = raw(host)
    client.open()
    name, _ = client.command("'much'")
    sizes, done = [], False
    while not done:
        answer = client.receive(name, size="<w:MaxEnvelopeSize>100000</w:MaxEnvelopeSize>")
        assert answer.status == 200
        assert len(answer.body) <= 100_000
        state = answer.xml.find(".//rsp:CommandState", NS)
        sizes += [len(data) for data in answer.streams]
        done = state is not None
    assert max(sizes) == 32768
    assert sum(size == 32768 for size in sizes) == 6
    assert state.get("State", "").endswith("/Done")


def test_output_that_does_not_fit_the_size_asked_for_is_a_fault_and_stays(
    make_lab: Make, raw: Make
) -> None:
    host = make_lab().hosts[0]
    host.state.answers["'much'"] = ["x" * 40_000]
    client = raw(host)
    client.open()
    name, _ = client.command("'much'")
    small = client.receive(name, size="<w:MaxEnvelopeSize>9000</w:MaxEnvelopeSize>")
    assert small.fault == 2150858824
    assert len(client.receive(name).streams) == 3


def test_what_is_not_there_is_a_fault(make_lab: Make, raw: Make) -> None:
    client = raw(make_lab().hosts[0])
    assert client.receive().fault == 2150858843
    client.open()
    nobody = str(uuid.uuid4()).upper()
    assert client.receive(nobody).fault == 2150858843
    assert client.ask(f"{SHELL}/Send", _send(nobody)).fault == 2150858843
    assert client.ask(f"{SHELL}/Signal", _signal(nobody)).fault == 2150858843
    assert client.delete(selectors=None).fault == 2150858842
    cmd = f"<w:ResourceURI>{SHELL}/cmd</w:ResourceURI>"
    assert client.delete(resource=cmd).fault == 2150858843
    assert client.ask(f"{TRANSFER}/Put").fault == 2150858771
    assert client.delete().status == 200
    assert client.delete().fault == 2150858843


def _send(command: str, data: str = "") -> str:
    stream = f'<rsp:Stream Name="stdin" CommandId="{command}">{data}</rsp:Stream>'
    return f"<rsp:Send>{stream}</rsp:Send>"


def _signal(command: str) -> str:
    code = f"{SHELL}/signal/terminate"
    return f'<rsp:Signal CommandId="{command}"><rsp:Code>{code}</rsp:Code></rsp:Signal>'


@pytest.mark.parametrize("data", ["", "%%%", "AAAA", "A" * 400])
def test_data_that_is_no_psrp_is_a_fault(make_lab: Make, raw: Make, data: str) -> None:
    host = make_lab().hosts[0]
    client = raw(host)
    if data:
        assert client.create(creation=data).fault == 2150858791
        assert not host.leaks()
    client.open()
    line = f"<rsp:CommandLine><rsp:Command/><rsp:Arguments>{data}</rsp:Arguments></rsp:CommandLine>"
    assert client.ask(f"{SHELL}/Command", line).fault == 2150858791


def test_a_terminated_command_is_forgotten_and_a_finished_one_is_not(
    make_lab: Make, raw: Make
) -> None:
    host = make_lab().hosts[0]
    client = raw(host)
    client.open()
    name, _ = client.command("'hi'")
    client.receive(name)
    assert host.leaks().commands == (name,)
    assert client.ask(f"{SHELL}/Signal", _signal(name)).status == 200
    assert host.leaks().commands == ()
    assert host.leaks().shells == (client.shell_id,)


def test_names_cannot_be_taken_twice(make_lab: Make, raw: Make) -> None:
    client = raw(make_lab().hosts[0])
    client.open()
    assert client.create(creation="AAAA").fault == 2150859223


def test_more_shells_than_the_quota_are_refused(make_lab: Make, raw: Make) -> None:
    host = make_lab(max_shells=2).hosts[0]
    answers = [raw(host).create() for _ in range(3)]
    assert [answer.fault for answer in answers] == [0, 0, 2150859173]


@pytest.mark.parametrize(
    ("text", "fault"), [("PT59S", 2150859250), ("x", 2150859250), ("PT60S", 0)]
)
def test_an_idle_timeout_has_bounds(make_lab: Make, raw: Make, text: str, fault: int) -> None:
    answer = raw(make_lab().hosts[0]).create(f"<rsp:IdleTimeOut>{text}</rsp:IdleTimeOut>")
    assert fault == answer.fault


def test_a_shell_that_nobody_uses_ends_after_its_idle_timeout(make_lab: Make, raw: Make) -> None:
    now = [0.0]
    lab = make_lab(clock=lambda: now[0])
    client = raw(lab.hosts[0])
    client.create("<rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut>")
    now[0] = 59
    client.receive()
    now[0] = 118
    lab.reap()
    assert lab.hosts[0].leaks()
    now[0] = 119
    lab.reap()
    assert not lab.hosts[0].leaks()
    assert client.receive().fault == 2150858843


def test_a_receive_without_output_ends_with_timed_out(make_lab: Make, raw: Make) -> None:
    client = raw(make_lab().hosts[0])
    client.open()
    short = "<w:OperationTimeout>PT0.05S</w:OperationTimeout>"
    assert client.receive(timeout=short).fault == 2150858793


def test_one_receive_at_a_time_waits_for_a_target(make_lab: Make, raw: Make) -> None:
    host = make_lab().hosts[0]
    first, second = raw(host), raw(host)
    first.open()
    second.shell_id = first.shell_id
    waiting: list[int] = []
    thread = threading.Thread(target=lambda: waiting.append(first.receive().fault))
    thread.start()
    deadline = Deadline(60)
    while host.counters[Step.RECEIVE] < 3 and deadline.left:
        time.sleep(0.01)
    assert second.receive().fault == 2150858802
    assert second.delete().status == 200
    thread.join(60)
    assert waiting == [995]


def test_a_receive_whose_client_has_gone_does_not_block_the_next(make_lab: Make, raw: Make) -> None:
    host = make_lab().hosts[0]
    host.state.before_pipeline = lambda *_: 30
    first, second = raw(host), raw(host)
    first.open()
    name, _ = first.command("'hi'")
    desired = f'<rsp:DesiredStream CommandId="{name}">stdout</rsp:DesiredStream>'
    body = f"<rsp:Receive>{desired}</rsp:Receive>"
    first.http.request("POST", "/wsman", first.envelope(f"{SHELL}/Receive", body), first.headers)
    first.http.close()
    second.shell_id = first.shell_id
    short = "<w:OperationTimeout>PT0.05S</w:OperationTimeout>"
    faults = {second.receive(name, timeout=short).fault for _ in range(4)}
    assert 2150858793 in faults


def test_a_pipeline_can_be_stopped(make_lab: Make, connect: Make) -> None:
    host = make_lab().hosts[0]
    host.state.before_pipeline = lambda *_: 30
    with connect(host) as wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool).add_script("'hi'")
        shell.begin_invoke()
        shell.stop()
    assert not host.leaks()


def test_pypsrp_sees_the_number_of_a_fault(make_lab: Make, connect: Make) -> None:
    wsman = connect(make_lab(max_shells=0).hosts[0])
    with pytest.raises(WSManFaultError) as caught:
        RunspacePool(wsman).open()
    assert caught.value.code == 2150859173
