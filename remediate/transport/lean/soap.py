"""What a WinRM service answers: the envelope, what was asked for in it, or a fault.

https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv. Elements that Windows writes beside
those that count are passed over. A header that must be understood and is not, an answer to another
message or of another kind, what is said twice, and data that is no base64 are errors.
"""

import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final
from xml.etree.ElementTree import Element

from remediate.transport.lean.faults import FaultError, MessageError
from remediate.transport.lean.reading import BETWEEN, read

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"

_HEADERS: Final = ("Action", "MessageID", "RelatesTo", "To")
_NAMES: Final = {
    SOAP: (
        *("Envelope", "Header", "Body"),
        *("Fault", "Code", "Subcode", "Value", "Reason", "Text", "Detail"),
    ),
    ADDRESSING: (*_HEADERS, "ReferenceParameters"),
    TRANSFER: ("ResourceCreated",),
    WSMAN: ("SelectorSet", "Selector"),
    MICROSOFT: ("ActivityId",),
    SHELL: ("CommandResponse", "CommandId", "ReceiveResponse", "Stream", "CommandState"),
    FAULT: ("WSManFault", "Message"),
}
_KNOWN: Final = {
    f"{namespace}{BETWEEN}{name}": name for namespace, names in _NAMES.items() for name in names
}
_MUST: Final = f"{SOAP}{BETWEEN}mustUnderstand"
_UNDERSTOOD: Final = {f"Envelope/Header/{name}" for name in (*_HEADERS, "ActivityId")}
_ACTION: Final = "Envelope/Header/Action"
_MESSAGE_ID: Final = "Envelope/Header/MessageID"
_RELATES_TO: Final = "Envelope/Header/RelatesTo"
_UNASKED: Final = "it answers something that was not asked"
_BODY: Final = "Envelope/Body"
_FAULT: Final = f"{_BODY}/Fault"
_VALUE: Final = f"{_FAULT}/Code/Value"
_SUBCODE: Final = f"{_FAULT}/Code/Subcode/Value"
_REASON: Final = f"{_FAULT}/Reason/Text"
_OF_WINDOWS: Final = f"{_FAULT}/Detail/WSManFault"
_MESSAGE: Final = f"{_OF_WINDOWS}/Message"


@dataclass(slots=True)
class Answer:
    """What is in the body of an envelope, as far as it was asked for.

    Args:
        shell: what a new shell is known by.
        command: what a new command is known by.
        streams: the command that data is of, in capitals (none when it is of the shell), and data.
        done: the command has ended.
    """

    shell: str = ""
    command: str = ""
    streams: list[tuple[str, bytes]] = field(default_factory=list)
    done: bool = False


def answer_to(message_id: str, action: str, document: bytes) -> Answer:
    """Read the answer to a message.

    Args:
        message_id: that message's.
        action: what it asked for, as a URI.
        document: what came.

    Raises:
        FaultError: the host says no.
        MessageError: it is no answer to that.
        OverloadedMarkupError: it would grow in reading.
    """
    envelope = _Envelope(document)
    if envelope.said.get(_RELATES_TO) != message_id:
        raise MessageError(_UNASKED)
    if _FAULT in envelope.said:
        raise envelope.fault()
    if envelope.said.get(_ACTION) != f"{action}Response":
        raise MessageError("it answers with a message of another kind")
    return envelope.answer


def related(message: bytes, document: bytes) -> bytes:
    """The answer to a message that another library has written, as it came.

    Args:
        message: what was asked.
        document: what came.

    Raises:
        MessageError: it is an answer to another one.
    """
    if _texts(document, _RELATES_TO) != _texts(message, _MESSAGE_ID):
        raise MessageError(_UNASKED)
    return document


def fault_in(document: bytes) -> FaultError | None:
    """What an answer says that HTTP calls a failure; None when that is no message at all.

    Args:
        document: what came.

    Raises:
        OverloadedMarkupError: it would grow in reading.
    """
    try:
        return _Envelope(document).fault()
    except MessageError:
        return None


class _Envelope:
    """An envelope that was read.

    Args:
        document: what came.

    Attributes:
        answer: what is in its body.
        said: texts by where they stand.
    """

    def __init__(self, document: bytes) -> None:
        self.answer = Answer()
        self.said: dict[str, str] = {}
        read(document, _label, self._ended, namespaces=True)

    def fault(self) -> FaultError:
        """The fault in it; one without a code when there is none."""
        said = self.said
        code = said.get(_OF_WINDOWS) or said.get(_SUBCODE) or said.get(_VALUE)
        reason = said.get(_MESSAGE) or said.get(_REASON, "")
        number = code is not None and code.isascii() and code.isdecimal()
        return FaultError(int(code) if number and code else code, reason)

    def _ended(self, where: str, element: Element, _: Element) -> None:
        take = self._TAKES.get(where)
        if take is not None:
            take(self, where, element)
        elif element.get(_MUST) in {"1", "true"} and where not in _UNDERSTOOD:
            raise MessageError("it wants something understood that is not known here")

    def _say(self, where: str, element: Element) -> None:
        if where in self.said:
            raise MessageError("it says a thing twice")
        self.said[where] = _text(element)

    def _of_windows(self, where: str, element: Element) -> None:
        self.said[where] = element.get("Code", "").strip()

    def _reason(self, where: str, element: Element) -> None:
        self.said.setdefault(where, _text(element))  # one for each language

    def _selector(self, _: str, element: Element) -> None:
        if element.get("Name") == "ShellId":
            self.answer.shell = _text(element)

    def _command(self, _: str, element: Element) -> None:
        self.answer.command = _text(element)

    def _stream(self, _: str, element: Element) -> None:
        if element.get("Name") != "stdout":
            raise MessageError("it sends a stream that it was not asked for")
        try:
            data = binascii.a2b_base64("".join((element.text or "").split()), strict_mode=True)
        except ValueError as error:
            raise MessageError("it sends data that is no base64") from error
        self.answer.streams.append((element.get("CommandId", "").upper(), data))

    def _state(self, _: str, element: Element) -> None:
        self.answer.done = element.get("State") == f"{SHELL}/CommandState/Done"

    _TAKES: ClassVar[dict[str, Callable[["_Envelope", str, Element], None]]] = {
        _ACTION: _say,
        _RELATES_TO: _say,
        f"{_BODY}/ResourceCreated/ReferenceParameters/SelectorSet/Selector": _selector,
        f"{_BODY}/CommandResponse/CommandId": _command,
        f"{_BODY}/ReceiveResponse/Stream": _stream,
        f"{_BODY}/ReceiveResponse/CommandState": _state,
        _FAULT: _say,
        _VALUE: _say,
        _SUBCODE: _say,
        _REASON: _reason,
        _OF_WINDOWS: _of_windows,
        _MESSAGE: _say,
    }


def _texts(document: bytes, where: str) -> list[str]:
    texts: list[str] = []

    def ended(at: str, element: Element, _: Element) -> None:
        if at == where:
            texts.append(_text(element))

    read(document, _label, ended, namespaces=True)
    return texts


def _label(element: Element) -> str:
    return _KNOWN.get(element.tag, element.tag)


def _text(element: Element) -> str:
    return (element.text or "").strip()
