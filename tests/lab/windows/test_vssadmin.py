"""Our script for shadow storage over the stand-in volumes and vssadmin, and these themselves."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.state import HostState, Record
from remediate.lab.windows.kinds import shadow_storage as kind
from remediate.powershell.messages import Call, CallResult, Request, Status, decode_reply
from remediate.powershell.script import compose
from remediate.resources.shadow_storage import ShadowStorage

GB = 2**30
UNBOUNDED = 2**64 - 1
C, D, E, R = (
    f"\\\\?\\Volume{{{number}0000000-0000-0000-0000-000000000000}}\\" for number in "1234"
)
NAMES = {C: "C:", D: "D:", E: "D:\\mount point\\e", R: R}
COPY = {"id": "{AA}", "created": "2024-03-04T22:00:07Z"}
NEWER = {"id": "{BB}", "created": None}


def storage(volume: str, limit: int | None, on: str = "", **values: Any) -> Record:
    on = on or volume
    sizes = {"used_space": 0, "allocated_space": 0, "capacity": 100 * GB, "free_space": 50 * GB}
    record = {"volume": volume, "diff_volume": on, "max_space": limit, **sizes, **values}
    record.setdefault("file_system", "NTFS")
    record.setdefault("copies", [])
    return {**record, "name": NAMES[volume], "diff_name": NAMES[on]}


def host(*records: Record, **values: Any) -> HostState:
    return HostState("SRV01", {"shadow_storage": copy.deepcopy(list(records))}, **values)


SEVERAL = (
    storage(C, 10 * GB, used_space=GB, allocated_space=2 * GB, copies=[COPY, NEWER]),
    storage(E, UNBOUNDED, on=D, capacity=UNBOUNDED - 1),
    storage(R, 1),
    storage(D, None, capacity=UNBOUNDED - 1),
)
ODD = (
    storage(C, GB, on=R, capacity=None, free_space=None, file_system=None),
    storage(D, GB, capacity=None, free_space=None, file_system=None),
    storage(E, GB, on=E),
)


# --- there and back ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "records", [(), SEVERAL, SEVERAL[::-1], ODD], ids=["none", "several", "turned round", "odd"]
)
def test_records_survive_being_kept_as_windows_keeps_them(
    records: tuple[Record, ...], tmp_path: Any
) -> None:
    windows = kind.to_windows(list(records), tmp_path)
    assert kind.from_windows(windows, tmp_path) == list(records)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([storage(C, GB, on=D)], "D:.* has no record"),
        ([storage(C, GB), storage(E, GB, on=C, free_space=1)], "differs between records"),
        ([storage(C, None, on=D), storage(D, None)], "C: has no shadow storage"),
    ],
)
def test_a_host_that_no_windows_can_be_is_refused(
    records: list[Record], message: str, tmp_path: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        kind.to_windows(records, tmp_path)


# --- our script -------------------------------------------------------------------------------


def call(windows: Any, function: str, **arguments: Any) -> CallResult:
    request = Request(run="R1", calls=(Call(id="one", function=function, arguments=arguments),))
    [text] = windows.run(compose([ShadowStorage.script]), Request=request.encode())
    return decode_reply([str(text)], request)["one"]


def read(windows: Any) -> list[Record]:
    found = call(windows, "Get-RemediateShadowStorage")
    assert found.error is None, found.error
    return [ShadowStorage.model_validate(one).model_dump(mode="json") for one in found.value]


def write(windows: Any, record: Record, limit: int | None, before: Any = ...) -> CallResult:
    return call(
        windows,
        "Set-RemediateShadowStorage",
        identity={name: record[name] for name in ShadowStorage.identity},
        before={"max_space": record["max_space"] if before is ... else before},
        after={"max_space": limit},
    )


@pytest.mark.powershell
@pytest.mark.parametrize("records", [(), SEVERAL, ODD], ids=["none", "several", "odd"])
def test_everything_is_read_to_the_last_byte(
    windows: Callable[..., Any], records: tuple[Record, ...]
) -> None:
    """2^64-1 included, and a reference to a volume is followed by its key."""
    assert read(windows(host(*records))) == list(records)


@pytest.mark.powershell
@pytest.mark.parametrize(
    ("before", "culture"), [(GB + 1, "en-US"), (2**53 + 1, "ko-KR"), (UNBOUNDED, "de-DE")]
)
def test_a_limit_is_written_and_put_back_exactly(
    windows: Callable[..., Any], before: int, culture: str
) -> None:
    """Whatever number type PowerShell makes of it on the way, and whatever vssadmin says."""
    start = storage(E, before, on=D)
    one = windows(host(start, storage(D, None), culture=culture))
    assert write(one, start, 10 * GB).status is Status.OK
    changed = read(one)[0]
    assert changed == {**start, "max_space": 10 * GB}
    assert write(one, changed, before).status is Status.OK
    assert read(one)[0] == start


@pytest.mark.powershell
def test_shadow_storage_is_added_where_there_is_none(windows: Callable[..., Any]) -> None:
    one = windows(host(*SEVERAL))
    assert write(one, SEVERAL[3], 320 * 2**20).status is Status.OK
    assert {**SEVERAL[3], "max_space": 320 * 2**20} in read(one)
    assert len(read(one)) == len(SEVERAL)


REFUSED: list[tuple[Record, int | None, Any, str]] = [
    (SEVERAL[0], 20 * GB, 9 * GB, "RemediateStale"),
    (SEVERAL[0], 20 * GB, None, "RemediateStale"),
    (SEVERAL[3], 20 * GB, 10 * GB, "RemediateStale"),
    (SEVERAL[0], GB - 1, ..., "RemediateRefused"),
    (SEVERAL[0], None, ..., "RemediateRefused"),
    (storage(C, GB, on=D), 20 * GB, ..., "RemediateMissing"),
    (SEVERAL[3], 2**20, ..., "RemediateProgramFailed"),
]


@pytest.mark.powershell
def test_what_must_not_be_written_is_not(windows: Callable[..., Any]) -> None:
    one = windows(host(*SEVERAL))
    for record, limit, before, error in REFUSED:
        failed = write(one, record, limit, before).error
        assert failed
        assert failed.error_id.partition(",")[0] == error
        assert one.state.kind("shadow_storage") == list(SEVERAL)


@pytest.mark.powershell
@pytest.mark.parametrize("culture", ["en-US", "ko-KR"])
def test_vssadmin_that_fails_is_told_by_its_exit_code(
    windows: Callable[..., Any], culture: str
) -> None:
    one = windows(host(*SEVERAL, culture=culture, denied={"shadow_storage": "write"}))
    failed = write(one, SEVERAL[0], 20 * GB).error
    assert failed
    assert failed.error_id.startswith("RemediateProgramFailed")
    assert "exit code 2" in failed.message
    assert read(one) == list(SEVERAL)


@pytest.mark.powershell
def test_who_may_not_read_is_told_so_by_number(windows: Callable[..., Any]) -> None:
    one = windows(host(*SEVERAL, denied={"shadow_storage": "read"}, culture="ko-KR"))
    failed = call(one, "Get-RemediateShadowStorage").error
    assert failed
    assert failed.error_id.startswith("HRESULT 0x80041003")
    assert failed.category == "PermissionDenied"


# --- vssadmin itself --------------------------------------------------------------------------


LINES = {
    "resize shadowstorage /For=C: /On=C: /MaxSize=20GB": 0,
    "RESIZE ShadowStorage /for=c:\\ /on=C: /maxsize=1073741824": 0,
    "resize shadowstorage /For=C: /On=C: /MaxSize=15%": 0,
    "resize shadowstorage /For=C: /On=C:": 0,
    "resize shadowstorage /For=C: /On=C: /MaxSize=UNBOUNDED": 0,
    "add shadowstorage /For=D: /On=D: /MaxSize=320MB": 0,
    "add shadowstorage /For=D: /On=D: /MaxSize=319MB": 2,
    "add shadowstorage /For=C: /On=D: /MaxSize=320MB": 2,
    "resize shadowstorage /For=D: /On=D: /MaxSize=20GB": 2,
    "resize shadowstorage /For=C: /On=D: /MaxSize=20GB": 2,
    "resize shadowstorage /For=X: /On=X: /MaxSize=20GB": 2,
    "resize shadowstorage /For=C: /On=C: /MaxSize=1KB": 2,
    "resize shadowstorage /For=C: /On=C: /MaxSize=20XB": 2,
    "resize shadowstorage /For=C:": 2,
    "delete shadows /all /quiet": 2,
    "": 2,
}


@pytest.mark.powershell
def test_vssadmin_takes_what_is_documented(windows: Callable[..., Any]) -> None:
    """And changes something just when it ends with 0."""
    one = windows(host(*SEVERAL))
    script = "param($Words) $null = vssadmin.exe @Words; $LASTEXITCODE"
    for line, code in LINES.items():
        one.state.resources = {"shadow_storage": copy.deepcopy(list(SEVERAL))}
        one.host.push()
        assert one.run(script, Words=line.split()) == [code], line
        assert (one.state.kind("shadow_storage") == list(SEVERAL)) is (code != 0), line


@pytest.mark.powershell
def test_vssadmin_deletes_the_oldest_copy_to_get_below_a_limit(windows: Callable[..., Any]) -> None:
    """What our script must never come to."""
    older = {**NEWER, "created": "2024-03-01T00:00:00Z"}
    one = windows(host(storage(C, 10 * GB, used_space=5 * GB, copies=[COPY, older])))
    one.run("$null = vssadmin.exe resize shadowstorage /For=C: /On=C: /MaxSize=1GB")
    assert read(one)[0]["copies"] == [COPY]
