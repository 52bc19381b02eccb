"""Access lists by what they mean: what can be written in several ways is one, and no other."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.resources.access_list import (
    ADMINISTRATORS,
    FULL,
    MODIFY,
    SYSTEM,
    AccessList,
    Entry,
    same_access,
    same_account,
)

SIDS = ["SY", "BA", "S-1-5-21-1-2-3-1103", "WD", "OW"]
RIGHTS = ["FA", "FR", "0x1301bf", "FW", "GA", "CCDC", "WDWO", "1", "010"]
FLAGS = ["", "OICI", "OI", "CINP", "OICIIO", "ID", "OICIID", "CIIO"]
ENTRIES = st.builds(
    "({};{};{};;;{})".format,
    st.sampled_from("AD"),
    st.sampled_from(FLAGS),
    st.sampled_from(RIGHTS),
    st.sampled_from(SIDS),
)
TEXTS = st.builds(
    lambda flags, entries: flags + "".join(entries),
    st.sampled_from(["", "P", "AI", "PAI", "ARAI"]),
    st.lists(ENTRIES, max_size=6),
)
NUMBERS = [SYSTEM, ADMINISTRATORS, "S-1-5-21-1-2-3-1103", "S-1-1-0"]
ASPECTS = ["itself", "OI", "CI"]


def granted(text: str) -> list[bool]:
    """All that a list comes to, for each account alone and for all of them together."""
    known = AccessList.parse(text)
    return [
        known.grants(frozenset(sids), right, aspect)
        for sids in (*([one] for one in NUMBERS), NUMBERS)
        for right in (1, 2, 0x20000, 0x40000, MODIFY, FULL)
        for aspect in ASPECTS
    ]


@given(TEXTS)
def test_what_is_parsed_is_written_as_it_was(text: str) -> None:
    assert str(AccessList.parse(text)) == text
    assert same_access(text, text) is True


@given(TEXTS, TEXTS)
def test_what_means_the_same_grants_the_same(one: str, other: str) -> None:
    assert same_access(one, other) == same_access(other, one)
    if same_access(one, other):
        assert granted(one) == granted(other)


@given(TEXTS)
def test_other_words_for_the_same_mean_the_same(text: str) -> None:
    for word, other in {";SY)": ";S-1-5-18)", ";FA;": ";0x001F01FF;", ";FR;": ";GR;"}.items():
        assert same_access(text, text.replace(word, other)) is True
    assert same_access(text, text.replace("AI", "")) is True


@given(st.lists(ENTRIES, min_size=2, max_size=5), st.randoms())
def test_neighbours_of_a_kind_may_stand_in_any_order_and_be_split(
    entries: list[str], chance: Random
) -> None:
    own = [f"(A{one[2:]}" for one in entries]
    mixed = chance.sample(own, len(own))
    assert same_access("".join(own), "".join(mixed)) is not False
    split = "(A;OICI;FA;;;SY)", "(A;OI;FA;;;SY)(A;CIIO;FA;;;SY)(A;CI;FR;;;SY)"
    assert same_access(*split) is True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("(A;;FA;;;SY)(D;;FW;;;SY)", "(D;;FW;;;SY)(A;;FA;;;SY)", False),
        ("P(A;;FA;;;SY)", "(A;;FA;;;SY)", False),
        ("(A;;FA;;;SY)", "(A;OICI;FA;;;SY)", False),
        ("(A;OI;FA;;;SY)", "(A;OINP;FA;;;SY)", False),
        ("(A;;FA;;;SY)", "(A;;FA;;;BA)", False),
        ("(A;;FR;;;SY)", "(A;;FW;;;SY)", False),
        ("(A;IO;FA;;;SY)", "", True),
        ("(A;ID;FA;;;SY)", "", None),
        ("(A;;FA;;;BA)(A;ID;FA;;;SY)", "(A;;FA;;;BA)(A;ID;FR;;;SY)", None),
        ("(A;;FA;;;DA)", "(A;;FA;;;S-1-5-21-1-2-3-512)", None),
        ("(A;;FA;;;DA)(A;;FR;;;SY)", "(A;;FA;;;DA)", False),
        ('(XA;;FX;;;WD;(@User.Title=="a)("))', '(XA;;FX;;;WD;(@User.Title=="b)("))', False),
        ("NO_ACCESS_CONTROL", "(A;;FA;;;SY)", None),
    ],
)
def test_whether_two_lists_are_the_same(one: str, other: str, same: bool | None) -> None:
    assert same_access(one, other) is same
    assert same_access(other, one) is same


@given(TEXTS)
def test_full_control_is_added_behind_what_is_the_folders_own_and_takes_nothing_away(
    text: str,
) -> None:
    before = AccessList.parse(text)
    after = before.with_full(SYSTEM)
    assert after.in_order or not before.in_order
    assert {*after.entries} - {*before.entries} <= {Entry.parse("A;OICI;FA;;;S-1-5-18")}
    for was, now in zip(granted(text), granted(str(after)), strict=True):
        if before.in_order:
            assert now or not was
    denied = any(one.type == "D" for one in before.entries)
    for aspect in ASPECTS:
        assert denied or after.grants(frozenset({SYSTEM}), FULL, aspect)


@pytest.mark.parametrize(
    "text",
    [
        *("(A;;FA;;;SY", "A;;FA;;;SY)", "(A;;XX;;;SY)", "(A;;FA;;;)", "(A;;FA;;;SYSTEM)"),
        *("X(A;;FA;;;SY)", "(A;;FA;;;SY)x(A;;FA;;;SY)", "(A;ZZ;FA;;;SY)", '(XA;;FA;;;SY;("))'),
        *("(A;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;SY)", "NO_ACCESS_CONTROL"),
    ],
)
def test_what_is_no_access_list_of_a_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"(is|are) no "):
        AccessList.parse(text)


@given(st.text(alphabet='(AD;)"SYBAOIC10x', max_size=40))
def test_whatever_is_no_list_is_told_as_such(text: str) -> None:
    try:
        known = AccessList.parse(text)
    except ValueError:
        assert same_access(text, "(A;;FA;;;SY)") is None
    else:
        assert str(known) == text


def test_accounts_are_the_same_by_their_number() -> None:
    assert same_account("SY", "s-1-5-18") is True
    assert same_account("SY", "BA") is False
    assert same_account("DA", "S-1-5-21-1-2-3-512") is None
    assert same_account("LA", "SY") is False
    assert same_account("LA", "DA") is False
    assert same_account("", "SY") is False


def test_what_is_denied_first_is_denied_and_what_is_granted_first_is_granted() -> None:
    system = frozenset({SYSTEM, "S-1-1-0"})
    assert not AccessList.parse("(D;;FW;;;WD)(A;;FA;;;SY)").grants(system, MODIFY)
    assert AccessList.parse("(A;;FA;;;SY)(D;;FW;;;WD)").grants(system, MODIFY)
    assert AccessList.parse("(D;;WO;;;WD)(A;;FA;;;SY)").grants(system, MODIFY)


def test_an_entry_with_a_condition_is_taken_as_it_is_written() -> None:
    entry = Entry.parse('XA;OICIID;FX;;;WD;(@User.Title=="PM")')
    assert (entry.type, entry.inherited) == ("", True)
    known = AccessList.parse('(XA;;FA;;;SY;(@User.Title=="PM"))')
    assert not known.grants(frozenset({SYSTEM}), 1)
