"""One reading of an answer, or none: what other readers let pass is refused."""

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediate.transport.lean.answer import MAX_HEAD, Answer, Reader
from remediate.transport.watch import MAX_ANSWER, NotHttpError, PackedError, TooMuchError

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"

CHUNKED = b"HTTP/1.1 500 No\r\nTransfer-Encoding: Chunked\r\n\r\n"


def read(data: bytes, piece: int = 65536) -> Answer | None:
    reader = Reader()
    for start in range(0, len(data), piece):
        answer = reader.feed(data[start : start + piece])
        if answer is not None:
            return answer
    return None


@pytest.mark.parametrize("piece", [1, 7, 65536])
@pytest.mark.parametrize(
    ("data", "status", "body", "keeps"),
    [
        (FINE, 200, b"<a/>", True),
        (FINE.replace(b" OK", b""), 200, b"<a/>", True),
        (FINE.replace(b"OK", b"OK\r\nConnection: Close"), 200, b"<a/>", False),
        (FINE.replace(b"1.1", b"1.0"), 200, b"<a/>", False),
        (FINE.replace(b"1.1 200 OK", b"1.0 200 OK\r\nConnection: Keep-Alive"), 200, b"<a/>", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + FINE, 200, b"<a/>", True),
        (b"HTTP/1.1 204 None\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 401 No\r\ncontent-length:0\r\n\r\n", 401, b"", True),
        (CHUNKED + b"2\r\n<a\r\n02;x=y\r\n/>\r\n0\r\n\r\n", 500, b"<a/>", True),
    ],
)
def test_what_is_read(data: bytes, status: int, body: bytes, keeps: bool, piece: int) -> None:
    answer = read(data, piece)
    assert answer is not None
    assert (answer.status, answer.body, answer.keeps) == (status, body, keeps)
    assert read(data[:-1], piece) is None


def test_who_says_more_than_was_asked_is_not_asked_again() -> None:
    answer = read(FINE + b"HTTP")
    assert answer is not None
    assert not answer.keeps


def with_(field: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return f"{status}\r\n{field}\r\n\r\n<a/>".encode("latin-1")


@pytest.mark.parametrize("piece", [1, 65536])
@pytest.mark.parametrize(
    "data",
    [
        with_("Content-Length: +4"),
        with_("Content-Length: 4, 4"),
        with_("Content-Length: 4\r\nContent-Length: 4"),
        with_("Content-Length: 4\r\nContent-Length: 5"),
        with_("Content-Length: 0x4"),
        with_("Content-Length: ²"),
        with_("Content-Length: "),
        with_("Content-Length: -0"),
        with_("Content-Length : 4"),
        with_("Content-Length: 4\r\n folded"),
        with_("Content-Length: 4\r\nno colon"),
        with_("Content-Length: 4\r\nX: a\0b"),
        with_("Content-Length: 4\r\nX: a\rb"),
        with_("Content-Length: 4\nX: y"),
        with_("Content-Length: 4\r\nTransfer-Encoding: chunked"),
        with_("Transfer-Encoding: chunked", "HTTP/1.0 200 OK"),
        with_("Transfer-Encoding: chunked", "HTTP/1.1 204 None"),
        with_("X: no length"),
        with_("Content-Length: 4", "HTTP/1.1 204 None"),
        with_("Content-Length: 4", "HTTP/1.1 101 Other"),
        with_("Content-Length: 4", "HTTP/1.2 200 OK"),
        with_("Content-Length: 4", "HTTP/1.1  200 OK"),
        with_("Content-Length: 4", "HTTP/1.1 020 OK"),
        with_("Content-Length: 4", "HTTP/1.1 2000"),
        b"\r\n" + FINE,
        FINE.replace(b"\r\n", b"\n"),
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        with_("Transfer-Encoding: chunked\r\n\r\n-1"),
        with_("Transfer-Encoding: chunked\r\n\r\n4\r\n<a/>x"),
        with_("Transfer-Encoding: chunked\r\n\r\n0\r\nX: trailer"),
        with_(f"Transfer-Encoding: chunked\r\n\r\n4;{'x' * 300}"),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD,
    ],
)
def test_what_two_readers_could_take_for_two_things_is_refused(data: bytes, piece: int) -> None:
    with pytest.raises(NotHttpError):
        read(data, piece)


def test_a_body_that_would_have_to_be_unpacked_is_not_waited_for() -> None:
    with pytest.raises(PackedError):
        read(with_("Content-Encoding: gzip"))


@pytest.mark.parametrize("head", ["Content-Length: 1048577", "Transfer-Encoding: chunked"])
def test_an_answer_has_an_end(head: str) -> None:
    with pytest.raises(TooMuchError):
        read(with_(head)[:-4] + b"FFFFFF\r\n" + b"x" * MAX_ANSWER)


_LINES = st.sampled_from(
    [
        "Content-Length: 4",
        "Content-Length: 04",
        "content-length:\t4 ",
        "Content-Length: 4, 4",
        "Content-Length: 5",
        "Content-Length: +4",
        "Content-Length : 4",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Connection: close",
        "Connection: keep-alive",
        "X: y",
        "X:",
        " folded",
        "",
        "x",
        ": x",
        "X: \x7f",
        "Server: Microsoft-HTTPAPI/2.0",
    ]
)
_ANSWERS = st.builds(
    lambda first, lines, body, change: _changed(
        "\r\n".join((first, *lines, "", "")).encode("latin-1") + body, *change
    ),
    st.sampled_from(
        ["HTTP/1.1 200 OK", "HTTP/1.1 500 No", "HTTP/1.0 200 OK", "HTTP/1.1 401", "HTTP/1.1 204 x"]
    ),
    st.lists(_LINES, min_size=1, max_size=4),
    st.sampled_from(
        [b"<a/>", b"", b"<a/>more", b"4\r\n<a/>\r\n0\r\n\r\n", b"2\r\n<a\r\n2\r\n/>\r\n00\r\n\r\n"]
    ),
    st.tuples(st.integers(0, 200), st.binary(max_size=2), st.integers(0, 2)),
)


def _changed(data: bytes, at: int, by: bytes, gone: int) -> bytes:
    return data[:at] + by + data[at + gone :] if at % 3 else data


def _by_h11(data: bytes) -> tuple[int, bytes] | None:
    """What h11 makes of the same bytes, when they are whole and it takes them."""
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    talk.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
    talk.send(h11.EndOfMessage())
    try:
        talk.receive_data(data)
        status, body = 0, b""
        while True:
            event = talk.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None


@settings(max_examples=100, deadline=None)
@given(data=_ANSWERS, piece=st.sampled_from([1, 5, 65536]))
def test_what_we_take_h11_takes_for_the_same(data: bytes, piece: int) -> None:
    try:
        answer = read(data, piece)
    except (NotHttpError, PackedError, TooMuchError):
        return
    if answer is not None:
        assert _by_h11(data) == (answer.status, answer.body)
