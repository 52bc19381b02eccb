"""Carries orders out for another process, and asks it for all but the talk with hosts."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

from pydantic import SecretStr

from remediate.engine.elsewhere.far import FarGate, FarStore
from remediate.engine.elsewhere.messages import (
    Answered,
    Asked,
    Begin,
    Confirm,
    Define,
    Do,
    Done,
    End,
    Failure,
    Go,
    Halt,
    Interrupt,
    Known,
    Learned,
    LogonEnd,
    OrderPart,
    Question,
    Seen,
    Skipped,
    TurnTold,
    to_member,
)
from remediate.engine.elsewhere.parcels import Unpacking
from remediate.engine.host_worker import dial, forget, perform
from remediate.engine.order import Order, Verb
from remediate.engine.surroundings import Surroundings
from remediate.engine.verdict import internal_error
from remediate.model.event import Event, HostFinished
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan
from remediate.playbook.loader import run_again
from remediate.redaction import Redaction
from remediate.runner.feed import Feed
from remediate.runner.loop import Ahead, Loop
from remediate.runner.processes import Pipe, PipeError
from remediate.runner.protocol import Waiting
from remediate.store.errors import StoreError
from remediate.store.run_lock import RunLock
from remediate.transport.errors import AccountRefusedElsewhere, TimedOut
from remediate.transport.gate import Gate
from remediate.transport.protocol import Transport

_log = logging.getLogger(__name__)

MakeTransport = Callable[[Callable[[Host], SecretStr], Gate], Transport]
"""Makes a transport of what finds passwords, and of a gate."""


class Learning(Redaction):
    """Tells the other process of each secret that is new.

    Args:
        pipe: to that process.
    """

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def add(self, secret: str, user: str = "") -> None:
        """Mask a secret from now on, there as well."""
        if not self.knows(secret, user):
            self._pipe.send(Learned(secret=secret, user=user))
        self.know(secret, user)

    def know(self, secret: str, user: str) -> None:
        """Mask a secret that is known there."""
        super().add(secret, user)


class _Work:
    """An order that is carried out here.

    Args:
        do: the message that it came in.
        pipe: to the other process.
    """

    def __init__(self, do: Do, pipe: Pipe) -> None:
        self.do = do
        self.order: Order | None = None
        self.answers: SimpleQueue[Answered] = SimpleQueue()
        self._pipe = pipe

    @property
    def host(self) -> str:
        """The name of its host."""
        return str(self.do.order["host"]["name"])

    def ask(self, question: Question) -> Any:  # noqa: ANN401 - each has its own answer
        """Have something done for it in the other process, and wait for that.

        Raises:
            StoreError: the store has not done it.
            AccountRefusedElsewhere: the password may not be sent to the host.
            TimedOut: the account's turn did not come.
        """
        self._pipe.send(Asked(number=self.do.number, question=question))
        answer = self.answers.get()
        if answer.failure is not None:
            raise _error(answer.failure, self.host)
        return answer.value

    def tell(self, turn: int, what: LogonEnd, by: str = "") -> None:
        """Say what became of a logon."""
        self._pipe.send(TurnTold(number=self.do.number, turn=turn, what=what, by=by))

    def confirm(self, plan: Plan) -> bool | None:
        """Have a person asked there."""
        answer: bool | None = self.ask(Confirm(plan=plan))
        return answer

    def emit(self, event: Event) -> None:
        """Tell what happens on its host; a verdict is told in the end."""
        if not isinstance(event, HostFinished):
            self._pipe.post(Seen(number=self.do.number, event=event))


class Member:
    """Works for the process at the other end of a pipe.

    Args:
        pipe: to that process.
        begin: what it said first.
        redaction: takes secrets out of texts.
        make_transport: makes what talks to hosts.
        make_runner: makes what works through hosts, of what is done ahead of each.
    """

    def __init__(
        self,
        pipe: Pipe,
        begin: Begin,
        redaction: Learning,
        make_transport: MakeTransport,
        make_runner: Callable[[Ahead], Loop],
    ) -> None:
        self._pipe = pipe
        self._begin = begin
        self._redaction = redaction
        self._runner = make_runner(self._dial)
        self._orders = Unpacking([run_again(path, text) for path, text in begin.files])
        self._interrupted = threading.Event()
        self._stopped = threading.Event()
        self._works: dict[int, _Work] = {}
        self._by_host: dict[tuple[str, str, str | None], _Work] = {}
        self._locks: dict[str, RunLock] = {}
        self._locking = threading.Lock()
        self._transport = make_transport(self._secret_for, FarGate(self._order_on))
        self._works_to_do = Feed[_Work]()

    def listen(self) -> None:  # noqa: C901, PLR0912 - a case for each message
        """Take in what is said, until the other process has ended or says that there is no more.

        Raises:
            PipeError: what comes is not as agreed.
        """
        share: list[_Work] = []
        try:
            for message in self._pipe:
                match to_member(message):
                    case Known(secrets=secrets):
                        for secret, user in secrets:
                            self._redaction.know(secret, user)
                    case Define() as define:
                        self._orders.define(define)
                    case Do() as do:
                        if not share:
                            self._stopped.clear()  # which was about what came before
                        share.append(self._works.setdefault(do.number, _Work(do, self._pipe)))
                    case Go(workers=workers):
                        self._works_to_do.put(share, workers)
                        share = []
                    case Answered(number=number) as answer:
                        self._works[number].answers.put(answer)
                    case Halt():
                        self._stopped.set()
                    case Interrupt():
                        self._interrupted.set()
                    case End():
                        break
                    case Begin():
                        raise PipeError("it has begun already")
        finally:
            with self._locking:
                for lock in self._locks.values():
                    lock.__exit__()
            self._works_to_do.close()

    def work(self) -> None:
        """Carry out what comes, until nothing is heard any more."""
        for work, report in self._runner.run(self._works_to_do, self._carry_out, lambda _: None):
            self._tell(work, report)

    def _order_of(self, work: _Work) -> Order:
        if work.order is None:
            work.order = self._orders.order(OrderPart.model_validate(work.do.order))
        return work.order

    async def _dial(self, work: _Work) -> None:
        """Connect to the host of an order before it is its turn."""
        if not self._stopped.is_set():
            await dial(self._order_of(work), self._transport)

    async def _carry_out(self, work: _Work, waiting: Waiting) -> HostReport | None:
        """Carry an order out; None where it is not begun any more."""
        if self._stopped.is_set():
            if work.order is not None:
                forget(work.order, self._transport)
            return None
        try:
            order = self._order_of(work)
        except Exception:  # noqa: BLE001 - as `perform` does it
            _log.debug("internal error", extra={"host": work.host}, exc_info=True)
            return internal_error(work.host)
        self._by_host[_key(order.host)] = work
        around = Surroundings(
            transport=self._transport,
            store=FarStore(work.ask),
            spill_folder=self._begin.spill_folder,
            emit=work.emit,
            confirm=work.confirm,
            redaction=self._redaction,
            interrupted=self._interrupted,
        )
        try:
            if order.verb is Verb.APPLY and order.run not in self._locks:
                await waiting.aside(partial(self._hold, order.run))
        except StoreError as error:
            problem = error.problem()
            return HostReport(host=order.host.name, outcome=Outcome.REFUSED, problem=problem)
        return await perform(order, waiting, around)

    def _hold(self, run: str) -> None:
        """Hold a lock of the run, as the first process does: this one may outlive it for a moment.

        Raises:
            StoreUnavailable: the lock cannot be had.
        """
        folder = self._begin.locks
        with self._locking:
            if folder is not None and run not in self._locks:
                self._locks[run] = RunLock(run, folder, self._begin.number).__enter__()

    def _tell(self, work: _Work, report: HostReport | None) -> None:
        """Say what an order came to."""
        del self._works[work.do.number]
        if report is None:
            self._pipe.post(Skipped(number=work.do.number))
            return
        try:
            self._pipe.post(Done(number=work.do.number, report=report))
        except ValueError:
            self._pipe.post(Done(number=work.do.number, report=internal_error(report.host)))

    def _order_on(self, host: Host) -> _Work:
        return self._by_host[_key(host)]

    def _secret_for(self, host: Host) -> SecretStr:
        do = self._order_on(host).do
        if do.secret is None:
            raise ValueError(do.no_secret)
        return SecretStr(do.secret)


def _key(host: Host) -> tuple[str, str, str | None]:
    return host.name, host.url, host.user


def _error(failure: Failure, host: str) -> Exception:
    match failure.kind:
        case "store":
            return StoreError(failure.message, failure.hint)
        case "account":
            return AccountRefusedElsewhere(host, failure.user, failure.where, failure.other)
        case "timed_out":
            return TimedOut(host, failure.message, hint=failure.hint)
        case "internal":
            return RuntimeError("the other process failed")
