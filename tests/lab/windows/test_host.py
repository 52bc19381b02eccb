"""What a stand-in host is in files and what it is in memory are the same."""

import json
from pathlib import Path

import pytest

from remediate.lab.hosts import make_state, make_states, make_task
from remediate.lab.state import HostState
from remediate.lab.windows.host import WindowsHost, simulated_state, windows_state
from remediate.resources.scheduled_task import LogonType, MultipleInstances

LEASE = {"run": "R1", "owner": "anna", "fence": 3, "since": 1, "until": 2}
RECEIPTS = [{"run": "R1", "written": "1"}, {"run": "A9", "written": "2"}]


@pytest.mark.parametrize("state", make_states(8), ids=lambda state: state.name)
def test_a_state_goes_to_windows_and_back_unchanged(state: HostState, tmp_path: Path) -> None:
    snapshot = state.snapshot()
    there = windows_state(snapshot, tmp_path)
    assert {**snapshot, **simulated_state(json.loads(json.dumps(there)), tmp_path)} == snapshot


def test_a_task_is_its_xml_there(tmp_path: Path) -> None:
    [task] = windows_state(
        HostState("X", {"scheduled_task": [make_task("t", MultipleInstances.QUEUE)]}).snapshot(),
        tmp_path,
    )["scheduled_tasks"]
    assert set(task) == {"path", "name", "state", "xml"}


def test_a_policy_that_was_changed_in_memory_alone_goes_into_the_xml(tmp_path: Path) -> None:
    state = make_state()
    host = WindowsHost(state, tmp_path)
    task = state.kind("scheduled_task")[0]
    task["multiple_instances"] = 1
    host.push()
    assert "<MultipleInstancesPolicy>Queue<" in task["xml"]
    assert state.kind("scheduled_task")[0] is task


def test_lease_and_receipts_are_files_of_the_scripts(tmp_path: Path) -> None:
    state = make_state()
    state.lease, state.receipts = dict(LEASE), [dict(one) for one in RECEIPTS]
    host = WindowsHost(state, tmp_path)
    ours = host.programs / "remediate"
    assert json.loads((ours / "lease.json").read_text()) == LEASE
    assert sorted(path.name for path in (ours / "receipts").iterdir()) == ["A9.json", "R1.json"]
    assert (state.lease, state.receipts) == (LEASE, RECEIPTS)
    (ours / "lease.json").unlink()
    (ours / "receipts" / "B.json").write_text('\ufeff{"run": "B", "written": "3"}')
    host.pull()
    assert state.lease is None
    assert [one["run"] for one in state.receipts] == ["R1", "A9", "B"]


def test_a_change_in_the_files_is_announced_once(tmp_path: Path) -> None:
    state = make_state()
    host = WindowsHost(state, tmp_path)
    told: list[int] = []
    state.changed = lambda: told.append(1)
    host.pull()
    assert told == []
    windows = json.loads(host.state_file.read_text())
    windows["scheduled_tasks"][0]["state"] = 4
    host.state_file.write_text(json.dumps(windows))
    host.pull()
    host.pull()
    assert told == [1]
    assert state.kind("scheduled_task")[0]["state"] == 4


def test_what_the_stand_in_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no stand-in for volume"):
        windows_state(HostState("X", {"volume": [{}]}).snapshot(), tmp_path)
    with pytest.raises(ValueError, match="does not speak fr-FR"):
        windows_state(HostState("X", culture="fr-FR").snapshot(), tmp_path)
    task = {**make_task("t"), "logon_type": int(LogonType.PASSWORD)}
    with pytest.raises(ValueError, match="logon type"):
        windows_state(HostState("X", {"scheduled_task": [task]}).snapshot(), tmp_path)
    with pytest.raises(ValueError, match="registry can hang"):
        windows_state(HostState("X", hangs={"registry_value": "slow"}).snapshot(), tmp_path)
