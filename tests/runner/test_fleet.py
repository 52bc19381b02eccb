"""Who goes on is decided from how far the hosts of a run are."""

from hypothesis import given
from hypothesis import strategies as st

from remediate.runner.fleet import Fleet, step

numbers = st.integers(0, 50)
fleets = st.builds(Fleet, to_begin=numbers, at_work=numbers, rested=numbers, stopped=st.booleans())


@given(fleets, st.integers(1, 40))
def test_there_are_never_more_at_work_than_workers(fleet: Fleet, workers: int) -> None:
    now = step(fleet, workers)
    assert now.go_on + now.begin <= max(0, workers - fleet.at_work)


@given(fleets, st.integers(1, 40))
def test_nobody_waits_while_there_is_room(fleet: Fleet, workers: int) -> None:
    now = step(fleet, workers)
    room = workers - fleet.at_work - now.go_on - now.begin
    to_begin = 0 if fleet.stopped else fleet.to_begin
    assert room <= 0 or (now.go_on, now.begin) == (fleet.rested, to_begin)


@given(fleets, st.integers(1, 40))
def test_none_begins_before_those_in_the_middle_of_something(fleet: Fleet, workers: int) -> None:
    now = step(fleet, workers)
    assert not now.begin or now.go_on == fleet.rested


@given(fleets, st.integers(1, 40))
def test_once_stopped_none_begins(fleet: Fleet, workers: int) -> None:
    assert not (fleet.stopped and step(fleet, workers).begin)
