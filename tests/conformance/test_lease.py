"""A pipeline that was given up and comes late writes nothing, whoever held the lease meanwhile."""

import pytest

from remediate.lab.hosts import healthy_host
from remediate.powershell.messages import Call, Status
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Door, PowerShellDoor

LOCKED = "function Open-RemediateLock { }\n"
"""Another pipeline holds the lock, for longer than one waits for it."""


def let_in(door: Door, run: str, fence: int, *undoes: str, gives_back: bool = True) -> bool:
    """Whether a pipeline of a run gets the lease; it gives it back at its end."""
    lease = {"run": run, "owner": f"{run}@x", "fence": fence, "ttl": 600, "undoes": [*undoes]}
    lock = Call(id="lock", function="Lock-RemediateLease", arguments=lease)
    unlock = Call(id="unlock", function="Unlock-RemediateLease", arguments={"run": run})
    result = door.send([lock, unlock] if gives_back else [lock])["lock"]
    assert result.status is Status.OK or (
        result.error and result.error.error_id.startswith("RemediateLeaseHeld")
    )
    return result.status is Status.OK


def test_whose_run_was_given_up_is_known_after_others_held_the_lease(door: Door) -> None:
    door.become(healthy_host())
    assert let_in(door, "r1", 6)
    assert let_in(door, "r2", 7)
    assert let_in(door, "r3", 8)
    assert not let_in(door, "r1", 5)
    assert let_in(door, "r1", 6)  # what it goes on with
    assert let_in(door, "r4", 1)  # of another store


def test_who_lost_the_lease_to_another_run_is_given_up(door: Door) -> None:
    door.become(healthy_host())
    assert let_in(door, "r1", 6, gives_back=False)
    assert let_in(door, "r2", 7, "r1")
    assert not let_in(door, "r1", 5)


def test_a_lease_is_kept_from_others_and_from_what_its_own_run_sent_before(door: Door) -> None:
    door.become(healthy_host())
    assert let_in(door, "r1", 6, gives_back=False)
    assert not let_in(door, "r2", 7)  # nor does it give back what is another's
    assert not let_in(door, "r1", 5, gives_back=False)
    assert [door.state.lease[name] for name in ("run", "fence")] == ["r1", 6]  # type: ignore[index]
    assert let_in(door, "r1", 6)
    assert door.state.lease is None


def test_the_file_of_an_earlier_version_counts_and_a_bounded_number_of_runs_is_kept(
    door: Door,
) -> None:
    door.become(healthy_host())
    freed = '{"run": "r1", "owner": "r1@x", "fence": 6, "since": 0, "until": 600}'
    path = r"C:\Program Files\remediate\freed.json"
    door.state.drive.write(path, freed.encode())
    assert not let_in(door, "r1", 5)
    assert let_in(door, "r2", 1)
    assert [one["run"] for one in door.state.freed] == ["r2", "r1"]
    door.state.freed = [{**door.state.freed[1], "run": f"old-{n}"} for n in range(20)]
    assert let_in(door, "r3", 1)
    assert [one["run"] for one in door.state.freed] == ["r3", *(f"old-{n}" for n in range(19))]


@pytest.mark.slow
@pytest.mark.powershell
def test_while_another_pipeline_writes_nobody_gets_the_lease(powershell: PowerShellHosts) -> None:
    door = PowerShellDoor(powershell, LOCKED)
    door.become(healthy_host())
    assert not let_in(door, "r1", 6)
    assert door.state.lease is None


@pytest.mark.powershell
def test_a_receipt_is_a_file_in_its_folder_or_none(powershell: PowerShellHosts) -> None:
    door = PowerShellDoor(powershell)
    door.become(healthy_host())
    receipt = {"operator": "x", "computer": {}, "state": "", "playbooks": [], "changes": []}
    for run in ("..\\r1", "r1/..", "r1:x", ""):
        call = Call(id="1", function="Save-RemediateReceipt", arguments={"run": run, **receipt})
        error = door.send([call])["1"].error
        assert error
        assert error.error_id.startswith("RemediateBadRun")
    assert door.state.receipts == []
