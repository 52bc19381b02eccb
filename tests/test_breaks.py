"""The ways to break the product stay ways to break it, so that they can be tried at any time."""

import pytest

from tests.breaks import BREAKS, ROOT, Break


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_break_names_a_place_that_is_there_once(one: Break) -> None:
    text = (ROOT / one.file).read_text(encoding="utf-8")
    assert text.count(one.before) == 1
    assert one.after != one.before


def test_there_are_at_least_25_of_different_names() -> None:
    assert len({one.name for one in BREAKS}) == len(BREAKS) >= 25
