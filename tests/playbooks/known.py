"""All cases of our playbooks, read once for all tests."""

from collections.abc import Iterable
from pathlib import Path

from remediate.testing import Case, cases
from tests.drawn import drawn

ALL = cases(Path(__file__).parent)
SIMULATED = [case for case in ALL if "simulated" in case.engines]
BY_ID = {case.id: case for case in ALL}


def some_of_each(cases: Iterable[Case], most: int) -> list[Case]:
    """At most so many cases of each playbook, others by each seed."""
    of: dict[str, list[Case]] = {}
    for case in cases:
        of.setdefault(case.playbook, []).append(case)
    return [one for playbook, own in of.items() for one in drawn(own, most, playbook)]
