"""Each case of the file beside this, from audit to rollback, on practice hosts."""

from pathlib import Path

import pytest

from remediate.testing import cases, lose_connection, tell, unreached

CASES = cases(Path(__file__).parent)


@pytest.mark.parametrize("engine", ["simulated", "powershell"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_applied_proven_and_undone(case, engine):
    tell(case, engine)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_connection_that_is_lost_anywhere_ends_in_the_truth(case):
    lose_connection(case)


def test_each_statement_is_reached_by_a_case():
    assert unreached(CASES) == []
