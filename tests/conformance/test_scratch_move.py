"""A scratch folder is copied, switched and taken back, through both doors; files on a real one."""

from typing import Any

import pytest

from remediate.lab.kinds import put, record, registry_value
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.scratch_move import AGENT, TARGET
from remediate.lab.state import Record
from remediate.resources.mars_agent import SCRATCHES
from remediate.resources.scratch_move import ScratchMove, ScratchMoves
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, Door, PowerShellDoor, error_of

WHICH = {"folder": SCRATCH, "target": TARGET, "downtime": "30"}
QUESTION = ScratchMoves(target=TARGET, downtime="30").arguments()
HELD = rf"""
if (-not (Get-Variable -Name 'LabHeld' -Scope 'Global' -ErrorAction 'SilentlyContinue')) {{
    $place = (Resolve-Path -LiteralPath '{SCRATCH}\VHDs\file00000.vhd').ProviderPath
    $global:LabHeld = [System.IO.File]::Open($place, 'Open', 'ReadWrite', 'None')
}}
"""
ONE_PIECE = r"""
function Get-Date {
    $now = Microsoft.PowerShell.Utility\Get-Date
    if ((Get-PSCallStack)[1].Command -ne 'Copy-RemediateScratchFile') { return $now }
    $script:Asked++
    if ($script:Asked % 2 -eq 0) { return $now.AddHours(1) }
    return $now
}
$script:Asked = 0
"""
"""The time is up after each piece of a file."""
SLOW_DISK = HELD + "$script:RemediateScratchRate = 1\n"
"""What is held is 6 bytes, of which one is copied in a second."""
TIME_UP = r"""
function Stop-RemediateScratchAgent {
    param([hashtable] $Move)
    Set-Content -LiteralPath ($Move['target'] + '\remediate.stopped') -Value 'Running'
    Set-RemediateScratchAgent -Status 'Stopped'
    Set-Content -LiteralPath ($Move['folder'] + '\VHDs\late.vhd') -Value 'written at last'
    $script:LabStopped = $true
}
function Get-Date {
    $now = Microsoft.PowerShell.Utility\Get-Date
    if (-not $script:LabStopped -or (Get-PSCallStack)[1].Command -ne 'Copy-RemediateScratchFile') {
        return $now
    }
    return $now.AddHours(1)
}
$script:LabStopped = $false
"""
"""Something is written before the service stops, and no time is left to copy it."""
BEGUN = r"""
function Get-RemediateBackupRecord {
    param($Path, [int] $Most)
    $service = Find-RemediateService -Identity @{ name = 'obengine' }
    $running = @()
    if ($service.State -eq 'Stopped') { $running = @(@{ state = 'InProgress' }) }
    return @{ running = $running; finished = @() }
}
"""
"""A backup has begun by the time that the service is stopped."""
MEGABYTE = 1 << 20


def asked(door: Door, **short: object) -> Asked:
    return Asked(door, ScratchMove.kind, short)


def move(one: Asked, place: str, before: str) -> str:
    """What a write ends with; empty when all went well."""
    result = one.set(WHICH, {"place": place}, place=before)
    return error_of(result) if result.error else ""


def told(one: Asked, *names: str) -> list[Any]:
    [found] = one.get(**QUESTION)
    return [found[name] for name in names]


def files(one: Asked, folder: str) -> dict[str, object]:
    """What is in a folder, but for what is ours."""
    drive = one.state.drive
    paths = (path for path in drive.below(folder) if "remediate." not in path)
    return {path[len(folder) :]: drive.entry(path) for path in paths}


def values(one: Asked) -> list[str]:
    held = (registry_value.value_of(one.state, rf"{n.key}\ScratchLocation") for n in SCRATCHES)
    return [str(value["data"]) for value in held if value]


def status(one: Asked) -> str:
    return str(record(one.state, "service", name=AGENT)["status"])


def become(one: Asked, **short: Record) -> None:
    """Let something else be so on the host, too."""
    put(one.state, short)
    one.door.become(one.state)


def test_a_folder_is_moved_and_taken_back(door: Door) -> None:
    one = asked(door, files=2)
    whole = files(one, SCRATCH)
    assert told(one, "place", "files", "total", "copied", "new") == ["there", 3, 20, 0, "none"]
    assert move(one, "moved", "there") == ""
    assert told(one, "place", "copied", "new", "key", "used") == ["moved", 20, "ours", True, False]
    assert (files(one, TARGET), files(one, SCRATCH)) == (whole, whole)
    assert (values(one), status(one)) == ([TARGET, TARGET], "Running")
    assert move(one, "there", "moved") == ""
    assert told(one, "place", "new") == ["there", "none"]
    assert (files(one, TARGET), files(one, SCRATCH)) == ({}, whole)
    assert (values(one), status(one)) == ([SCRATCH, SCRATCH], "Running")


@pytest.mark.slow
def test_what_is_only_in_the_new_folder_stays_there(door: Door) -> None:
    one = asked(door)
    move(one, "moved", "there")
    one.state.drive.write(rf"{TARGET}\VHDs\new.vhd", b"a backup of last night")
    one.door.become(one.state)
    assert told(one, "used") == [True]
    assert move(one, "there", "moved") == ""
    assert list(files(one, TARGET)) == [r"\VHDs\new.vhd"]
    assert told(one, "place", "new") == ["there", "foreign"]


@pytest.mark.slow
def test_a_service_that_does_not_start_again_is_told(door: Door) -> None:
    one = asked(door)
    become(one, service={AGENT: {"fails": True}})
    assert move(one, "moved", "there") == "RemediateScratchService"
    assert (told(one, "place"), values(one), status(one)) == (
        ["stopped"],
        [TARGET, TARGET],
        "Stopped",
    )
    for service in one.state.windows["services"]:
        service.pop("fails", None)
    one.door.become(one.state)
    assert move(one, "moved", "stopped") == ""
    assert (told(one, "place"), status(one)) == (["moved"], "Running")


@pytest.mark.slow
def test_where_the_agent_has_worked_since_nothing_is_overwritten(door: Door) -> None:
    one = asked(door, place="split")
    one.state.drive.write(rf"{SCRATCH}\VHDs\new.vhd", b"a backup of last night")
    one.door.become(one.state)
    assert move(one, "moved", "split") == "RemediateScratchApart"
    assert told(one, "place") == ["split"]


@pytest.mark.parametrize("broken", ["remediate.removing", "OnlineBackup.KEK"])
def test_a_folder_that_is_removed_in_part_is_not_gone_back_to(door: Door, broken: str) -> None:
    one = asked(door, place="moved")
    one.state.drive.write(rf"{SCRATCH}\{broken}", b"")
    one.door.become(one.state)
    assert told(one, "place", "whole") == ["moved", False]
    assert move(one, "there", "moved") == "RemediateRefused"
    assert (values(one), status(one)) == ([TARGET, TARGET], "Running")


@pytest.mark.parametrize("inside", [r"\theirs.txt", ""], ids=["somebody's", "a link"])
def test_a_folder_that_is_not_ours_is_left_alone(door: Door, inside: str) -> None:
    one = asked(door)
    one.state.drive.put(TARGET + inside, "theirs" if inside else {"link": r"C:\ProgramData"})
    one.door.become(one.state)
    start = one.state.drive.files
    assert move(one, "moved", "there") == "RemediateRefused"
    assert one.state.drive.files == start


def test_what_leads_elsewhere_is_not_followed(door: Door) -> None:
    one = asked(door, link=True)
    assert told(one, "links") == [["SSBV"]]
    assert move(one, "moved", "there") == "RemediateScratchLink"
    assert (values(one), status(one)) == ([SCRATCH, SCRATCH], "Running")
    assert move(one, "there", "copying") == ""
    assert told(one, "new") == ["none"]


@pytest.mark.slow
@pytest.mark.powershell
def test_a_file_that_is_held_for_good_keeps_it_from_being_moved(
    powershell: PowerShellHosts,
) -> None:
    """The service is stopped for the rest, and started again."""
    one = asked(PowerShellDoor(powershell, HELD), files=2)
    assert move(one, "moved", "there") == "RemediateScratchHeld"
    assert told(one, "place", "copied") == ["copying", 14]
    assert (values(one), status(one)) == ([SCRATCH, SCRATCH], "Running")


@pytest.mark.slow
@pytest.mark.powershell
def test_a_file_is_copied_piece_by_piece_and_has_its_name_when_it_is_whole(
    powershell: PowerShellHosts,
) -> None:
    one = asked(PowerShellDoor(powershell, ONE_PIECE))
    large = bytes(range(256)) * (6 * MEGABYTE // 256)
    one.state.drive.write(rf"{SCRATCH}\VHDs\large.vhd", large)
    one.door.become(one.state)
    place, seen = "there", []
    while move(one, "moved", place) == "RemediateUnfinished":
        place = "copying"
        parts = [path for path in one.state.drive.below(TARGET) if path.endswith("-part")]
        seen += [one.state.drive.facts(path)[0] for path in parts]
        assert len(seen) < 10
    assert sorted(seen)[-2:] == [4 * MEGABYTE, 6 * MEGABYTE]
    assert told(one, "place") == ["moved"]
    assert one.state.drive.read(rf"{TARGET}\VHDs\large.vhd") == large


@pytest.mark.powershell
@pytest.mark.parametrize(
    ("first", "stopped"), [(SLOW_DISK, False), (TIME_UP, True)], ids=["before", "while stopped"]
)
def test_what_would_stop_the_service_for_longer_than_it_may_is_refused(
    powershell: PowerShellHosts, first: str, stopped: bool
) -> None:
    """Before it is stopped, by an estimate; or else it is started again where it was."""
    one = asked(PowerShellDoor(powershell, first), files=2)
    which = {**WHICH, "downtime": "5"}
    started = process(one)
    result = one.set(which, {"place": "moved"}, place="there")
    assert error_of(result) == "RemediateScratchDowntime"
    assert (told(one, "place"), values(one)) == (["copying"], [SCRATCH, SCRATCH])
    assert (status(one), process(one) != started) == ("Running", stopped)


def process(one: Asked) -> object:
    return record(one.state, "service", name=AGENT)["process"]


@pytest.mark.powershell
def test_a_backup_that_has_begun_by_the_time_the_service_is_stopped_is_told(
    powershell: PowerShellHosts,
) -> None:
    one = asked(PowerShellDoor(powershell, BEGUN), files=2)
    result = one.set(WHICH, {"place": "moved"}, place="there")
    assert error_of(result) == "RemediateScratchBegun"
    assert result.error is not None
    assert "started again" in result.error.message
    assert (told(one, "place"), status(one)) == (["copying"], "Running")
