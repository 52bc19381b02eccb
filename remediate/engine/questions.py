"""Asks a host the questions of a run, so that one that hangs costs only itself.

A host runs them one after the other, and puts its answers out together while all is quick. When
it falls silent they are asked again, each answer put out at once: first what cannot hang; then,
if that hangs all the same, what comes after the question in which the host fell silent.
"""

from collections.abc import Generator
from typing import Any

from remediate.engine.assignment import Assignment
from remediate.engine.effects import Ask, Effect, ask
from remediate.engine.identity import other_computer
from remediate.engine.observation import observe_calls
from remediate.model.event import Phase
from remediate.model.plan import HostFacts
from remediate.model.problem import Problem
from remediate.powershell.messages import Call, CallError, CallResult, Reply, Status
from remediate.transport.errors import TimedOut, TransportError

Answer = Reply | TransportError | Problem

NO_TIME = "RemediateNoTime"
"""Error of a question that took longer than it may."""


def put(work: Assignment) -> Generator[Effect[Any], Any, Answer]:
    """Ask the planner's questions.

    Returns:
        A reply with the answers that came; the error when none did; a problem when another
        computer answers half-way.
    """
    asked = work.observe()
    request = asked
    facts: HostFacts | None = None
    known: dict[str, CallResult] = {}
    while True:
        answer = yield from ask(Ask(request, Phase.OBSERVE))
        silent = isinstance(answer, TimedOut) and answer.after_send
        heard = answer if isinstance(answer, Reply) else answer.partial
        if heard is not None:
            another = other_computer(facts.computer if facts else None, heard.host.computer)
            if another is not None:
                return another
            facts = heard.host
            answered = (each for each in heard.calls if each.status is not Status.UNANSWERED)
            known |= {each.id: each for each in answered}
        left = tuple(call for call in request.calls if call.id not in known)
        if not silent or not left:
            break
        if heard is not None:  # it hangs in the first of them
            known[left[0].id] = _hung(left[0])
            left = left[1:]
        elif request is asked:
            bounded = observe_calls(work.planner.queries(), bounded=True)
            left = tuple(call for call in left if call in bounded) or left
        else:  # not even the first line came: this is not about a question
            break
        if not left:
            break
        request = work.observe_again(left)
    if facts is None:
        return answer
    nothing = (CallResult(id=call.id, status=Status.UNANSWERED) for call in asked.calls)
    return Reply(host=facts, calls=tuple(known.get(each.id, each) for each in nothing))


def _hung(call: Call) -> CallResult:
    error = CallError(
        exception="",
        message="The host fell silent.",
        error_id=NO_TIME,
        category="OperationTimeout",
    )
    return CallResult(id=call.id, status=Status.ERROR, error=error)
