"""What is counted of many hosts, in one place for all formats."""

from remediate.model.change import Severity
from remediate.report.account import Told
from remediate.report.totals import MOST_NAMED, Rows


def told(text: str, severity: Severity = Severity.WARNING) -> Told:
    return Told("schedule-fix", "multiple-instances", None, severity, text, "")


def test_a_finding_of_many_hosts_is_one_row_that_counts_each_host_once() -> None:
    rows = Rows()
    rows.add("H0", [told("task A"), told("task A")])
    [row] = rows.ranked()
    assert (row.hosts, str(row)) == (1, "task A")
    for number in range(1, 9):
        rows.add(f"H{number}", [told("task B")])
    [row] = rows.ranked()
    assert (row.hosts, str(row)) == (9, "such as: task A")
    assert row.first == [f"H{number}" for number in range(MOST_NAMED)]


def test_what_matters_more_comes_first_and_then_what_more_hosts_have() -> None:
    rows = Rows()
    for host in ("H1", "H2"):
        rows.add(host, [told("often"), told("seldom", Severity.NOTICE)])
    rows.add("H3", [told("grave", Severity.CRITICAL), told("seldom", Severity.NOTICE)])
    rows.add("H4", [told("seldom", Severity.NOTICE)])
    assert [row.text for row in rows.ranked()] == ["grave", "often", "seldom"]
