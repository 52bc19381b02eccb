"""What runs have left is told by its place, through both doors; nothing else is removed."""

import time

import pytest

from remediate.lab.drive import OURS
from remediate.lab.kinds import put
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.old_files import FOLDER
from remediate.lab.kinds.scratch_move import TARGET
from remediate.resources.leftover import Leftover
from remediate.resources.mars_agent import KEY_FILE, SCRATCHES
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, Door, PowerShellDoor, error_of

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


def test_a_receipt_that_says_nothing_is_told_like_any_other(door: Door) -> None:
    """Strict mode takes it for an error to ask what has no properties for their names."""
    texts = ["", "{", "{}", "[]", "5", '{"changes": null}', '{"changes": [{}, 5, null]}']
    one = Asked(door, Leftover.kind, {})
    for number, text in enumerate(texts):
        one.state.drive.put(rf"{OURS}receipts\R{number}.json", text)
    one.door.become(one.state)
    told = [(each["run"], each["beside"], each["written"]) for each in one.get()]
    assert told == [(f"R{number}", [], None) for number in range(len(texts))]


# --- folders that the agent has worked in -------------------------------------------------------

MOVED = [{"kind": "scratch_move", "key": {"folder": SCRATCH, "target": TARGET, "downtime": "30"}}]


LIST = rf"{SCRATCH}\remediate.left"


def moved(door: Door, **short: object) -> Asked:
    """A host whose scratch folder was moved, so that a receipt names the old one."""
    one = Asked(door, Leftover.kind, {"receipts": {"R1": MOVED}})
    put(one.state, {"scratch_move": {"place": "moved", "files": 2}, **short})
    if listed := one.state.drive.read(LIST):  # a practice host's files may be made after it
        one.state.drive.write(LIST, listed, written=time.time() + 60)
    door.become(one.state)
    return one


def names(text: str) -> dict[str, object]:
    """Both values name a folder."""
    value = {"type": "String", "data": text}
    return {"registry_value": {rf"{one.key}\{one.name}": value for one in SCRATCHES}}


def test_the_old_scratch_folder_goes_while_the_agent_works_in_another_with_its_key(
    door: Door,
) -> None:
    one = moved(door)
    now = {path: one.state.drive.entry(path) for path in one.state.drive.below(TARGET)}
    assert remove(one, SCRATCH) == ""
    assert not one.state.drive.has_folder(SCRATCH)
    assert {path: one.state.drive.entry(path) for path in one.state.drive.below(TARGET)} == now


@pytest.mark.parametrize(
    ("short", "hold"),
    [
        (names(SCRATCH), "in-use"),
        (names(""), "unclear"),
        ({"file": {rf"{TARGET}\remediate.stopped": {"text": "Running"}}}, "unfinished"),
        (names(rf"{SCRATCH}\New"), "nested"),
        (names(SCRATCH.rpartition("\\")[0]), "nested"),
        ({"file": {rf"{TARGET}\{KEY_FILE}": None}}, "no-key"),
        (names(r"C:\PROGRA~1\Scratch"), "short-name"),
        ({"file": {rf"{SCRATCH}\remediate.left": None}}, "unlisted"),
        ({"file": {rf"{SCRATCH}\SQL\full.bak": {"text": "theirs"}}}, "changed"),
        ({"file": {rf"{SCRATCH}\VHDs\file00001.vhd": {"text": "longer by now"}}}, "changed"),
    ],
)
def test_what_the_agent_may_need_is_not_removed(
    door: Door, short: dict[str, object], hold: str
) -> None:
    """Also where that came about after the plan was made."""
    one = moved(door, **short)
    there = sorted(one.state.drive.below(SCRATCH))
    assert one.record(path=SCRATCH)["hold"] == hold
    assert [each["hold"] for each in one.get() if each["path"] == SCRATCH] == [hold]
    assert remove(one, SCRATCH) == "RemediateRefused"
    assert sorted(one.state.drive.below(SCRATCH)) == there


def test_a_folder_in_which_something_leads_elsewhere_is_not_removed(door: Door) -> None:
    one = moved(door)
    one.state.drive.put(rf"{SCRATCH}\SSBV", {"link": TARGET})
    door.become(one.state)
    assert remove(one, SCRATCH) == "RemediateRefused"
    assert one.state.drive.find(rf"{SCRATCH}\{KEY_FILE}")


def test_a_mark_of_another_removal_where_the_agent_works_keeps_nothing(door: Door) -> None:
    marks = {rf"{folder}\remediate.removing": {"text": "6"} for folder in (SCRATCH, TARGET)}
    one = moved(door, file=marks)
    assert [each["moved"] for each in one.get() if each["path"] == SCRATCH] == [6]
    assert one.record(path=SCRATCH)["hold"] == ""
    assert remove(one, SCRATCH) == ""


def test_a_folder_that_no_receipt_names_is_never_found(door: Door) -> None:
    one = Asked(door, Leftover.kind, {"receipts": {"R1": []}})
    put(one.state, {"scratch_move": {"place": "moved"}})
    door.become(one.state)
    assert remove(one, SCRATCH) in {"RemediateMissing", "RemediateStale"}
    assert one.state.drive.find(rf"{SCRATCH}\{KEY_FILE}")


def test_what_a_move_has_begun_goes_unless_there_is_more_in_it(door: Door) -> None:
    one = Asked(door, Leftover.kind, {"begun": [r"D:\One", r"D:\Two"]})
    one.state.drive.put(r"D:\Two.remediate-new\theirs.txt", "theirs")
    door.become(one.state)
    assert remove(one, r"D:\One.remediate-new") == ""
    assert remove(one, r"D:\Two.remediate-new") == "RemediateRefused"
    assert [each["path"] for each in one.get()] == [r"D:\Two.remediate-new"]


def test_files_that_somebody_has_put_there_since_are_named(door: Door) -> None:
    one = moved(door, file={rf"{SCRATCH}\Payroll 2026.xlsx": {"text": "theirs"}})
    found = [each["changed"] for each in one.get() if each["path"] == SCRATCH]
    assert found == [["Payroll 2026.xlsx"]]


@pytest.mark.powershell
def test_a_file_that_was_written_since_and_is_as_long_is_named(powershell: PowerShellHosts) -> None:
    name, since = r"VHDs\file00000.vhd", {"text": "FILE 0", "modified": "2100-01-01T00:00:00Z"}
    one = moved(PowerShellDoor(powershell), file={rf"{SCRATCH}\{name}": since})
    assert [each["changed"] for each in one.get() if each["path"] == SCRATCH] == [[name]]


@pytest.mark.parametrize("folder", [r"C:\Windows\Scratch", r"C:\Users\Ada"])
def test_no_folder_among_those_of_windows_is_removed(door: Door, folder: str) -> None:
    key = {"folder": folder, "target": TARGET, "downtime": "30"}
    named = {"receipts": {"R1": [{"kind": "scratch_move", "key": key}]}}
    one = moved(door, file={rf"{folder}\x": {"text": "theirs"}}, leftover=named)
    assert [each["hold"] for each in one.get() if each["path"] == folder] == ["system"]
    assert remove(one, folder) == "RemediateRefused"


ANOTHER_NAME = r"""
$root = (Resolve-Path -LiteralPath 'C:\').ProviderPath
Get-PSDrive | Where-Object -FilterScript { $_.Name -eq 'X' } | Remove-PSDrive
$null = New-PSDrive -Name 'X' -PSProvider FileSystem -Scope Global -Root $root
"""
"""What `subst` makes of a folder: nothing in it says that it leads elsewhere."""


@pytest.mark.powershell
@pytest.mark.parametrize("works", [SCRATCH, rf"{SCRATCH}\VHDs"])
def test_the_folder_that_the_agent_works_in_is_known_by_any_name(
    powershell: PowerShellHosts, works: str
) -> None:
    one = moved(PowerShellDoor(powershell, ANOTHER_NAME))
    one.state.drive.put(rf"{works}\{KEY_FILE}", "key")
    put(one.state, names(f"X{works[1:]}"))
    one.door.become(one.state)
    there = sorted(one.state.drive.below(SCRATCH))
    assert one.record(path=SCRATCH)["sort"] == "old-scratch"
    assert remove(one, SCRATCH) == "RemediateRefused"
    assert sorted(one.state.drive.below(SCRATCH)) == there
