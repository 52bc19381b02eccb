"""Brings files to a host before the change that needs them, beside what they will replace.

Nothing that is in use is touched. What has arrived stays when the rest does not, and a later run
sends only what is missing. Each request is bounded, in memory and for Windows.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

from remediate.engine.effects import Ask, Fetch, Part, SourceFailed, ask
from remediate.engine.observation import call_problem
from remediate.engine.order import Order
from remediate.model.base import JsonValue
from remediate.model.change import Change
from remediate.model.content import FileEntry, Piece
from remediate.model.event import Phase
from remediate.model.problem import Problem
from remediate.powershell.messages import Call, Reply, Request, Status
from remediate.resources.base import resource_type
from remediate.resources.content import CONTENT_WRITER, Folder
from remediate.transport.errors import TransportError

BATCH = 1_400_000
"""Bytes of content in one request: base64 makes three bytes four, of `MAX_REQUEST` characters."""

_PER_PIECE, _PER_LETTER = 300, 6
"""Characters that a piece costs besides its content, and at most for each one of its path."""

_LEVEL = 1
_GZIP_WINDOW = 31
_WORTH = 0.9
_NONSENSE = Problem(
    code="protocol_error",
    message="the host gave an answer that makes no sense",
    hint="Run it again with --debug, and report what that shows.",
)
_KEPT = "What has arrived stays beside it, and the next run sends only what is missing."


Staging = tuple[tuple[str, Folder, Request], ...]
"""What has to be brought to a host: whose playbook it is for, the files, and what begins it."""


def folders(work: Order, changes: Sequence[Change]) -> Staging:
    """What some changes need to be brought to the host before.

    Args:
        work: what is to be done on the host.
        changes: what is going to be written.
    """
    needed = (
        (change.playbook, resource_type(change.resource.kind).content(change))
        for change in changes
        if change.playbook in work.supplies
    )
    return tuple(
        (playbook, folder, _start(work, folder))
        for playbook, folder in needed
        if folder is not None
    )


def stage(work: Order, staging: Staging) -> Part[Problem | None]:
    """Bring files to the host; the problem, if that failed."""
    for playbook, folder, begin in staging:
        problem = yield from _fill(work, playbook, folder, begin)
        if problem is not None:
            return problem.model_copy(update={"hint": f"{problem.hint} {_KEPT}".strip()})
    return None


def _fill(work: Order, playbook: str, folder: Folder, begin: Request) -> Part[Problem | None]:
    answer = yield from ask(Ask(begin, Phase.STAGE))
    result = _value(work, answer, "preparing the staging folder failed")
    if isinstance(result, Problem):
        return result
    begun = _begun(result, folder)
    if begun is None:
        return _NONSENSE
    name, missing = begun
    for batch, ahead in pairwise(chain(batches(missing), [()])):
        fetched = yield from ask(Fetch(playbook, batch, ahead))
        if isinstance(fetched, SourceFailed):
            return fetched.problem
        answer = yield from ask(Ask(_add(work, folder, name, batch, fetched.data), Phase.STAGE))
        result = _value(work, answer, "sending files to the host failed")
        if isinstance(result, Problem):
            return result
    return None


def batches(missing: Sequence[tuple[FileEntry, int]], most: int = BATCH) -> Iterator[list[Piece]]:
    """What is missing, in pieces, as many at a time as one request takes.

    Args:
        missing: files, and how many bytes of each are there already.
        most: bytes of a request.
    """
    batch: list[Piece] = []
    room = most
    for file, have in missing:
        offset, cost = have, piece_cost(file)
        while True:
            if room <= cost:
                yield batch
                batch, room = [], most
            length = min(file.size - offset, room - cost)
            batch.append(Piece(file=file, offset=offset, length=length))
            room -= length + cost
            offset += length
            if offset >= file.size:
                break
    if batch:
        yield batch


def piece_cost(file: FileEntry) -> int:
    """What a piece of a file takes in a request besides its content."""
    return _PER_PIECE + _PER_LETTER * len(file.path)


def packed(data: bytes) -> dict[str, JsonValue]:
    """Bytes as text in JSON, compressed where that pays."""
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
    smaller = packer.compress(data) + packer.flush()
    gzip = len(smaller) < _WORTH * len(data)
    return {"gzip": gzip, "data": base64.b64encode(smaller if gzip else data).decode("ascii")}


def _start(work: Order, folder: Folder) -> Request:
    arguments: dict[str, JsonValue] = {
        "path": folder.path,
        "digest": folder.manifest.digest,
        "files": [file.model_dump(mode="json") for file in folder.manifest.files],
        "stale": work.settings.lease_seconds,
    }
    return _request(work, "Start-RemediateStage", arguments)


def _add(
    work: Order, folder: Folder, name: str, batch: Sequence[Piece], data: Sequence[bytes]
) -> Request:
    pieces: list[JsonValue] = [
        {
            "path": piece.file.path,
            "offset": piece.offset,
            "length": piece.length,
            "sha256": hashlib.sha256(content).hexdigest(),
            "last": piece.last,
            "whole": piece.file.sha256,
            **packed(content),
        }
        for piece, content in zip(batch, data, strict=True)
    ]
    arguments: dict[str, JsonValue] = {"path": folder.path, "folder": name, "pieces": pieces}
    return _request(work, "Add-RemediateContent", arguments)


def _request(work: Order, function: str, arguments: dict[str, JsonValue]) -> Request:
    return work.request(
        Call(id="stage", function=function, arguments=arguments, files=CONTENT_WRITER)
    )


def _value(work: Order, answer: Reply | TransportError, doing: str) -> list[JsonValue] | Problem:
    if isinstance(answer, TransportError):
        return answer.problem()
    another = work.another(answer.host.computer)
    if another is not None:
        return another
    result = answer["stage"]
    if result.status is Status.OK:
        return result.value
    return call_problem(result.error, doing, here=work.host.here)


def _begun(
    value: list[JsonValue], folder: Folder
) -> tuple[str, list[tuple[FileEntry, int]]] | None:
    """The name of the staging folder and what is missing in it, if the host makes sense."""
    begun = value[0] if len(value) == 1 else None
    if not isinstance(begun, dict) or not isinstance(begun.get("folder"), str):
        return None
    listed = begun.get("missing")
    files = {file.path: file for file in folder.manifest.files}
    missing = []
    for one in listed if isinstance(listed, list) else ():
        file = files.get(str(one.get("path"))) if isinstance(one, dict) else None
        have = one.get("have") if isinstance(one, dict) else None
        if file is None or not isinstance(have, int) or not 0 <= have <= file.size:
            return None
        missing.append((file, have))
    return str(begun["folder"]), missing
