"""One thread for each host that is being worked on; results as they come."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LISTEN = 0.5
"""Seconds after which the waiting thread wakes: a wait without end may never hear Ctrl-C."""


@dataclass(frozen=True)
class Later(Generic[Result]):
    """Work that rests: there is nothing to do for it until some time has passed.

    Args:
        seconds: how long it rests.
        wake: ends the rest early once it is set.
        go_on: goes on with it, in any thread.
    """

    seconds: float
    wake: threading.Event
    go_on: "Callable[[], Result | Later[Result]]"

    def finish(self) -> Result:
        """Wait here, and go on, to its end."""
        self.wake.wait(self.seconds)
        result = self.go_on()
        while isinstance(result, Later):
            result.wake.wait(result.seconds)
            result = result.go_on()
        return result


Work = Callable[[Item], Result | Later[Result]]


class Runner(Protocol):
    """Works through items, such as hosts."""

    def run(
        self,
        items: Sequence[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result, in any order.

        Work that rests holds nothing up. When the one who takes the results is interrupted, or
        stops taking them, no new item is begun, those under way are finished, and `skip` makes the
        results of the others.
        """


class Serial:
    """One after the other, in this thread; for tests and for looking at what happens."""

    def run(
        self,
        items: Sequence[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
    ) -> Iterator[tuple[Item, Result]]:
        """See `Runner`; what rests is waited for."""
        stopped = False
        for item in items:
            if stopped:
                yield item, skip(item)
                continue
            try:
                result = work(item)
                if isinstance(result, Later):
                    result = result.finish()
            except KeyboardInterrupt:
                stopped = True
                result = skip(item)
            yield item, result


class Threads:
    """Several at once.

    Args:
        workers: how many threads; what rests has none.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self,
        items: Sequence[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
    ) -> Iterator[tuple[Item, Result]]:
        """See `Runner`."""
        stop = threading.Event()

        def one(item: Item) -> Result | Later[Result]:
            return skip(item) if stop.is_set() else work(item)

        workers = max(1, min(self._workers, len(items)))
        with ThreadPoolExecutor(workers, thread_name_prefix="host") as pool:
            at_work = {pool.submit(one, item): item for item in items}
            resting = _Resting[Item, Result]()
            try:
                while at_work or resting:
                    try:
                        for item, later in resting.woken(wait=not at_work):
                            at_work[pool.submit(later.go_on)] = item
                        for future in as_completed(at_work, timeout=resting.seconds):
                            item, result = at_work.pop(future), future.result()
                            if isinstance(result, Later):
                                resting.add(item, result)
                            else:
                                yield item, result
                    except TimeoutError:
                        continue
                    except KeyboardInterrupt:
                        if stop.is_set():
                            raise  # asked twice
                        stop.set()
            finally:
                stop.set()
                _finish_all(pool, resting, at_work)


def _finish_all(
    pool: ThreadPoolExecutor,
    resting: Iterable[Later[Result]],
    at_work: Iterable[Future[Result | Later[Result]]],
) -> None:
    """What nobody takes the results of any more."""
    for later in resting:
        pool.submit(later.finish)
    for future in at_work:
        pool.submit(_finish, future)  # after it, as the pool takes them in turn


def _finish(future: Future[Result | Later[Result]]) -> None:
    result = future.result()
    if isinstance(result, Later):
        result.finish()


class _Resting(Generic[Item, Result]):
    """Work that rests, with when that ends."""

    def __init__(self) -> None:
        self._all: list[tuple[float, Item, Later[Result]]] = []

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Later[Result]]:
        return (later for _, _, later in self._all)

    def add(self, item: Item, later: Later[Result]) -> None:
        self._all.append((time.monotonic() + later.seconds, item, later))

    @property
    def seconds(self) -> float:
        """How long to wait for something else before one may be due."""
        left = min((due for due, _, _ in self._all), default=math.inf) - time.monotonic()
        return max(0.0, min(left, _LISTEN))

    def woken(self, *, wait: bool) -> Iterator[tuple[Item, Later[Result]]]:
        """Those that are due, or are to rest no longer; they are not among these any more.

        Args:
            wait: there is nothing else to wait for.
        """
        if wait:
            time.sleep(self.seconds)
        now, found = time.monotonic(), self._all
        self._all = [one for one in found if one[0] > now and not one[2].wake.is_set()]
        rest = {id(one) for one in self._all}
        return ((one[1], one[2]) for one in found if id(one) not in rest)
