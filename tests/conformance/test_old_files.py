"""Old files are moved aside and back, through both doors, and whatever is not ours stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remediate.lab.kinds import registry_value
from remediate.lab.kinds.old_files import AWAITED, FOLDER
from remediate.lab.state import Record
from remediate.resources.old_files import OldFiles, OldFileSets
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, Door, PowerShellDoor, error_of

DAY = "2025-06-01"
ASIDE = f"{FOLDER}.remediate-{DAY}"
WHICH = {"folder": FOLDER, "day": DAY}
QUESTION = OldFileSets(day=DAY).arguments()
HOLD = rf"""
$place = (Resolve-Path -LiteralPath '{FOLDER}\in_use00000.tmp').ProviderPath
$held = [System.IO.File]::Open($place, 'Open', 'Read', 'ReadWrite, Delete')
"""
OUT_OF_TIME = r"""
function Get-Date {
    $now = Microsoft.PowerShell.Utility\Get-Date
    if ((Get-PSCallStack)[1].Command -match '^(Set|Move)-') { $script:Late++ }
    return $now.AddHours($script:Late)
}
$script:Late = 0
"""


def asked(door: Door, **short: object) -> Asked:
    return Asked(door, OldFiles.kind, short)


def move(one: Asked, place: str, before: str) -> str:
    """What a write ends with; empty when all went well."""
    result = one.set(WHICH, {"place": place}, place=before)
    return error_of(result) if result.error else ""


def told(one: Asked, *names: str) -> list[Any]:
    [found] = one.get(**QUESTION)
    return [found[name] for name in names]


def files(one: Asked, folder: str) -> list[str]:
    start = len(folder) + 1
    return sorted(path[start:] for path in one.state.drive.below(folder))


def test_old_files_are_moved_aside_and_back(door: Door) -> None:
    sorts = dict.fromkeys(("old", "new", "rewritten", "copied", "other", "links"), 1)
    one = asked(door, **sorts)
    start = one.state.drive.files
    assert told(one, "place", "total", "old", "size") == ["there", 4, 1, 3]
    assert move(one, "aside", "there") == ""
    assert told(one, "place", "total", "old", "aside", "moved") == ["aside", 3, 0, 1, 1]
    assert files(one, ASIDE) == ["old00000.tmp", "remediate.moved"]
    assert move(one, "there", "aside") == ""
    assert told(one, "place", "total", "aside") == ["there", 4, 0]
    assert one.state.drive.files == start


@pytest.mark.parametrize("days", [0, 1])
def test_a_file_of_the_day_itself_is_not_old(door: Door, days: int) -> None:
    """The first moment of a day is of that day."""
    one = asked(door, old=1)
    day = datetime(2021, 3, 1, tzinfo=UTC) + timedelta(days=days)
    [found] = one.get(**OldFileSets(day=day.strftime("%Y-%m-%d")).arguments())
    assert (found["place"], found["old"]) == (("there", 1) if days else ("none", 0))


def test_a_name_that_is_taken_again_is_left_aside_and_told(door: Door) -> None:
    one = asked(door, old=2)
    move(one, "aside", "there")
    one.door.state.drive.write(rf"{FOLDER}\old00001.tmp", b"theirs")
    become(one)
    assert move(one, "there", "aside") == ""
    assert told(one, "place", "kept", "aside") == ["there", 1, 1]
    assert files(one, ASIDE) == ["old00001.tmp", "remediate.moved"]
    assert one.state.drive.read(rf"{FOLDER}\old00001.tmp") == b"theirs"


def become(one: Asked) -> None:
    """Let somebody else's doing be on the host's disk, too."""
    one.door.become(one.state)


@pytest.mark.parametrize("value", AWAITED, ids=lambda path: path.rpartition("\\")[2])
def test_what_windows_needs_at_its_next_start_stays(door: Door, value: str) -> None:
    """Whatever letters name it; a .tmp file there may be what replaces a file of Windows."""
    one = asked(door, old=3)
    held = {"type": "MultiString", "data": [r"\??\C:\WINDOWS\TEMP\OLD00001.TMP", r"!\??\C:\a.sys"]}
    registry_value.state(one.state, {value: held})
    become(one)
    assert told(one, "place", "total", "old") == ["there", 3, 2]
    assert move(one, "aside", "there") == ""
    assert told(one, "place", "skipped", "aside") == ["aside", 0, 2]
    assert files(one, FOLDER) == ["old00001.tmp"]


@pytest.mark.parametrize("inside", [r"\theirs.tmp", ""], ids=["somebody's", "a link"])
def test_a_folder_that_is_not_ours_is_left_alone(door: Door, inside: str) -> None:
    one = asked(door, old=1)
    one.state.drive.put(ASIDE + inside, "theirs" if inside else {"link": FOLDER})
    become(one)
    start = one.state.drive.files
    assert move(one, "aside", "there") == "RemediateRefused"
    assert one.state.drive.files == start


def test_an_empty_folder_is_taken_for_what_a_run_left_that_was_cut_off(door: Door) -> None:
    one = asked(door, old=1)
    one.state.drive.put(ASIDE, None)
    become(one)
    assert told(one, "place") == ["there"]
    assert move(one, "aside", "there") == ""


@pytest.mark.powershell
@pytest.mark.parametrize(
    "which", [{"day": r"..\2021-01-01"}, {"day": f"{DAY}\n"}, {"folder": r"C:\Users\ada"}]
)
def test_no_other_folder_is_ever_found(powershell: PowerShellHosts, which: Record) -> None:
    one = asked(PowerShellDoor(powershell), old=1)
    result = one.set(WHICH | which, {"place": "aside"}, place="there")
    assert error_of(result) == "RemediateMissing"


def test_a_marker_that_is_cut_off_is_that_of_a_move_under_way(door: Door) -> None:
    one = asked(door, aside={DAY: "aside"})
    one.state.drive.write(rf"{ASIDE}\remediate.moved", b'{"sta')
    become(one)
    assert told(one, "place", "aside") == ["moving", 1]
    assert move(one, "there", "moving") == ""
    assert files(one, FOLDER) == ["moved.tmp"]


@pytest.mark.powershell
def test_a_file_that_is_in_use_stays_where_it_is(powershell: PowerShellHosts) -> None:
    """Also one that may be renamed meanwhile: its user would go on with one that is elsewhere."""
    one = asked(PowerShellDoor(powershell, HOLD), old=2, in_use=1)
    assert move(one, "aside", "there") == ""
    assert told(one, "place", "skipped", "aside") == ["aside", 1, 2]


@pytest.mark.powershell
def test_a_write_moves_what_it_has_time_for_and_says_that_some_are_left(
    powershell: PowerShellHosts,
) -> None:
    one = asked(PowerShellDoor(powershell, OUT_OF_TIME), old=120)
    assert move(one, "aside", "there") == "RemediateUnfinished"
    place, aside, old = told(one, "place", "aside", "old")
    assert (place, aside in range(40, 50), old) == ("moving", True, 120 - aside)
    while move(one, "aside", "moving") == "RemediateUnfinished":
        assert told(one, "aside") > [aside]
        [aside] = told(one, "aside")
    assert told(one, "place", "aside") == ["aside", 120]
