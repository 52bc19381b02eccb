"""One thread in which many things take their time, and who is next is never a matter of chance.

What waits is a greenlet: a stack that is left in the middle and gone on with. So the product's own
code runs as it is, also where it blocks; what it is given to sleep, to talk to hosts and to record
with leaves it waiting here, in a queue ordered by (time, number).
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from remediate.runner.serial import InThread


class Killed(BaseException):
    """The process is gone, with -9."""


class Time:
    """A clock that moves to what is next, as soon as nothing is left to do now."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._queue: list[tuple[float, int, Callable[[], Any]]] = []
        self._numbers = count()
        self._hub = getcurrent()

    def clock(self) -> float:
        return self.seconds

    def at(self, seconds: float, what: Callable[[], Any]) -> None:
        """Do something so many seconds from now; of two at the same time the one asked for first.

        Args:
            seconds: from now.
            what: is done; it may not sleep.
        """
        heapq.heappush(self._queue, (self.seconds + seconds, next(self._numbers), what))

    def spawn(self, work: Callable[[], None], seconds: float = 0.0) -> None:
        """Begin something that may sleep."""
        self.at(seconds, greenlet(work, parent=self._hub).switch)

    def sleep(self, seconds: float) -> None:
        """Let the others go on until then."""
        self.at(seconds, getcurrent().switch)
        self._hub.switch()

    def park(self) -> Callable[[], None]:
        """What wakes the one who calls this, the first time; for others, before `rest`."""
        me, woken = getcurrent(), list[bool]()

        def wake() -> None:
            if not woken:
                woken.append(True)
                self.at(0.0, me.switch)

        return wake

    def rest(self) -> None:
        """Let the others go on until one of them wakes this one."""
        self._hub.switch()

    def run(self) -> None:
        """Go on until nothing is left to do."""
        while self._queue:
            self.seconds, _, what = heapq.heappop(self._queue)
            what()


class Process:
    """One invocation of the product on some controller: it can be killed, between any two steps.

    Args:
        time: that it lives in.
        now: the time by the clock of its controller.
        dies_at: the step at which it is killed; never when None.
    """

    def __init__(self, time: Time, now: Callable[[], datetime], dies_at: int | None) -> None:
        self.time = time
        self.now = now
        self.alive, self.killed = True, False
        self.steps = 0
        self.dies_at = dies_at
        self.runs: set[str] = set()
        self._waiting: list[Callable[[], None]] = []

    def step(self) -> None:
        """Be at a moment at which it may be killed.

        Raises:
            Killed: it is.
        """
        self.steps += 1
        if self.steps == self.dies_at:
            self.alive, self.killed = False, True
            for wake in self._waiting:
                wake()
        if not self.alive:
            raise Killed

    def sleep(self, seconds: float) -> None:
        self.step()
        self.time.sleep(seconds)
        self.step()

    def spawn(self, work: Callable[[], None], seconds: float = 0.0) -> None:
        def until_killed() -> None:
            try:
                self.step()
                work()
            except Killed:
                return

        self.time.spawn(until_killed, seconds)

    def wait(self, until: Callable[[], bool], told: list[Callable[[], None]]) -> None:
        """Wait for others of this process.

        Args:
            until: whether there is nothing to wait for.
            told: whoever changes that calls these.
        """
        while not until():
            wake = self.time.park()
            self._waiting.append(wake)
            told.append(wake)
            self.time.rest()
            self._waiting.remove(wake)
            self.step()


class _InTurn(InThread):
    """Waits as a thread does; but who rests gives the place to another."""

    async def rest(self, seconds: float, wake: Any) -> None:
        del wake
        await _Rest(seconds)


@dataclass(frozen=True)
class _Rest:
    seconds: float

    def __await__(self) -> Iterator[Any]:
        yield self


class Interleaved:
    """A `Runner` whose hosts take turns, effect by effect.

    Args:
        process: that they belong to.
        workers: hosts that are worked on at the same time.
    """

    def __init__(self, process: Process, workers: int) -> None:
        self._process = process
        self._workers = workers

    def run(self, items: Any, work: Any, *_: Any) -> Iterator[tuple[Any, Any]]:
        todo, done, told = list(items), list[tuple[Any, Any]](), list[Callable[[], None]]()

        def go_on(item: Any, at_work: Any) -> None:
            try:
                rest = at_work.send(None)
            except StopIteration as end:
                done.append((item, end.value))
            else:
                self._process.spawn(lambda: go_on(item, at_work), rest.seconds)
                return
            while told:
                told.pop()()

        def worker() -> None:
            while todo:
                item = todo.pop(0)
                go_on(item, work(item, _InTurn()))

        for _ in range(min(self._workers, len(todo))):
            self._process.spawn(worker)
        for _ in items:
            self._process.wait(lambda: bool(done), told)
            yield done.pop(0)
