"""All cases of our playbooks, read once for all tests."""

from pathlib import Path

from remediate.testing import cases

ALL = cases(Path(__file__).parent)
SIMULATED = [case for case in ALL if "simulated" in case.engines]
BY_ID = {case.id: case for case in ALL}
