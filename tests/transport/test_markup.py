"""XML of a stranger is looked at before it is read."""

import pytest
from pypsrp.wsman import WSMan

from remediate.transport.careful_pool import CarefulPool
from remediate.transport.markup import (
    MAX_LENGTH,
    MAX_TAGS,
    OverloadedMarkupError,
    look_at,
)

ENTITIES = '<!DOCTYPE a [<!ENTITY e "eeee">]><a>&e;</a>'
PROLOG = '<?xml version="1.0" encoding="utf-8"?>\n<!-- -->'


@pytest.mark.parametrize(
    "document",
    [
        ENTITIES,
        ENTITIES.encode(),
        PROLOG + ENTITIES,
        (f"<!--{' ' * 5000}-->" + ENTITIES).encode(),
        ENTITIES.encode("utf-16"),
        "<a>" + "<b/>" * MAX_TAGS + "</a>",
        b"<a>" + b"<b/>" * MAX_TAGS + b"</a>",
        "<a><b>" + "x" * MAX_LENGTH + "</b></a>",
    ],
    ids=["str", "bytes", "prolog", "far", "utf-16", "tags", "tags in bytes", "long and deep"],
)
def test_what_would_grow_in_reading_is_refused(document: str | bytes) -> None:
    with pytest.raises(OverloadedMarkupError):
        look_at(document)


@pytest.mark.parametrize(
    ("document", "tags"),
    [
        (PROLOG + "<a><b/></a>", 5),
        (b"\xef\xbb\xbf<a/>", 1),
        ("<S>" + "x" * 2 * MAX_LENGTH + "</S>", 2),
        ("<S>&lt;!DOCTYPE a&gt;</S>", 2),
        ("no XML at all", 0),
        (b"", 0),
    ],
)
def test_anything_else_is_left_to_its_reader(document: str | bytes, tags: int) -> None:
    assert look_at(document) == tags


def test_a_shell_counts_all_that_comes_in_one_run() -> None:
    pool = CarefulPool(WSMan("h", ssl=False, auth="ntlm", username="u", password="p"))
    read = pool._fragmenter.serializer.deserialize
    assert read("<S>ok</S>") == "ok"
    half = "<LST>" + "<Nil/>" * (MAX_TAGS // 2) + "</LST>"
    read(half)
    with pytest.raises(OverloadedMarkupError):
        read(half)
    pool.expect()
    read(half)
    with pytest.raises(OverloadedMarkupError):
        read(ENTITIES)
