"""Two opinions of the same bytes: our wire and pypsrp say the same, or both that it is nothing."""

from collections import Counter
from collections.abc import Callable, Generator
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pypsrp.exceptions import WinRMTransportError

from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.powershell.messages import Reply
from remediate.transport import errors
from remediate.transport.conversation import Bounds, Conversation
from remediate.transport.dialing import Dialer
from remediate.transport.kerberos import Tickets
from remediate.transport.lean.client import LeanClient
from remediate.transport.markup import look_at
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpSession, PsrpTransport
from remediate.transport.settings import quiet
from remediate.transport.stream import SocketStream, Step
from remediate.transport.watch import OutOfTimeError, StatusError, Watch
from remediate.transport.wires import VARIABLE, WireName
from remediate.transport.wsman import Client
from tests.transport.lean.canned import NAME, REPLY, REQUEST, STORIES, changeable, garbled
from tests.transport.scripted import HANG_UP, Last, Scripted, ok

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC, user="ada")
NOT_HTTP = "its answer is not HTTP ("
ANSWERED = ["an audit", "in pieces", "beside much"]
STRICT = {
    "it answers with a message of another kind": "the action of an answer",
    "it says a thing twice": "what is said twice",
    "it wants something understood that is not known here": "mustUnderstand",
    "it sends data that is no base64": "base64 with other characters in it",
    "it sends what another command has put out": "the command of a stream",
    "it sends what another pipeline says": "the pipeline of a message",
    "it sends a message to somebody else": "the pool and the receiver of a message",
    "it sends fragments out of order": "whether a message begins where it has to",
    "it mixes the fragments of messages": "which message a fragment is of",
    "it sends a fragment that is cut off": "the length of a fragment",
    "it answers HTTP 500 without an explanation": "bytes of a fault that are not UTF-8",
    "it does not say what command it has begun": "the name of a command",
    "its command ends, and the pipeline does not": "the state of a command",
    "it speaks another PSRP": "the version of PSRP",
    "it does not say what shell it has made": "the name of a shell",
}
"""What is an error for our wire, in its words, and what the other wire does not look at for it."""


class Told:
    """HTTP to a host that tells a story, whatever it is asked, a second for each answer."""

    def __init__(self, wire: WireName, answers: list[tuple[int, bytes]], watch: Watch) -> None:
        self._wire = wire
        self._answers = iter(answers)
        self._watch = watch
        self.now = 0.0
        self.endpoint = HOST.url

    def send(self, message: bytes, **_: object) -> bytes:
        self.now += 1
        if self._watch.deadline.left <= 0:
            raise OutOfTimeError
        self._watch.sent = self._watch.heard = self._watch.accepted = True
        status, document = next(self._answers, (0, b""))
        if status == 0:
            raise ConnectionResetError
        look_at(document)
        if status == 200:
            return document
        if self._wire is WireName.LEAN:
            raise StatusError(status, document)
        raise WinRMTransportError("http", status, document.decode(errors="replace"))

    def reset(self) -> None:
        pass

    def carry(self, message: bytes) -> Generator[Step, None, bytes]:
        yield from ()
        return self.send(message)

    def forget(self) -> Generator[Step, None, None]:
        yield from ()


Outcome = Reply | errors.TransportError


def told_to(wire: WireName, answers: list[tuple[int, bytes]]) -> Outcome:
    """What a session makes of a story."""
    told: list[Told] = []
    quiet()

    def client(watch: Watch) -> Any:
        secret, tickets = SecretStr("x"), Tickets()
        told.append(Told(wire, answers, watch))
        if wire is WireName.LEAN:
            lean = LeanClient(HOST, secret, watch, tickets)
            lean._exchanges = told[0]  # type: ignore[assignment]
            return lean
        return Client(HOST, told[0], watch)  # type: ignore[arg-type]

    def now() -> float:
        return told[0].now if told else 0.0

    with (
        mock.patch("uuid.uuid4", return_value=NAME),
        mock.patch.dict("os.environ", {VARIABLE: wire}),
    ):
        bounds = Bounds(pause=lambda _: None, clock=now, close_within=5)
        stream = SocketStream(HOST, Dialer(), None)  # over which nothing goes
        session = PsrpSession(Conversation(HOST, client, stream, bounds), 100_000)
        try:
            return session.run("# script", REQUEST, Deadline(20, now))
        except errors.TransportError as error:
            return error
        finally:
            session.close()


def words(outcome: Outcome) -> object:
    if isinstance(outcome, Reply):
        return outcome
    return type(outcome), str(outcome), outcome.hint, outcome.partial


@pytest.mark.parametrize("name", STORIES)
def test_what_windows_says_means_the_same_by_both_wires(name: str) -> None:
    answers = [(each.status, each.document()) for each in STORIES[name]]
    lean, other = (told_to(wire, answers) for wire in WireName)
    assert words(lean) == words(other)
    assert isinstance(lean, Reply) is (name in ANSWERED)
    assert not isinstance(lean, Reply) or lean == REPLY


def test_a_blank_in_a_namespace_leaves_it_xml() -> None:
    """It stood for where a namespace ends, and expat refuses a document that has it elsewhere."""
    made, *others = STORIES["an audit"]
    blank = made.document().replace(b'xmlns:x="http:', b'xmlns:x="ht p:')
    answers = [(200, blank), *((each.status, each.document()) for each in others)]
    lean, other = (told_to(wire, answers) for wire in WireName)
    assert judged(lean, other) == "an answer of pypsrp's only: the name of a shell"


@st.composite
def changes(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Something that may become of bytes on their way."""
    kind = draw(st.sampled_from(["bit"] * 6 + ["cut", "byte", "bytes", "drop", "twice", "swap"]))
    where, length = draw(st.floats(0, 1)), draw(st.integers(1, 60))
    byte = draw(st.integers(0, 255))

    def change(data: bytes) -> bytes:
        at = min(int(where * len(data)), max(0, len(data) - 1))
        piece = data[at : at + length]
        return {
            "bit": data[:at] + bytes([data[at] ^ 1 << byte % 8]) + data[at + 1 :],
            "cut": data[:at],
            "byte": data[:at] + bytes([byte]) + data[at + 1 :],
            "bytes": data[:at] + bytes([byte]) * length + data[at:],
            "drop": data[:at] + data[at + length :],
            "twice": data[:at] + piece + data[at:],
            "swap": data[:at] + piece[::-1] + data[at + length :],
        }[kind]

    return change


def compared(count: int) -> Counter[str]:
    """Tell many garbled stories to both wires; returns how often they came to what."""
    came: Counter[str] = Counter()

    @settings(max_examples=count, deadline=None, database=None)
    @given(st.sampled_from([*ANSWERED * 8, *sorted(STORIES)]), st.integers(0, 2**16), changes())
    def tell(name: str, at: int, change: Callable[[bytes], bytes]) -> None:
        story = STORIES[name]
        answers = garbled(story, at % changeable(story), change)
        lean, other = (told_to(wire, answers) for wire in WireName)
        came[judged(lean, other)] += 1

    tell()
    return came


def judged(lean: Outcome, other: Outcome, *, over_http: bool = False) -> str:
    """What two outcomes of the same bytes come to; none may be that one of the wires lies."""
    if isinstance(lean, Reply) and isinstance(other, Reply):
        assert lean == other
        return "the same answer"
    if isinstance(lean, Reply):
        assert lean == REPLY  # the other wire reads also what is passed over
        return "an answer of ours only, and that a true one"
    if isinstance(other, Reply):
        if over_http and lean.detail.startswith(NOT_HTTP):
            return "an answer of pypsrp's only: HTTP that can be read in two ways"
        return f"an answer of pypsrp's only: {STRICT[lean.detail]}"
    return "an error of both"


def test_no_garbled_conversation_is_two_answers(
    record_property: Callable[[str, object], None],
) -> None:
    for what, times in compared(60).items():
        record_property("both wires: " + what, times)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_garbled_conversation_of_a_thousand_is_two_answers(
    record_property: Callable[[str, object], None],
) -> None:
    for what, times in compared(1000).items():
        record_property("both wires: " + what, times)


def over_http(wire: WireName, answers: list[bytes]) -> Outcome:
    """What a session makes of the bytes that come over its connection."""
    with (
        Scripted(*answers) as server,
        mock.patch("uuid.uuid4", return_value=NAME),
        mock.patch.dict("os.environ", {VARIABLE: wire}),
    ):
        host = HOST.model_copy(update={"port": server.port})
        transport = PsrpTransport(lambda _: SecretStr("x"), pause=lambda _: None, close_within=0.5)
        session = transport.session(host)
        try:
            return session.run("# script", REQUEST, Deadline(60))
        except errors.TransportError as error:
            return error
        finally:
            session.close()


@pytest.mark.parametrize(
    "left",
    [
        HANG_UP,
        Last(b"HTTP/1"),
        Last(b"HTTP/1.1 401 No\r\nWWW-Authentic"),
        Last(b"HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nhalf"),
        Last(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
    ],
    ids=["nothing", "a word", "half a head", "half a 401", "half an answer"],
)
def test_a_connection_that_ends_as_somebody_asks_over_it_is_lost_by_both_wires_alike(
    left: bytes,
) -> None:
    """Only Receive is asked again: who sends the sooner after an answer meets an end more often."""
    story = [ok(each.document()) for each in STORIES["an audit"]]
    came = []
    for at in range(len(story)):
        told = [*story[:at], left, *story[at:]]
        lean, other = (over_http(wire, told) for wire in WireName)
        assert words(lean) == words(other)
        assert getattr(lean, "after_send", None) == getattr(other, "after_send", None)
        came.append(type(lean))
    lost = errors.ConnectionLost
    assert came == [lost, Reply, Reply, lost, Reply, Reply]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_of_a_thousand_faults_of_single_bytes_none_makes_an_answer_of_what_is_none(
    record_property: Callable[[str, object], None],
) -> None:
    came: Counter[str] = Counter()

    @settings(max_examples=1000, deadline=None, database=None)
    @given(st.sampled_from(ANSWERED), st.integers(0, 2**16), changes())
    def tell(name: str, at: int, change: Callable[[bytes], bytes]) -> None:
        told = [ok(each.document(), f"{each.status} X") for each in STORIES[name]]
        told[at % len(told)] = Last(change(told[at % len(told)]))
        lean, other = (over_http(wire, [*told]) for wire in WireName)
        came[judged(lean, other, over_http=True)] += 1

    tell()
    for what, times in came.items():
        record_property("both wires: " + what, times)
