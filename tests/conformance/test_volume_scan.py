"""A volume is scanned in its own time, through both doors, and only ever scanned."""

import pytest

from remediate.lab.kinds.volume_scan import DAMAGING
from remediate.resources.volume_scan import VolumeScan
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, Door, PowerShellDoor, error_of


def asked(door: Door, **short: object) -> Asked:
    return Asked(door, VolumeScan.kind, {"D:": short})


def scan(one: Asked) -> str:
    found = told(one)
    which = {"device": found.device}
    return error_of(one.set(which, {"scan": None}, scan=found.scan))


def told(one: Asked) -> VolumeScan:
    found = (VolumeScan.model_validate(each) for each in one.get())
    return next(each for each in found if each.name == "D:")


def test_what_a_scan_finds_is_counted_and_nothing_is_repaired(door: Door) -> None:
    one = asked(door, corruptions=1, finds=2)
    assert scan(one) == "RemediateUnfinished"
    now = told(one)
    assert (now.state, now.said, now.corruptions) == ("done", "ErrorsFound", 3)
    assert now.scan is not None


def test_a_scan_that_is_refused_leaves_the_last_one_as_it_was(door: Door) -> None:
    one = asked(door, scan="2026-01-01T00:00:00Z", refuses=43009)
    assert scan(one) == "RemediateUnfinished"
    now = told(one)
    assert (now.state, now.refused, now.scan) == ("refused", 43009, "2026-01-01T00:00:00Z")


def test_a_scan_that_is_under_way_is_waited_for_and_not_begun_again(door: Door) -> None:
    one = asked(door, state="running", finds=1)
    assert told(one).state == "running"
    before = one.state.drive.files
    assert scan(one) == "RemediateUnfinished"
    assert one.state.drive.files == before


def test_a_process_that_is_gone_without_a_word_is_told(door: Door) -> None:
    one = asked(door)
    one.become({"D:": {}}, edits={VolumeScan.kind: [*DAMAGING["its process is ended"].edits]})
    assert scan(one) == "RemediateUnfinished"
    assert (told(one).state, told(one).scan) == ("broken-off", None)


@pytest.mark.powershell
def test_a_volume_with_no_id_that_can_name_a_folder_is_refused(
    powershell: PowerShellHosts,
) -> None:
    one = asked(PowerShellDoor(powershell))
    for volume in one.state.windows["volumes"]:
        volume["id"] = volume["id"].replace("3f0e9c54", r"..\..\x")
    one.door.become(one.state)
    result = one.call("Get")
    assert error_of(result) == "RemediateRefused"
