"""Services are started, stopped and restarted, and told of as they are, through both doors."""

from datetime import UTC, datetime
from typing import Any

import pytest

from remediate.lab.kinds import everything
from remediate.lab.state import Record
from remediate.powershell.messages import Status
from remediate.resources.iscsi_initiator import IscsiInitiator
from remediate.resources.service import Service
from tests.conformance.doors import Asked, Door, error_of

KIND = Service.kind
NAME = {"name": "MSiSCSI"}
OWN = {"id": 2184, "started": "2026-01-05T08:00:00Z", "stopped": None, "shared": False}
SHARED = {**OWN, "id": 964, "shared": True}
SEEN = {**SHARED, "stopped": "2026-01-06T08:00:00.1234567Z"}
TARGETS = ["iqn.2001-04.com.example:a", "iqn.2001-04.com.example:b"]


def initiator(**short: Any) -> Record:
    return {"MSiSCSI": short}


def asked(door: Door, **short: Any) -> Asked:
    return Asked(door, KIND, initiator(**short))


def there(one: Asked) -> Record:
    return one.record(**NAME)


HOSTS = [
    initiator(),
    initiator(process=SHARED),
    initiator(process=SEEN),
    initiator(process={"started": None}),
    initiator(status="Stopped", start="Disabled"),
    initiator(status="Stop Pending"),
    initiator(sessions=TARGETS),
    initiator(sessions=TARGETS[:1]),
    initiator(dependents={"A": "Running", "B": "Stopped"}),
    initiator(dependents={"A": "Stopped"}),
    {"obengine": {}},
]


def test_a_service_is_read_as_it_is(door: Door) -> None:
    one = Asked(door, KIND, {})
    for short in HOSTS:
        one.become(short)
        [name] = short
        assert one.get(names=[name.upper()]) == [one.record(name=name)]


def test_a_service_that_does_not_exist_is_not_answered(door: Door) -> None:
    assert asked(door).get(names=["Nothing"]) == []


def test_a_restart_gives_a_process_of_its_own_anew(door: Door) -> None:
    one = asked(door, sessions=TARGETS)
    assert one.set(NAME, {"process": None}).status is Status.OK
    [after] = one.get(names=["MSiSCSI"])
    assert after["process"]["id"] != OWN["id"]
    assert (after["status"], after["in_use"]) == ("Running", [])


def test_a_restart_in_a_shared_process_is_proven_although_the_process_stays(door: Door) -> None:
    begin = datetime.now(UTC)
    one = asked(door, process=SEEN)
    assert one.set(NAME, {"process": None}).status is Status.OK
    [after] = one.get(names=["MSiSCSI"])
    assert {**after["process"], "stopped": None} == SHARED
    since = Service.model_validate(after).process
    assert since
    assert since.since
    assert begin <= since.since <= datetime.now(UTC)


def test_a_start_proves_that_the_service_is_young_in_an_old_process(door: Door) -> None:
    one = asked(door, status="Stopped")
    host = {name: SHARED[name] for name in ("id", "started", "shared")}
    one.state.windows["services"][0]["host"] = host
    assert one.set(NAME, {"status": "Running"}).status is Status.OK
    process = there(one)["process"]
    assert process["started"] == SHARED["started"]
    assert process["stopped"]


def test_start_mode_and_status_are_written_in_an_order_that_works(door: Door) -> None:
    one = asked(door, status="Stopped", start="Disabled")
    for status, mode in (("Running", "Manual"), ("Stopped", "Disabled")):
        assert one.set(NAME, {"start_mode": mode, "status": status}).status is Status.OK
        assert (there(one)["status"], there(one)["start_mode"]) == (status, mode)


def test_automatic_is_one_word_to_read_and_another_to_write(door: Door) -> None:
    one = asked(door)
    assert one.set(NAME, {"start_mode": "Auto"}).status is Status.OK
    assert there(one)["start_mode"] == "Auto"


@pytest.mark.parametrize("stop", [{"status": "Stopped"}, {"process": None}])
def test_a_stop_that_hangs_ends_in_an_error(door: Door, stop: Record) -> None:
    one = asked(door, hangs=True)
    result = one.set(NAME, stop)
    assert error_of(result) == "RemediateServiceHangs"
    assert result.error
    assert result.error.detail == {"status": "Stop Pending"}
    assert there(one)["status"] == "Stop Pending"


def test_a_service_that_cannot_be_started_again_is_an_error_and_known_to_be_stopped(
    door: Door,
) -> None:
    one = asked(door, fails=True)
    result = one.set(NAME, {"process": None})
    assert error_of(result) == "RemediateServiceFailed"
    assert result.error
    assert result.error.detail == {"code": 8}
    assert there(one)["status"] == "Stopped"


REFUSED: list[tuple[Record, Record, int | None]] = [
    (initiator(status="Stopped", start="Disabled"), {"status": "Running"}, None),
    (initiator(start="Disabled"), {"process": None}, None),
    (initiator(dependents={"A": "Running"}), {"process": None}, 3),
    (initiator(status="Stop Pending"), {"process": None}, 5),
    (initiator(), {"status": "Paused"}, None),
    (initiator(status="Stopped", fails=True), {"status": "Running"}, 8),
]


def test_what_windows_refuses_is_refused_before_anything_was_written(door: Door) -> None:
    one = Asked(door, KIND, {})
    for short, after, code in REFUSED:
        one.become(short)
        before = everything(one.state)
        result = one.set(NAME, after)
        assert error_of(result) == "RemediateRefused"
        assert result.error
        assert (result.error.detail or {}).get("code") == code
        assert everything(one.state) == before


def test_what_is_refused_after_the_start_mode_was_written_is_no_refusal(door: Door) -> None:
    one = asked(door, dependents={"A": "Running"})
    result = one.set(NAME, {"start_mode": "Auto", "status": "Stopped"})
    assert error_of(result) == "RemediateServiceFailed"
    assert (there(one)["start_mode"], there(one)["status"]) == ("Auto", "Running")


MOVED: list[tuple[Record, Record]] = [
    ({"start_mode": "Auto"}, {"start_mode": "Disabled"}),
    ({"status": "Stopped"}, {"status": "Running"}),
    ({"process": {**OWN, "id": 1}}, {"process": None}),
    ({"process": {**OWN, "started": "2026-01-05T08:00:01Z"}}, {"process": None}),
    ({"process": {**OWN, "stopped": SEEN["stopped"]}}, {"process": None}),
    ({"process": None}, {"process": None}),
]


def test_a_service_that_moved_since_it_was_seen_is_left_alone(door: Door) -> None:
    one = asked(door)
    before = everything(one.state)
    for was, after in MOVED:
        assert error_of(one.set(NAME, after, **was)) == "RemediateStale"
        assert everything(one.state) == before


def test_access_that_is_denied_is_told_by_its_category(door: Door) -> None:
    one = Asked(door, KIND, initiator(), denied={KIND: "write"})
    before = everything(one.state)
    result = one.set(NAME, {"process": None})
    assert result.error
    assert result.error.category == "PermissionDenied"
    assert everything(one.state) == before


def test_a_service_that_is_gone_is_missing(door: Door) -> None:
    one = Asked(door, KIND, {"Other": {}})
    result = one.set(NAME, {"start_mode": "Auto"}, start_mode="Manual")
    assert error_of(result) == "RemediateMissing"


def test_a_file_that_was_tampered_with_proves_nothing(door: Door) -> None:
    one = asked(door, process=SEEN)
    place = "C:\\Program Files\\remediate\\stopped\\MSiSCSI.txt"
    assert one.state.drive.read(place)
    one.state.drive.write(place, b"yesterday\n")
    [record] = one.get(names=["MSiSCSI"])
    assert record["process"]["stopped"] is None


def test_only_devices_of_the_initiator_are_read(door: Door) -> None:
    devices = {"ROOT\\ISCSIPRT\\0000": 28, "ROOT\\VOLMGR\\0000": 22, "PCI\\ROOT\\ISCSIPRT": 1}
    one = Asked(door, IscsiInitiator.kind, devices)
    assert one.get() == [{"device": "ROOT\\ISCSIPRT\\0000", "error_code": 28}]
