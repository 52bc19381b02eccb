"""A host of the PowerShell engine is the same in its folder and in memory."""

import json
from pathlib import Path

import pytest

from remediate.lab.engines.windows_host import WindowsHost
from remediate.lab.hosts import healthy_host, make_state, make_states
from remediate.lab.kinds import edit, record
from remediate.lab.state import HostState
from remediate.resources.base import Query, Resource

LEASE = {"run": "R1", "owner": "anna", "fence": 3, "since": 1, "until": 2}
RECEIPTS = [{"run": "R1", "written": "1"}, {"run": "A9", "written": "2"}]
TASK = {"path": "\\Microsoft\\OnlineBackup\\", "name": "Microsoft-OnlineBackup"}
ODD = "C:\\Program Files\\Odd\\"


def odd() -> HostState:
    """A host with every sort of file, and a text that is no text."""
    host = healthy_host(resources={"registry_value": {"HKLM\\A\\B": "lone \ud800"}})
    host.drive.put(f"{ODD}empty folder", None)
    host.drive.put(f"{ODD}link", {"link": "C:\\Windows\\Temp"})
    host.drive.put(f"{ODD}link to all", {"link": "C:\\"})
    host.drive.write(f"{ODD}bytes", bytes(range(256)))
    host.drive.write(f"{ODD}long", b"x" * 10_000)
    host.drive.write(f"{ODD}short", "도움말\r\n".encode())
    host.drive.write(f"{ODD}empty", b"")
    host.drive.write("D:\\Windows\\Temp\\of another drive", b"")
    host.drive.put("D:\\link to all", {"link": "D:\\"})
    host.lease, host.freed = dict(LEASE), [dict(LEASE)]
    return host


@pytest.mark.parametrize(
    "state", [HostState("X"), odd(), *make_states(6)], ids=lambda state: state.name
)
def test_what_is_written_is_what_is_read(state: HostState, tmp_path: Path) -> None:
    """To the byte, order included: looking at a host changes nothing in its state."""
    before = json.dumps(state.snapshot())
    host = WindowsHost(state, tmp_path)
    host.read()
    assert json.dumps(state.snapshot()) == before
    state.windows = {**state.windows, "news": []}
    host.write()
    host.read()
    assert json.loads(before)["windows"] | {"news": []} == state.windows


def test_what_was_changed_in_memory_is_in_the_folder(tmp_path: Path) -> None:
    state = make_state()
    host = WindowsHost(state, tmp_path)
    edit(state, "scheduled_task", TASK, multiple_instances=1)
    state.drive.write(f"{ODD}new", b"new")
    for folder in ("Microsoft Azure Recovery Services Agent", "WindowsPowerShell"):
        state.drive.remove(f"C:\\Program Files\\{folder}")
    host.write()
    assert "<MultipleInstancesPolicy>Queue<" in host.state_file.read_text()
    assert [path.name for path in host.programs.iterdir()] == ["Odd"]
    assert (host.programs / "Odd" / "new").read_bytes() == b"new"


def test_files_on_a_drive_that_the_stand_in_has_not_are_refused(tmp_path: Path) -> None:
    """Else they would be on another one."""
    state = make_state()
    state.drive.write("E:\\Cache\\file", b"")
    with pytest.raises(ValueError, match=r"no files on E:$"):
        WindowsHost(state, tmp_path)


def test_lease_and_receipts_are_files_of_the_scripts(tmp_path: Path) -> None:
    state = make_state()
    state.lease = dict(LEASE)
    for receipt in RECEIPTS:
        state.save_receipt(receipt)
    host = WindowsHost(state, tmp_path)
    ours = host.programs / "remediate"
    assert json.loads((ours / "lease.json").read_text()) == LEASE
    assert sorted(path.name for path in (ours / "receipts").iterdir()) == ["A9.json", "R1.json"]
    (ours / "lease.json").write_text("{torn")
    (ours / "lease.lock").write_text("")
    (ours / "receipts" / "B.json").write_text('\ufeff{"run": "B", "written": "3"}')
    host.read()
    assert state.lease is None
    assert [one["run"] for one in state.receipts] == ["R1", "A9", "B"]
    assert not any("lease.lock" in path for path in state.drive.files)


def test_a_change_in_the_files_is_announced_once(tmp_path: Path) -> None:
    state = make_state()
    host = WindowsHost(state, tmp_path)
    told: list[int] = []
    state.changed = lambda: told.append(1)
    host.read()
    assert told == []
    windows = json.loads(host.state_file.read_text())
    windows["scheduled_tasks"][0]["state"] = 4
    host.state_file.write_text(json.dumps(windows))
    host.read()
    host.read()
    assert told == [1]
    assert record(state, "scheduled_task", **TASK)["state"] == 4


class Volume(Resource):
    """A kind that nothing is known of here."""

    kind = "someones_volume"
    noun = "volume"
    function = "SomeonesVolume"
    reader = Path(__file__)
    identity = ("name",)
    settable = frozenset()

    name: str


class Volumes(Query):
    resource = Volume


def test_what_the_stand_in_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no stand-in for someones_volume"):
        WindowsHost(HostState("X", {"someones_volume": [{}]}), tmp_path)
    with pytest.raises(ValueError, match="does not speak fr-FR"):
        WindowsHost(HostState("X", culture="fr-FR"), tmp_path)
    unknown = {"C:\\Program Files\\a": {"size": 1, "sha256": "0" * 64}}
    with pytest.raises(ValueError, match=r"nobody knows what is in C:\\Program Files\\a"):
        WindowsHost(HostState("X", {"files": unknown}), tmp_path)
