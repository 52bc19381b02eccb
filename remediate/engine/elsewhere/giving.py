"""Gives orders to other processes, and once more when one of those ends."""

import threading
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from queue import SimpleQueue
from typing import Protocol

from remediate.engine.elsewhere.messages import Go, Halt, Skipped, ToMember
from remediate.engine.elsewhere.service import FarOrder, Gone


class Receiver(Protocol):
    """One of the other processes."""

    alive: bool
    how: str
    """How it has ended, in words; empty until then."""

    def give(self, far: FarOrder) -> None:
        """Send an order there; it is begun after `Go`."""

    def send(self, *messages: ToMember) -> None:
        """Send messages; once it has ended nobody hears them."""


class Giving:
    """Gives orders away, in a thread of its own: an interrupt leaves none half given.

    Args:
        members: the processes.
        workers: how many hosts are worked on at the same time, in all.
        orders: what is to be done.
    """

    def __init__(
        self, members: Sequence[Receiver], workers: int, orders: Sequence[FarOrder]
    ) -> None:
        self.stopped = threading.Event()
        """None is to be begun any more."""
        self._members = members
        self._workers = workers
        self._turns = cycle(members)
        self._of: dict[str, Receiver] = {}
        self._left: SimpleQueue[Sequence[FarOrder] | None] = SimpleQueue()
        self._left.put(orders)
        self._thread = threading.Thread(target=self._give, name="giving", daemon=True)
        self._thread.start()

    def again(self, far: FarOrder) -> bool:
        """Give to another process what one that has ended had not begun, where there is one."""
        alive = any(member.alive for member in self._members)
        if not isinstance(far.came_to, Gone) or far.begun or self.stopped.is_set() or not alive:
            return False
        far.came_to = None
        self._left.put([far])
        return True

    def end(self) -> None:
        """There is nothing more to give."""
        self._left.put(None)
        self._thread.join()

    def _give(self) -> None:
        while (orders := self._left.get()) is not None:
            for far in orders:
                member = self._member(far)
                if self.stopped.is_set():
                    far.end(Skipped(number=0))
                elif member is None:
                    far.end(Gone(f"{self._members[-1].how}, and no other is left"))
                else:
                    member.give(far)
            if self._left.empty():
                self._go()

    def _go(self) -> None:
        """Have what was given begun, with the workers of those that have ended, too."""
        alive = [member for member in self._members if member.alive]
        for member in alive:
            member.send(Go(workers=-(-self._workers // len(alive))))
            if self.stopped.is_set():
                member.send(Halt())  # that was said before its last order came, which took it back

    def _member(self, far: FarOrder) -> Receiver | None:
        """Who gets an order: all that are about one host one, whose gate its own accounts pass."""
        url = far.order.host.url.casefold()
        known = self._of.get(url)
        if known is None or not known.alive:
            known = next((each for each in self._around() if each.alive), None)
            if known is not None:
                self._of[url] = known
        return known

    def _around(self) -> Iterator[Receiver]:
        return islice(self._turns, len(self._members))
