"""What must hold of a host after a run, whatever went wrong in it."""

import json
from collections import Counter

from remediate.lab.host import LabHost
from remediate.lab.state import HostState, Record
from remediate.model.outcome import ExitCode, HostReport, Outcome, exit_code
from tests.faults import received
from tests.faults.controller import LEASE

PROCESS_EXIT = {
    Outcome.COMPLIANT: 0,
    Outcome.CHANGED: 0,
    Outcome.FAILED_UNCHANGED: 3,
    Outcome.ROLLED_BACK: 3,
    Outcome.FAILED_CHANGED: 4,
    Outcome.CONFLICT: 4,
    Outcome.INDETERMINATE: 4,
    Outcome.UNREACHABLE: 5,
    Outcome.REFUSED: 6,
}
"""As the user guide promises."""
AS_IT_WAS = {
    Outcome.COMPLIANT,
    Outcome.FAILED_UNCHANGED,
    Outcome.ROLLED_BACK,
    Outcome.REFUSED,
    Outcome.UNREACHABLE,
}


def resources(state: HostState) -> bytes:
    """All that a run may change on a host, byte for byte."""
    return json.dumps(state.without_traces()).encode()


def repaired(start: bytes) -> list[Record]:
    """The tasks as `schedule-fix` is to leave them."""
    text = start.decode()
    for policy in ("Parallel", "Queue", "StopExisting"):
        text = text.replace(f"Policy>{policy}<", "Policy>IgnoreNew<")
    tasks: list[Record] = json.loads(text)["scheduled_tasks"]
    return tasks


def check_report(report: HostReport, state: HostState, start: bytes) -> None:
    """The report agrees with the host, and the exit code with the report."""
    now = resources(state)
    if report.outcome is Outcome.CHANGED:
        assert repaired(start) == json.loads(now)["scheduled_tasks"]
        assert len(report.applied) == 2
    elif report.outcome in AS_IT_WAS:
        assert start == now, f"{report.outcome} but not as it was"
    else:
        assert report.outcome in {Outcome.FAILED_CHANGED, Outcome.INDETERMINATE}
    assert PROCESS_EXIT[report.outcome] == exit_code([report])
    assert (report.problem is None) == (exit_code([report]) is ExitCode.OK)


def check_written_once(host: LabHost) -> None:
    """No write came over the wire twice, not even one that the host never acted on."""
    assert set(Counter(received.writes(host)).values()) <= {1}


def check_lease_expires(state: HostState) -> None:
    """A lease that was left behind ends by itself."""
    if state.lease is not None:
        assert int(LEASE.total_seconds()) == state.lease["until"] - state.lease["since"]
