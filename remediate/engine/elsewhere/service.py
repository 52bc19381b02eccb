"""What is done here for an order that another process carries out, and what is said of it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from pydantic import SecretStr

from remediate.engine.elsewhere.messages import (
    CheckTurn,
    CloseHost,
    Confirm,
    Done,
    Failure,
    Question,
    RecordIntent,
    ReleaseLease,
    Skipped,
    TakeLease,
    TakeTurn,
    TurnTold,
)
from remediate.engine.host_journal import HostJournal
from remediate.engine.order import Order, Verb
from remediate.engine.surroundings import Surroundings
from remediate.engine.verdict import internal_error, unknown
from remediate.model.base import JsonValue
from remediate.model.event import Event
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.problem import Problem
from remediate.model.run import Intent
from remediate.redaction import Redaction
from remediate.runner.processes import Start
from remediate.store.errors import StoreError
from remediate.transport.errors import AccountRefusedElsewhere, TimedOut
from remediate.transport.gate import Gate, Turn
from remediate.transport.protocol import Deadline

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """What all processes of a run have in common, beside what an order is carried out in.

    Args:
        start: starts another process.
        secret_for: finds a host's password; raises ValueError when it cannot.
        gate: says whose turn it is to log on.
        redaction: takes secrets out of texts, and learns of further ones.
        log: takes a line that was logged elsewhere.
        locks: the store's folder of locks; None without a store.
        spill_folder: where the journal goes when the store fails after an intent.
        debug: everything is logged.
    """

    start: Start
    secret_for: Callable[[Host], SecretStr]
    gate: Gate
    redaction: Redaction
    log: Callable[[str], None]
    locks: Path | None = None
    spill_folder: Path | None = None
    debug: bool = False


@dataclass(frozen=True)
class Gone:
    """The process that had an order has ended.

    Args:
        how: in words.
    """

    how: str


@dataclass(eq=False)
class FarOrder:
    """An order that another process carries out.

    Args:
        order: the order.
        around: what it is carried out in.
        told: hears of each that has come to something.
        came_to: that; None until then.
        begun: something was heard of it.
        journal: what is being written of it in the journal.
        turns: its turns at the gate, by number.
        leased: its lease was taken in the store.
        intent: what was about to be sent to the host.
        closed: the verdict that was recorded.
    """

    order: Order
    around: Surroundings
    told: "SimpleQueue[FarOrder]"
    came_to: Done | Skipped | Gone | None = None
    begun: bool = False
    journal: Future[None] | None = None
    turns: dict[int, Turn] = field(default_factory=dict)
    leased: bool = False
    intent: Intent | None = None
    closed: HostReport | None = None

    def end(self, came_to: Done | Skipped | Gone) -> None:
        """It has come to something."""
        self.came_to = came_to
        self.told.put(self)

    def see(self, event: Event) -> None:
        """Tell of something that happened on its host. Never raises."""
        try:
            self.around.emit(event)
        except Exception:  # noqa: BLE001 - the host goes on, whoever watches
            _log.debug("internal error", extra={"host": self.order.host.name}, exc_info=True)

    def hear(self, told: TurnTold) -> None:
        """What became of a logon."""
        turn = self.turns.get(told.turn)
        if turn is None:
            return
        match told.what:
            case "accepted":
                turn.accepted()
            case "refused":
                turn.refused(told.by)
            case "left":
                turn.left()

    def answer(self, question: Question, shared: Shared) -> tuple[JsonValue, Failure | None]:
        """Do what it asks for. Never raises.

        Returns:
            The answer, or why there is none.
        """
        try:
            return self._do(question, shared), None
        except StoreError as error:
            return None, Failure(kind="store", message=error.message, hint=error.hint)
        except AccountRefusedElsewhere as error:
            user, where, other = error.user, error.where, error.other
            return None, Failure(kind="account", user=user, where=where, other=other)
        except TimedOut as error:
            return None, Failure(kind="timed_out", message=error.detail, hint=error.hint)
        except Exception:  # noqa: BLE001 - the order ends with it, and no other
            _log.debug("internal error", extra={"host": self.order.host.name}, exc_info=True)
            return None, Failure(kind="internal")

    def _do(self, question: Question, shared: Shared) -> JsonValue:
        match question:
            case Confirm(plan=plan):
                return self.around.confirm(plan)
            case CheckTurn(turn=number):
                turn = self._turn(number, shared)
                turn.check()
                return turn.was_accepted
            case TakeTurn(turn=number, seconds=seconds):
                turn = self._turn(number, shared)
                waited = turn.take(Deadline(seconds, self.around.clock))
                return [waited, turn.was_accepted]
            case _:
                return self._record(question)

    def _record(self, question: TakeLease | ReleaseLease | RecordIntent | CloseHost) -> JsonValue:
        store = self.around.store
        if store is None:
            raise RuntimeError("a run that writes needs a store")
        match question:
            case TakeLease(host=host, run=run, owner=owner, now=now, ttl=ttl):
                grant = store.take_lease(host, run, owner, now, ttl)
                self.leased = self.leased or not isinstance(grant, Holder)
                return grant.model_dump(mode="json")
            case ReleaseLease(host=host, run=run):
                store.release_lease(host, run)
            case RecordIntent(intent=intent):
                store.record_intent(intent)
                self.intent = intent
            case CloseHost(run=run, host=host, report=report, reconciled=reconciled, frees=frees):
                store.close_host(run, host, report, reconciled=reconciled, frees=frees)
                self.closed = report
        return None

    def _turn(self, number: int, shared: Shared) -> Turn:
        if number not in self.turns:
            host = self.order.host
            self.turns[number] = shared.gate.turn(host, shared.secret_for(host))
        return self.turns[number]

    def report(self, skip: Callable[[Order], HostReport]) -> HostReport:
        """What is said of it.

        Args:
            skip: makes the report of an order that was not begun.
        """
        match self.came_to:
            case Done(report=report):
                return report
            case Gone(how=how):
                return self._left(how)
            case Skipped():
                return skip(self.order)
            case None:
                return internal_error(self.order.host.name)

    def _left(self, how: str) -> HostReport:
        """What is said when its process has ended: as if this one had been killed.

        What was recorded counts. An intent without a verdict stays open, and keeps its lease.
        """
        if self.journal is not None:
            wait([self.journal])
        for turn in self.turns.values():
            turn.left()
        if self.closed is not None:
            return self.closed
        report, journal = self._without_end(how), HostJournal(self.order, self.around)
        if self.order.verb is Verb.APPLY:
            journal.close(report, free=self.leased and self.intent is None)
        elif self.leased:
            journal.free_lease()
        return report

    def _without_end(self, how: str) -> HostReport:
        order, intent = self.order, self.intent
        problem = Problem(
            code="process_ended",
            message=f"the process that worked on it {how}",
            hint="Nothing was written. Run it again for this host.",
        )
        if intent is None and order.verb is not Verb.RECONCILE:
            return HostReport(host=order.host.name, outcome=Outcome.UNREACHABLE, problem=problem)
        changes = intent.changes if intent is not None else ()
        plan = Plan(host=order.host.name, playbooks=order.planner.uses, changes=changes)
        return unknown(order, plan, problem)
