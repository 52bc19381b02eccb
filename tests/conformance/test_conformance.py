"""The same story on every engine: plans, outcomes and states are equal.

On the `simulated` engine a host is what the lab's kinds say; on `powershell` our real code runs
against stand-in Windows commands. A difference is a lie of one of them.

An engine needs its time, so an ordinary run tells one story of each playbook, to the very end;
that both engines agree on all that all stories ask and write, `test_kinds.py` shows.
"""

import pytest

from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.promises import compare
from tests.conformance.asked import CASES

pytestmark = pytest.mark.powershell


def told(cases: list[Case]) -> list[Case]:
    """The last story of each playbook in which something is changed."""
    return [*{case.playbook: case for case in cases if case.changes_something}.values()]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in told(CASES) else [pytest.mark.slow], id=case.id)
        for case in CASES
    ],
)
def test_a_case_goes_the_same_way_on_both_engines(case: Case, powershell: PowerShellHosts) -> None:
    compare(case, powershell)
