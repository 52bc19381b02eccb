"""The time zone is read from the registry and set by tzutil, through both doors."""

import pytest

from remediate.resources.time_zone import TimeZone
from tests.conformance.doors import Asked, Door, error_of

HOST = {"name": "Windows"}
NEW = "W. Europe Standard Time"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Pacific Standard Time", "Pacific Standard Time"),
        ("Pacific Standard Time_dstoff", "Pacific Standard Time_dstoff"),
        ("Korea Standard Time_dstoff", "Korea Standard Time"),
        ("Nowhere Standard Time_dstoff", "Nowhere Standard Time"),
        ("UTC\0rubbish", "UTC"),
        ("", None),
    ],
)
def test_a_zone_is_told_as_tzutil_says_it(zone: str, told: str | None, door: Door) -> None:
    one = Asked(door, TimeZone.kind, {"zone": zone})
    assert one.get() == [{"name": "Windows", "id": told}]


def test_a_zone_is_set_and_put_back_with_what_was_switched_off(door: Door) -> None:
    old = "Pacific Standard Time_dstoff"
    one = Asked(door, TimeZone.kind, {"zone": old})
    assert not one.set(HOST, {"id": NEW}).error
    assert one.get() == [{"name": "Windows", "id": NEW}]
    assert not one.set(HOST, {"id": old}).error
    assert one.get() == [{"name": "Windows", "id": old}]


@pytest.mark.parametrize(
    ("zone", "facts", "error"),
    [
        ("Nowhere Standard Time", {}, "RemediateProgramFailed"),
        (NEW, {"denied": {TimeZone.kind: "write"}}, "RemediateProgramFailed"),
        (NEW, {"lacks": ["tzutil"]}, "RemediateProgramBlocked"),
        (None, {}, "RemediateRefused"),
    ],
)
def test_what_cannot_be_set_is_told_and_nothing_is_written(
    zone: str | None, facts: dict[str, object], error: str, door: Door
) -> None:
    one = Asked(door, TimeZone.kind, {}, **facts)
    assert error_of(one.set(HOST, {"id": zone})) == error
    assert one.get() == [{"name": "Windows", "id": "UTC"}]
