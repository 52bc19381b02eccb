"""What a practice host was sent, read out of the lab's trace."""

import base64
import html
import re

from remediate.lab.host import LabHost
from remediate.lab.server.exchanges import Exchange
from remediate.lab.server.faults import Step
from remediate.powershell.messages import Request

_ARGUMENTS = re.compile(rb"<\w+:(?:Arguments|Stream)\b[^>]*>([^<]*)<")
_REQUEST = re.compile(r'\{"version":2,"run":.*?\]\}(?=</|\n)')
_PROGRAM = b"powershell.exe"
"""In the command shell a command starts this, and what it is to do is sent after it."""


def clear_text(exchange: Exchange) -> bytes:
    """The body of an exchange after decryption, with the PSRP in it readable."""
    body = exchange.wire if exchange.message is None else exchange.message
    if _PROGRAM in body:
        return body
    return body + b"".join(base64.b64decode(part) for part in _ARGUMENTS.findall(body))


def requests(host: LabHost) -> list[Request]:
    """Every pipeline that came over the wire, whether the host then ran it or not."""
    found = []
    for exchange in list(host.trace):
        if exchange.kind in {Step.COMMAND, Step.SEND}:
            texts = _REQUEST.findall(clear_text(exchange).decode("utf-8", "replace"))
            found += [Request.decode(html.unescape(text)) for text in texts]
    return found


def writes(host: LabHost) -> list[tuple[str, str, int]]:
    """Run, task and new value of every write that came over the wire."""
    return [
        (request.run, call.arguments["identity"]["name"], call.arguments["after"][name])
        for request in requests(host)
        for call in request.calls
        if call.function.startswith("Set-")
        for name in call.arguments["after"]
    ]
