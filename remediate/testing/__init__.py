"""For those who write playbooks: cases and what has to come of them, and fakes of every seam.

CASES = cases(Path(__file__).parent)

@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case(case):
tell(case)
"""

from remediate.testing.case import Case, cases
from remediate.testing.promises import lose_connection, tell, unreached

__all__ = ["Case", "cases", "lose_connection", "tell", "unreached"]
