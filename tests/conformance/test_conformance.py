"""The same story on every engine: plans, outcomes and states are equal.

On the `simulated` engine a host is what the lab's kinds say; on `powershell` our real code runs
against stand-in Windows commands. A difference is a lie of one of them.

An engine needs its time, so an ordinary run tells one story of each kind that is written, and
the slow run tells each second one that changes something, and each fifth of the others. That both
engines agree on all that all stories ask and write, `test_kinds.py` shows.
"""

import pytest

from remediate.engine.recorded import writes_of
from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.promises import compare
from tests.conformance.asked import CASES

pytestmark = pytest.mark.powershell


CHANGING = [case for case in CASES if case.changes_something]
ORDINARY = {next(iter(writes_of(case.job()).values())): case.id for case in CHANGING}
"""The last story in which something is changed, for each set of kinds that is written."""

SLOW = {case.id for case in [*CHANGING[::2], *[one for one in CASES if one not in CHANGING][::5]]}
"""Every second one in which something is changed, and every fifth of the others."""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, marks=[] if case.id in ORDINARY.values() else [pytest.mark.slow], id=case.id
        )
        for case in CASES
        if case.id in {*ORDINARY.values(), *SLOW}
    ],
)
def test_a_case_goes_the_same_way_on_both_engines(case: Case, powershell: PowerShellHosts) -> None:
    compare(case, powershell)
