"""Two repairs in one run: what one of them changes, the other may judge by.

After all writes each playbook is asked anew. One that then wants something else than was planned
has not come true, and all repairs of the host are taken back.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from remediate.model.outcome import Outcome
from remediate.testing import Case, cases
from remediate.testing.case import load
from remediate.testing.reports import explain, plan_of
from tests.drawn import drawn
from tests.playbooks.test_all_together import ALONE, Together

ENDS = {Outcome.CHANGED, Outcome.REFUSED, Outcome.COMPLIANT, Outcome.ATTENTION, Outcome.SKIPPED}
"""On the host of one of them the other may have nothing to do, or only advice."""

REPAIRS: dict[str, list[Case]] = {}
for _case in cases(Path(__file__).parent):
    if (_case.changes_something and _case.playbook not in ALONE) and not (
        _case.culture or _case.os or _case.denied or _case.lacks or _case.meanwhile
    ):
        _open = _case.model_copy(update={"accept_irreversible": True})
        REPAIRS.setdefault(_case.playbook, []).append(_open)


def kinds(case: Case) -> tuple[set[str], set[str]]:
    """The kinds that a case's playbook looks at, and those of them that it may write."""
    playbook = load(case.playbook)
    task = case.job().tasks[0]
    asked = {query.resource for query in playbook.observe(task.params)}
    written = set(playbook.writes) or {kind for kind in asked if kind.settable}
    return {kind.kind for kind in asked}, {kind.kind for kind in written}


def touch(one: str, other: str) -> bool:
    """Whether a playbook may write what another looks at."""
    (sees, writes), (looks, does) = kinds(REPAIRS[one][0]), kinds(REPAIRS[other][0])
    return bool(writes & looks or does & sees)


def pairs() -> Iterator[tuple[Case, Case]]:
    """Each case of a playbook with each of another that it may have to do with."""
    for one, other in combinations(sorted(REPAIRS), 2):
        if touch(one, other):
            yield from ((case, beside) for case in REPAIRS[one] for beside in REPAIRS[other])


PAIRS = list(pairs())


def agree(one: Case, other: Case) -> None:
    """Both are applied in one run to the host of either, and to one that needs both."""
    for hosts in ((one,), (other,), (one, other), (other, one)):
        together = Together(one, other, hosts=hosts)
        told = f"{one} and {other} on the host of {' and '.join(map(str, hosts))}"
        report = together.teller.apply()
        assert report.outcome in ENDS, f"{told}: {explain(report)}"
        if report.outcome is Outcome.CHANGED:
            again = together.teller.audit("audit again")
            assert plan_of(again).changes == (), f"{told}: {explain(again)}"


def test_pairs_are_found() -> None:
    """Else the others would be about nothing."""
    found = {frozenset((one.playbook, other.playbook)) for one, other in PAIRS}
    assert {"scratch-attributes", "scratch-location"} in found
    assert {"vss-restart", "vss-services"} in found


@pytest.mark.parametrize("number", range(10))
def test_what_two_repairs_make_together_stands(number: int) -> None:
    [(one, other)] = drawn(PAIRS, 1, f"pairs {number}")
    agree(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10, 100))
def test_what_any_two_repairs_make_together_stands(number: int) -> None:
    [(one, other)] = drawn(PAIRS, 1, f"pairs {number}")
    agree(one, other)
