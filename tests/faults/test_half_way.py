"""A host stops after any number of its writes: what is said is so, and the way back is open.

In memory all ways are tried; a real engine is killed in a few of them, see `test_killed_host`.
"""

from collections.abc import Callable

import pytest

from remediate.engine.observation import Observation
from remediate.model.outcome import Outcome
from remediate.powershell.messages import Request
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import ConnectionLost, TimedOut
from tests.faults.conftest import HALF_WAY
from tests.faults.half_way import ALL, HOST, Bench, Tell, Trial, explore
from tests.faults.repairs import (
    IN_BETWEEN,
    MOVED,
    NEEDED,
    NEVER,
    REBOOTED,
    REPAIRS,
    SCANNED,
    SEVERAL,
    Repair,
)
from tests.faults.under_way import Time

Record = Callable[[str, object], None]
ONE_LOST, TWO_LOST = 1, 2


def memory_bench(repair: Repair, *, auto_rollback: bool = True) -> tuple[Bench, MemoryTransport]:
    state = repair.state()
    transport = MemoryTransport({HOST.address: state})
    bench = Bench(repair, transport, state, auto_rollback=auto_rollback, time=Time())
    return bench, transport


def applying(repair: Repair, *, auto_rollback: bool = True) -> Tell:
    """An apply breaks off; what is left unknown is reconciled, what is left is undone."""

    def tell(trial: Trial) -> list[Request]:
        bench, transport = memory_bench(repair, auto_rollback=auto_rollback)
        start = bench.look()
        transport.trouble = trial.trouble
        report = bench.apply()
        if not trial.breaks and auto_rollback:
            assert report.outcome is repair.outcome
        sent = list(transport.requests)
        settle(bench, transport, report.outcome, start)
        bench.check_undone(start)
        return sent

    return tell


def undoing(repair: Repair) -> Tell:
    """The rollback of an apply breaks off; then it is done again."""

    def tell(trial: Trial) -> list[Request]:
        bench, transport = memory_bench(repair)
        start = bench.look()
        assert bench.apply().outcome is Outcome.CHANGED
        applied, before = bench.look(), len(transport.requests)
        transport.trouble = lambda number: trial.trouble(number - before)
        report = bench.rollback()
        sent = transport.requests[before:]
        settle(bench, transport, report.outcome, applied)
        bench.check_undone(start)
        return sent

    return tell


def settle(bench: Bench, transport: MemoryTransport, outcome: Outcome, before: Observation) -> None:
    """Reconcile what is unknown, at the second go: at the first the host is lost again."""
    transport.trouble = lambda _: Trouble(ConnectionLost, ALL)
    if outcome is Outcome.INDETERMINATE:
        assert bench.reconcile(before).outcome is Outcome.INDETERMINATE
        transport.trouble = lambda _: None
        assert bench.reconcile(before).outcome is not Outcome.INDETERMINATE
    transport.trouble = lambda _: None


def check(record_property: Record, tell: Tell, depth: int, first: Trial | None = None) -> None:
    tried = explore(tell, depth, first)
    record_property(HALF_WAY, len(tried))
    assert [found for found in tried if found] == []


@pytest.mark.parametrize(
    "repair",
    [
        IN_BETWEEN,
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (NEEDED, MOVED, SCANNED, REBOOTED)
        ),
    ],
    ids=str,
)
def test_an_apply_that_stops_anywhere_tells_the_truth(
    repair: Repair, record_property: Record
) -> None:
    check(record_property, applying(repair), ONE_LOST)


@pytest.mark.parametrize(
    "repair",
    [
        IN_BETWEEN,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (NEEDED, MOVED, SCANNED, SEVERAL)),
    ],
    ids=str,
)
def test_a_rollback_that_stops_anywhere_tells_the_truth(
    repair: Repair, record_property: Record
) -> None:
    check(record_property, undoing(repair), ONE_LOST)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("repair", [*REPAIRS, NEVER], ids=str)
def test_an_apply_that_stops_anywhere_and_then_again_tells_the_truth(
    repair: Repair, record_property: Record
) -> None:
    check(record_property, applying(repair), TWO_LOST)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "repair", [each for each in REPAIRS if each not in (SEVERAL, REBOOTED)], ids=str
)
def test_a_rollback_that_stops_anywhere_and_then_again_tells_the_truth(
    repair: Repair, record_property: Record
) -> None:
    check(record_property, undoing(repair), TWO_LOST)


@pytest.mark.slow
@pytest.mark.parametrize("repair", [*REPAIRS, NEVER], ids=str)
def test_what_is_left_for_a_person_is_told_as_it_is(
    repair: Repair, record_property: Record
) -> None:
    """Nothing is undone by itself, and the host is silent where it broke off before."""
    tell = applying(repair, auto_rollback=False)
    check(record_property, tell, ONE_LOST, Trial(error=TimedOut))
