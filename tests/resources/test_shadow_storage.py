"""Shadow storage: its limit is exact, and taking a change back never deletes a shadow copy."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.model.change import Change
from remediate.resources.shadow_storage import (
    SMALLEST,
    UNBOUNDED,
    ShadowCopy,
    ShadowStorage,
    ShadowStorages,
    shadow_storage_limit,
    volume_name,
)

C = "\\\\?\\Volume{11111111-0000-0000-0000-000000000000}\\"
D = "\\\\?\\Volume{22222222-0000-0000-0000-000000000000}\\"
GB = 2**30
COPIES = tuple(ShadowCopy(id=f"{{{number}}}") for number in range(5))


def storage(**values: Any) -> ShadowStorage:
    whole = {
        "volume": C,
        "diff_volume": C,
        "name": "C:",
        "diff_name": "C:",
        "max_space": 10 * GB,
        "capacity": 100 * GB,
        "free_space": 50 * GB,
        "file_system": "NTFS",
        **values,
    }
    return ShadowStorage.model_validate(whole)


def grown(before: int = GB, after: int = 10 * GB) -> Change:
    [change] = storage(max_space=before).should(max_space=after).changes("shadow-storage")
    return change


@given(st.none() | st.integers(0, 2**64 - 1))
def test_a_limit_stays_exact_through_json_as_text_or_number(limit: int | None) -> None:
    """2^64-1 is no double, and PowerShell sends it as text."""
    sent = storage(max_space=limit).model_dump(mode="json")
    text = {**sent, "max_space": None if limit is None else str(limit)}
    for record in (sent, text):
        [read] = ShadowStorages().parse([json.loads(json.dumps(record))])
        assert read == storage(max_space=limit)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (2**64 - 1, "unbounded"),
        (UNBOUNDED, "unbounded"),
        (UNBOUNDED - 1, "1023.99 PB"),
        (10 * GB, "10 GB"),
        (None, "none"),
    ],
)
def test_a_limit_in_words(limit: int | None, words: str) -> None:
    assert ShadowStorage.label("max_space", limit) == words


def test_the_title_names_the_volumes() -> None:
    assert storage().title == "shadow storage of C:"
    assert storage(diff_volume=D, diff_name="D:").title == "shadow storage of C: on D:"


def test_what_shadow_copies_take_moves_by_itself() -> None:
    moved = storage(used_space=5, allocated_space=6, free_space=7, copies=COPIES)
    assert moved.compared() == storage().compared()
    assert storage(max_space=1).compared() != storage().compared()


@pytest.mark.parametrize(
    ("now", "then", "reason"),
    [
        ({}, {}, None),
        ({"used_space": GB}, {}, None),
        ({"used_space": GB + 1}, {}, "take 1.00 GB of it, so with 1 GB Windows would delete some"),
        (
            {"used_space": 2 * GB, "copies": COPIES[:1]},
            {"copies": COPIES[:1]},
            r"delete some: \{0\}",
        ),
        ({"copies": COPIES[:2]}, {"copies": COPIES[:2]}, None),
        ({"copies": COPIES[1:2]}, {"copies": COPIES[:2]}, None),
        ({"copies": COPIES[:2]}, {"copies": COPIES[:1]}, r"made since, .*: \{1\}$"),
        ({"copies": COPIES}, {}, r"\{0\}, \{1\}, \{2\} and 2 more$"),
    ],
)
def test_a_limit_is_not_lowered_over_shadow_copies(
    now: dict[str, Any], then: dict[str, Any], reason: str | None
) -> None:
    conflict = storage(**now).undo_conflict(grown(), storage(max_space=GB, **then))
    if reason is None:
        assert conflict is None
    else:
        with pytest.raises(AssertionError, match=reason):
            raise AssertionError(conflict)


def test_without_a_record_of_what_was_there_every_shadow_copy_counts_as_new() -> None:
    assert storage().undo_conflict(grown(), None) is None
    assert storage(copies=COPIES[:1]).undo_conflict(grown(), None) is not None


def test_a_new_shadow_copy_is_named_with_its_time() -> None:
    copy = ShadowCopy(id="{7}", created="2024-03-04T22:00:07Z")
    conflict = storage(copies=(copy,)).undo_conflict(grown(), storage())
    assert conflict is not None
    assert conflict.endswith("{7} of 2024-03-04T22:00:07Z")


def test_raising_a_limit_again_is_no_conflict() -> None:
    """The rollback of a rollback grows."""
    now = storage(max_space=GB, used_space=20 * GB, copies=COPIES)
    assert now.undo_conflict(grown().reversed(), None) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C:", "C:"),
        ("c", "C:"),
        ("d:\\", "D:"),
        ("D:\\mount point\\e", "D:\\mount point\\e"),
        ("d:\\mount\\", "D:\\mount"),
        ("D:\\마운트", "D:\\마운트"),
    ],
)
def test_a_volume_has_one_name_however_it_is_written(text: str, name: str) -> None:
    assert volume_name(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "CD:", "1:", "C:mount", "C:/mount", "\\\\srv\\share", C, "C:\\a\nb", "C: /On=D:", "*"],
)
def test_what_cannot_be_a_volume_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a volume is written like C:"):
        volume_name(text)


@pytest.mark.parametrize("size", [0, SMALLEST - 1, UNBOUNDED, 2**64 - 1])
def test_what_windows_cannot_take_as_a_limit_is_refused(size: int) -> None:
    assert shadow_storage_limit(SMALLEST) == SMALLEST
    assert shadow_storage_limit(UNBOUNDED - 1) == UNBOUNDED - 1
    with pytest.raises(ValueError, match="320MB at least, and less than 1EB"):
        shadow_storage_limit(size)
