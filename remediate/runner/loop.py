"""One loop for all hosts: each is a task of it, and holds no thread while it waits.

The loop is in a thread of its own, so that the one who takes the results hears Ctrl-C.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, Final, Generic

from remediate.runner.feed import Feed
from remediate.runner.fleet import Fleet, Limits, step
from remediate.runner.in_loop import InLoop
from remediate.runner.protocol import Item, Result, Work, never

_log = logging.getLogger(__name__)

_LISTEN: Final = 0.5
"""Seconds after which whoever waits wakes: a wait without end may never hear Ctrl-C."""

_THREADS: Final = 64
"""For what keeps a thread waiting, beside one for each host that is talked to by a library."""

_SOON: Final = 0.5
"""Seconds after which a host that is being dialled is not counted on any more."""

_DIALLED: Final = 256
"""Hosts that are dialled at once, where nobody knows better."""

Ahead = Callable[[Any], Coroutine[Any, Any, None]]
"""What is done with an item before it is its turn, and takes time but no worker: to dial a host."""


async def nothing_ahead(item: object) -> None:
    """For work that does not begin with a connection."""
    del item


class Loop:
    """Many hosts at once.

    Args:
        workers: hosts that are worked on at the same time; those at rest are not counted, nor
            those for which something is done ahead.
        ahead: is done before an item is worked on, and when it has rested. Ctrl-C breaks it off for
            those that have not begun.
        dialled: for how many at once.
    """

    def __init__(self, workers: int, ahead: Ahead = nothing_ahead, dialled: int = _DIALLED) -> None:
        self._limits = Limits(max(1, workers), dialled)
        self._ahead = ahead

    def run(
        self,
        items: Sequence[Item] | Feed[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
        enough: Callable[[], bool] = never,
    ) -> Iterator[tuple[Item, Result]]:
        """See `Runner`; of a feed it ends when that is closed, and nothing is left of it."""
        if not isinstance(items, Feed):
            items = Feed(items)
            items.close()
        crew = _Crew(items, work, skip, self._limits, self._ahead, enough)
        thread = threading.Thread(target=crew.carry_out, name="hosts", daemon=True)
        thread.start()
        given, interrupted, leaving = 0, False, False
        try:
            while True:
                try:
                    crew.told.pop(given - 1, None)
                    ended = crew.ended  # before it is seen whether the last is there
                    if given not in crew.told:
                        if ended:
                            return
                        crew.wait()
                        continue
                    one = crew.told[given]
                    if isinstance(one, _Raised):
                        raise one.error
                    given += 1  # nothing is called from here on that an interrupt could follow
                    yield one
                except KeyboardInterrupt:
                    if interrupted:
                        raise
                    interrupted = True
                    crew.stop()
        except KeyboardInterrupt:  # asked twice
            leaving = True
            raise
        finally:
            crew.stop()
            if not leaving:
                thread.join()


class _Crew(Generic[Item, Result]):
    """Carries out the work of one run, in the loop.

    Args:
        feed: what is to be worked on.
        work: what is done with each.
        skip: the result of one that is not begun.
        limits: how many there may be of a kind.
        ahead: what is done before.
        enough: says whether none is to be begun any more.
    """

    def __init__(
        self,
        feed: Feed[Item],
        work: Work[Item, Result],
        skip: Callable[[Item], Result],
        limits: Limits,
        ahead: Ahead,
        enough: Callable[[], bool],
    ) -> None:
        self._feed = feed
        self._to_begin = deque[Item]()
        self._work = work
        self._skip = skip
        self._limits = limits
        self._ahead = ahead
        self._enough = enough
        self._pool = ThreadPoolExecutor(_THREADS + limits.workers, "host")
        self._dialled = 0
        self._late = 0
        self._at_work = 0
        self._ready = deque[_Turn]()
        self._dials_of_new = set[asyncio.Task[None]]()
        self._tasks = set[asyncio.Task[None]]()
        self._at_rest = list[_AtRest]()
        self._rested = deque[asyncio.Future[None]]()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._more = threading.Event()
        self.stopped = False
        self.ended = False
        self.told = dict[int, _Told[Item, Result]]()
        self._number = count()

    # --- for the thread of whoever takes the results --------------------------------------------

    def wait(self) -> None:
        """Until there may be more results, or a moment."""
        self._more.wait(_LISTEN)
        self._more.clear()

    def stop(self) -> None:
        """Begin nothing any more."""
        self.stopped = True
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # it has ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._changed.set)

    # --- in the loop's ------------------------------------------------------------------------

    def carry_out(self) -> None:
        """Do it all; what goes wrong is told in place of a result."""
        try:
            # The usual one on Windows does not tell when a socket can be read.
            select = asyncio.SelectorEventLoop
            with self._pool, asyncio.Runner(loop_factory=select) as runner:
                runner.run(self._all())
        except BaseException as error:  # noqa: BLE001 - whoever takes the results is to have it
            self._tell(_Raised(error))
        finally:
            self.ended = True
            self._more.set()

    async def _all(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._feed.changed = self._wake
        while True:
            self._changed.clear()
            more = self._feed.is_open and not self.stopped  # before what has come is taken
            self._to_begin.extend(self._feed.take())
            self._step()
            if not self._tasks and not more:
                break
            await self._changed.wait()
        while self._to_begin:
            self._never(self._to_begin.popleft())

    def _step(self) -> None:
        stopped = self.stopped = self.stopped or self._enough()
        if stopped:
            self._halt()
        fleet = Fleet(
            to_begin=len(self._to_begin),
            rested=len(self._rested),
            dialled=self._dialled,
            late=self._late,
            ready=len(self._ready),
            at_work=self._at_work,
            stopped=stopped,
        )
        now = step(fleet, self._limits_now())
        for _ in range(now.work):
            self._at_work += 1
            self._ready.popleft().came.set_result(True)
        for _ in range(now.go_on):
            self._dialled += 1
            self._rested.popleft().set_result(None)
        for _ in range(now.begin):
            self._dialled += 1
            task = asyncio.create_task(self._one(self._to_begin.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _limits_now(self) -> Limits:
        most, workers = self._limits.workers, self._feed.workers
        return (
            self._limits if workers is None else replace(self._limits, workers=min(most, workers))
        )

    def _never(self, item: Item) -> None:
        try:
            self._tell((item, self._skip(item)))
        except Exception as error:  # noqa: BLE001 - which is no reason to break others off
            self._tell(_Raised(error))

    def _halt(self) -> None:
        """Let none of those begin that are being dialled, or wait for their turn."""
        for dial in self._dials_of_new:
            dial.cancel()
        for turn in [each for each in self._ready if each.new]:
            self._ready.remove(turn)
            turn.came.set_result(False)

    async def _one(self, item: Item) -> None:
        if not await self._turn(item, new=True):
            self._to_begin.append(item)  # and never will
            return
        try:
            result = await self._work(item, InLoop(self._pool, partial(self.rest, item)))
        except BaseException as error:  # noqa: BLE001 - whoever takes the results is to have it
            self._tell(_Raised(error))
        else:
            self._tell((item, result))
        self._at_work -= 1

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    async def _turn(self, item: Item, *, new: bool) -> bool:
        """Do what is done ahead of an item that is counted as dialled, and wait for its turn.

        Args:
            item: which one.
            new: it has not begun.

        Returns:
            Whether its turn has come; else it never will.
        """
        dial = asyncio.create_task(self._ahead(item))
        if new:
            self._dials_of_new.add(dial)
        done, _ = await asyncio.wait([dial], timeout=_SOON)
        if not done:
            self._late += 1
            self._changed.set()
            await asyncio.wait([dial])
            self._late -= 1
        self._dialled -= 1
        self._dials_of_new.discard(dial)
        if not dial.cancelled() and dial.exception() is not None:
            _log.debug("nothing could be done ahead", exc_info=dial.exception())
        self._changed.set()
        if new and self.stopped:
            return False
        turn = _Turn(asyncio.get_running_loop().create_future(), new)
        if new:
            self._ready.append(turn)
        else:
            self._ready.appendleft(turn)
        return await turn.came

    def _tell(self, one: "_Told[Item, Result]") -> None:
        self.told[next(self._number)] = one
        self._more.set()

    async def rest(self, item: Item, seconds: float, wake: threading.Event) -> None:
        """Let others be worked on meanwhile, and then wait for a turn to go on."""
        loop = asyncio.get_running_loop()
        resting = _AtRest(loop.time() + seconds, wake, loop.create_future())
        self._at_work -= 1
        self._changed.set()
        self._at_rest.append(resting)
        if len(self._at_rest) == 1:
            self._look()
        await resting.over
        await self._turn(item, new=False)

    def _look(self) -> None:
        """Find whose rest is over, as long as anybody rests."""
        loop = asyncio.get_running_loop()
        now, found, self._at_rest = loop.time(), self._at_rest, []
        for one in found:
            if one.due <= now or one.wake.is_set():
                self._rested.append(one.over)
                self._changed.set()
            else:
                self._at_rest.append(one)
        if self._at_rest:
            soon = min(one.due for one in self._at_rest) - now
            loop.call_later(min(soon, _LISTEN), self._look)


@dataclass(frozen=True, slots=True)
class _Raised:
    """What went wrong in place of a result."""

    error: BaseException


_Told = tuple[Item, Result] | _Raised


@dataclass(frozen=True, slots=True)
class _Turn:
    """Somebody who is ready.

    Args:
        came: whether the turn came; it will not for one that is not to begin.
        new: it has not begun.
    """

    came: asyncio.Future[bool]
    new: bool


@dataclass(frozen=True, slots=True)
class _AtRest:
    """Somebody who rests.

    Args:
        due: until when, by the loop's clock.
        wake: ends the rest early once it is set.
        over: is done when it may go on.
    """

    due: float
    wake: threading.Event
    over: asyncio.Future[None]
