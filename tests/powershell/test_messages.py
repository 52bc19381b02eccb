"""Requests and replies survive the way, and nothing else is taken for them."""

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.model.computer import Computer
from remediate.model.plan import HostFacts
from remediate.powershell import messages
from remediate.powershell.messages import (
    Call,
    CallResult,
    MalformedReplyError,
    Reply,
    Request,
    Status,
    decode_part,
    decode_reply,
    end_marker,
)

FACTS = HostFacts(
    computer=Computer(name="SRV01", guid="0f"),
    powershell="5.1",
    os="10.0",
    culture="ko-KR",
    utc="2026",
)
CALLS = tuple(Call(id=id_, function="Get-RemediateThing", seconds=10) for id_ in "abc")
REQUEST = Request(run="run-1", calls=CALLS, computer=FACTS.computer, seconds=15)
REPLY = Reply(
    host=FACTS, calls=tuple(CallResult(id=id_, status=Status.OK, value=["x"]) for id_ in "abc")
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_a_request_arrives_as_it_was_made(arguments: dict[str, object]) -> None:
    call = Call(id="a", function="Get-RemediateThing", arguments=arguments)  # type: ignore[arg-type]
    computer = Computer(name="=SRV_1", guid="0f")
    request = Request(run="r", calls=(call,), computer=computer, seconds=15)
    text = request.encode()
    assert Request.decode(text) == request
    assert all(" " <= character <= "~" and character != "_" for character in text)


def test_no_string_looks_like_a_date_on_the_way() -> None:
    call = Call(id="a", function="f", arguments={"x": ["2026-01-01T00:00:00Z"], "y": {"z": "q"}})
    document = json.loads(Request(run="r", calls=(call,)).encode())
    assert document["calls"][0]["arguments"] == {"x": ["=2026-01-01T00:00:00Z"], "y": {"z": "=q"}}


def packed(document: str) -> str:
    return "gzip:" + base64.b64encode(gzip.compress(document.encode())).decode()


LINES = REPLY.encode(REQUEST).split("\n")


@given(st.sets(st.integers(1, len(LINES) - 1)), st.lists(st.booleans(), min_size=9))
def test_a_reply_is_read_in_however_many_parts_it_comes(cuts: set[int], gzip: list[bool]) -> None:
    """The host puts lines out when it has kept them long enough, packed or not."""
    ends = [*sorted(cuts), len(LINES)]
    parts = ["\n".join(LINES[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    outputs = [packed(part) if pack else part for part, pack in zip(parts, gzip, strict=False)]
    assert decode_reply(outputs, REQUEST) == REPLY


@given(st.integers(0, len(LINES) - 2))
def test_what_was_answered_before_a_host_fell_silent_counts(answered: int) -> None:
    part = decode_part(["\n".join(LINES[: 1 + answered])], REQUEST)
    assert part is not None
    assert part.host == FACTS
    assert part.calls[:answered] == REPLY.calls[:answered]
    assert {result.status for result in part.calls[answered:]} <= {Status.UNANSWERED}
    assert [result.id for result in part.calls] == ["a", "b", "c"]


def test_of_a_host_that_answered_nothing_there_is_no_part() -> None:
    assert decode_part([], REQUEST) is None
    with pytest.raises(MalformedReplyError):
        decode_part(["something else"], REQUEST)


WHOLE = REPLY.encode(REQUEST)
BODY = WHOLE.removesuffix(end_marker(REQUEST))


@pytest.mark.parametrize(
    "text",
    [
        "",
        BODY,
        WHOLE[:-1],
        WHOLE + " ",
        end_marker(REQUEST),
        WHOLE.replace("run-1", "run-2"),
        "null\n" + end_marker(REQUEST),
        "[]\n" + end_marker(REQUEST),
        "{}\n" + end_marker(REQUEST),
        WHOLE.replace('"version":2', '"version":1'),
        "\n".join([*LINES[:2], LINES[-1]]),
        "\n".join([LINES[0], LINES[2], LINES[1], *LINES[3:]]),
        WHOLE.replace('"id":"a"', '"id":"b"'),
        WHOLE.replace('"ok"', '"fine"'),
        WHOLE.replace('"ms":0', '"ms":0,"extra":1'),
        "[" * 100_000 + "\n" + end_marker(REQUEST),
        WHOLE.replace('"ms":0', '"ms":' + "1" * 5_000),
        "gzip:",
        "gzip:!!!",
        "gzip:aGVsbG8=",
        packed(WHOLE).replace("gzip:H4sI", "gzip:H4sJ"),
    ],
)
def test_anything_else_is_no_reply(text: str) -> None:
    """A cut-off, foreign or damaged text is an error, never a success."""
    with pytest.raises(MalformedReplyError):
        decode_reply([text], REQUEST)


@given(st.integers(0, len(WHOLE) - 1))
def test_no_beginning_of_a_reply_is_a_reply(length: int) -> None:
    with pytest.raises(MalformedReplyError):
        decode_reply([WHOLE[:length]], REQUEST)


def test_a_reply_that_unpacks_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_REPLY", 1_000_000)
    with pytest.raises(MalformedReplyError, match="too much"):
        decode_reply([packed(" " * 2_000_000)], REQUEST)


@pytest.mark.parametrize("needs", [("b",), ("a",)])
def test_a_call_needs_only_what_is_before_it(needs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="not before it"):
        Request(run="r", calls=(Call(id="a", function="f", needs=needs),))
