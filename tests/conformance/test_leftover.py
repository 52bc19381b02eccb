"""What runs have left is told by its place, through both doors; nothing else is removed."""

import pytest

from remediate.lab.kinds.old_files import FOLDER
from remediate.resources.leftover import Leftover
from tests.conformance.doors import Asked, Door, error_of

DAY = "2020-01-01"
ASIDE = f"{FOLDER}.remediate-{DAY}"


def remove(one: Asked, path: str) -> str:
    result = one.set({"path": path}, {"present": False}, present=True)
    return error_of(result) if result.error else ""


def test_a_folder_goes_with_all_that_was_moved_there(door: Door) -> None:
    one = Asked(door, Leftover.kind, {"aside": {DAY: 3, "2020-01-02": 1}})
    assert remove(one, ASIDE) == ""
    assert [each["path"] for each in one.get()] == [f"{FOLDER}.remediate-2020-01-02"]
    assert one.state.drive.below(ASIDE) == []


@pytest.mark.parametrize("path", [FOLDER, rf"{ASIDE}\00000.tmp", rf"{ASIDE}\..\Temp"])
def test_what_is_at_no_such_place_is_never_found(door: Door, path: str) -> None:
    one = Asked(door, Leftover.kind, {"aside": {DAY: 1}})
    assert error_of(one.set({"path": path}, {"present": False}, present=True)) in {
        "RemediateMissing",
        "RemediateStale",
    }
    kept = [rf"{ASIDE}\00000.tmp", rf"{ASIDE}\remediate.moved"]
    assert sorted(one.state.drive.below(ASIDE)) == kept


def test_somebody_elses_folder_in_it_stops_the_removal(door: Door) -> None:
    one = Asked(door, Leftover.kind, {"aside": {DAY: 1}})
    one.state.drive.put(rf"{ASIDE}\theirs\kept.txt", "theirs")
    one.door.become(one.state)
    assert remove(one, ASIDE) == "RemediateRefused"
    assert rf"{ASIDE}\theirs\kept.txt" in one.state.drive.below(ASIDE)
