"""Owner and access list are written each by itself; what is audited stays: through both doors."""

import pytest

from remediate.lab.kinds.folder_access import ACCESS
from remediate.resources.folder_access import FolderAccess
from tests.conformance.doors import Asked, Door, error_of

ONE = r"C:\Data\one"
SAID = {"owner": "BA", "group": "DU", "access": "PAI(A;OICI;FA;;;BA)", "audit": "(AU;SA;FA;;;WD)"}
NOW = {name: said for name, said in SAID.items() if name != "audit"}


def test_each_folder_is_told_once_and_what_is_not_there_is_not(door: Door) -> None:
    one = Asked(door, FolderAccess.kind, {ONE: SAID})
    asked = [r"C:\Data\\one", r"c:\data\ONE", r"C:\Data\none"]
    assert one.get(paths=asked) == [{"path": ONE, **NOW, "leads_elsewhere": False}]


@pytest.mark.parametrize(
    "after", [{"owner": "SY"}, {"access": "AI(A;OICI;FA;;;SY)"}, {"owner": "SY", "access": "P"}]
)
def test_what_is_not_written_stays_and_so_does_what_is_audited(
    door: Door, after: dict[str, str]
) -> None:
    one = Asked(door, FolderAccess.kind, {ONE: SAID})
    assert not one.set({"path": ONE}, after).error
    assert one.record(path=ONE) == {"path": ONE, **NOW, **after, "leads_elsewhere": False}
    assert one.state.windows[ACCESS][ONE]["audit"] == SAID["audit"]


def test_what_has_moved_meanwhile_is_not_written(door: Door) -> None:
    one = Asked(door, FolderAccess.kind, {ONE: SAID})
    result = one.set({"path": ONE}, {"owner": "SY"}, owner="S-1-5-21-1-2-3-1103")
    assert error_of(result) == "RemediateStale"
    assert one.record(path=ONE)["owner"] == "BA"
