"""The controller is killed at each event of a repair: what it leaves can be closed and undone."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from remediate.model.event import Event
from remediate.model.outcome import Outcome
from tests.faults.half_way import Bench

_T = TypeVar("_T")


class KilledError(BaseException):
    """The controller is gone."""


def killed_at_each_event(
    bench: Callable[[], Bench],
    on: Callable[[Bench], _T],
    check_undone: Callable[[Bench, _T, Any], None],
    *,
    undone: bool,
) -> int:
    """How many events there are, at each of which it was killed.

    Args:
        bench: makes a host that needs the repair.
        on: what is looked at on it.
        check_undone: undoes what is left, and makes sure that all is as it was.
        undone: it is killed in the rollback, not in the apply.
    """
    for at in count(1):
        one = bench()
        start, first = on(one), one.look()
        if undone:
            one.apply()
        engine, seen = one.engine, [0]

        def kill(event: Event, at: int = at, seen: list[int] = seen) -> None:
            del event
            seen[0] += 1
            if seen[0] == at:
                raise KilledError

        one.engine = replace(engine, emit=kill)
        try:
            one.rollback() if undone else one.apply()
        except KilledError:
            one.engine = engine
            for _, report in engine.reconcile():
                assert report.outcome is not Outcome.INDETERMINATE
        else:
            return at - 1
        assert one.store.open_intents(indeterminate=True) == []
        check_undone(one, start, first)
    raise AssertionError
