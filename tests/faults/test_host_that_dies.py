"""A real PowerShell dies, or its pipeline is stopped, between two writes or within one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pytest
from pydantic import SecretStr

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.powershell.messages import Call, Reply, Request
from remediate.transport.protocol import Deadline, Session
from remediate.transport.psrp import PsrpTransport
from tests.drawn import drawn
from tests.faults.conftest import HALF_WAY
from tests.faults.half_way import Bench, writes
from tests.faults.repairs import IN_BETWEEN, REGISTRY, RESTARTED, SEVERAL, STARTED, TASKS, Repair

pytestmark = [
    pytest.mark.powershell,
    pytest.mark.slow,
    pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}"),
]
LAST = "Invoke-RemediateRequest -Request $Request"
END = Call(id="end", function="Stop-RemediateHere")

DIES_AT_A_STOP = r"""
function Invoke-CimMethod {
    param($InputObject, [string] $MethodName, $Arguments, [switch] $Confirm, $OperationTimeoutSec)
    $PSBoundParameters.Remove('Confirm') | Out-Null
    CimCmdlets\Invoke-CimMethod @PSBoundParameters
    if ($MethodName -eq 'StopService') { Stop-Process -Id $PID -Force }
}
"""


class End(StrEnum):
    """How a pipeline ends before its end.

    killed: its process is gone, and runs nothing any more.
    stopped: Windows stops it, and what it holds is let go in order.
    """

    KILLED = "Stop-Process -Id $PID -Force"
    STOPPED = "throw (New-Object -TypeName System.Management.Automation.PipelineStoppedException)"


@dataclass
class DyingHost:
    """A transport whose pipelines that write end early.

    Args:
        inner: what really talks to the host.
        end: how they end.
        calls: after how many of their calls, one after the other.
        text: what is put into the script.
    """

    inner: PsrpTransport
    end: End = End.KILLED
    calls: list[int] = field(default_factory=list)
    text: str = ""

    def session(self, host: Host) -> "DyingSession":
        return DyingSession(self, self.inner.session(host))


@dataclass
class DyingSession:
    """Its session."""

    dying: DyingHost
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        text = self.dying.text
        if self.dying.calls and writes(request):
            done = self.dying.calls.pop(0)
            text += f"function {END.function} {{ {self.dying.end.value} }}\n"
            calls = (*request.calls[:done], END, *request.calls[done:])
            request = request.model_copy(update={"calls": calls})
        assert script.count(LAST) == 1
        return self.inner.run(script.replace(LAST, text + LAST), request, deadline)

    def close(self) -> None:
        self.inner.close()


@dataclass(frozen=True)
class Death:
    """One trial.

    Args:
        repair: what is applied.
        end: how pipelines that write end.
        calls: after how many of their calls; the first one takes the lease.
        outcome: of what is done.
        undoing: it is the rollback that ends early, not the apply.
    """

    repair: Repair
    end: End
    calls: tuple[int, ...]
    outcome: Outcome
    undoing: bool = False

    def __str__(self) -> str:
        what = "the rollback of " if self.undoing else ""
        return f"{what}{self.repair}, {self.end.name} after {self.calls} calls"


KILLED, STOPPED = End.KILLED, End.STOPPED
SOME = (
    Death(IN_BETWEEN, KILLED, (2,), Outcome.ROLLED_BACK),
    Death(TASKS, STOPPED, (2,), Outcome.ROLLED_BACK, undoing=True),
)
MORE = (  # a run draws some: what simulated hosts do at each of them, test_half_way.py tries
    Death(IN_BETWEEN, KILLED, (3,), Outcome.ROLLED_BACK),
    Death(IN_BETWEEN, STOPPED, (4,), Outcome.CHANGED),
    Death(IN_BETWEEN, STOPPED, (2,), Outcome.ROLLED_BACK),
    Death(TASKS, KILLED, (0,), Outcome.FAILED_UNCHANGED),
    Death(TASKS, STOPPED, (1,), Outcome.FAILED_UNCHANGED),
    Death(TASKS, KILLED, (3,), Outcome.CHANGED),
    Death(RESTARTED, KILLED, (1,), Outcome.FAILED_UNCHANGED),
    Death(RESTARTED, KILLED, (2,), Outcome.CHANGED),
    Death(STARTED, STOPPED, (2,), Outcome.CHANGED),
    Death(REGISTRY, KILLED, (2, 1), Outcome.FAILED_CHANGED),
    Death(REGISTRY, KILLED, (2, 2), Outcome.ROLLED_BACK),
    Death(SEVERAL, KILLED, (4,), Outcome.ROLLED_BACK),
    Death(SEVERAL, STOPPED, (5,), Outcome.ROLLED_BACK),
    Death(REGISTRY, KILLED, (2,), Outcome.ROLLED_BACK, undoing=True),
    Death(REGISTRY, KILLED, (2, 1), Outcome.FAILED_CHANGED, undoing=True),
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("deaths", [SOME, drawn(MORE, 3, "deaths")], ids=len)
def test_a_host_that_dies_between_two_writes_tells_the_truth_when_it_is_back(
    deaths: Sequence[Death], record_property: Callable[[str, object], None]
) -> None:
    states = [death.repair.state(f"SRV{number}") for number, death in enumerate(deaths)]
    record_property(HALF_WAY, len(deaths))
    with Lab(states, engine=PowerShellEngine(ready=1)) as lab:
        for death, host in zip(deaths, lab.hosts, strict=True):
            bench, dying = bench_of(death.repair, host, death.end)
            start = bench.look()
            if death.undoing:
                assert bench.apply().outcome is Outcome.CHANGED, death
            dying.calls = list(death.calls)
            report = bench.rollback() if death.undoing else bench.apply()
            assert report.outcome is death.outcome, (str(death), report.problem)
            assert dying.calls == [], death
            bench.check_undone(start)


@pytest.mark.parametrize("repair", [RESTARTED, IN_BETWEEN], ids=str)
def test_a_service_whose_restart_was_cut_off_is_started_again(repair: Repair) -> None:
    """Between its stop and its start the service is neither what it was nor what it should be."""
    with Lab([repair.state()], engine=PowerShellEngine(ready=0)) as lab:
        bench, dying = bench_of(repair, lab.hosts[0], KILLED)
        start = bench.look()
        dying.text = DIES_AT_A_STOP
        report = bench.apply()
        assert report.outcome is Outcome.ROLLED_BACK, report.problem
        assert [change.property for change in report.applied] == ["process"]
        bench.check_undone(start)


def bench_of(repair: Repair, host: LabHost, end: End) -> tuple[Bench, DyingHost]:
    password = SecretStr(host.password)
    dying = DyingHost(PsrpTransport(lambda _: password, pause=lambda _: None), end)
    return Bench(repair, dying, host.state, host.target()), dying
