"""Requests to a host and its replies: one JSON string there, lines of JSON back.

A reply's first line says what the host is, then each call has a line, and an end marker closes
it. The host puts lines out in as few strings as it can, but never keeps one for long: what was
answered before a question hangs counts.

Traps that the encoding avoids, all of JSON in PowerShell or of strings in PSRP:
PowerShell 7 turns a string that looks like a date into a date, so every string argument
travels with a leading `=`; PSRP escapes characters as `_xHHHH_`, so no underscore and no
character outside printable ASCII travels as itself.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, SkipValidation, model_validator

from remediate.errors import RemediateError
from remediate.model.base import JsonValue, Model
from remediate.model.computer import Computer
from remediate.model.plan import HostFacts
from remediate.powershell.script import Script

VERSION = 2
PATIENCE = 15.0
"""Seconds for which answers are kept back, so that all of them come in one exchange."""

MAX_REPLY = 64 * 1024 * 1024
"""Characters of JSON that a reply may unpack to; a host that sends more is not believed."""

MAX_REQUEST = 2_000_000
"""Characters of a request. Windows PowerShell up to 5.1 reads JSON of 2,097,152
(JavaScriptSerializer's MaxJsonLength)."""

_END = "#remediate-end "
_GZIP = "gzip:"
_GZIP_WINDOW = 31


class MalformedReplyError(RemediateError, ValueError):
    """A host's answer is not a reply to our request."""


class Call(Model):
    """One function to run on the host.

    Args:
        id: names the call in the reply, unique in a request.
        function: a function of the script, `Get-Remediate…` or `Set-Remediate…` or one of
            the lease's.
        arguments: its parameters; no secrets.
        needs: ids of earlier calls that must have succeeded, or this one is skipped.
        seconds: how long its commands may take; None where nothing is bounded, as in a write.
        files: the `.ps1` files that the function needs, for the script; not sent with the call.
        secrets: what it takes besides, by name; travels beside the request, and is in no dump.
    """

    id: str
    function: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    seconds: float | None = None
    files: tuple[Path, ...] = ()
    secrets: dict[str, SecretStr] = Field(default_factory=dict, exclude=True, repr=False)


class Request(Model):
    """What one pipeline is asked to do, in order.

    Args:
        run: names the request in the reply's end marker: the run's id, or `audit`.
        calls: what to do.
        computer: the computer that is meant: another one carries out none of the calls.
        seconds: how long all calls together may take; none is begun after that.
        patience: seconds for which answers are kept back; after that, what is known is put out
            before a call begins, so that it counts if that call hangs.
    """

    run: str
    calls: tuple[Call, ...]
    computer: Computer | None = None
    seconds: float | None = None
    patience: float = PATIENCE

    @property
    def files(self) -> frozenset[Path]:
        """The `.ps1` files that its calls need."""
        return frozenset(path for call in self.calls for path in call.files)

    @model_validator(mode="after")
    def _ids_make_sense(self) -> Self:
        seen: set[str] = set()
        for call in self.calls:
            if call.id in seen or not seen.issuperset(call.needs):
                msg = f"call {call.id}: an id is used twice, or needs a call that is not before it"
                raise ValueError(msg)
            seen.add(call.id)
        return self

    @property
    def secrets(self) -> dict[str, SecretStr]:
        """The secrets of its calls, as they travel beside it: by call and name."""
        return {f"{c.id} {name}": value for c in self.calls for name, value in c.secrets.items()}

    def with_secrets(self, secrets: Mapping[str, SecretStr]) -> Self:
        """The same with the secrets that came beside it; for the lab."""
        calls = []
        for call in self.calls:
            own = {
                key.partition(" ")[2]: value
                for key, value in secrets.items()
                if key.partition(" ")[0] == call.id
            }
            calls.append(call.model_copy(update={"secrets": own}))
        return self.model_copy(update={"calls": tuple(calls)})

    def encode(self) -> str:
        """The request as a string of printable ASCII without underscores, and without secrets."""
        calls = [
            {
                "id": call.id,
                "function": call.function,
                "arguments": {name: _marked(value) for name, value in call.arguments.items()},
                "needs": list(call.needs),
                "seconds": call.seconds,
            }
            for call in self.calls
        ]
        document = {
            "version": VERSION,
            "run": self.run,
            "computer": _marked(self.computer.model_dump() if self.computer else None),
            "seconds": self.seconds,
            "patience": self.patience,
            "calls": calls,
        }
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
        document["computer"] = _unmarked(document.get("computer"))
        for call in document["calls"]:
            call["arguments"] = {k: _unmarked(v) for k, v in call["arguments"].items()}
        return cls.model_validate(document)


class Status(StrEnum):
    """How a call ended."""

    OK = "ok"
    ERROR = "error"
    SKIPPED = "skipped"
    UNANSWERED = "unanswered"


class CallError(Model):
    """The error record of a call that failed.

    Args:
        exception: full name of the .NET type.
        message: text in the host's language; for people, never compared.
        hresult: number of the error as the host gives it, signed 32 bit.
        error_id: the FullyQualifiedErrorId; this is what is compared.
        category: PowerShell's category of the error.
        line: the script line it came from, 0 when unknown, or when it is of another script.
        detail: data that our own functions attach to their errors.
        place: file and line of ours (`service.read.ps1:31`); said where the script was composed.
    """

    exception: str
    message: str
    hresult: int = 0
    error_id: str = ""
    category: str = ""
    line: int = 0
    detail: dict[str, JsonValue] | None = None
    place: str = ""


class CallResult(Model):
    """What became of a call.

    Args:
        id: the call.
        status: how it ended; `unanswered` where no time was left, or nothing came.
        value: what the function emitted, a list of what JSON can say: nobody looks whether it is.
        error: why it failed.
        ms: how long it took, milliseconds.
    """

    id: str
    status: Status
    value: list[SkipValidation[JsonValue]] = Field(default_factory=list)
    error: CallError | None = None
    ms: int = 0

    def placed(self, script: Script) -> "CallResult":
        """The same, its error with file and line."""
        if self.error is None:
            return self
        error = self.error.model_copy(update={"place": script.place(self.error.line)})
        return self.model_copy(update={"error": error})

    def line(self) -> str:
        """The result as the host would send it; for the lab."""
        return _ascii(json.dumps(self.model_dump(mode="json"), separators=(",", ":")))


class Reply(Model):
    """A host's answer to one request.

    Args:
        host: what the host says of itself.
        calls: one result for each call, in order.
        at: when it arrived, UTC by the controller's clock; None until the worker has said so.
        sent: when the request was sent, by the same clock; the host's clock was read in between.
    """

    host: HostFacts
    calls: tuple[CallResult, ...]
    at: datetime | None = None
    sent: datetime | None = None

    def __getitem__(self, call: str) -> CallResult:
        return self._by_id[call]

    def placed(self, script: Script) -> "Reply":
        """The same, each error with its file and line.

        Args:
            script: what was run.
        """
        return self.model_copy(
            update={"calls": tuple(result.placed(script) for result in self.calls)}
        )

    def get(self, call: str) -> CallResult | None:
        """What became of a call; None when it was not made."""
        return self._by_id.get(call)

    @cached_property
    def _by_id(self) -> dict[str, CallResult]:
        return {result.id: result for result in self.calls}

    def encode(self, request: Request) -> str:
        """The reply as the host would send it, in one string; for the lab."""
        lines = (result.line() for result in self.calls)
        return "\n".join([head_line(self.host), *lines, end_marker(request)])


def head_line(host: HostFacts) -> str:
    """The first line of a reply; for the lab."""
    head = {"version": VERSION, "host": host.model_dump(mode="json", exclude={"logon"})}
    return _ascii(json.dumps(head, separators=(",", ":")))


def end_marker(request: Request) -> str:
    """The last line of the reply to `request`; without it something was cut off."""
    return _END + request.run


def decode_reply(outputs: Sequence[str], request: Request) -> Reply:
    """Read what a host answered to `request`.

    Args:
        outputs: what the script put out, in order.
        request: what it was asked.

    Raises:
        MalformedReplyError: it is not a complete answer to it.
    """
    *lines, last = _lines(outputs) or [""]
    if last != end_marker(request):
        msg = "the reply ends without its end marker"
        raise MalformedReplyError(msg)
    return _reply(lines, request)


def decode_part(outputs: Sequence[str], request: Request) -> Reply | None:
    """Read what a host had answered to `request` when it fell silent; None when that is nothing.

    Raises:
        MalformedReplyError: it is not the beginning of an answer to it.
    """
    lines = [line for line in _lines(outputs) if line != end_marker(request)]
    return _reply(lines, request, whole=False) if lines else None


def _lines(outputs: Sequence[str]) -> list[str]:
    room = MAX_REPLY
    lines: list[str] = []
    for output in outputs:
        text = _unpacked(output, room) if output.startswith(_GZIP) else output
        room -= len(text)
        if room < 0:
            msg = "the reply is longer than a reply can be"
            raise MalformedReplyError(msg)
        lines += text.split("\n")
    return lines


def _reply(lines: Sequence[str], request: Request, *, whole: bool = True) -> Reply:
    try:
        head, *answers = (json.loads(line) for line in lines)
        known = isinstance(head, dict) and head.pop("version", None) == VERSION
        host = HostFacts.model_validate(head.get("host")) if known and len(head) == 1 else None
        calls = [CallResult.model_validate(answer) for answer in answers]
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5000 digits
        msg = "the reply is not what the script sends"
        raise MalformedReplyError(msg) from error
    if host is None:
        msg = "the reply is of an unknown version"
        raise MalformedReplyError(msg)
    if not whole:
        calls += list(_without_answer(request, after=len(calls)))
    if [result.id for result in calls] != [call.id for call in request.calls]:
        msg = "the reply answers other calls than were made"
        raise MalformedReplyError(msg)
    return Reply(host=host, calls=tuple(calls))


def _without_answer(request: Request, after: int) -> Iterator[CallResult]:
    return (CallResult(id=call.id, status=Status.UNANSWERED) for call in request.calls[after:])


def _unpacked(body: str, room: int) -> str:
    """Decompress, but never to more than so many bytes."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        data = unpacker.decompress(base64.b64decode(body[len(_GZIP) :], validate=True), room)
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
