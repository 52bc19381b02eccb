"""WS-Management envelopes: requests read as strictly as Windows reads them, replies, faults."""

import re
import uuid
from dataclasses import dataclass, field
from enum import IntEnum
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from remediate.errors import RemediateError

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "cfg": "http://schemas.microsoft.com/wbem/wsman/1/config",
}
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
MIN_ENVELOPE = 8192
MAX_ENVELOPE = 512_000
"""Bytes of an envelope, either way: MaxEnvelopeSizekb of Windows is 500."""

_UNDERSTOOD = {
    ("a", "Action"), ("a", "MessageID"), ("a", "To"), ("a", "ReplyTo"), ("a", "FaultTo"),
    ("w", "ResourceURI"), ("w", "MaxEnvelopeSize"), ("w", "OperationTimeout"), ("w", "Locale"),
    ("w", "OptionSet"), ("w", "SelectorSet"), ("p", "DataLocale"), ("p", "SessionId"),
    ("p", "OperationID"), ("p", "SequenceId"), ("p", "ActivityId"),
}  # fmt: skip
_OPTIONS = {
    "protocolversion", "winrs_noprofile", "winrs_codepage", "winrs_skip_cmd_shell",
    "winrs_consolemode_stdin", "wsman_cmdshell_option_keepalive",
}  # fmt: skip
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
_PROTOCOL = re.compile(r"2\.[0-3]")


class Code(IntEnum):
    """Numbers of faults, as in Windows' wsmerror.h and winerror.h."""

    ACCESS_DENIED = 5
    OPERATION_ABORTED = 995
    RESOURCE_NOT_FOUND = 2150858752
    INVALID_RESOURCE_URI = 2150858811
    INVALID_MESSAGE_INFORMATION_HEADER = 2150858767
    MESSAGE_INFORMATION_HEADER_REQUIRED = 2150858769
    ACTION_NOT_SUPPORTED = 2150858771
    ENVELOPE_TOO_LARGE = 2150858790
    INVALID_SOAP_BODY = 2150858791
    OPERATION_TIMED_OUT = 2150858793
    CONCURRENCY = 2150858802
    SCHEMA_VALIDATION_ERROR = 2150858817
    INVALID_XML = 2150858819
    MAX_ENVELOPE_SIZE_EXCEEDED = 2150858824
    OPTIONS_NOT_SUPPORTED = 2150858833
    OPTIONS_INVALID_VALUE = 2150858835
    INSUFFICIENT_SELECTORS = 2150858842
    UNEXPECTED_SELECTORS = 2150858843
    MIN_ENVELOPE_SIZE = 2150858878
    INVALID_TIMEOUT_HEADER = 2150858881
    INVALID_HEADER = 2150859035
    QUOTA_MAX_SHELLS = 2150859173
    QUOTA_MAX_OPERATIONS = 2150859174
    COMMAND_ID_CONFLICT = 2150859222
    SHELL_ID_CONFLICT = 2150859223
    IDLE_TIMEOUT_OUT_OF_BOUNDS = 2150859250


_SUBCODES = {
    Code.ACCESS_DENIED: "w:AccessDenied",
    Code.RESOURCE_NOT_FOUND: "a:DestinationUnreachable",
    Code.INVALID_RESOURCE_URI: "a:DestinationUnreachable",
    Code.INVALID_MESSAGE_INFORMATION_HEADER: "a:InvalidMessageInformationHeader",
    Code.MESSAGE_INFORMATION_HEADER_REQUIRED: "a:MessageInformationHeaderRequired",
    Code.ACTION_NOT_SUPPORTED: "a:ActionNotSupported",
    Code.ENVELOPE_TOO_LARGE: "w:EncodingLimit",
    Code.MAX_ENVELOPE_SIZE_EXCEEDED: "w:EncodingLimit",
    Code.MIN_ENVELOPE_SIZE: "w:EncodingLimit",
    Code.OPERATION_TIMED_OUT: "w:TimedOut",
    Code.CONCURRENCY: "w:Concurrency",
    Code.SCHEMA_VALIDATION_ERROR: "w:SchemaValidationError",
    Code.INVALID_XML: "w:SchemaValidationError",
    Code.INVALID_SOAP_BODY: "w:SchemaValidationError",
    Code.OPTIONS_NOT_SUPPORTED: "w:InvalidOptions",
    Code.OPTIONS_INVALID_VALUE: "w:InvalidOptions",
    Code.INSUFFICIENT_SELECTORS: "w:InvalidSelectors",
    Code.UNEXPECTED_SELECTORS: "w:InvalidSelectors",
    Code.QUOTA_MAX_SHELLS: "w:QuotaLimit",
    Code.QUOTA_MAX_OPERATIONS: "w:QuotaLimit",
}


class WSManFault(RemediateError):  # noqa: N818 - the protocol's word
    """What the server answers instead of a result.

    Args:
        code: its number; any, so that tests can make up theirs.
        text: the reason, for people.
        relates_to: MessageID of the request, when it could be read.
    """

    def __init__(self, code: int, text: str, relates_to: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.relates_to = relates_to

    def envelope(self, machine: str) -> bytes:
        """The fault as XML."""
        known = self.code in set(Code)
        subcode = _SUBCODES.get(Code(self.code), "w:InternalError") if known else "w:InternalError"
        reason = escape(self.text)
        body = (
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value>"
            f"<s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
            '<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'
            f" Code={quoteattr(str(int(self.code)))} Machine={quoteattr(machine)}>"
            f"<f:Message>{reason}</f:Message></f:WSManFault></s:Detail></s:Fault>"
        )
        return envelope(FAULT_ACTION, self.relates_to, body)


def envelope(action: str, relates_to: str, body: str) -> bytes:
    """A message from the server."""
    prefixes = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xml:lang="en-US" {prefixes}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f'<p:ActivityId s:mustUnderstand="false">{str(uuid.uuid4()).upper()}</p:ActivityId>'
        f"<a:To>{ANONYMOUS}</a:To>{related}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


@dataclass(frozen=True)
class SoapRequest:
    """A request that is well formed.

    Args:
        action: what is asked for, as a URI.
        message_id: what the reply has to relate to.
        resource: of which resource, as a URI.
        max_envelope: bytes that the reply may have.
        timeout: seconds after which the client wants an answer in any case.
        options: by name in lower case.
        selectors: by name.
        body: the element in the body, if any.
    """

    action: str
    message_id: str
    resource: str
    max_envelope: int
    timeout: float
    options: dict[str, str] = field(default_factory=dict)
    selectors: dict[str, str] = field(default_factory=dict)
    body: ET.Element | None = None

    @property
    def verb(self) -> str:
        """The last part of the action."""
        return self.action.rsplit("/", 1)[-1]


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise WSManFault(Code.INVALID_XML, "The request contains a document type.")


def parse(data: bytes) -> SoapRequest:
    """Read a request.

    Raises:
        WSManFault: it is not what WS-Management or Windows asks for.
    """
    if len(data) > MAX_ENVELOPE:
        raise WSManFault(Code.ENVELOPE_TOO_LARGE, "The request is larger than 512000 bytes.")
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_NoDoctype()))  # noqa: S314 - no document type, so no entities
    except (ET.ParseError, ValueError) as error:
        raise WSManFault(Code.INVALID_XML, f"The request is not XML: {error}") from error
    header, body = root.find("s:Header", NS), root.find("s:Body", NS)
    if root.tag != f"{{{NS['s']}}}Envelope" or header is None or body is None:
        raise WSManFault(Code.SCHEMA_VALIDATION_ERROR, "The request is no SOAP 1.2 envelope.")
    message_id = (header.findtext("a:MessageID", "", NS)).strip()
    try:
        return _checked(header, body, message_id)
    except WSManFault as fault:
        fault.relates_to = message_id
        raise


def _checked(header: ET.Element, body: ET.Element, message_id: str) -> SoapRequest:
    understood = {f"{{{NS[prefix]}}}{name}" for prefix, name in _UNDERSTOOD}
    for element in header:
        must = element.get(f"{{{NS['s']}}}mustUnderstand", "").strip() in {"true", "1"}
        if must and element.tag not in understood:
            raise WSManFault(Code.INVALID_HEADER, f"The header {element.tag} is not understood.")
    if not re.fullmatch(r"uuid:[0-9A-Fa-f-]{36}", message_id):
        raise WSManFault(Code.INVALID_MESSAGE_INFORMATION_HEADER, "MessageID is no uuid.")
    reply_to = _required(header, "a:ReplyTo/a:Address")
    if reply_to != ANONYMOUS:
        raise WSManFault(Code.INVALID_MESSAGE_INFORMATION_HEADER, "ReplyTo is not anonymous.")
    _required(header, "a:To")
    size = header.findtext("w:MaxEnvelopeSize", "153600", NS).strip()
    if not size.isascii() or not size.isdigit() or int(size) < MIN_ENVELOPE:
        raise WSManFault(Code.MIN_ENVELOPE_SIZE, "MaxEnvelopeSize is less than 8192.")
    timeout = duration(header.findtext("w:OperationTimeout", "PT60S", NS))
    if timeout is None or timeout <= 0:
        raise WSManFault(Code.INVALID_TIMEOUT_HEADER, "OperationTimeout is no duration.")
    return SoapRequest(
        action=_required(header, "a:Action"),
        message_id=message_id,
        resource=_required(header, "w:ResourceURI"),
        max_envelope=min(int(size), MAX_ENVELOPE),
        timeout=timeout,
        options=_options(header),
        selectors={
            selector.get("Name", ""): (selector.text or "").strip()
            for selector in header.findall("w:SelectorSet/w:Selector", NS)
        },
        body=next(iter(body), None),
    )


def _required(header: ET.Element, path: str) -> str:
    text = header.findtext(path, "", NS).strip()
    if not text:
        name = path.rsplit(":", 1)[-1]
        raise WSManFault(Code.MESSAGE_INFORMATION_HEADER_REQUIRED, f"{name} is missing.")
    return text


def _options(header: ET.Element) -> dict[str, str]:
    options: dict[str, str] = {}
    for option in header.findall("w:OptionSet/w:Option", NS):
        name, value = option.get("Name", "").lower(), (option.text or "").strip()
        comply = option.get("MustComply", "").lower() in {"true", "1"}
        if comply and name not in _OPTIONS:
            raise WSManFault(Code.OPTIONS_NOT_SUPPORTED, f"The option {name} is not supported.")
        if comply and name == "protocolversion" and not _PROTOCOL.fullmatch(value):
            raise WSManFault(Code.OPTIONS_INVALID_VALUE, f"protocolversion {value} is unknown.")
        options[name] = value
    return options


def duration(text: str) -> float | None:
    """Seconds of an ISO 8601 duration without months and years, or None when it is none."""
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
