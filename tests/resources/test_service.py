"""What is known of a service's start, what a change of it needs, and when it is not undone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.model.change import Change
from remediate.resources.service import Service, ServiceProcess, Services, ServiceStatus

PROCESS = {"id": 964, "started": "2026-01-05T08:00:00Z", "stopped": None, "shared": True}


def service(**values: Any) -> Service:
    record = {
        "name": "MSiSCSI",
        "status": "Running",
        "start_mode": "Manual",
        "process": PROCESS,
        "dependents": [],
        "in_use": [],
    }
    return Service.model_validate({**record, **values})


def process(**values: Any) -> ServiceProcess:
    return ServiceProcess.model_validate({**PROCESS, **values})


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_the_later_of_what_is_known_is_the_earliest_start(
    created: datetime, stopped: datetime
) -> None:
    known = process(started=created.isoformat(), stopped=stopped.isoformat())
    assert known.since == max(created, stopped)


def test_seven_digits_of_a_second_are_understood() -> None:
    known = process(stopped="2026-01-06T08:00:00.1234567Z")
    assert known.since == datetime(2026, 1, 6, 8, 0, 0, 123456, tzinfo=UTC)


def test_nothing_is_known_without_either_time() -> None:
    assert process(started=None).since is None
    assert str(process(started=None)) == "process 964 (shared), since an unknown time or later"


def test_having_been_seen_stopped_in_a_process_that_stays_is_a_new_value() -> None:
    [change] = service().should_renew("process", "restarted").changes("iscsi-restart")
    assert not service().holds(change)
    assert not service(process=None).holds(change)
    stopped = {**PROCESS, "stopped": "2026-01-06T08:00:00.1234567Z"}
    assert service(process=stopped).holds(change)
    assert not change.reversible


def test_another_service_in_its_process_is_no_restart() -> None:
    [change] = service().should_renew("process", "restarted").changes("iscsi-restart")
    assert not service(process={**PROCESS, "shared": False}).holds(change)


@pytest.mark.parametrize("name", ["", "a'b", 'a"b', "a\\b", "a\nb", "a\n", "a%", "é", "a" * 257])
def test_a_name_that_would_have_to_be_escaped_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Services(names=(name,))
    with pytest.raises(ValidationError):
        service(name=name)


@pytest.mark.parametrize("name", ["MSiSCSI", "MSSQL$A", "a b", "WpnUserService_3f2a1", "x.y-z@1"])
def test_ordinary_names_are_taken(name: str) -> None:
    assert Services(names=(name,)).names == (name,)


def test_only_what_moves_by_itself_may_move() -> None:
    other = service(process={**PROCESS, "id": 1}, in_use=["iqn.a"])
    assert service().compared() == other.compared()
    assert service().compared() != service(start_mode="Auto").compared()


def started() -> Change:
    stopped = service(status="Stopped", process=None, in_use=None)
    [change] = stopped.should(status=ServiceStatus.RUNNING).changes("iscsi-restart")
    return change


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ({}, None),
        ({"in_use": None}, None),
        ({"in_use": ["iqn.a", "iqn.b"]}, "it is connected to iqn.a, iqn.b"),
        ({"dependents": [{"name": "A", "status": "Running"}]}, "A would have to be stopped first"),
        ({"dependents": [{"name": "A", "status": "Start Pending"}]}, "A would have to"),
        ({"dependents": [{"name": "A", "status": "Stopped"}]}, None),
    ],
)
def test_a_service_that_was_started_is_stopped_again_only_while_nobody_needs_it(
    now: dict[str, Any], reason: str | None
) -> None:
    found = service(**now).undo_conflict(started(), None)
    assert (found is None) is (reason is None)
    assert (reason or "") in (found or "")


def test_a_start_mode_is_put_back_whoever_needs_the_service() -> None:
    [change] = service().should(start_mode="Disabled").changes("iscsi-restart")
    assert service(in_use=["iqn.a"]).undo_conflict(change, None) is None


def test_a_status_that_windows_does_not_have_is_not_believed() -> None:
    with pytest.raises(ValidationError):
        service(status="실행 중")


@pytest.mark.parametrize("time", ["2026-01-05T08:00:00", "yesterday", ""])
def test_a_time_that_is_none_or_of_no_zone_is_not_believed(time: str) -> None:
    """It would only be found when two of them are compared, after a write."""
    with pytest.raises(ValidationError):
        ServiceProcess(id=1, started=time, stopped="2026-01-05T08:00:00Z", shared=False)
