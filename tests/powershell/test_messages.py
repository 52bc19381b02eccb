"""Requests and replies survive the way, and nothing else is taken for them."""

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.model.plan import HostFacts
from remediate.powershell import messages
from remediate.powershell.messages import (
    Call,
    CallResult,
    MalformedReplyError,
    Reply,
    Request,
    Status,
    decode_reply,
    end_marker,
)

FACTS = HostFacts(computer="SRV01", powershell="5.1", os="10.0", culture="ko-KR", utc="2026")
REQUEST = Request(run="run-1", calls=(Call(id="a", function="Get-RemediateThing"),))
REPLY = Reply(host=FACTS, calls=(CallResult(id="a", status=Status.OK, value=["x"]),))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_a_request_arrives_as_it_was_made(arguments: dict[str, object]) -> None:
    call = Call(id="a", function="Get-RemediateThing", arguments=arguments)  # type: ignore[arg-type]
    request = Request(run="r", calls=(call,))
    text = request.encode()
    assert Request.decode(text) == request
    assert all(" " <= character <= "~" and character != "_" for character in text)


def test_no_string_looks_like_a_date_on_the_way() -> None:
    call = Call(id="a", function="f", arguments={"x": ["2026-01-01T00:00:00Z"], "y": {"z": "q"}})
    document = json.loads(Request(run="r", calls=(call,)).encode())
    assert document["calls"][0]["arguments"] == {"x": ["=2026-01-01T00:00:00Z"], "y": {"z": "=q"}}


def test_a_reply_is_read() -> None:
    assert decode_reply(REPLY.encode(REQUEST), REQUEST) == REPLY


def packed(document: str) -> str:
    return (
        "gzip:" + base64.b64encode(gzip.compress(document.encode())).decode() + end_marker(REQUEST)
    )


def test_a_packed_reply_is_read() -> None:
    plain = REPLY.encode(REQUEST).removesuffix(end_marker(REQUEST))
    assert decode_reply(packed(plain), REQUEST) == REPLY


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
        "null" + end_marker(REQUEST),
        "[]" + end_marker(REQUEST),
        "{}" + end_marker(REQUEST),
        WHOLE.replace('"version":1', '"version":2'),
        WHOLE.replace('"id":"a"', '"id":"b"'),
        WHOLE.replace('"ok"', '"fine"'),
        WHOLE.replace('"ms":0', '"ms":0,"extra":1'),
        "[" * 100_000 + end_marker(REQUEST),
        WHOLE.replace('"ms":0', '"ms":' + "1" * 5_000),
        "gzip:" + end_marker(REQUEST),
        "gzip:!!!" + end_marker(REQUEST),
        "gzip:aGVsbG8=" + end_marker(REQUEST),
        packed(BODY).replace("gzip:H4sI", "gzip:H4sJ"),
    ],
)
def test_anything_else_is_no_reply(text: str) -> None:
    """A cut-off, foreign or damaged text is an error, never a success."""
    with pytest.raises(MalformedReplyError):
        decode_reply(text, REQUEST)


@given(st.integers(0, len(WHOLE) - 1))
def test_no_beginning_of_a_reply_is_a_reply(length: int) -> None:
    with pytest.raises(MalformedReplyError):
        decode_reply(WHOLE[:length], REQUEST)


def test_a_reply_that_unpacks_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_REPLY", 1_000_000)
    with pytest.raises(MalformedReplyError, match="too much"):
        decode_reply(packed(" " * 2_000_000), REQUEST)


@pytest.mark.parametrize("needs", [("b",), ("a",)])
def test_a_call_needs_only_what_is_before_it(needs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="not before it"):
        Request(run="r", calls=(Call(id="a", function="f", needs=needs),))
