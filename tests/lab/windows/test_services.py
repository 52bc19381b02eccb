"""Our own scripts start, stop and restart services of the stand-in Windows, and tell the truth."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from remediate.lab.state import HostState, Record
from remediate.powershell.messages import Call, CallResult, Request, Status, decode_reply
from remediate.powershell.script import compose
from remediate.resources.iscsi_initiator import IscsiInitiator
from remediate.resources.service import Service

pytestmark = pytest.mark.powershell

OWN = {"id": 2184, "started": "2026-01-05T08:00:00Z", "stopped": None, "shared": False}
SHARED = {**OWN, "id": 964, "shared": True}
SEEN = {**SHARED, "stopped": "2026-01-06T08:00:00.1234567Z"}
NOT_WAITING = """
$script:Slept = 0
function Start-Sleep { param([int] $Milliseconds) $script:Slept += $Milliseconds }
function Get-Date { (Microsoft.PowerShell.Utility\\Get-Date).AddMilliseconds($script:Slept) }
"""
"""Time passes only where a script sleeps, and at once."""
TARGETS = ["iqn.2001-04.com.example:a", "iqn.2001-04.com.example:b"]


def service(process: Record | None = OWN, **values: object) -> Record:
    return {
        "name": "MSiSCSI",
        "status": "Running" if process else "Stopped",
        "start_mode": "Manual",
        "process": process,
        "dependents": [],
        "in_use": [] if process else None,
        **values,
    }


class Served:
    """A host with services.

    Args:
        windows: makes it.
        records: its services.
    """

    def __init__(self, windows: Callable[..., Any], *records: Record) -> None:
        self.host = windows(HostState("SRV01", {"service": list(records)}))
        self.initiator = records[0]

    def become(self, record: Record) -> None:
        """Another host in the same session, which is quicker than a session of its own."""
        self.host.state.resources["service"] = [dict(record)]
        self.host.host.push()
        self.initiator = record

    def ask(self, function: str, **arguments: Any) -> CallResult:
        request = Request(run="R1", calls=(Call(id="1", function=function, arguments=arguments),))
        marker = "# Sent last"
        script = compose([Service.script, IscsiInitiator.script])
        [text] = self.host.run(
            script.replace(marker, NOT_WAITING + marker), Request=request.encode()
        )
        return decode_reply([str(text)], request)["1"]

    def get(self, name: str = "MSiSCSI") -> Record:
        [record] = self.ask("Get-RemediateService", names=[name]).value
        return Service.model_validate(record).model_dump(mode="json")

    def set(self, **after: Any) -> CallResult:
        before = {name: self.initiator[name] for name in after}
        return self.ask(
            "Set-RemediateService", identity={"name": "MSiSCSI"}, before=before, after=after
        )

    def tamper(self, **values: object) -> None:
        """Give the stand-in of the service what no record can say."""
        windows = json.loads(self.host.host.state_file.read_text())
        windows["services"][0].update(values)
        windows["generation"] = "tampered with"
        self.host.host.state_file.write_text(json.dumps(windows))

    @property
    def record(self) -> Record:
        return self.host.state.kind("service")[0]


SERVICES = [
    service(),
    service(SHARED),
    service(SEEN),
    service({**OWN, "started": None}),
    service(None, start_mode="Disabled"),
    service(status="Stop Pending", in_use=None),
    service(in_use=TARGETS),
    service(in_use=TARGETS[:1]),
    service(dependents=[{"name": "A", "status": "Running"}, {"name": "B", "status": "Stopped"}]),
    service(dependents=[{"name": "A", "status": "Stopped"}]),
    service(name="obengine", in_use=None),
]


def test_a_service_is_read_as_it_is(windows: Callable[..., Any]) -> None:
    served = Served(windows, service())
    for record in SERVICES:
        served.become(record)
        assert served.get(record["name"].upper()) == record


def test_a_service_that_does_not_exist_is_not_answered(windows: Callable[..., Any]) -> None:
    served = Served(windows, service())
    assert served.ask("Get-RemediateService", names=["Nothing"]).value == []


def test_a_restart_gives_a_process_of_its_own_anew(windows: Callable[..., Any]) -> None:
    served = Served(windows, service(in_use=TARGETS))
    assert served.set(process=None).status is Status.OK
    after = served.get()
    assert after["process"]["id"] != OWN["id"]
    assert (after["status"], after["in_use"]) == ("Running", [])


def test_a_restart_in_a_shared_process_is_proven_although_the_process_stays(
    windows: Callable[..., Any],
) -> None:
    begin = datetime.now(UTC)
    served = Served(windows, service(SEEN))
    assert served.set(process=None).status is Status.OK
    after = served.get()
    assert {**after["process"], "stopped": None} == SHARED
    since = Service.model_validate(after).process
    assert since
    assert since.since
    assert begin <= since.since <= datetime.now(UTC)


def test_a_start_proves_that_the_service_is_young_in_an_old_process(
    windows: Callable[..., Any],
) -> None:
    served = Served(windows, service(None))
    served.tamper(host={name: SHARED[name] for name in ("id", "started", "shared")})
    assert served.set(status="Running").status is Status.OK
    process = served.get()["process"]
    assert process["started"] == SHARED["started"]
    assert process["stopped"]


def test_start_mode_and_status_are_written_in_an_order_that_works(
    windows: Callable[..., Any],
) -> None:
    served = Served(windows, service(None, start_mode="Disabled"))
    assert served.set(start_mode="Manual", status="Running").status is Status.OK
    assert (served.record["status"], served.record["start_mode"]) == ("Running", "Manual")
    served.initiator = dict(served.record)
    assert served.set(start_mode="Disabled", status="Stopped").status is Status.OK
    assert (served.record["status"], served.record["start_mode"]) == ("Stopped", "Disabled")


def test_automatic_is_one_word_to_read_and_another_to_write(windows: Callable[..., Any]) -> None:
    served = Served(windows, service())
    assert served.set(start_mode="Auto").status is Status.OK
    assert served.record["start_mode"] == "Auto"


@pytest.mark.parametrize("stop", [{"status": "Stopped"}, {"process": None}])
def test_a_stop_that_hangs_ends_in_an_error(windows: Callable[..., Any], stop: Record) -> None:
    served = Served(windows, service())
    served.tamper(hangs=True)
    result = served.set(**stop)
    assert result.error
    assert result.error.error_id.startswith("RemediateServiceHangs")
    assert result.error.detail == {"status": "Stop Pending"}
    assert served.record["status"] == "Stop Pending"


def test_a_service_that_cannot_be_started_again_is_an_error_and_known_to_be_stopped(
    windows: Callable[..., Any],
) -> None:
    served = Served(windows, service())
    served.tamper(fails=True)
    result = served.set(process=None)
    assert result.error
    assert result.error.error_id.startswith("RemediateServiceFailed")
    assert result.error.detail == {"code": 8}
    assert served.record["status"] == "Stopped"


REFUSED: list[tuple[Record, Record, int | None]] = [
    (service(None, start_mode="Disabled"), {"status": "Running"}, None),
    (service(start_mode="Disabled"), {"process": None}, None),
    (service(dependents=[{"name": "A", "status": "Running"}]), {"process": None}, 3),
    (service(status="Stop Pending", in_use=None), {"process": None}, 5),
    (service(), {"status": "Paused"}, None),
]


def test_what_windows_refuses_is_refused_before_anything_was_written(
    windows: Callable[..., Any],
) -> None:
    served = Served(windows, service())
    for record, after, code in REFUSED:
        served.become(record)
        result = served.set(**after)
        assert result.error
        assert result.error.error_id.startswith("RemediateRefused")
        assert (result.error.detail or {}).get("code") == code
        assert served.record == record


MOVED: list[tuple[Record, Record]] = [
    (service(start_mode="Auto"), {"start_mode": "Disabled"}),
    (service(None), {"status": "Running"}),
    (service({**OWN, "id": 1}), {"process": None}),
    (service({**OWN, "started": "2026-01-05T08:00:01Z"}), {"process": None}),
    (service({**OWN, "stopped": SEEN["stopped"]}), {"process": None}),
    (service(None), {"process": None}),
]


def test_a_service_that_moved_since_it_was_seen_is_left_alone(windows: Callable[..., Any]) -> None:
    served = Served(windows, service())
    for seen, after in MOVED:
        served.initiator = seen
        result = served.set(**after)
        assert result.error
        assert result.error.error_id.startswith("RemediateStale")
        assert served.record == service()


def test_access_that_is_denied_is_told_by_its_category(windows: Callable[..., Any]) -> None:
    state = HostState("SRV01", {"service": [service()]})
    state.denied = {"service": "write"}
    served = Served(lambda _: windows(state), service())
    result = served.set(process=None)
    assert result.error
    assert result.error.category == "PermissionDenied"
    assert served.record == service()


def test_a_service_that_is_gone_is_missing(windows: Callable[..., Any]) -> None:
    served = Served(windows, service(name="Other", in_use=None))
    result = served.set(start_mode="Auto")
    assert result.error
    assert result.error.error_id.startswith("RemediateMissing")


def test_a_file_that_was_tampered_with_proves_nothing(windows: Callable[..., Any]) -> None:
    served = Served(windows, service(SEEN))
    place = served.host.host.programs / "remediate" / "stopped" / "MSiSCSI.txt"
    place.write_text("yesterday\n")
    assert served.get()["process"]["stopped"] is None


def test_sessions_cannot_be_asked_for_while_the_service_is_stopped(
    windows: Callable[..., Any],
) -> None:
    """So a stand-in that would answer "none" cannot hide a mistake of ours."""
    served = Served(windows, service(None))
    error = served.host.fail(
        "Get-CimInstance -Namespace root/Microsoft/Windows/Storage -ClassName MSFT_iSCSISession"
    )
    assert error.FullyQualifiedErrorId.startswith("HRESULT 0x80070426")


def test_only_devices_of_the_initiator_are_read(windows: Callable[..., Any]) -> None:
    devices = [
        {"device": "ROOT\\ISCSIPRT\\0000", "error_code": 28},
        {"device": "ROOT\\VOLMGR\\0000", "error_code": 22},
        {"device": "PCI\\ROOT\\ISCSIPRT", "error_code": 1},
    ]
    state = HostState("SRV01", {"service": [service()], "iscsi_initiator": devices})
    served = Served(lambda _: windows(state), service())
    assert served.ask("Get-RemediateIscsiInitiator").value == devices[:1]
