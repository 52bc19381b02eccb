"""Who is dialled and who is worked on is decided from how far the hosts of a run are."""

from dataclasses import dataclass, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from remediate.runner.fleet import Fleet, Limits, Step, step

numbers = st.integers(0, 60)
limits = st.builds(Limits, workers=st.integers(1, 40), dialled=st.integers(1, 40))


@st.composite
def fleets(draw: st.DrawFn) -> tuple[Fleet, Limits]:
    most, dialled = draw(limits), draw(numbers)
    fleet = Fleet(
        to_begin=draw(numbers),
        rested=draw(numbers),
        dialled=dialled,
        late=draw(st.integers(0, dialled)),
        ready=draw(numbers),
        at_work=draw(st.integers(0, most.workers)),
        stopped=draw(st.booleans()),
    )
    return fleet, most


@given(fleets())
def test_there_are_never_more_than_there_may_be(case: tuple[Fleet, Limits]) -> None:
    fleet, most = case
    now = step(fleet, most)
    assert now.work <= most.workers - fleet.at_work
    assert now.go_on + now.begin <= max(0, most.dialled - fleet.dialled)


@given(fleets())
def test_nobody_is_made_to_do_what_there_is_not(case: tuple[Fleet, Limits]) -> None:
    fleet, most = case
    now = step(fleet, most)
    assert 0 <= now.work <= fleet.ready
    assert 0 <= now.go_on <= fleet.rested
    assert 0 <= now.begin <= (0 if fleet.stopped else fleet.to_begin)
    assert not now.begin or now.go_on == fleet.rested  # who is in the middle of something is first


@given(fleets())
def test_no_worker_is_idle_while_somebody_is_ready(case: tuple[Fleet, Limits]) -> None:
    fleet, most = case
    now = step(fleet, most)
    assert fleet.at_work + now.work >= most.workers or now.work == fleet.ready


@given(fleets())
def test_hosts_that_are_counted_on_fill_the_workers_twice_and_no_more(
    case: tuple[Fleet, Limits],
) -> None:
    """Who has been dialled does not wait for long, and no worker waits for a connection."""
    fleet, most = case
    now = step(fleet, most)
    new = now.go_on + now.begin
    counted_on = fleet.at_work + fleet.ready + fleet.dialled - fleet.late + new
    everybody = new == fleet.rested + (0 if fleet.stopped else fleet.to_begin)
    full = fleet.dialled + new >= most.dialled
    twice = most.workers + min(most.workers, most.dialled)
    assert new == 0 or counted_on <= twice
    assert everybody or full or counted_on >= twice


@dataclass(eq=False)
class _Dialled:
    kind: str
    age: int = 0


@given(st.lists(st.sampled_from("aaaaadr"), max_size=60), limits, st.randoms())
def test_each_host_is_worked_on_whatever_does_not_answer(
    kinds: list[str], most: Limits, chance: Random
) -> None:
    """Some answer, some are dead, some rest in between: none is lost, and all of it ends."""
    waiting, fleet, done = list(kinds), Fleet(to_begin=len(kinds)), 0
    ready, at_work, at_rest = list[str](), list[str](), list[str]()
    dialled = list[_Dialled]()
    for _ in range(20 * len(kinds) + 20):
        now = step(fleet, most)
        at_work += [ready.pop(0) for _ in range(now.work)]
        dialled += [_Dialled(at_rest.pop(0)) for _ in range(now.go_on)]
        dialled += [_Dialled(waiting.pop(0)) for _ in range(now.begin)]
        assert len(at_work) <= most.workers
        assert len(dialled) <= most.dialled
        assert len(ready) <= 2 * most.workers + most.dialled
        for one in list(dialled):
            one.age += 1
            if one.age > 6 or (one.kind != "d" and chance.random() < 0.5):
                dialled.remove(one)
                ready.append(one.kind)
        for kind in list(at_work):
            if chance.random() < 0.7:
                at_work.remove(kind)
                if kind == "r":
                    at_rest.append("a")
                else:
                    done += 1
        fleet = replace(
            fleet,
            to_begin=len(waiting),
            rested=len(at_rest),
            dialled=len(dialled),
            late=sum(one.age > 1 for one in dialled),
            ready=len(ready),
            at_work=len(at_work),
        )
    assert done == len(kinds)


def test_who_is_stopped_begins_nothing_and_goes_on_with_what_is_begun() -> None:
    stopped = Fleet(to_begin=3, rested=1, ready=1, stopped=True)
    assert step(stopped, Limits(workers=4, dialled=4)) == Step(work=1, go_on=1)
