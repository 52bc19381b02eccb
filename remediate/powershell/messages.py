"""Requests to a host and its replies: one JSON string each way.

Traps that the encoding avoids, all of JSON in PowerShell or of strings in PSRP:
PowerShell 7 turns a string that looks like a date into a date, so every string argument
travels with a leading `=`; PSRP escapes characters as `_xHHHH_`, so no underscore and no
character outside printable ASCII travels as itself.
"""

import base64
import binascii
import json
import zlib
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from remediate.model.base import JsonValue, Model
from remediate.model.plan import HostFacts

VERSION = 1
MAX_REPLY = 64 * 1024 * 1024
"""Characters of JSON that a reply may unpack to; a host that sends more is not believed."""

_END = "\n#remediate-end "
_GZIP = "gzip:"
_GZIP_WINDOW = 31


class MalformedReplyError(ValueError):
    """A host's answer is not a reply to our request."""


class Call(Model):
    """One function to run on the host.

    Args:
        id: names the call in the reply, unique in a request.
        function: a function of the script, `Get-Remediate…` or `Set-Remediate…` or one of
            the lease's.
        arguments: its parameters; no secrets.
        needs: ids of earlier calls that must have succeeded, or this one is skipped.
    """

    id: str
    function: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()


class Request(Model):
    """What one pipeline is asked to do, in order.

    Args:
        run: names the request in the reply's end marker: the run's id, or `audit`.
        calls: what to do.
    """

    run: str
    calls: tuple[Call, ...]

    @model_validator(mode="after")
    def _ids_make_sense(self) -> Self:
        seen: set[str] = set()
        for call in self.calls:
            if call.id in seen or not seen.issuperset(call.needs):
                msg = f"call {call.id}: an id is used twice, or needs a call that is not before it"
                raise ValueError(msg)
            seen.add(call.id)
        return self

    def encode(self) -> str:
        """The request as a string of printable ASCII without underscores."""
        calls = [
            {
                "id": call.id,
                "function": call.function,
                "arguments": {name: _marked(value) for name, value in call.arguments.items()},
                "needs": list(call.needs),
            }
            for call in self.calls
        ]
        document = {"version": VERSION, "run": self.run, "calls": calls}
        return _ascii(json.dumps(document, separators=(",", ":")))

    @classmethod
    def decode(cls, text: str) -> Self:
        """What `encode` made, read back; for the lab.

        Raises:
            ValueError: it is no request.
        """
        document = json.loads(text)
        if document.pop("version", None) != VERSION:
            msg = "unknown version of a request"
            raise ValueError(msg)
        for call in document["calls"]:
            call["arguments"] = {k: _unmarked(v) for k, v in call["arguments"].items()}
        return cls.model_validate(document)


class Status(StrEnum):
    """How a call ended."""

    OK = "ok"
    ERROR = "error"
    SKIPPED = "skipped"


class CallError(Model):
    """The error record of a call that failed.

    Args:
        exception: full name of the .NET type.
        message: text in the host's language; for people, never compared.
        hresult: number of the error as the host gives it, signed 32 bit.
        error_id: the FullyQualifiedErrorId; this is what is compared.
        category: PowerShell's category of the error.
        line: the script line it came from, 0 when unknown.
        detail: data that our own functions attach to their errors.
    """

    exception: str
    message: str
    hresult: int = 0
    error_id: str = ""
    category: str = ""
    line: int = 0
    detail: dict[str, JsonValue] | None = None


class CallResult(Model):
    """What became of a call.

    Args:
        id: the call.
        status: how it ended.
        value: what the function emitted, a list.
        error: why it failed.
        ms: how long it took, milliseconds.
    """

    id: str
    status: Status
    value: list[JsonValue] = Field(default_factory=list)
    error: CallError | None = None
    ms: int = 0


class Reply(Model):
    """A host's answer to one request.

    Args:
        host: what the host says of itself.
        calls: one result for each call, in order.
    """

    host: HostFacts
    calls: tuple[CallResult, ...]

    def __getitem__(self, call: str) -> CallResult:
        return next(result for result in self.calls if result.id == call)

    def encode(self, request: Request) -> str:
        """The reply as the host would send it; for the lab."""
        document = self.model_dump(mode="json")
        document["version"] = VERSION
        return _ascii(json.dumps(document, separators=(",", ":"))) + end_marker(request)


def end_marker(request: Request) -> str:
    """What the reply to `request` ends with; without it something was cut off."""
    return _END + request.run


def decode_reply(text: str, request: Request) -> Reply:
    """Read what a host answered to `request`.

    Raises:
        MalformedReplyError: it is not a complete answer to it.
    """
    marker = end_marker(request)
    if not text.endswith(marker):
        msg = "the reply ends without its end marker"
        raise MalformedReplyError(msg)
    body = text.removesuffix(marker)
    if body.startswith(_GZIP):
        body = _unpacked(body)
    try:
        document = json.loads(body)
        known = isinstance(document, dict) and document.pop("version", None) == VERSION
        reply = Reply.model_validate(document) if known else None
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5000 digits
        msg = "the reply is not what the script sends"
        raise MalformedReplyError(msg) from error
    if reply is None:
        msg = "the reply is of an unknown version"
        raise MalformedReplyError(msg)
    if [result.id for result in reply.calls] != [call.id for call in request.calls]:
        msg = "the reply answers other calls than were made"
        raise MalformedReplyError(msg)
    return reply


def _unpacked(body: str) -> str:
    """Decompress, but never to more than MAX_REPLY."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        data = unpacker.decompress(base64.b64decode(body[len(_GZIP) :], validate=True), MAX_REPLY)
        if not unpacker.eof:
            msg = "the reply is cut off or unpacks to too much"
            raise MalformedReplyError(msg)
        return data.decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError) as error:
        msg = "the reply does not unpack"
        raise MalformedReplyError(msg) from error


def _ascii(document: str) -> str:
    """JSON text (ASCII already) without underscores, which only stand in its strings."""
    return document.replace("_", "\\u005f").replace("\x7f", "\\u007f")


def _marked(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return "=" + value
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return value


def _unmarked(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value.removeprefix("=")
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items()}
    return value
