"""Gives tasks away to other processes, and once more when one of those ends."""

import threading
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from queue import SimpleQueue
from typing import Protocol

from remediate.engine.elsewhere.messages import Go, Halt, Skipped, ToMember
from remediate.engine.elsewhere.service import Gone, Task


class Receiver(Protocol):
    """One of the other processes."""

    alive: bool
    how: str
    """How it has ended, in words; empty until then."""

    def give(self, task: Task) -> None:
        """Send an order there; it is begun after `Go`."""

    def send(self, *messages: ToMember) -> None:
        """Send messages; once it has ended nobody hears them."""


class Giving:
    """Gives tasks away, in a thread of its own: an interrupt leaves none half given.

    Args:
        members: the processes.
        workers: how many hosts are worked on at the same time, in all.
        tasks: what is to be done.
    """

    def __init__(self, members: Sequence[Receiver], workers: int, tasks: Sequence[Task]) -> None:
        self.stopped = threading.Event()
        """None is to be begun any more."""
        self._members = members
        self._workers = workers
        self._turns = cycle(members)
        self._of: dict[str, Receiver] = {}
        self._left: SimpleQueue[Sequence[Task] | None] = SimpleQueue()
        self._left.put(tasks)
        self._thread = threading.Thread(target=self._give, name="giving", daemon=True)
        self._thread.start()

    def again(self, task: Task) -> bool:
        """Give to another process what one that has ended had not begun, where there is one."""
        alive = any(member.alive for member in self._members)
        if not isinstance(task.came_to, Gone) or task.begun or self.stopped.is_set() or not alive:
            return False
        task.came_to = None
        self._left.put([task])
        return True

    def end(self) -> None:
        """There is nothing more to give."""
        self._left.put(None)
        self._thread.join()

    def _give(self) -> None:
        while (tasks := self._left.get()) is not None:
            for task in tasks:
                member = self._member(task)
                if self.stopped.is_set():
                    task.end(Skipped(number=0))
                elif member is None:
                    task.end(Gone(f"{self._members[-1].how}, and no other is left"))
                else:
                    member.give(task)
            if self._left.empty():
                self._go()

    def _go(self) -> None:
        """Have what was given begun, with the workers of those that have ended, too."""
        alive = [member for member in self._members if member.alive]
        for member in alive:
            member.send(Go(workers=-(-self._workers // len(alive))))
            if self.stopped.is_set():
                member.send(Halt())  # that was said before its last order came, which took it back

    def _member(self, task: Task) -> Receiver | None:
        """Who gets a task: all that are about one host one, whose gate its own accounts pass."""
        url = task.order.host.url.casefold()
        known = self._of.get(url)
        if known is None or not known.alive:
            known = next((each for each in self._around() if each.alive), None)
            if known is not None:
                self._of[url] = known
        return known

    def _around(self) -> Iterator[Receiver]:
        return islice(self._turns, len(self._members))
