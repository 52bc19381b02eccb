"""Shadow storage is read to the last byte and written without losing a copy, through both doors."""

from typing import Any

import pytest

from remediate.lab.kinds import everything, records
from remediate.lab.state import Record
from remediate.powershell.messages import Status
from remediate.resources.shadow_storage import ShadowStorage
from tests.conformance.doors import Asked, Door, error_of

KIND = ShadowStorage.kind
GB = 2**30
UNBOUNDED = 2**64 - 1
MOUNTED = "D:\\mount point\\e"
SEVERAL: Record = {
    "C:": {
        "limit": "10GB",
        "used": "1GB",
        "allocated": "2GB",
        "copies": ["2024-03-04T22:00:07Z", None],
    },
    MOUNTED: {"limit": UNBOUNDED, "on": "D:"},
    "D:": {"capacity": UNBOUNDED - 1},
    "(no letter)": {"limit": 1},
}
ODD: Record = {
    "C:": {"limit": "1GB", "on": "(no letter)"},
    "(no letter)": {"offline": True},
    "D:": {"limit": "1GB", "offline": True},
}


def asked(door: Door, short: Record = SEVERAL, **facts: Any) -> Asked:
    return Asked(door, KIND, short, **facts)


def of(one: Asked, name: str) -> Record:
    return one.record(name=name)


def write(one: Asked, name: str, limit: int | None, **before: Any) -> Any:
    there = of(one, name)
    return one.set(
        {key: there[key] for key in ShadowStorage.identity}, {"max_space": limit}, **before
    )


@pytest.mark.parametrize("short", [{}, SEVERAL, ODD], ids=["none", "several", "odd"])
def test_everything_is_read_to_the_last_byte(door: Door, short: Record) -> None:
    """2^64-1 included, and a reference to a volume is followed by its key."""
    one = asked(door, short)
    found = one.get()
    assert found == records(one.state, KIND)
    assert len(found) == len([name for name in short if name != "(no letter)" or short is SEVERAL])


@pytest.mark.parametrize(
    ("before", "culture"), [(GB + 1, "en-US"), (2**53 + 1, "ko-KR"), (UNBOUNDED, "de-DE")]
)
def test_a_limit_is_written_and_put_back_exactly(door: Door, before: int, culture: str) -> None:
    """Whatever number type PowerShell makes of it on the way, and whatever vssadmin says."""
    one = asked(door, {MOUNTED: {"limit": before, "on": "D:"}, "D:": {}}, culture=culture)
    start = everything(one.state)
    assert write(one, MOUNTED, 10 * GB).status is Status.OK
    assert of(one, MOUNTED)["max_space"] == 10 * GB
    assert write(one, MOUNTED, before).status is Status.OK
    assert everything(one.state) == start


def test_shadow_storage_is_added_where_there_is_none(door: Door) -> None:
    one = asked(door)
    before = records(one.state, KIND)
    assert write(one, "D:", 320 * 2**20).status is Status.OK
    after = {record["name"]: record for record in records(one.state, KIND)}
    changed = {record["name"]: record for record in before}
    changed["D:"] = {**changed["D:"], "max_space": 320 * 2**20}
    assert after == changed


REFUSED: list[tuple[str, int | None, Record, str]] = [
    ("C:", 20 * GB, {"max_space": 9 * GB}, "RemediateStale"),
    ("C:", 20 * GB, {"max_space": None}, "RemediateStale"),
    ("D:", 20 * GB, {"max_space": 10 * GB}, "RemediateStale"),
    ("C:", 2 * GB - 1, {}, "RemediateRefused"),
    ("C:", None, {}, "RemediateRefused"),
    ("D:", 2**20, {}, "RemediateProgramFailed"),
]


def test_a_higher_limit_is_written_even_where_copies_take_more(door: Door) -> None:
    """By the ids of volumes, of which not every one has a name; no copy is lost."""
    copies = ["2024-03-04T22:00:07Z"]
    small = {"limit": "5GB", "used": "12GB", "allocated": "13GB", "on": "(a)", "copies": copies}
    one = asked(door, {"C:": small, "(a)": {}})
    before = of(one, "C:")
    assert write(one, "C:", 10 * GB).status is Status.OK
    assert of(one, "C:") == {**before, "max_space": 10 * GB}
    assert error_of(write(one, "C:", 10 * GB - 1)) == "RemediateRefused"


def test_what_must_not_be_written_is_not(door: Door) -> None:
    one = asked(door)
    before = everything(one.state)
    for name, limit, was, error in REFUSED:
        assert error_of(write(one, name, limit, **was)) == error
        assert everything(one.state) == before


def test_what_is_not_there_is_missing(door: Door) -> None:
    one = asked(door)
    elsewhere = {"volume": of(one, "C:")["volume"], "diff_volume": of(one, "D:")["volume"]}
    result = one.set(elsewhere, {"max_space": 20 * GB}, max_space=GB)
    assert error_of(result) == "RemediateMissing"


@pytest.mark.parametrize("culture", ["en-US", "ko-KR"])
def test_vssadmin_that_fails_is_told_by_its_exit_code(door: Door, culture: str) -> None:
    one = asked(door, culture=culture, denied={KIND: "write"})
    before = everything(one.state)
    result = write(one, "C:", 20 * GB)
    assert error_of(result) == "RemediateProgramFailed"
    assert result.error
    assert "exit code 2" in result.error.message
    assert everything(one.state) == before


def test_vssadmin_that_a_security_product_stops_is_told_as_that(door: Door) -> None:
    one = asked(door, lacks=["vssadmin"])
    before = everything(one.state)
    result = write(one, "C:", 20 * GB)
    assert error_of(result) == "RemediateProgramBlocked"
    assert result.error
    assert "vssadmin was not let start" in result.error.message
    assert everything(one.state) == before


def test_who_may_not_read_is_told_so(door: Door) -> None:
    one = asked(door, denied={KIND: "read"}, culture="ko-KR")
    result = one.call("Get")
    assert result.error
    assert result.error.category == "PermissionDenied"
