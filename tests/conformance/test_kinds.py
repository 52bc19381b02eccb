"""Both doors to a host's state agree on each question about a kind, and on each write of it.

On the simulated engine a kind's Python twin answers; on `powershell` our real code does, over
stand-in Windows commands. A difference is a lie of one of them. What is asked and written is what
the stories of all cases ask and write, each once; of much, the slow run draws some for each run.
"""

import copy
from collections.abc import Iterator

import pytest

from remediate.engine.observation import call_problem
from remediate.lab import kinds
from remediate.lab.kinds import everything
from remediate.lab.state import Record
from remediate.powershell.messages import CallError, CallResult
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.states import renewable
from tests.conformance.asked import Asked, all_asked, copied, sample
from tests.conformance.doors import Door, PowerShellDoor, SimulatedDoor
from tests.drawn import drawn

pytestmark = pytest.mark.powershell

MOST, MOST_SLOW = 4, 12
"""Questions about a kind, and writes of it, that a run can afford: a pipeline each."""

FEW = {"agent_module": 4, "agent_proxy": 4, "backup_record": 4, "boot": 4}
"""How many where each starts another PowerShell or restarts, which the slow run alone affords."""

KINDS = sorted(kinds._own() - {"agent_log", "network_probe", "scratch_move", "session"})
"""What stories that both engines can tell ask about.

Probes are tried where they are promised, as is a move, which goes by times that files have on a
disk only; of the agent's logs no playbook asks, but a diagnosis, and of the session `hosts check`.
"""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in FEW])
def test_questions_and_writes_go_the_same_way(kind: str, powershell: PowerShellHosts) -> None:
    for asked in by_verb(all_asked(kind, MOST)):
        check(sample(asked, MOST), powershell)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_more_questions_and_writes_go_the_same_way(kind: str, powershell: PowerShellHosts) -> None:
    for asked in by_verb(all_asked(kind)):
        check(drawn(asked, FEW.get(kind, MOST_SLOW), kind), powershell)


def by_verb(asked: list[Asked]) -> Iterator[list[Asked]]:
    """The questions, and the writes; of a host that is restarted meanwhile, another one answers."""
    still = [one for one in asked if not (one.host.windows.get("boot") or {}).get("asked")]
    assert still
    for verb in ("Get", "Set"):
        yield [one for one in still if one.call.function.startswith(verb)]


def check(asked: list[Asked], powershell: PowerShellHosts) -> None:
    twin, real = SimulatedDoor(), PowerShellDoor(powershell)
    for one in asked:
        assert outcome(real, one) == outcome(twin, one), one.call


def outcome(door: Door, asked: Asked) -> Record:
    """What a call comes to: its answer, and the host after it."""
    door.become(copied(asked.host))
    result = door.send([asked.call])[asked.call.id]
    return {
        "status": result.status,
        "error": result.error and went_wrong(result.error),
        "answer": answer(asked, result),
        "resources": renewable(everything(door.state)),
        "windows": settled(door.state.without_traces()),
    }


def went_wrong(error: CallError) -> str:
    """What the engine makes of an error: that access was denied, or our own name for it."""
    code = call_problem(error, "").code
    return code if code == "access_denied" else error.error_id.partition(",")[0]


def answer(asked: Asked, result: CallResult) -> list[Record]:
    """What was answered, in an order of its own, but for how long a boot goes on by now."""
    found = [asked.resource.model_validate(value) for value in result.value]
    return sorted((one.model_dump(mode="json", exclude={"minutes"}) for one in found), key=str)


def settled(windows: Record) -> Record:
    """The state of a Windows without what no two hosts have alike."""
    settled = copy.deepcopy(windows)
    for service in settled.get("services", []):
        service["process"] = service["process"] is not None
    if settled.get("boot"):
        settled["boot"]["when"] = settled["boot"]["when"] is not None
    return settled
