"""Every runner gives one result for each item, and stops when it is told to."""

import asyncio
import threading

import pytest

from remediate.runner import Loop, Runner, Serial
from remediate.runner.protocol import Waiting


async def doubled(item: int, _: Waiting) -> int:
    return item * 2


@pytest.mark.parametrize("runner", [Serial(), Loop(1), Loop(8)])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_each_item_has_one_result(runner: Runner, count: int) -> None:
    results = runner.run(range(count), doubled, lambda item: -item)
    assert sorted(results) == [(item, item * 2) for item in range(count)]


def test_a_slow_host_does_not_hide_the_others() -> None:
    """Results come as hosts finish."""
    go_on = threading.Event()

    async def work(item: str, waiting: Waiting) -> str:
        if item == "slow":
            await waiting.aside(lambda: go_on.wait(30))
        return item

    results = Loop(2).run(["slow", "quick"], work, lambda item: item)
    assert next(results) == ("quick", "quick")
    go_on.set()
    assert list(results) == [("slow", "slow")]


def test_an_interrupt_begins_no_new_item_and_finishes_the_others() -> None:
    under_way = threading.Event()
    both_begun = threading.Barrier(2, action=under_way.set, timeout=30)
    go_on = threading.Event()

    async def work(item: int, waiting: Waiting) -> str:
        if item > 1:
            await waiting.aside(both_begun.wait)
            await waiting.aside(lambda: go_on.wait(30))
        return f"done {item}"

    results = Loop(2).run([1, 2, 3, 4, 5], work, lambda item: f"skipped {item}")
    assert next(results) == (1, "done 1")
    assert under_way.wait(30)  # an interrupt before that would skip the third
    later = threading.Timer(0.2, go_on.set)
    later.start()
    rest = [results.throw(KeyboardInterrupt), *results]
    later.join(30)
    assert sorted(rest) == [(2, "done 2"), (3, "done 3"), (4, "skipped 4"), (5, "skipped 5")]


@pytest.mark.parametrize("runner", [Serial(), Loop(1)])
def test_a_mistake_in_the_work_is_told_in_place_of_its_result(runner: Runner) -> None:
    async def work(item: int, _: Waiting) -> float:
        return 1 / item

    with pytest.raises(ZeroDivisionError):
        list(runner.run([1, 0, 2], work, lambda item: -item))


def test_serial_skips_what_comes_after_an_interrupt() -> None:
    async def work(item: int, _: Waiting) -> str:
        if item == 2:
            raise KeyboardInterrupt
        return f"done {item}"

    results = Serial().run([1, 2, 3], work, lambda item: f"skipped {item}")
    assert list(results) == [(1, "done 1"), (2, "skipped 2"), (3, "skipped 3")]


# --- what rests -----------------------------------------------------------------------------------


class Rest(threading.Event):
    """A rest that is over as soon as all items have begun it, or once it is set.

    Args:
        items: how many there are.
    """

    def __init__(self, items: int) -> None:
        super().__init__()
        self._left = items
        self.threads: set[int] = set()

    async def taken(self, waiting: Waiting) -> None:
        self.threads.add(threading.get_ident())
        self._left -= 1
        if not self._left:
            self.set()
        await waiting.rest(30, self)


@pytest.mark.parametrize("workers", [1, 4])
def test_what_rests_holds_no_thread(workers: int) -> None:
    """All of a hundred rest at once, with fewer threads than that; and then once more."""
    first, again = Rest(100), Rest(100)

    async def work(item: int, waiting: Waiting) -> int:
        await first.taken(waiting)
        await again.taken(waiting)
        return item

    results = Loop(workers).run(range(100), work, lambda item: -item)
    assert sorted(results) == [(item, item) for item in range(100)]
    assert len(first.threads | again.threads) <= workers


async def rests_twice(item: int, waiting: Waiting) -> int:
    for _ in range(2):
        await waiting.rest(0.01, threading.Event())
    return item


@pytest.mark.parametrize("runner", [Serial(), Loop(1)])
def test_what_rests_is_gone_on_with_when_its_time_is_over(runner: Runner) -> None:
    results = runner.run([1, 2], rests_twice, lambda _: 0)
    assert sorted(results) == [(1, 1), (2, 2)]


def test_what_rests_and_is_not_asked_for_any_more_is_finished() -> None:
    """Whoever stops taking results leaves no host in the middle of a change."""
    begun, wake, ended = threading.Event(), threading.Event(), list[int]()

    async def work(item: int, waiting: Waiting) -> int:
        if item > 1:
            begun.set()
            await waiting.rest(30, wake)
            await waiting.rest(30, wake)
            ended.append(item)
        return item

    results = Loop(1).run([1, 2], work, lambda item: -item)
    assert next(results) == (1, 1)
    assert begun.wait(30)
    wake.set()
    results.close()  # type: ignore[attr-defined]
    assert ended == [2]


# --- what is done ahead ---------------------------------------------------------------------------


def test_what_takes_long_ahead_holds_no_worker() -> None:
    """Hosts that do not answer are worked on last, when that is certain; the others meanwhile."""
    answered, others = list[int](), asyncio.Event()

    async def ahead(item: int) -> None:
        if item < 10:
            await others.wait()

    async def work(item: int, _: Waiting) -> int:
        answered.append(item)
        if len(answered) == 50:
            others.set()
        return item

    results = Loop(4, ahead).run(range(60), work, lambda item: -item)
    assert sorted(results) == [(item, item) for item in range(60)]
    assert set(answered[:50]) == set(range(10, 60))


def test_what_has_been_done_ahead_only_is_skipped_after_an_interrupt() -> None:
    """One is worked on, one is ready, one is being dialled, and one is nothing yet."""
    begun, ready, go_on = threading.Event(), threading.Event(), threading.Event()
    broken_off = list[int]()

    async def ahead(item: int) -> None:
        if item == 2:
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                broken_off.append(item)
                raise
        if item == 3:
            ready.set()

    async def work(item: int, waiting: Waiting) -> str:
        if item == 1:
            begun.set()
            await waiting.aside(lambda: go_on.wait(30))
        return f"done {item}"

    results = Loop(1, ahead).run(range(5), work, lambda item: f"skipped {item}")
    assert next(results) == (0, "done 0")
    assert begun.wait(30)
    assert ready.wait(30)
    later = threading.Timer(0.2, go_on.set)
    later.start()
    rest = [results.throw(KeyboardInterrupt), *results]
    later.join(30)
    assert sorted(rest) == [(1, "done 1"), *((item, f"skipped {item}") for item in (2, 3, 4))]
    assert broken_off == [2], "nobody waits for a host that is not to begin"


def test_what_has_rested_is_made_ready_again() -> None:
    made = list[int]()

    async def ahead(item: int) -> None:
        made.append(item)

    async def work(item: int, waiting: Waiting) -> int:
        await waiting.rest(0.01, threading.Event())
        return item

    results = Loop(1, ahead).run([1, 2], work, lambda item: -item)
    assert sorted(results) == [(1, 1), (2, 2)]
    assert sorted(made) == [1, 1, 2, 2]


def test_what_fails_ahead_is_worked_on_all_the_same() -> None:
    async def ahead(item: int) -> None:
        raise OSError(item)

    assert list(Loop(1, ahead).run([1], doubled, lambda item: -item)) == [(1, 2)]


def test_what_has_rested_goes_on_before_what_has_not_begun() -> None:
    """Hosts in the middle of something come first, and be others ready before them."""
    dialled, order = list[int](), list[str]()
    ready_again, over = threading.Event(), threading.Event()

    async def ahead(item: int) -> None:
        dialled.append(item)
        if dialled.count(1) == 2:
            asyncio.get_running_loop().call_later(0.05, ready_again.set)

    async def work(item: int, waiting: Waiting) -> None:
        if item == 1:
            await waiting.rest(0, threading.Event())
            over.set()
        if item in {2, 3}:
            await waiting.aside(lambda: (ready_again if item == 2 else over).wait(30))
        order.append(f"{item}")

    list(Loop(2, ahead).run([1, 2, 3, 4, 5], work, lambda _: None))
    assert order.index("1") < order.index("4")
