"""What our wire takes for an answer of a host, and what it does not."""

import pytest

from remediate.powershell.messages import Reply
from remediate.transport import errors
from remediate.transport.lean.clixml import string_in, text_of
from remediate.transport.lean.faults import MessageError
from remediate.transport.lean.framing import Joiner
from remediate.transport.lean.reading import MAX_DEPTH
from remediate.transport.lean.soap import fault_in, related
from remediate.transport.markup import MAX_LENGTH, MAX_TAGS, OverloadedMarkupError
from remediate.transport.wires import WireName
from tests.transport.lean.canned import (
    ENDED,
    HALVES,
    NAME,
    PUT_OUT,
    REPLY,
    SAID,
    STATE,
    TEXT,
    Answer,
    fault,
    fragment,
    number,
    obj,
    received,
    story,
)
from tests.transport.lean.test_both_wires import told_to

OTHER = SAID[::-1].replace("-", "0").encode()[:36]
FINE = received(PUT_OUT, ENDED, done=True)


def outcome(last: Answer, before: bytes = b"", after: bytes = b"") -> Reply | errors.TransportError:
    """What comes of a run whose last Receive is answered so, with one text changed in it."""
    answers = [(each.status, each.document()) for each in story(last)]
    status, document = answers[-2]
    assert before in document
    answers[-2] = status, document.replace(before, after)
    return told_to(WireName.LEAN, answers)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (b"RelatesTo>uuid:" + SAID.encode(), b"RelatesTo>uuid:" + OTHER, "not asked"),
        (b"a:RelatesTo", b"a:Relates", "not asked"),
        (b"ReceiveResponse</a:Action>", b"SendResponse</a:Action>", "of another kind"),
        (b"<a:To>", b"<a:Action>x</a:Action><a:To>", "a thing twice"),
        (b"<a:To>", b'<a:From s:mustUnderstand="true"/><a:To>', "not known here"),
        (b'Name="stdout"', b'Name="stderr"', "a stream"),
        (b'Name="stdout" CommandId="' + SAID.encode(), b'Name="stdout" CommandId="X', "another"),
        (b"AAAAAAAAAAQ", b"AAAAAAAA!AQ", "no base64"),
        (b"AAAAAAAAAAQ", b"AAAAAAAA!AAQ", "no base64"),
        (b"</s:Envelope>", b"", "not XML"),
        (b"<s:Envelope", b"<!DOCTYPE a><s:Envelope", "would grow"),
    ],
)
def test_what_is_no_answer_to_what_was_asked(before: bytes, after: bytes, says: str) -> None:
    error = outcome(FINE, before, after)
    assert type(error) is errors.ProtocolError
    assert says in error.detail
    assert error.after_send


def test_what_another_library_has_asked_is_not_answered_by_anything_else() -> None:
    asked = FINE.document()  # it names itself as it names what it answers
    assert related(asked, asked) == asked
    for other in (asked.replace(b"RelatesTo>uuid:", b"RelatesTo>uuid:0"), b"<a/>"):
        with pytest.raises(MessageError, match="not asked"):
            related(asked, other)


def test_a_command_is_the_one_that_was_asked_for() -> None:
    answers = [(each.status, each.document()) for each in story(FINE)]
    asked = b"CommandId>" + SAID.encode()
    changed = [(status, text.replace(asked, b"CommandId>" + OTHER)) for status, text in answers]
    assert changed != answers
    error = told_to(WireName.LEAN, changed)
    assert type(error) is errors.ProtocolError
    assert "what command it has begun" in error.detail


def test_what_need_not_be_understood_is_passed_over() -> None:
    more = b'<a:From s:mustUnderstand="false"/><q xmlns="urn:x"><Stream Name="q"/></q><a:To>'
    assert outcome(FINE, b"<a:To>", more) == REPLY


def put(at: int, value: bytes, data: bytes = PUT_OUT) -> bytes:
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize(
    ("fragments", "says"),
    [
        ([put(25, b"\x04\x10\x05\x00"), ENDED], "unknown kind"),
        ([put(21, b"\x02"), ENDED], "somebody else"),
        ([put(29, b"\0\0\0\0"), ENDED], "somebody else"),
        ([put(45, b"\0\0\0\0"), ENDED], "another pipeline"),
        ([put(16, b"\x02"), ENDED], "out of order"),
        ([put(16, b"\x01"), ENDED], "out of order"),
        ([HALVES[0], *HALVES[2:], ENDED], "out of order"),
        ([HALVES[0], put(7, b"\x05", HALVES[1]), *HALVES[2:], ENDED], "mixes"),
        ([PUT_OUT[:-1]], "cut off"),
        ([PUT_OUT[:20]], "cut off"),
        ([PUT_OUT, fragment(9, STATE, obj(number("PipelineState", 9)))], "how its pipeline is"),
        ([PUT_OUT], "the pipeline does not"),
    ],
)
def test_fragments_and_messages_that_are_none(fragments: list[bytes], says: str) -> None:
    error = outcome(received(*fragments, done=True))
    assert type(error) is errors.ProtocolError
    assert says in error.detail


def test_a_long_message_comes_in_as_many_fragments_and_answers_as_it_likes() -> None:
    joiner = Joiner(NAME)
    assert [list(joiner.take(piece)) for piece in HALVES[:-1]] == [[]] * (len(HALVES) - 1)
    [message] = joiner.take(HALVES[-1])
    assert string_in(message.body, MAX_TAGS)[0] == TEXT


@pytest.mark.parametrize(
    "text",
    ["", "a\r\n\t_x000A_ _X000A_ __x", "Gr\xf6\xdfe \U0001f600 \x7f\x9f", "]]> & <S> 'a' \"b\""],
)
def test_a_string_is_read_as_it_was_written(text: str) -> None:
    assert string_in(f"<S>{text_of(text)}</S>".encode(), MAX_TAGS) == (text, 2)


def test_half_a_character_is_no_string() -> None:
    with pytest.raises(MessageError, match="a string"):
        string_in(b"<S>_xD83D_</S>", MAX_TAGS)


@pytest.mark.parametrize(
    "document",
    [
        b"<a>" + b"<b/>" * MAX_TAGS + b"</a>",
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a><b>" + b"x" * MAX_LENGTH + b"</b></a>",
        b'<!DOCTYPE a [<!ENTITY e "eeee">]><a>&e;</a>',
    ],
    ids=["tags", "depth", "length", "entities"],
)
def test_what_would_grow_in_reading_is_not_read(document: bytes) -> None:
    with pytest.raises(OverloadedMarkupError):
        string_in(document, MAX_TAGS)


@pytest.mark.parametrize(
    ("document", "code", "reason"),
    [
        (
            fault("Create", "QuotaLimit", 2150859173, "Too many. ").document(),
            2150859173,
            "Too many.",
        ),
        (fault("Create", "QuotaLimit", 5, "").document(), 5, "Refused."),
        (
            fault("X", "TimedOut", 5, "").document().replace(b' Code="5"', b""),
            "w:TimedOut",
            "Refused.",
        ),
        (b"<html><body>No.</body></html>", None, ""),
    ],
    ids=["of Windows", "without words", "without a number", "a page"],
)
def test_a_fault_is_told_by_number_and_words(
    document: bytes, code: int | str | None, reason: str
) -> None:
    seen = fault_in(document)
    assert seen is not None
    assert (seen.code, seen.reason) == (code, reason)
    assert fault_in(document[:-1]) is None
