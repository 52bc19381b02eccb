"""Every runner gives one result for each item, and stops when it is told to."""

import threading

import pytest

from remediate.runner import Runner, Serial, Threads


@pytest.mark.parametrize("runner", [Serial(), Threads(1), Threads(8)])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_each_item_has_one_result(runner: Runner, count: int) -> None:
    results = runner.run(range(count), lambda item: item * 2, lambda item: -item)
    assert sorted(results) == [(item, item * 2) for item in range(count)]


def test_a_slow_host_does_not_hide_the_others() -> None:
    """Results come as hosts finish."""
    go_on = threading.Event()

    def work(item: str) -> str:
        if item == "slow":
            go_on.wait(30)
        return item

    results = Threads(2).run(["slow", "quick"], work, lambda item: item)
    assert next(results) == ("quick", "quick")
    go_on.set()
    assert list(results) == [("slow", "slow")]


def test_an_interrupt_begins_no_new_item_and_finishes_the_others() -> None:
    under_way = threading.Event()
    both_begun = threading.Barrier(2, action=under_way.set, timeout=30)
    go_on = threading.Event()

    def work(item: int) -> str:
        if item > 1:
            both_begun.wait()
            go_on.wait(30)
        return f"done {item}"

    results = Threads(2).run([1, 2, 3, 4, 5], work, lambda item: f"skipped {item}")
    assert next(results) == (1, "done 1")
    assert under_way.wait(30)  # an interrupt before that would skip the third
    later = threading.Timer(0.2, go_on.set)
    later.start()
    rest = [results.throw(KeyboardInterrupt), *results]
    later.join(30)
    assert sorted(rest) == [(2, "done 2"), (3, "done 3"), (4, "skipped 4"), (5, "skipped 5")]


def test_serial_skips_what_comes_after_an_interrupt() -> None:
    def work(item: int) -> str:
        if item == 2:
            raise KeyboardInterrupt
        return f"done {item}"

    results = Serial().run([1, 2, 3], work, lambda item: f"skipped {item}")
    assert list(results) == [(1, "done 1"), (2, "skipped 2"), (3, "skipped 3")]
