"""One thread for each host that is being worked on; results as they come."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LISTEN = 0.5
"""Seconds after which the waiting thread wakes: a wait without end may never hear Ctrl-C."""


class Runner(Protocol):
    """Works through hosts."""

    def run(
        self, items: Sequence[Item], work: Callable[[Item], Result], skip: Callable[[Item], Result]
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, in any order.

        When the one who takes the results is interrupted, or stops taking them, no new item is
        begun, those under way are finished, and `skip` makes the results of the others.
        """


class Serial:
    """One after the other, in this thread; for tests and for looking at what happens."""

    def run(
        self, items: Sequence[Item], work: Callable[[Item], Result], skip: Callable[[Item], Result]
    ) -> Iterator[tuple[Item, Result]]:
        """See `Runner`."""
        stopped = False
        for item in items:
            if stopped:
                yield item, skip(item)
                continue
            try:
                result = work(item)
            except KeyboardInterrupt:
                stopped = True
                result = skip(item)
            yield item, result


class Threads:
    """Several at once.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self, items: Sequence[Item], work: Callable[[Item], Result], skip: Callable[[Item], Result]
    ) -> Iterator[tuple[Item, Result]]:
        """See `Runner`."""
        stop = threading.Event()

        def one(item: Item) -> Result:
            return skip(item) if stop.is_set() else work(item)

        workers = max(1, min(self._workers, len(items)))
        with ThreadPoolExecutor(workers, thread_name_prefix="host") as pool:
            try:
                waiting = {pool.submit(one, item): item for item in items}
                while waiting:
                    try:
                        for future in as_completed(waiting, timeout=_LISTEN):
                            yield waiting.pop(future), future.result()
                    except TimeoutError:
                        continue
                    except KeyboardInterrupt:
                        if stop.is_set():
                            raise  # asked twice
                        stop.set()
            finally:
                stop.set()
