"""The address leads to another computer from some exchange on: nothing untrue is said of either.

An address is not a computer: NAT rules, names in DNS and DHCP leases move. Whatever is in the way
of what, the other computer stays as it is, byte for byte, and the one that is meant can be
reconciled and rolled back as soon as it can be reached again.
"""

import traceback
from collections.abc import Callable, Sequence
from itertools import cycle, product

import pytest

from remediate.engine.job import Job
from tests.faults.conftest import ELSEWHERE
from tests.faults.elsewhere import EXCHANGES, Case, Like, What, Who, place, try_out
from tests.faults.forward import How

Record = Callable[[str, object], None]
NUMBERS = range(1, EXCHANGES + 1)


def some(what: What) -> Sequence[Case]:
    """One trial for each exchange, so that each of all that can vary comes several times."""
    rest = zip(cycle(How), cycle(Who), cycle(Like), strict=False)
    return [Case(what, number, *each) for number, each in zip(NUMBERS, rest, strict=False)]


def most(what: What) -> Sequence[Case]:
    """Every exchange, with each way to cut the connection and each other computer."""
    ways = product(NUMBERS, How, Who)
    return [Case(what, *each, like) for each, like in zip(ways, cycle(Like), strict=False)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("choice", [some, pytest.param(most, marks=pytest.mark.slow)])
@pytest.mark.parametrize("what", What)
def test_from_whichever_exchange_the_address_leads_elsewhere_nothing_untrue_is_said(
    what: What,
    choice: Callable[[What], Sequence[Case]],
    job: Job,
    record_property: Record,
) -> None:
    tried = choice(what)
    record_property(ELSEWHERE, len(tried))
    assert [failure for case in tried if (failure := failing(case, job))] == []


def failing(case: Case, job: Job) -> str:
    """What is wrong with a trial, if anything is: one must not hide the others."""
    try:
        with place(case, job) as here:
            try_out(case, here)
    except Exception as error:  # noqa: BLE001 - as above
        failed = traceback.extract_tb(error.__traceback__)[-1]
        return f"{case}: {failed.line} ({failed.filename}:{failed.lineno}) {error!r}"
    return ""
