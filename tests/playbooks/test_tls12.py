"""How much each value matters, which no case says."""

import pytest

from remediate.playbook import Severity
from remediate.testing.story import Teller
from tests.playbooks.known import BY_ID


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("server-2012r2", Severity.NOTICE),
        ("dotnet-32-bit", Severity.WARNING),
        ("group-policy", Severity.WARNING),
        ("winhttp", Severity.WARNING),
        ("switched-off", Severity.CRITICAL),
    ],
)
def test_what_nobody_has_set_matters_less_than_what_is_set_wrong(
    name: str, severity: Severity
) -> None:
    report = Teller.in_memory(BY_ID[f"tls12/{name}"]).audit("audit")
    assert report.plan
    assert {one.severity for one in (*report.plan.changes, *report.plan.advice)} == {severity}
