"""One thread for each host that is being worked on; results as they come."""

import math
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from remediate.runner.waiting import InThread, Rest, Waiting

Item = TypeVar("Item")
Result = TypeVar("Result")

_LISTEN = 0.5
"""Seconds after which the waiting thread wakes: a wait without end may never hear Ctrl-C."""

Work = Callable[[Item, Waiting], Coroutine[Any, None, Result]]
"""What is done with an item. It waits for nothing but in the ways that it is given."""


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
                result = _finish(work(item, InThread()))
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

        def one(item: Item) -> "Result | _Resting[Item, Result]":
            if stop.is_set():
                return skip(item)
            return _go_on(item, work(item, InThread()))

        workers = max(1, min(self._workers, len(items)))
        with ThreadPoolExecutor(workers, thread_name_prefix="host") as pool:
            at_work = {pool.submit(one, item): item for item in items}
            at_rest = _AtRest[Item, Result]()
            try:
                while at_work or at_rest:
                    try:
                        for resting in at_rest.woken(wait=not at_work):
                            again = pool.submit(_go_on, resting.item, resting.work)
                            at_work[again] = resting.item
                        for future in as_completed(at_work, timeout=at_rest.seconds):
                            item, result = at_work.pop(future), future.result()
                            if isinstance(result, _Resting):
                                at_rest.add(result)
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
                _finish_all(pool, at_rest, at_work)


@dataclass(frozen=True)
class _Resting(Generic[Item, Result]):
    """Work that rests.

    Args:
        item: what it is about.
        work: what goes on with it, in any thread.
        rest: for how long.
        due: when that ends, by the clock that does not go back.
    """

    item: Item
    work: Coroutine[Any, None, Result]
    rest: Rest
    due: float

    def finish(self) -> None:
        self.rest.wait()
        _finish(self.work)


def _go_on(item: Item, work: Coroutine[Any, None, Result]) -> Result | _Resting[Item, Result]:
    """Work until it rests, or to its end."""
    try:
        rest: Rest = work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    return _Resting(item, work, rest, time.monotonic() + rest.seconds)


def _finish(work: Coroutine[Any, None, Result]) -> Result:
    """Work to its end; while it rests, so does this thread."""
    try:
        while True:
            rest: Rest = work.send(None)
            rest.wait()
    except StopIteration as end:
        result: Result = end.value
        return result


def _finish_all(
    pool: ThreadPoolExecutor,
    at_rest: Iterable[_Resting[Item, Result]],
    at_work: Iterable[Future[Result | _Resting[Item, Result]]],
) -> None:
    """What nobody takes the results of any more."""
    for resting in at_rest:
        pool.submit(resting.finish)
    for future in at_work:
        pool.submit(_finish_it, future)  # after it, as the pool takes them in turn


def _finish_it(future: Future[Result | _Resting[Item, Result]]) -> None:
    result = future.result()
    if isinstance(result, _Resting):
        result.finish()


class _AtRest(Generic[Item, Result]):
    """Work that rests, and when that ends."""

    def __init__(self) -> None:
        self._all: list[_Resting[Item, Result]] = []

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[_Resting[Item, Result]]:
        return iter(self._all)

    def add(self, resting: _Resting[Item, Result]) -> None:
        self._all.append(resting)

    @property
    def seconds(self) -> float:
        """How long to wait for something else before one may be due."""
        left = min((one.due for one in self._all), default=math.inf) - time.monotonic()
        return max(0.0, min(left, _LISTEN))

    def woken(self, *, wait: bool) -> Iterator[_Resting[Item, Result]]:
        """Those that are due, or are to rest no longer; they are not among these any more.

        Args:
            wait: there is nothing else to wait for.
        """
        if wait:
            time.sleep(self.seconds)
        now, found = time.monotonic(), self._all
        self._all = [one for one in found if one.due > now and not one.rest.wake.is_set()]
        kept = {id(one) for one in self._all}
        return (one for one in found if id(one) not in kept)
