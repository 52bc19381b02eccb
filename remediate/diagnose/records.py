"""What a file has to say, line by line or event by event, in constant memory.

A log is looked through in blocks for what lines about errors have; only such lines become text.
Events of Windows become text, too: the name of who wrote them, their number, and their data.
"""

import codecs
import csv
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from remediate.diagnose.encoding import decode, utf16_of
from remediate.errors import RemediateError
from remediate.files import FileRefused, open_regular

SMALL = 1024 * 1024
"""Bytes of a text of which each line is compared; of a longer one, those about errors."""

_BLOCK = 128 * 1024
_LINE = 8 * 1024
"""Bytes of a line that are looked at."""

_EVENT = 256 * 1024
"""Characters of an event that are looked at."""

_EMPTY = 4096 + 65536
"""Bytes of an event log without events: a head and one chunk."""

_LEVELS = (b"WARNING", b"FATAL", b"0x800")
"""What lines about errors have in the agent's log, which has no other levels for them."""

_EARNING = (*_LEVELS, b"ERROR", b"rror", b"ailed")
_KOREAN_TOO = tuple(word.encode(codec) for word in ("오류", "실패") for codec in ("utf-8", "cp949"))
"""What lines about errors have: a level, an HRESULT, or the words error and failed; in Korean, too.

Looked for one after the other, as that is much faster than one pattern with all of them.
"""

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?Z?)?"
    r"|\d{4}-\d\d-\d\d (?:오전|오후) \d{1,2}:\d\d(?::\d\d)?"
    r"|\d{1,2}/\d{1,2}/\d{4},? \d{1,2}:\d\d(?::\d\d)?(?: [AP]M)?"
)
_AGENTS_LINE = re.compile(rb"^[0-9A-Fa-f]+\t[0-9A-Fa-f]+\t\d\d/\d\d\t", re.MULTILINE)
_AGENTS = re.compile(
    r"[0-9A-Fa-f]+\t[0-9A-Fa-f]+\t(\d\d/\d\d)\t(\d\d:\d\d:\d\d\.\d+)\t(?:[^\t]*\t){4,5}"
)
"""What is before level and message in the agent's log: nine columns, of which some may be empty."""


class FileError(RemediateError):
    """A file cannot be read for what it says. Its text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line of a log, or an event.

    Args:
        text: all of it.
        time: when, as it is written there; empty where it is not.
        said: what of it is about a cause, where that is not all.
    """

    text: str
    time: str = ""
    said: str = ""


def records(path: Path) -> Iterator[Record]:
    """The records of a file that may be about errors, in their order.

    Raises:
        FileError: it cannot be read.
    """
    try:
        with os.fdopen(open_regular(path), "rb", buffering=0) as file:
            head = file.read(_BLOCK)
            size = os.fstat(file.fileno()).st_size
            if head.startswith(b"ElfFile\0"):
                yield from _evtx(path, size)
                return
            small = size <= SMALL
            yield from _of_text(_blocks(head, file), small=small)
    except FileRefused as error:
        raise FileError(f"{path} cannot be read: {error.why}") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error


def records_of_end(data: bytes, *, cut: bool) -> Iterator[Record]:
    """The records of the end of a log.

    Args:
        data: the end.
        cut: there is more before it, so that its first line is not whole.
    """
    text = b"".join(_blocks(data, BytesIO()))
    if cut:
        text = text.partition(b"\n")[2]
    yield from map(_of_line, _whole_lines([text]))


def _blocks(head: bytes, file: Any) -> Iterator[bytes]:  # noqa: ANN401 - a raw file
    """All of a text, in UTF-8 or as it is."""
    way = utf16_of(head)
    decoder = codecs.getincrementaldecoder(way.codec)("replace") if way else None
    block = head[way.start if way else 0 :]
    while block:
        yield decoder.decode(block).encode("utf-8", "replace") if decoder else block
        block = file.read(_BLOCK)


def _of_text(blocks: Iterator[bytes], *, small: bool) -> Iterator[Record]:
    head = next(blocks, b"")
    everything = _chain(head, blocks)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"<?xml", b"<Event")):
        yield from _events(everything)
    elif _is_csv(start):
        yield from _rows(everything)
    else:
        marks = _LEVELS if _AGENTS_LINE.search(head) else _EARNING
        for line in _whole_lines(everything) if small else _earning_lines(everything, marks):
            yield _of_line(line)


def _chain(head: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _line_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, in blocks that end with a line; a line without end is cut."""
    rest = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        elif len(rest) < _LINE:
            rest += block
    if rest:
        yield rest


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in _line_blocks(blocks):
        for line in block.split(b"\n"):
            if line := line[:_LINE].strip():
                yield line


def _earning_lines(blocks: Iterable[bytes], marks: tuple[bytes, ...]) -> Iterator[bytes]:
    for block in _line_blocks(blocks):
        there = marks if block.isascii() else (*marks, *_KOREAN_TOO)
        starts = {start for mark in there for start in _starts(block, mark)}
        for start in sorted(starts):
            end = block.find(b"\n", start)
            yield block[start : min(len(block) if end < 0 else end, start + _LINE)].strip()


def _starts(block: bytes, mark: bytes) -> Iterator[int]:
    """Where lines begin that have something in them."""
    at = block.find(mark)
    while at >= 0:
        yield block.rfind(b"\n", 0, at) + 1
        end = block.find(b"\n", at)
        at = block.find(mark, end) if end >= 0 else -1


def _of_line(line: bytes) -> Record:
    text = decode(line)
    if agents := _AGENTS.match(text):
        return Record(text, " ".join(agents.groups()), text[agents.end() :])
    time = _TIME.search(text, 0, 200)
    if time is None:
        return Record(text)
    return Record(text, time[0], text[: time.start()] + text[time.end() :])


def _is_csv(start: bytes) -> bool:
    """Whether a text is an event log that was saved as CSV: its head names five columns."""
    first = start.split(b"\n", 1)[0]
    return (
        first.count(b",") in range(4, 7)
        and not first.rstrip().endswith(b".")
        and any(
            word in decode(first)
            for word in ("Event ID", "이벤트 ID", "EventID", "LevelDisplayName")
        )
    )


def _rows(blocks: Iterable[bytes]) -> Iterator[Record]:
    lines = (decode(line) + "\n" for line in _whole_lines(blocks))
    reader = csv.reader(lines)
    next(reader, None)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        text = " ".join(row)[:_EVENT]
        time = _TIME.search(text, 0, 200)
        yield Record(text, time[0] if time else "")


def _events(blocks: Iterable[bytes]) -> Iterator[Record]:
    rest = ""
    for block in _line_blocks(_cut_at_events(blocks)):
        *whole, rest = (rest + "\n".join(map(decode, block.split(b"\n")))).split("</Event>")
        for text in whole:
            begin = text.rfind("<Event ") if "<Event " in text else text.rfind("<Event>")
            if (
                begin >= 0
                and len(text) - begin <= _EVENT
                and "<!" not in text[begin:].replace("<![CDATA[", "")
            ):
                with suppress(ParseError, ValueError):
                    yield _event(fromstring(text[begin:] + "</Event>"))  # noqa: S314 - one element, with no declaration before it
        rest = rest[-_EVENT:]


def _cut_at_events(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes with a line end behind each event, as some are one line as a whole."""
    for block in blocks:
        yield block.replace(b"</Event>", b"</Event>\n")


def _event(event: Element) -> Record:
    for element in event.iter():
        element.tag = element.tag.rpartition("}")[2]
    provider, created = event.find("System/Provider"), event.find("System/TimeCreated")
    name = provider.get("Name", "") if provider is not None else ""
    time = created.get("SystemTime", "") if created is not None else ""
    number = event.findtext("System/EventID", "").strip()
    said = (text for part in event if part.tag != "System" for text in part.itertext())
    return _of_event(name, number, time, said)


def _of_event(provider: str, number: str, time: str, said: Iterable[str]) -> Record:
    text = " ".join((f"{provider} event {number}.", *filter(None, map(str.strip, said))))
    return Record(text[:_EVENT], time)


def _evtx(path: Path, size: int) -> Iterator[Record]:
    try:
        from evtx import PyEvtxParser  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise FileError(
            f"{path} is an event log as Windows keeps it, and what reads it is not installed: "
            "install remediate[evtx], or save the log as XML"
        ) from error
    damaged = FileError(f"{path} is damaged, or no event log of Windows")
    if size < _EMPTY:  # of which the reader finds no fault, and no event
        raise damaged
    try:
        for each in filter(None, PyEvtxParser(str(path)).records_json()):
            yield _of_json(json.loads(each["data"])["Event"])
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise damaged from error


def _of_json(event: dict[str, Any]) -> Record:
    """An event of the reader `evtx`: a number is one, a text, or a table with one in it."""
    system: dict[str, Any] = event.pop("System")
    number: Any = system["EventID"]
    if isinstance(number, dict):
        number = number.get("#text", "")
    provider = system["Provider"]["#attributes"].get("Name", "")
    time = system["TimeCreated"]["#attributes"].get("SystemTime", "")
    return _of_event(provider, str(number), time, _texts(event))


def _texts(value: object, name: str = "") -> Iterator[str]:
    """All texts and numbers in it, but for attributes."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "#attributes":
                yield from _texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str | int) and name != "Binary":
        yield str(value)
