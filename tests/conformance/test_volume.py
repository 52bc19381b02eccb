"""Volumes of every kind are read alike through both doors, their disks only where that is asked."""

import pytest

from remediate.lab.kinds import records
from remediate.lab.state import Record
from remediate.resources.volume import Volume
from tests.conformance.doors import Asked, Door

SEVERAL: Record = {
    "C:": {"capacity": 2**64 - 1, "free": 2**53 + 1, "dirty": True, "deduplicated": False},
    "D:\\mount point": {"on": "Removable", "file_system": "exFAT", "compressed": True},
    "E:": {"on": "Compact_Disc", "read_only": True},
    "F:": {"read_only_disk": True, "deduplicated": True, "left_alone": ["\\temp", "F:\\SQL"]},
    "G:": {"unreadable": True},
    "(no letter)": {"free": 0},
}


@pytest.mark.parametrize("disks", [False, True])
def test_every_volume_is_read_to_the_last_byte(door: Door, disks: bool) -> None:
    one = Asked(door, Volume.kind, SEVERAL)
    found = one.get(disks=disks)
    assert found == records(one.state, Volume.kind, disks=disks)
    assert len(found) == 7
    assert {record["read_only"] for record in found} == ({True, False} if disks else {None})


def test_a_windows_without_deduplication_deduplicates_nothing(door: Door) -> None:
    one = Asked(door, Volume.kind, {}, culture="ko-KR")
    assert [record["deduplicated"] for record in one.get(disks=True)] == [False, False]


@pytest.mark.parametrize("disks", [False, True])
def test_who_may_not_read_is_told_so(door: Door, disks: bool) -> None:
    one = Asked(door, Volume.kind, {}, denied={Volume.kind: "read"})
    result = one.call("Get", disks=disks)
    assert result.error
    assert result.error.category == "PermissionDenied"
