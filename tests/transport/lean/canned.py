"""Conversations as Windows leads them, told beforehand: made here, in the shapes that it writes.

A story is what each request is answered with, in turn. All names in it are one and the same, so
that it fits whoever asks, when `uuid4` always comes to that.
"""

import base64
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from uuid import UUID
from xml.sax.saxutils import escape

from remediate.model.computer import Computer
from remediate.model.plan import HostFacts
from remediate.powershell.messages import Call, CallResult, Reply, Request, Status

NAME = UUID("6f9619ff-8b86-4011-b42d-00c04fc964ff")
SAID = str(NAME).upper()
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
REQUEST = Request(run="audit", calls=(Call(id="a", function="Get-RemediateLease"),))
REPLY = Reply(
    host=HostFacts(
        computer=Computer(name="SRV01", guid=str(NAME)),
        powershell="5.1.14393.2248",
        os="10.0.14393",
        culture="en-US",
        utc="2026-11-29T15:40:23Z",
    ),
    calls=(CallResult(id="a", status=Status.OK, value=["Größe _x0041_ \U0001f600"]),),
)
TEXT = REPLY.encode(REQUEST)

CAPABILITY, PRIVATE, POOL_STATE = 0x00010002, 0x00021009, 0x00021005
OUTPUT, ERROR, STATE, PROGRESS = 0x00041004, 0x00041005, 0x00041006, 0x00041010
DEBUG, VERBOSE, WARNING, INFORMATION = 0x00041007, 0x00041008, 0x00041009, 0x00041011
HOST_CALL = 0x00041100


@dataclass(frozen=True)
class Answer:
    """What a request is answered with.

    Args:
        verb: the last part of the action that asks for it.
        body: what is in it; `{0}` and so on stand for the fragments.
        fragments: bytes that go as base64.
        status: of HTTP.
    """

    verb: str
    body: str
    fragments: tuple[bytes, ...] = ()
    status: int = 200

    def document(self) -> bytes:
        """As it goes over the wire."""
        packed = [base64.b64encode(data).decode() for data in self.fragments]
        namespace = TRANSFER if self.verb in {"Create", "Delete"} else SHELL
        action = f"{namespace}/{self.verb}Response"
        if self.status != 200:
            action = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
        return (
            '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
            ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
            f' xmlns:x="{TRANSFER}" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
            f' xmlns:rsp="{SHELL}" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
            f"<s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{SAID}</a:MessageID>"
            f"<p:ActivityId>{SAID}</p:ActivityId><a:To>{ANONYMOUS}</a:To>"
            f"<a:RelatesTo>uuid:{SAID}</a:RelatesTo></s:Header>"
            f"<s:Body>{self.body.format(*packed)}</s:Body></s:Envelope>"
        ).encode()


def fragment(number: int, kind: int, body: str, of: UUID = NAME) -> bytes:
    """A message in one fragment, with the mark of UTF-8 that Windows puts before each."""
    pool = UUID(int=0) if kind == CAPABILITY else NAME
    pipeline = of if kind > 0x00040000 else UUID(int=0)
    data = struct.pack("<II", 1, kind) + pool.bytes_le + pipeline.bytes_le
    return cut(number, data + b"\xef\xbb\xbf" + body.encode())[0]


def cut(number: int, message: bytes, piece: int = 32768) -> list[bytes]:
    """A message in fragments."""
    pieces = [message[at : at + piece] for at in range(0, len(message), piece)]
    last = len(pieces) - 1
    return [
        struct.pack(">QQBI", number, at, (at == 0) | (at == last) << 1, len(data)) + data
        for at, data in enumerate(pieces)
    ]


def string(value: str) -> str:
    """A string as PowerShell serialises it."""
    units = {"\n": "_x000A_", "\r": "_x000D_", "\U0001f600": "_xD83D__xDE00_"}
    text = value.replace("_x", "_x005F_x")
    for character, written in units.items():
        text = text.replace(character, written)
    return f"<S>{escape(text)}</S>"


def obj(properties: str) -> str:
    return f'<Obj RefId="0"><MS>{properties}</MS></Obj>'


def number(name: str, value: int) -> str:
    return f'<I32 N="{name}">{value}</I32>'


def received(*fragments: bytes, done: bool = False, of: str = f' CommandId="{SAID}"') -> Answer:
    streams = "".join(
        f'<rsp:Stream Name="stdout"{of}>{{{at}}}</rsp:Stream>' for at in range(len(fragments))
    )
    if done:
        streams += (
            f'<rsp:CommandState CommandId="{SAID}" State="{SHELL}/CommandState/Done">'
            "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{streams}</rsp:ReceiveResponse>"
    return Answer("Receive", body, fragments)


def fault(verb: str, subcode: str, code: int, text: str, more: str = "") -> Answer:
    """As Windows words it: a reason in the envelope, and its own in the detail."""
    body = (
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>w:{subcode}</s:Value>"
        '</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">Refused. </s:Text></s:Reason>'
        "<s:Detail><w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/X"
        "</w:FaultDetail>"
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'
        f' Code="{code}" Machine="127.0.0.1"><f:Message>{text}{more}</f:Message></f:WSManFault>'
        "</s:Detail></s:Fault>"
    )
    return Answer(verb, body, status=500)


PROVIDER = (
    '<f:ProviderFault provider="microsoft.powershell" path="%systemroot%\\pwrshplugin.dll">'
    '<f:WSManFault Code="5" Machine="SRV01"><f:Message>Access is denied. </f:Message>'
    "</f:WSManFault></f:ProviderFault>"
)
CREATED = Answer(
    "Create",
    "<x:ResourceCreated><a:Address>http://127.0.0.1:5985/wsman</a:Address><a:ReferenceParameters>"
    "<w:ResourceURI>http://schemas.microsoft.com/powershell/Microsoft.PowerShell</w:ResourceURI>"
    f'<w:SelectorSet><w:Selector Name="ShellId">{SAID}</w:Selector></w:SelectorSet>'
    f"</a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>{SAID}</rsp:ShellId>"
    "<rsp:ResourceUri>http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
    "</rsp:ResourceUri><rsp:Owner>SRV01\\ada</rsp:Owner><rsp:ClientIP>10.0.2.2</rsp:ClientIP>"
    "<rsp:ProcessId>1568</rsp:ProcessId><rsp:IdleTimeOut>PT180.000S</rsp:IdleTimeOut>"
    "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
    "<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>en-US</rsp:Locale>"
    "<rsp:CompressionMode>NoCompression</rsp:CompressionMode><rsp:State>Connected</rsp:State>"
    "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime></rsp:Shell>",
)
VERSIONS = (
    '<Obj N="ApplicationPrivateData" RefId="1"><TN RefId="0">'
    "<T>System.Management.Automation.PSPrimitiveDictionary</T><T>System.Collections.Hashtable</T>"
    '<T>System.Object</T></TN><DCT><En><S N="Key">PSVersionTable</S><Obj N="Value" RefId="2">'
    '<TNRef RefId="0"/><DCT><En><S N="Key">PSVersion</S><Version N="Value">5.1.14393.2248</Version>'
    "</En></DCT></Obj></En></DCT></Obj>"
)
OPENING = (
    CREATED,
    received(
        fragment(
            1,
            CAPABILITY,
            obj(
                '<Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>'
                '<Version N="SerializationVersion">1.1.0.1</Version>'
            ),
        ),
        fragment(2, PRIVATE, obj(VERSIONS)),
        of="",
    ),
    received(fragment(3, POOL_STATE, obj(number("RunspaceState", 2))), of=""),
    Answer(
        "Command",
        f"<rsp:CommandResponse><rsp:CommandId>{SAID}</rsp:CommandId></rsp:CommandResponse>",
    ),
)
DELETED = Answer("Delete", "")
WAITS = fault("Receive", "TimedOut", 2150858793, "The operation timed out. ")
ENDED = fragment(9, STATE, obj(number("PipelineState", 4)))
BUSY = (
    '<S N="Activity">Preparing modules for first use.</S><I32 N="ActivityId">0</I32>'
    '<S N="StatusDescription"> </S><Nil N="CurrentOperation"/><I32 N="ParentActivityId">-1</I32>'
    '<I32 N="PercentComplete">-1</I32><Obj N="Type" RefId="1"><TN RefId="0">'
    "<T>System.Management.Automation.ProgressRecordType</T><T>System.Enum</T></TN>"
    '<ToString>Completed</ToString><I32>1</I32></Obj><I32 N="SecondsRemaining">-1</I32>'
)


def record(error_id: str, text: str, line: int) -> str:
    """What is in an error record of Windows PowerShell 5.1."""
    return (
        '<Obj N="Exception" RefId="2"><TN RefId="1"><T>Some.Kind.Exception</T>'
        f"<T>System.Exception</T><T>System.Object</T></TN><ToString>Some.Kind: {text}</ToString>"
        f'<Props><S N="Message">{text}</S><I32 N="HResult">-2146233087</I32></Props></Obj>'
        f'<Nil N="TargetObject"/><S N="FullyQualifiedErrorId">{error_id}</S>'
        '<Obj N="InvocationInfo" RefId="4"><TN RefId="3">'
        "<T>System.Management.Automation.InvocationInfo</T><T>System.Object</T></TN>"
        "<ToString>System.Management.Automation.InvocationInfo</ToString><Props>"
        f'<I32 N="ScriptLineNumber">{line}</I32><S N="ScriptName"></S></Props></Obj>'
        '<I32 N="ErrorCategory_Category">0</I32><S N="ErrorCategory_Activity">Write-Error</S>'
        '<S N="ErrorCategory_Reason">Exception</S><S N="ErrorCategory_TargetName"></S>'
        '<S N="ErrorCategory_TargetType"></S><S N="ErrorCategory_Message">NotSpecified</S>'
        '<B N="SerializeExtendedInfo">false</B>'
    )


def failed(error_id: str = "Some.Id,Some.Command") -> bytes:
    """A pipeline that has failed, and its record."""
    what = record(error_id, "no_x005F_x_x000D__x000A_way &lt;&gt;", 7)
    whole = (
        f"{number('PipelineState', 5)}"
        '<Obj N="ExceptionAsErrorRecord" RefId="1"><TN RefId="0">'
        "<T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN>"
        f"<ToString>no_x005F_x_x000A_way</ToString><MS>{what}</MS></Obj>"
    )
    return fragment(8, STATE, obj(whole))


def told(error_id: str = "Told") -> bytes:
    """An error that has not ended the script."""
    return fragment(
        7,
        ERROR,
        '<Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.ErrorRecord</T>'
        f"<T>System.Object</T></TN><ToString>told</ToString><MS>{record(error_id, 'told', 3)}</MS>"
        "</Obj>",
    )


def asks(number_of_call: int) -> bytes:
    """A host call, which wants an answer when its number is not -100."""
    method = (
        '<Obj N="mi" RefId="1"><TN RefId="0">'
        "<T>System.Management.Automation.Remoting.RemoteHostMethodId</T><T>System.Enum</T></TN>"
        "<ToString>ReadLine</ToString><I32>11</I32></Obj>"
        '<Obj N="mp" RefId="2"><TN RefId="1"><T>System.Collections.ArrayList</T></TN><LST/></Obj>'
    )
    return fragment(6, HOST_CALL, obj(f'<I64 N="ci">{number_of_call}</I64>{method}'))


def said(kind: int) -> bytes:
    """What a script says beside its output."""
    return fragment(
        5,
        kind,
        obj(
            '<S N="InformationalRecord_Message">said</S>'
            '<B N="InformationalRecord_SerializeInvocationInfo">false</B>'
        ),
    )


PUT_OUT = fragment(4, OUTPUT, string(TEXT))
HALVES = cut(
    4,
    struct.pack("<II", 1, OUTPUT) + NAME.bytes_le * 2 + b"\xef\xbb\xbf" + string(TEXT).encode(),
    99,
)


def story(*answers: Answer) -> tuple[Answer, ...]:
    return (*OPENING, *answers, DELETED)


STORIES: dict[str, tuple[Answer, ...]] = {
    "an audit": story(received(fragment(5, PROGRESS, obj(BUSY)), PUT_OUT, ENDED, done=True)),
    "in pieces": story(received(*HALVES[:3]), WAITS, received(*HALVES[3:]), received(ENDED)),
    "beside much": story(
        received(said(DEBUG), said(VERBOSE), asks(-100), PUT_OUT), received(said(WARNING), ENDED)
    ),
    "a script that fails": story(received(PUT_OUT, failed(), done=True)),
    "a script that is blocked": story(received(failed("ScriptContainedMaliciousContent"))),
    "an error that is told": story(received(told(), PUT_OUT, ENDED, done=True)),
    "a question": story(received(asks(1))),
    "no text": story(received(fragment(4, OUTPUT, "<I32>7</I32>"), ENDED, done=True)),
    "an object": story(received(fragment(4, OUTPUT, obj('<S N="a">b</S>')), ENDED, done=True)),
    "nothing": story(received(ENDED, done=True)),
    "stopped": story(received(fragment(9, STATE, obj(number("PipelineState", 3))), done=True)),
    "a shell that breaks": (
        *OPENING[:2],
        received(fragment(3, POOL_STATE, obj(number("RunspaceState", 5))), of=""),
        DELETED,
    ),
    "a command that is gone": story(fault("Receive", "InvalidSelectors", 2150858843, "Gone. ")),
    "a quota": (fault("Create", "QuotaLimit", 2150859173, "Too many. "), DELETED),
    "a provider's fault": (fault("Create", "AccessDenied", 5, "No: ", PROVIDER), DELETED),
    "an endpoint that is not there": (
        fault("Create", "DestinationUnreachable", 2150858752, "", ""),
        DELETED,
    ),
    "a page": (Answer("Create", "<p>No.</p>", status=500), DELETED),
}
"""What Windows, or what stands before it, may answer to one run of a script."""


def garbled(
    answers: Iterable[Answer], at: int, change: Callable[[bytes], bytes]
) -> list[tuple[int, bytes]]:
    """A story of which one thing has been changed: a document, or the bytes in one.

    Args:
        answers: the story.
        at: which, counted over all documents and fragments.
        change: changes it.
    """
    documents = []
    for answer in answers:
        fragments = list(answer.fragments)
        for place, data in enumerate(fragments):
            if at == 0:
                fragments[place] = change(data)
            at -= 1
        document = replace(answer, fragments=tuple(fragments)).document()
        documents.append((answer.status, change(document) if at == 0 else document))
        at -= 1
    return documents


def changeable(answers: Iterable[Answer]) -> int:
    """How many things a story has of which one can be changed."""
    return sum(1 + len(answer.fragments) for answer in answers)
