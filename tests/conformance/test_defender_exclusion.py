"""Exclusions are added and taken away one by one, and seen by who may, through both doors."""

import pytest

from remediate.lab.hosts import healthy_host
from remediate.lab.state import Record
from remediate.resources.defender_exclusion import (
    POLICIES,
    DefenderExclusion,
    ShownDefenderExclusions,
)
from tests.conformance.doors import Asked, Door

KIND = DefenderExclusion.kind
OTHERS = {"path": [r"D:\SQL", r"%ProgramFiles%\Contoso\*"], "process": ["sqlservr.exe"]}


def members(lists: dict[str, list[str]]) -> list[Record]:
    return [
        {"list": name, "value": value, "present": True}
        for name, values in lists.items()
        for value in values
    ]


@pytest.mark.parametrize("lists", [{}, {"path": [r"D:\SQL"]}, OTHERS], ids=["none", "one", "more"])
def test_all_of_both_lists_are_read(door: Door, lists: dict[str, list[str]]) -> None:
    assert Asked(door, KIND, lists).get() == members(lists)


def test_nothing_is_known_of_one_that_does_not_run(door: Door) -> None:
    one = Asked(door, KIND, OTHERS)
    stopped = {"service": {"WinDefend": {"status": "Stopped"}}, KIND: OTHERS}
    door.become(healthy_host(resources=stopped))
    assert one.get() == []


@pytest.mark.parametrize(("of", "value"), [("path", r"C:\Bob's [x] `$y"), ("process", "a.exe")])
def test_one_is_added_and_taken_away_and_others_stay(door: Door, of: str, value: str) -> None:
    one = Asked(door, KIND, OTHERS)
    identity = {"list": of, "value": value}
    before = members(OTHERS)
    assert one.set(identity, {"present": True}, present=False).error is None
    key = str
    assert sorted(one.get(), key=key) == sorted([*before, {**identity, "present": True}], key=key)
    assert one.set(identity, {"present": False}, present=True).error is None
    assert one.get() == before


def test_one_is_found_whatever_its_case(door: Door) -> None:
    one = Asked(door, KIND, OTHERS)
    identity = {"list": "path", "value": r"d:\sql"}
    assert one.set(identity, {"present": False}, present=True).error is None
    assert members(OTHERS)[1:] == one.get()


def test_who_may_not_see_them_is_told_so(door: Door) -> None:
    """Windows shows a sentence in place of a list, which is taken for no exclusion."""
    result = Asked(door, KIND, OTHERS, denied={KIND: "read"}).call("Get")
    assert result.error
    assert result.error.category == "PermissionDenied"


def test_where_a_policy_hides_them_none_is_told_and_none_is_taken_for_absent(door: Door) -> None:
    one = Asked(door, KIND, OTHERS)
    hiding = {rf"{POLICIES}\HideExclusionsFromLocalAdmins": 1}
    door.become(healthy_host(resources={"registry_value": hiding, KIND: OTHERS}))
    assert one.get(**ShownDefenderExclusions().arguments()) == []
    hidden = one.call("Get").error
    assert hidden
    assert hidden.category == "PermissionDenied"
