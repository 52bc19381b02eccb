"""Gives orders to other processes, and does for each what it asks for.

Journal, leases, gate and the person at the terminal stay in this process, and each is asked for a
host as if that were worked on here. So what is promised of one process holds of several, which
share commits and logons.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Final

from remediate.engine.elsewhere.giving import Giving
from remediate.engine.elsewhere.messages import (
    Answered,
    Asked,
    Begin,
    Confirm,
    Do,
    Done,
    End,
    Halt,
    Interrupt,
    Known,
    Learned,
    Logged,
    Seen,
    Skipped,
    ToMember,
    TurnTold,
    to_crew,
)
from remediate.engine.elsewhere.parcels import Packing, StaysError
from remediate.engine.elsewhere.service import FarOrder, Gone, Shared
from remediate.engine.order import Order
from remediate.engine.surroundings import Surroundings
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.playbook.loader import running
from remediate.runner.processes import PipeError

_log = logging.getLogger(__name__)

_ASKED: Final = 256
"""Threads for what orders ask of this process: no more than hosts are worked on at a time."""

_LISTEN: Final = 0.5
"""Seconds after which the waiting thread wakes: a wait without end may never hear Ctrl-C."""


class Crew:
    """Other processes, each of which carries out a share of the orders of a run.

    They end with this process, or when it is closed.

    Args:
        processes: how many.
        workers: how many hosts are worked on at the same time, in all.
        shared: what they have in common.
    """

    def __init__(self, processes: int, workers: int, shared: Shared) -> None:
        self._processes = processes
        self._workers = workers
        self._shared = shared
        self._members: list[_Member] = []
        self._packing: Packing | None = None

    def start(self) -> None:
        """Start them, so that they are ready when there is something to do."""
        try:
            for _ in range(self._processes):
                self._members.append(_Member(self._shared))
        except OSError as error:
            _log.warning("another process cannot be started", extra={"why": f"{error}"})

    def takes(self, orders: Sequence[Order]) -> bool:
        """Whether all of some orders can be carried out elsewhere; see `Packing.pack`."""
        if not orders or not self._members:
            return False
        if self._packing is None:
            self._packing = self._begin()
        try:
            for order in orders:
                self._packing.pack(order)
        except StaysError as error:
            _log.warning("all is done in one process", extra={"why": f"{error}"})
            return False
        return True

    def run(  # noqa: C901, PLR0912 - an interrupt may come anywhere
        self,
        orders: Sequence[Order],
        around: Surroundings,
        skip: Callable[[Order], HostReport],
    ) -> Iterator[tuple[Order, HostReport]]:
        """Each order with its report, in any order; see `Runner.run` for what is promised.

        Args:
            orders: what is to be done.
            around: what it is done in; its transport is not used.
            skip: makes the report of an order that is not begun.
        """
        told: SimpleQueue[FarOrder] = SimpleQueue()
        waiting = dict.fromkeys(FarOrder(order, around, told) for order in orders)
        giving = Giving(self._members, self._workers, list(waiting))
        interrupted = False
        try:
            while waiting:
                try:
                    if around.interrupted.is_set() and not interrupted:
                        interrupted = True
                        self._tell(Interrupt())
                    far = told.get(timeout=_LISTEN)
                    if far in waiting and not giving.again(far):
                        report = far.report(skip)  # may be made twice, and is the same then
                        del waiting[far]
                        yield far.order, report
                except Empty:
                    continue
                except KeyboardInterrupt:
                    if giving.stopped.is_set():
                        raise
                    giving.stopped.set()
                    self._tell(Halt())
                    for far in waiting:
                        if far.came_to is not None:
                            told.put(far)  # again: it may have been lost on the way
        except KeyboardInterrupt:  # asked twice
            waiting.clear()
            raise
        finally:
            if waiting:  # nobody takes the results any more
                giving.stopped.set()
                self._tell(Halt())
            while waiting:
                with suppress(Empty):
                    far = told.get(timeout=_LISTEN)
                    if far in waiting:
                        far.report(skip)
                        del waiting[far]
            giving.end()

    def close(self) -> None:
        """Have the processes end. Never raises."""
        for member in self._members:
            member.close()

    def _begin(self) -> Packing:
        """Say what belongs to all orders, once all playbooks have run that these are about."""
        files = tuple(running())
        packing = Packing(files)
        for number, member in enumerate(self._members):
            begin = Begin(
                number=number,
                workers=self._workers,
                files=tuple((file.path, file.text) for file in files),
                names=tuple(sorted(self._shared.redaction.names)),
                spill_folder=self._shared.spill_folder,
                locks=self._shared.locks,
                debug=self._shared.debug,
            )
            member.begin(begin, packing)
        return packing

    def _tell(self, message: Halt | Interrupt) -> None:
        for member in self._members:
            member.send(message)


class _Member:
    """One of the other processes, as it is seen from here."""

    def __init__(self, shared: Shared) -> None:
        self.alive = True
        self.how = ""
        """How it has ended, in words; empty until then."""
        self._shared = shared
        self._packing = Packing(())
        self._orders: dict[int, FarOrder] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._known = 0
        self._defined: set[int] = set()
        self._threads = ThreadPoolExecutor(_ASKED, thread_name_prefix="asked")
        self._process = shared.start(self._hear, self._ended)

    def begin(self, begin: Begin, packing: Packing) -> None:
        """Say what belongs to all orders."""
        self._packing = packing
        with self._lock, suppress(PipeError):  # it has ended
            self._process.send(begin)

    def give(self, far: FarOrder) -> None:
        """Send an order there; it is begun after `Go`."""
        part = self._packing.pack(far.order)
        secret, no_secret = self._secret(far.order.host)
        number = next(self._numbers)
        with self._lock:
            if self.alive:
                self._orders[number] = far
            else:
                far.end(Gone(self.how))
                return
        named = self._packing.defined(far.order)
        define = [one for one in named if one.number not in self._defined]
        self._defined.update(one.number for one in define)
        order = part.model_dump(mode="json")
        do = Do(number=number, order=order, secret=secret, no_secret=no_secret)
        with self._lock:
            self._process.post(*self._new(), *define, do)

    def send(self, *messages: ToMember) -> None:
        """Send messages, behind the secrets that are new; once it has ended nobody hears them."""
        with self._lock, suppress(PipeError):
            self._process.send(*self._new(), *messages)

    def _new(self) -> list[Known]:
        """The secrets that it has not been told."""
        new = self._shared.redaction.added(self._known)
        self._known += len(new)
        return [Known(secrets=tuple(new))] if new else []

    def close(self) -> None:
        """Have it end."""
        self.send(End())
        self._process.close()
        self._threads.shutdown()

    def _secret(self, host: Host) -> tuple[str | None, str]:
        if host.password is None:
            return None, ""
        try:
            return self._shared.secret_for(host).get_secret_value(), ""
        except ValueError as error:
            return None, f"{error}"

    def _hear(self, message: dict[str, Any]) -> None:
        """A message has come; in the process's own thread.

        Raises:
            PipeError: it is not as agreed.
        """
        heard = to_crew(message)
        match heard:
            case Learned(secret=secret, user=user):
                self._shared.redaction.add(secret, user)
            case Logged(line=line):
                self._shared.log(line)
            case Done(number=number) | Skipped(number=number):
                with self._lock:
                    far = self._order(number)
                    del self._orders[number]
                far.end(heard)
            case Seen(number=number, event=event):
                self._order(number).see(event)
            case TurnTold(number=number):
                self._order(number).hear(heard)
            case Asked(number=number):
                far = self._order(number)
                answering = self._threads.submit(self._answer, far, heard)
                if not isinstance(heard.question, Confirm):
                    far.journal = answering

    def _order(self, number: int) -> FarOrder:
        """An order that the process has, and has begun with.

        Raises:
            PipeError: it has none of this number.
        """
        far = self._orders.get(number)
        if far is None:
            raise PipeError("it speaks of an order that it does not have")
        far.begun = True
        return far

    def _answer(self, far: FarOrder, asked: Asked) -> None:
        value, failure = far.answer(asked.question, self._shared)
        self.send(Answered(number=asked.number, value=value, failure=failure))

    def _ended(self, how: str) -> None:
        _log.debug("a process that works on hosts has ended", extra={"how": how})
        with self._lock:
            self.how, self.alive = how, False
            left, self._orders = list(self._orders.values()), {}
        for far in left:
            far.end(Gone(how))
