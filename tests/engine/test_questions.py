"""A host that falls silent is asked again, and one question that hangs costs only itself."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from remediate.engine import questions
from remediate.engine.effects import Ask, Effect
from remediate.engine.job import Job, Settings, Task
from remediate.engine.observation import QUESTIONS_SECONDS
from remediate.engine.order import Order, Verb
from remediate.engine.planning import PlaybookPlanner
from remediate.model.computer import Computer
from remediate.model.host import Host as Server
from remediate.model.plan import HostFacts
from remediate.model.problem import Problem
from remediate.playbook import Playbook, PlaybookParams
from remediate.powershell.messages import PATIENCE, Call, CallResult, Reply, Request, Status
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue
from remediate.transport.errors import ConnectionLost, TimedOut, TransportError


class Thing(Resource):
    kind: ClassVar[str] = "questions_thing"
    noun: ClassVar[str] = "thing"
    function: ClassVar[str] = "QuestionsThing"
    reader: ClassVar[Path] = RegistryValue.reader
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset()

    name: str


class Things(Query):
    resource: ClassVar[type[Resource]] = Thing
    name: str


class Perhaps(Things):
    bounded: ClassVar[bool] = False
    seconds: ClassVar[float] = 30.0


class Asking(Playbook[PlaybookParams]):
    id = "asking"
    title = "Ask for some things"
    source = "https://example.invalid"

    def __init__(self, asked: list[Query]) -> None:
        self.asked = asked

    def observe(self, params: PlaybookParams) -> list[Query]:
        return self.asked


A, B, C, LAST = Things(name="a"), Things(name="b"), Things(name="c"), Perhaps(name="last")
SERVER = Server(name="SRV01", address="10.0.0.1", port=5985)
FACTS = HostFacts(
    computer=Computer(name="SRV01", guid="0f"), powershell="5.1", os="10.0", culture="", utc=""
)
OTHER = FACTS.model_copy(update={"computer": Computer(name="SRV02", guid="1e")})


@dataclass
class Host:
    """A host in which some questions hang.

    Args:
        hangs: names of the things that it never answers for.
        answers: what it does instead, by the number of the request.
    """

    hangs: set[str] = field(default_factory=set)
    answers: dict[int, Callable[[Request], Reply | TransportError]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply | TransportError:
        self.requests.append(request)
        answer = self.answers.get(len(self.requests))
        if answer is not None:
            return answer(request)
        done: list[CallResult] = []
        for call in request.calls:
            if call.arguments["name"] in self.hangs:
                return silence(request, done if request.patience == 0 else None)
            done.append(CallResult(id=call.id, status=Status.OK))
        return Reply(host=FACTS, calls=tuple(done))

    @property
    def asked(self) -> list[str]:
        """What was asked for in each request, in short."""
        return ["".join(str(call.arguments["name"])[0] for call in r.calls) for r in self.requests]


def silence(
    request: Request, done: list[CallResult] | None, facts: HostFacts = FACTS
) -> TransportError:
    error = TimedOut("SRV01", after_send=True)
    if done is not None:
        left = [CallResult(id=c.id, status=Status.UNANSWERED) for c in request.calls[len(done) :]]
        error.partial = Reply(host=facts, calls=(*done, *left))
    return error


def put(host: Host, *asked: Query) -> questions.Answer:
    playbook = Asking(list(asked))
    planner = PlaybookPlanner(Job((Task(playbook, PlaybookParams()),)))
    steps: Generator[Effect[Any], Any, questions.Answer]
    steps = questions.put(Order(Verb.AUDIT, SERVER, Settings(operator="ada@bastion"), planner))
    effect = next(steps)
    try:
        while True:
            assert isinstance(effect, Ask)
            effect = steps.send(host(effect.request))
    except StopIteration as end:
        answer: questions.Answer = end.value
        return answer


def statuses(answer: questions.Answer) -> str:
    """How each question ended: ok, error or unanswered, by first letter."""
    assert isinstance(answer, Reply), answer
    return "".join(result.status.value[0] for result in answer.calls)


def test_while_all_is_quick_there_is_one_request() -> None:
    host = Host()
    assert statuses(put(host, A, B, LAST)) == "ooo"
    assert host.asked == ["abl"]
    assert host.requests[0].patience == PATIENCE
    assert host.requests[0].seconds == Perhaps.seconds


def test_slow_questions_take_no_time_from_each_other() -> None:
    host = Host()
    assert statuses(put(host, A, LAST, Perhaps(name="more"))) == "ooo"
    assert host.requests[0].seconds == 2 * Perhaps.seconds
    assert statuses(put(host, A, B)) == "oo"
    assert host.requests[1].seconds == QUESTIONS_SECONDS


@pytest.mark.parametrize(
    ("hangs", "asked", "found"),
    [
        ({"last"}, ["abcl", "abc"], "oooe"),
        ({"a"}, ["abcl", "abc", "bcl"], "eooo"),
        ({"b"}, ["abcl", "abc", "cl"], "oeoo"),
        ({"c", "last"}, ["abcl", "abc", "l"], "ooee"),
        ({"a", "b", "c"}, ["abcl", "abc", "bcl", "cl", "l"], "eeeo"),
    ],
)
def test_what_hangs_costs_only_itself(hangs: set[str], asked: list[str], found: str) -> None:
    """What cannot hang is asked first; a question in which it hangs all the same is left out."""
    host = Host(hangs)
    answer = put(host, A, B, C, LAST)
    assert (statuses(answer), host.asked) == (found, asked)
    assert {request.patience for request in host.requests[1:]} == {0}


def test_where_everything_may_hang_all_of_it_is_asked_again() -> None:
    host = Host({"a"})
    assert statuses(put(host, A, B)) == "eo"
    assert host.asked == ["ab", "ab", "b"]


def test_the_question_in_which_it_fell_silent_is_named_as_one_that_takes_too_long() -> None:
    answer = put(Host({"a"}), A, B)
    assert isinstance(answer, Reply)
    error = answer.calls[0].error
    assert error
    assert (error.error_id, error.category) == (questions.NO_TIME, "OperationTimeout")


def test_what_came_before_the_silence_is_not_asked_again() -> None:
    """Of a host that puts out what it has kept for long."""
    done = [CallResult(id="observe-0", status=Status.OK)]
    host = Host(answers={1: lambda request: silence(request, done)})
    assert statuses(put(host, A, B, C)) == "oeo"
    assert host.asked == ["abc", "c"]


def test_a_host_that_says_nothing_at_all_is_left_alone() -> None:
    """Not even its first line came, twice: that is not about a question."""
    host = Host(answers=dict.fromkeys((1, 2), lambda request: silence(request, None)))
    assert isinstance(put(host, A, B), TimedOut)
    assert host.asked == ["ab", "ab"]


def test_what_is_known_counts_also_when_the_connection_breaks_then() -> None:
    host = Host({"b"}, {3: lambda _: ConnectionLost("SRV01", after_send=True)})
    assert statuses(put(host, A, B, C)) == "oeu"
    assert host.asked == ["abc", "abc", "c"]


def test_an_error_that_is_no_silence_ends_it() -> None:
    host = Host(answers={1: lambda _: ConnectionLost("SRV01", after_send=True)})
    assert isinstance(put(host, A, B), ConnectionLost)
    host = Host(answers={1: lambda _: TimedOut("SRV01")})
    assert isinstance(put(host, A, B), TimedOut)
    assert host.asked == ["ab"]


def test_answers_of_two_computers_are_not_put_together() -> None:
    done = [CallResult(id="observe-0", status=Status.OK)]
    host = Host(answers={1: lambda request: silence(request, done, OTHER)})
    answer = put(host, A, B, C)
    assert isinstance(answer, Problem)
    assert answer.code == "another_computer"


def test_nothing_is_asked_again_of_a_host_that_was_asked_nothing() -> None:
    host = Host(answers={1: lambda request: silence(request, None)})
    assert isinstance(put(host), TimedOut)
    assert [request.calls for request in host.requests] == [()]


def test_calls_go_in_the_order_in_which_they_may_hang() -> None:
    host = Host()
    put(host, LAST, A)
    calls: tuple[Call, ...] = host.requests[0].calls
    assert [call.id for call in calls] == ["observe-1", "observe-0"]
