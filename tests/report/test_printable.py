"""Whatever a host sends, a terminal does not obey it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.report.printable import MARK, printable


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b[31mred", f"{MARK}{MARK}red"),
        ("\x1b]0;title\x07after", f"{MARK}after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", f"{MARK}link{MARK}"),
        ("\x9b31mC1", f"{MARK}C1"),
        ("\x1bcreset", f"{MARK}reset"),
        ("line\r\nbreak\ttab", "line break tab"),
        ("abc\u202edcb\u2066x", f"abc{MARK}dcb{MARK}x"),
        ("bell\x07back\x08", f"bell{MARK}back{MARK}"),
        ("\ud800", MARK),
        ("", ""),
        ("한국어 → ö \\ 'quoted'", "한국어 → ö \\ 'quoted'"),
    ],
)
def test_what_steers_a_terminal_is_marked_and_the_rest_is_kept(hostile: str, shown: str) -> None:
    assert shown == printable(hostile)


@given(st.text(st.characters(codec=None), max_size=200))
def test_nothing_that_controls_is_left(text: str) -> None:
    kinds = {unicodedata.category(character) for character in printable(text)}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(printable(text)) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200f")
