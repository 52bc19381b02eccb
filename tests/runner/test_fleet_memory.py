"""However many hosts are audited, little is kept of each."""

import sys
from io import StringIO

import pytest

from benchmarks.fleet_memory import per_host


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_audit_of_many_hosts_keeps_less_than_10_kb_of_each() -> None:
    out = StringIO()
    kept = per_host(100, out)
    sys.stdout.write(f"{kept:,.0f} bytes are kept for each host\n")
    assert kept < 10_000
    assert "FINDINGS ON 100 HOSTS\n" in out.getvalue()
