"""The same story on every engine: plans, outcomes and states are equal.

On the `simulated` engine a host is what the lab's kinds say; on `powershell` our real code runs
against stand-in Windows commands. A difference is a lie of one of them.

An engine needs its time, so the slow run tells one story for each set of kinds that is written, and
another of each playbook, as its seed says. That both engines agree on what stories ask and write,
`test_kinds.py` shows in each run.
"""

import pytest

from remediate.engine.recorded import writes_of
from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.promises import compare
from tests.conformance.asked import CASES
from tests.playbooks.known import some_of_each

pytestmark = [pytest.mark.powershell, pytest.mark.slow]


CHANGING = [case for case in CASES if case.changes_something]
EACH = {next(iter(writes_of(case.job()).values())): case.id for case in CHANGING}
"""The last story in which something is changed, for each set of kinds that is written."""
LONG = {
    "antivirus-exclusions",
    "module-restore",
    "proxy-settings",
    "restart-server",
    "scratch-location",
    "scratch-move",
    "shadow-storage",
}
"""Playbooks whose stories take a real engine many seconds: they end with the rollback, which
`tests/playbooks` goes on from, and no other of theirs is told."""

LOOKING = [one for one in CASES if one.playbook not in {case.playbook for case in CHANGING}]
MORE = [one for of in (CHANGING, LOOKING) for one in some_of_each(of, 1)]
TOLD = {*EACH.values(), *(one.id for one in MORE if one.playbook not in LONG)}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id) for case in CASES if case.id in TOLD]
)
def test_a_whole_story_goes_the_same_way_on_both_engines(
    case: Case, powershell: PowerShellHosts
) -> None:
    compare(case, powershell, short=case.playbook in LONG)
