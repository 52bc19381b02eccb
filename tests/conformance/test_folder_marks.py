"""Folders are marked and no longer, through both doors; what is in them is left as it is."""

from remediate.lab.state import Record
from remediate.resources.folder_marks import FolderMarks, Marks
from tests.conformance.doors import Asked, Door, error_of

ONE = r"D:\Data\one"
SHORT: Record = {
    ONE: ["Compressed"],
    rf"{ONE}\deep\below": ["Encrypted"],
    rf"{ONE}\inside": ["Compressed"],
    rf"{ONE}\link": ["Link"],
    rf"{ONE}\plain": [],
    r"C:\Data\linked": ["Link"],
}


def test_only_what_stands_right_in_a_folder_is_told_and_only_where_it_is_marked(door: Door) -> None:
    one = Asked(door, FolderMarks.kind, SHORT)
    asked = [r"D:\Data\\one", r"d:\data\ONE", r"C:\Data\one", r"C:\Data\none", r"C:\Data\linked"]
    found, linked = one.get(paths=asked)
    assert found == {
        "path": ONE,
        "compressed": True,
        "encrypted": False,
        "leads_elsewhere": False,
        "inside": [
            {"name": "inside", "folder": True, "marks": int(Marks.COMPRESSED)},
            {"name": "link", "folder": True, "marks": int(Marks.LINK)},
        ],
        "looked_at": 4,
    }
    assert (linked["path"], linked["leads_elsewhere"]) == (r"C:\Data\linked", True)
    assert (linked["inside"], linked["looked_at"]) == ([], 0)


def test_a_folder_is_marked_otherwise_and_what_is_in_it_stays(door: Door) -> None:
    one = Asked(door, FolderMarks.kind, SHORT)
    assert not one.set({"path": ONE}, {"compressed": False, "encrypted": True}).error
    record = one.record(path=ONE)
    assert (record["compressed"], record["encrypted"]) == (False, True)
    assert [inside["name"] for inside in record["inside"]] == ["inside", "link"]
    assert not one.set({"path": ONE}, {"compressed": True, "encrypted": False}).error
    assert one.record(path=ONE)["compressed"]


def test_what_leads_elsewhere_is_not_written(door: Door) -> None:
    one = Asked(door, FolderMarks.kind, SHORT)
    result = one.set({"path": r"C:\Data\linked"}, {"compressed": True})
    assert error_of(result) == "RemediateRefused"


def test_what_may_not_be_marked_is_told_as_it_is(door: Door) -> None:
    one = Asked(door, FolderMarks.kind, SHORT, denied={FolderMarks.kind: "write"})
    result = one.set({"path": ONE}, {"compressed": False})
    assert error_of(result)
    assert one.record(path=ONE)["compressed"]
