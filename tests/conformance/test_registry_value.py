"""Registry values are read and written with their type, and their absence too, both doors alike."""

from typing import Any

import pytest
from pydantic import ValidationError

from remediate.lab.kinds import everything
from remediate.lab.state import Record
from remediate.powershell.messages import Status
from remediate.resources.registry_value import RegistryData, RegistryValue
from tests.conformance.doors import Asked, Door, error_of

KIND = RegistryValue.kind
KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso"
VALUES: Record = {
    "Text": {"type": "String", "data": "한국어 $(x)"},
    "Path": {"type": "ExpandString", "data": "%COMPUTERNAME%;%NotSet%"},
    "Number": {"type": "DWord", "data": 2**32 - 1},
    "Big": {"type": "QWord", "data": 2**40},
    "Biggest": {"type": "QWord", "data": 2**64 - 1},
    "List": {"type": "MultiString", "data": ["one"]},
    "Lines": {"type": "MultiString", "data": ["one", "", "two"]},
    "Bytes": {"type": "Binary", "data": [0, 255]},
    "Surrogate": {"type": "String", "data": "C:\\x\ud800y"},
    "[a]*": {"type": "String", "data": "brackets"},
}


def asked(door: Door, **facts: Any) -> Asked:
    return Asked(door, KIND, {f"{KEY}\\{name}": value for name, value in VALUES.items()}, **facts)


def names(*wanted: str) -> list[Record]:
    return [{"key": KEY, "name": name} for name in wanted]


def test_values_are_read_with_their_type_unexpanded(door: Door) -> None:
    found = asked(door).get(values=names(*VALUES))
    assert {one["name"]: one["value"] for one in found} == VALUES


def test_case_makes_no_difference_and_what_is_not_there_is_answered_by_its_absence(
    door: Door,
) -> None:
    """Each answer has the name that was asked for."""
    wanted = [
        {"key": KEY.upper(), "name": "TEXT"},
        *names("Other"),
        {"key": f"{KEY}\\x", "name": "y"},
    ]
    found = asked(door).get(values=wanted)
    assert [{"key": one["key"], "name": one["name"]} for one in found] == wanted
    assert [one["value"] for one in found] == [VALUES["Text"], None, None]


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_written_in_a_new_key_and_taken_away_again(door: Door, name: str) -> None:
    one = asked(door)
    before = everything(one.state)
    where = {"key": f"{KEY}\\New [key]", "name": name}
    assert one.set(where, {"value": VALUES[name]}, value=None).status is Status.OK
    assert one.record(**where)["value"] == VALUES[name]
    assert one.set(where, {"value": None}).status is Status.OK
    assert everything(one.state) == before


MOVED: list[tuple[str, Any]] = [
    ("Text", None),
    ("Text", {"type": "ExpandString", "data": VALUES["Text"]["data"]}),
    ("Number", {"type": "DWord", "data": 0}),
    ("List", {"type": "MultiString", "data": ["one", ""]}),
    ("Lines", {"type": "MultiString", "data": ["one", "two"]}),
    ("Other", {"type": "String", "data": ""}),
]


def test_a_value_that_moved_since_it_was_seen_is_left_alone(door: Door) -> None:
    one = asked(door)
    before = everything(one.state)
    for name, was in MOVED:
        [where] = names(name)
        result = one.set(where, {"value": {"type": "String", "data": "new"}}, value=was)
        assert error_of(result) == "RemediateStale"
        assert everything(one.state) == before


@pytest.mark.parametrize(("kind", "bits"), [("DWord", 32), ("QWord", 64)])
def test_a_number_is_the_same_with_a_sign_and_without(door: Door, kind: str, bits: int) -> None:
    signed, plain = ({"type": kind, "data": data} for data in (-2, 2**bits - 2))
    assert RegistryValue.same("value", signed, plain)
    assert not RegistryValue.same("value", signed, {"type": kind, "data": 2 ** (bits - 1)})
    one = asked(door)
    [where] = names("New")
    assert one.set(where, {"value": signed}, value=None).status is Status.OK
    assert one.get(values=[where])[0]["value"] == plain
    assert one.set(where, {"value": plain}).status is Status.OK
    assert one.get(values=[where])[0]["value"] == plain


@pytest.mark.parametrize(("kind", "data"), [("DWord", 2**32), ("QWord", -(2**63) - 1)])
def test_a_number_with_more_bits_than_its_type_is_none(kind: str, data: int) -> None:
    with pytest.raises(ValidationError, match="bits"):
        RegistryData.model_validate({"type": kind, "data": data})


@pytest.mark.parametrize("access", ["read", "write"])
def test_who_may_not_is_told_so(door: Door, access: str) -> None:
    one = asked(door, denied={KIND: access})
    [where] = names("Text")
    result = one.set(where, {"value": None})
    assert result.error
    assert result.error.category == "PermissionDenied"
    assert one.record(**where)["value"] == VALUES["Text"]
