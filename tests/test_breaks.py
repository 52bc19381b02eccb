"""The ways to break the product stay ways to break it, so that they can be tried at any time."""

import pytest

from tests.breaks.breaking import ROOT, Break
from tests.breaks.listed import BREAKS
from tests.breaks.trying import tried
from tests.drawn import drawn


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_break_names_a_place_and_a_test_that_are_there_once(one: Break) -> None:
    text = (ROOT / one.file).read_text(encoding="utf-8")
    assert text.count(one.before) == 1
    assert one.after != one.before
    file, _, name = one.seen_by.partition("[")[0].partition("::")
    assert (ROOT / file).read_text(encoding="utf-8").count(f"def {name}(") == 1


def test_there_are_at_least_100_of_different_names() -> None:
    assert len({one.name for one in BREAKS}) == len(BREAKS) >= 100


@pytest.mark.slow
def test_some_of_them_are_seen() -> None:
    some = drawn([one for one in BREAKS if not one.file.endswith(".ps1")], 3, "breaks")
    assert [one.name for one, seen in tried(some) if not seen] == []
