"""What a method of .NET refuses is told as what it said, and not as PowerShell wraps it."""

from pathlib import Path

import pytest

from remediate.engine.observation import call_problem
from remediate.lab.hosts import healthy_host
from remediate.powershell.messages import Call, Request
from remediate.powershell.script import compose
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.protocol import Deadline
from tests.conformance.doors import AT_LAST

READER = """
function Get-RemediateOpened {
    [System.IO.File]::Open($PSHOME, 'Open')
}
"""
"""A folder cannot be opened as a file: access is denied, on every system."""


@pytest.mark.powershell
def test_a_method_that_is_denied_is_access_denied(
    powershell: PowerShellHosts, tmp_path: Path
) -> None:
    reader = tmp_path / "opened.read.ps1"
    reader.write_text(READER, encoding="utf-8")
    with powershell.host(healthy_host()) as (_, host, transport):
        request = Request(run="audit", calls=(Call(id="c", function="Get-RemediateOpened"),))
        result = transport.session(host).run(compose([reader]).text, request, Deadline(AT_LAST))[
            "c"
        ]
    assert result.error is not None
    assert result.error.exception == "System.UnauthorizedAccessException"
    assert call_problem(result.error, "opening it failed").code == "access_denied"
