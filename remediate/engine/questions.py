"""Asks a host the questions of a run, so that one that hangs costs only itself.

A host runs them one after the other, and puts its answers out together while all is quick. When
it falls silent they are asked again, each answer put out at once: first what cannot hang; if that
hangs all the same, everything but the question in which the host fell silent.
"""

from datetime import datetime

from remediate.engine.effects import Ask, Part, ask
from remediate.engine.identity import other_computer
from remediate.engine.observation import observe_calls
from remediate.engine.order import Order
from remediate.model.event import Phase
from remediate.model.plan import HostFacts
from remediate.model.problem import Problem
from remediate.powershell.messages import Call, CallError, CallResult, Reply, Status
from remediate.transport.errors import TimedOut, TransportError

Answer = Reply | TransportError | Problem

NO_TIME = "RemediateNoTime"
"""Error of a question that took longer than it may."""


def put(work: Order) -> Part[Answer]:
    """Ask the planner's questions.

    Returns:
        A reply with the answers that came; the error when none did; a problem when another
        computer answers half-way.
    """
    asked = work.observe()
    questions = _Questions(work, asked.calls)
    request = asked
    while True:
        answer = yield from ask(Ask(request, Phase.OBSERVE))
        heard = answer if isinstance(answer, Reply) else answer.partial
        another = questions.hear(heard)
        if another is not None:
            return another
        if not (isinstance(answer, TimedOut) and answer.after_send):
            break
        if heard is None and request is not asked:
            break  # not even the first line came, twice: this is not about a question
        questions.leave_out(spoke=heard is not None)
        if not questions.left:
            break
        request = work.observe_again(questions.left)
    return questions.reply() or answer


class _Questions:
    """What is known, and what is to be asked still.

    Args:
        work: what is to be done on the host.
        calls: the questions.
    """

    def __init__(self, work: Order, calls: tuple[Call, ...]) -> None:
        self._calls = calls
        self._bounded = observe_calls(work.planner.queries(), bounded=True)
        self._known: dict[str, CallResult] = {}
        self._facts: HostFacts | None = None
        self._at: datetime | None = None
        self._sent: datetime | None = None
        self._aside: tuple[Call, ...] = ()
        self.left = calls

    def hear(self, reply: Reply | None) -> Problem | None:
        """Take what was answered; the problem when that is another computer than before."""
        if reply is None:
            return None
        before = self._facts.computer if self._facts else None
        another = other_computer(before, reply.host.computer)
        if another is None:
            self._facts, self._at, self._sent = reply.host, reply.at, reply.sent
            answered = (each for each in reply.calls if each.status is not Status.UNANSWERED)
            self._known |= {each.id: each for each in answered}
            self.left = tuple(call for call in self.left if call.id not in self._known)
        return another

    def leave_out(self, *, spoke: bool) -> None:
        """Leave out the question that hangs, or all that might when it is not known which.

        Args:
            spoke: what came before the one that hangs was put out.
        """
        if spoke and self.left:
            first, *others = self.left
            self._known[first.id] = _hung(first)
            self.left, self._aside = (*others, *self._aside), ()
        elif any(call in self._bounded for call in self.left):
            self._aside = tuple(call for call in self.left if call not in self._bounded)
            self.left = tuple(call for call in self.left if call in self._bounded)

    def reply(self) -> Reply | None:
        """What came of all questions; None when the host said nothing."""
        if self._facts is None:
            return None
        if len(self._aside) == 1:  # all others were answered
            self._known[self._aside[0].id] = _hung(self._aside[0])
        nothing = (CallResult(id=call.id, status=Status.UNANSWERED) for call in self._calls)
        calls = tuple(self._known.get(each.id, each) for each in nothing)
        return Reply(host=self._facts, calls=calls, at=self._at, sent=self._sent)


def _hung(call: Call) -> CallResult:
    error = CallError(
        exception="",
        message="The host fell silent.",
        error_id=NO_TIME,
        category="OperationTimeout",
    )
    return CallResult(id=call.id, status=Status.ERROR, error=error)
