"""Registry values: what may be asked for, what is compared, and that absence is a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.model.change import ResourceId
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValue,
    RegistryValues,
    registry_key,
    registry_name,
)

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso"
TEXT = RegistryData(type=RegistryType.STRING, data="text")


def value(data: RegistryData | None) -> RegistryValue:
    return RegistryValue(key=KEY, name="Setting", value=data)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "HKLM",
        "HKEY_LOCAL_MACHINE",
        r"HKLM\SOFTWARE",
        r"HKEY_CURRENT_USER\SOFTWARE",
        r"\HKEY_LOCAL_MACHINE\SOFTWARE",
        "HKEY_LOCAL_MACHINE\\",
        "HKEY_LOCAL_MACHINE\\A\\\\B",
        "HKEY_LOCAL_MACHINE\\A\\",
        r"HKEY_LOCAL_MACHINE\A\..\B",
        r"HKEY_LOCAL_MACHINE\A \B",
        r"HKEY_LOCAL_MACHINE\AES 128/128",
        "HKEY_LOCAL_MACHINE\\A\nB",
        "HKEY_LOCAL_MACHINE\\" + "x" * 256,
    ],
)
def test_a_key_that_would_not_be_found_as_written_is_refused(key: str) -> None:
    """Also the operator's own hive: what he has set for himself is nobody else's."""
    with pytest.raises(ValueError, match=r"begins with|cannot be"):
        registry_key(key)


@pytest.mark.parametrize("name", ["", "(default)", "(Default)", "a\0b", "x" * 16_384, "\ud800"])
def test_a_name_that_windows_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        registry_name(name)


@pytest.mark.parametrize(
    ("kind", "signed", "plain"), [("DWord", -1, 2**32 - 1), ("QWord", -(2**63), 2**63)]
)
def test_a_number_is_the_same_with_a_sign_and_without(kind: str, signed: int, plain: int) -> None:
    one, other = ({"type": kind, "data": data} for data in (signed, plain))
    assert RegistryValue.same("value", one, other) is True


@pytest.mark.parametrize("name", ["x", r"a\b", "[a]*", "x" * 16_383, "이름", " "])
def test_other_names_are_taken_as_they_are(name: str) -> None:
    assert registry_name(name) == name


@pytest.mark.parametrize(
    ("data", "text", "plain"),
    [
        (None, None, None),
        (TEXT, "text", "text"),
        (RegistryData(type=RegistryType.DWORD, data=3), None, 3),
        (RegistryData(type=RegistryType.MULTI_STRING, data=("a", "b")), None, None),
        (RegistryData(type=RegistryType.BINARY, data=(1, 255)), None, None),
    ],
)
def test_text_and_number_are_only_what_they_are(
    data: RegistryData | None, text: str | None, plain: str | int | None
) -> None:
    assert (value(data).text, value(data).data) == (text, plain)


def test_a_value_that_is_not_there_can_be_wanted_and_put_back() -> None:
    absent, present = value(None), value(TEXT)
    [change] = absent.should(value=TEXT).changes("test")
    assert change.before is None
    assert change.after == {"type": "String", "data": "text"}
    assert (change.before_label, change.after_label) == ("absent", "text")
    [back] = present.should(value=None).changes("test")
    assert back.after is None


def test_the_same_text_of_another_type_is_a_change() -> None:
    expanded = RegistryData(type=RegistryType.EXPAND_STRING, data="text")
    assert len(list(value(TEXT).should(value=expanded).changes("test"))) == 1


def test_nothing_is_asked_by_no_question() -> None:
    with pytest.raises(ValidationError):
        RegistryValues(values=())


def test_its_own_question_finds_it() -> None:
    key = {"key": KEY, "name": "Setting"}
    assert value(TEXT).resource_id == ResourceId(kind="registry_value", key=key)
    assert RegistryValue.query(key) == RegistryValues(values=(RegistryName(**key),))


DATA = st.one_of(
    st.builds(
        RegistryData,
        type=st.sampled_from([RegistryType.STRING, RegistryType.EXPAND_STRING]),
        data=st.text(max_size=40),
    ),
    st.builds(
        RegistryData, type=st.just(RegistryType.DWORD), data=st.integers(-(2**31), 2**31 - 1)
    ),
    st.builds(
        RegistryData, type=st.just(RegistryType.QWORD), data=st.integers(-(2**63), 2**63 - 1)
    ),
    st.builds(
        RegistryData,
        type=st.just(RegistryType.MULTI_STRING),
        data=st.lists(st.text(max_size=9), max_size=4).map(tuple),
    ),
    st.builds(
        RegistryData,
        type=st.just(RegistryType.BINARY),
        data=st.lists(st.integers(0, 255), max_size=9).map(tuple),
    ),
)


@given(DATA)
def test_data_survives_being_recorded(data: RegistryData) -> None:
    """A number stays a number and a text a text, through JSON and back."""
    again = RegistryData.model_validate_json(data.model_dump_json())
    assert again == data
    assert type(again.data) is type(data.data)
