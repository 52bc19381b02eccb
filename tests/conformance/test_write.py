"""What is written is the one thing that was found, with each value before it read and compared."""

from pathlib import Path

import pytest

from remediate.lab.hosts import healthy_host
from remediate.model.base import JsonValue
from remediate.powershell.messages import Call, CallResult, Request
from remediate.powershell.script import COMPARE_AND_SET, compose
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.protocol import Deadline
from tests.conformance.doors import AT_LAST, error_of

pytestmark = pytest.mark.powershell

KIND = """
function Find-RemediateJar {
    param([hashtable] $Identity)
    foreach ($number in @(1, 2)) { if ($number -le $Identity['there']) { $number } }
}
function Read-RemediateJar {
    param($Current)
    return @{ lid = 'open' }
}
function Get-RemediateJar {
    param([string] $Before)
    [ordered]@{ lid = $Before }
}
function Set-RemediateJar {
    param($Current, [hashtable] $After)
    'written'
}
"""


def a_write(there: int, name: str, before: JsonValue) -> Call:
    arguments = {"identity": {"there": there}, "before": {name: before}, "after": {name: "shut"}}
    return Call(id=f"write-{there}-{name}", function="Set-RemediateJar", arguments=arguments)


def test_what_is_not_found_once_or_not_read_is_refused(
    powershell: PowerShellHosts, tmp_path: Path
) -> None:
    kind = tmp_path / "jar.ps1"
    kind.write_text(KIND, encoding="utf-8")
    calls = (
        a_write(0, "lid", "open"),
        a_write(1, "lid", "open"),
        a_write(2, "lid", "open"),
        a_write(1, "label", None),
        Call(id="question", function="Get-RemediateJar", arguments={"before": "a question"}),
    )
    with powershell.host(healthy_host()) as (_, host, transport):
        request = Request(run="R1", calls=calls)
        script = compose([COMPARE_AND_SET, kind]).text
        reply = transport.session(host).run(script, request, Deadline(AT_LAST))
    assert [said(result) for result in reply.calls] == [
        ("RemediateMissing", "It is no longer there."),
        ["written"],
        ("RemediateRefused", "There are 2 of it: which one is meant cannot be told."),
        ("RemediateRefused", "Read-RemediateJar does not say its label."),
        [{"lid": "a question"}],
    ]


def said(result: CallResult) -> object:
    """The answer, or our own name for what went wrong and what it says."""
    return list(result.value) if result.error is None else (error_of(result), result.error.message)
