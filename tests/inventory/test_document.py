"""YAML is read as the text that stands there, and whoever writes it cannot keep its reader busy."""

from collections.abc import Callable
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from remediate.inventory import document
from remediate.inventory.document import (
    MAX_DEPTH,
    MAX_ENTRIES,
    Items,
    Node,
    Place,
    Table,
    Text,
    Unreadable,
    decoded,
    read_document,
)

PARSERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(params=PARSERS, autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "PARSER", request.param)


def plain(node: Node | None) -> object:
    match node:
        case Text():
            return node.value
        case Items():
            return [plain(each) for each in node.nodes]
        case Table():
            return {key.value: plain(value) for key, value in node.rows}
    return None


def refusal(text: str) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_document(text)
    assert caught.value.problem.isprintable()
    return caught.value


def test_every_scalar_is_its_text() -> None:
    text = "{NO: 010, 22:30: 2026-11-28, 0x1F: 1e3, 1_0: [~, null, .inf, true, =, 99:45]}"
    assert plain(read_document(text)) == {
        "NO": "010",
        "22:30": "2026-11-28",
        "0x1F": "1e3",
        "1_0": ["~", "null", ".inf", "true", "=", "99:45"],
    }


def test_what_stands_there_has_its_place() -> None:
    root = read_document("a: 1\nb:\n  - 'x'\n")
    assert isinstance(root, Table)
    (a, one), (b, items) = root.rows
    assert [node.place for node in (a, one, b, items)] == [
        Place(1, 1),
        Place(1, 4),
        Place(2, 1),
        Place(3, 3),
    ]


@pytest.mark.parametrize("text", ["", "# nothing", "---\n"])
def test_nothing_is_nothing(text: str) -> None:
    node = read_document(text)
    assert node is None or (isinstance(node, Text) and node.nothing)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: 1\nb:\na: 2", Place(3, 1), "'a' stands here for the second time, after line 1"),
        ("'a': 1\na: 2", Place(2, 1), "'a' stands here for the second time, after line 1"),
        ("a: !!str b", Place(1, 4), "tags"),
        ("a: !!python/object/apply:os.system [x]", Place(1, 4), "tags"),
        ("a: !!binary aGk=", Place(1, 4), "tags"),
        ("!!set {a}", Place(1, 1), "tags"),
        ("# a\r\n%TAG ! tag:x\n--- a", Place(2, 1), "tags"),
        ("a: 1\n---\nb: 2", Place(2, 1), "a second document"),
        ("? [a]\n: 1", Place(1, 3), "a key is a text"),
        ("a: *b", Place(1, 4), "has no anchor"),
        ("a: &b [*b]", Place(1, 8), "has no anchor"),
        ("a:\n  b:\n  c\n", Place(4, 1), "a name ends with a colon"),
        ("<<: a", Place(1, 5), "<< takes a mapping"),
        ("a: &a [x]\nb: {<<: [*a]}", Place(1, 4), "<< takes a mapping"),
        ('a: "CONTOSO\\svc"', Place(1, 12), "without quotes, or in single quotes"),
    ],
)
def test_what_is_not_read_is_named_with_its_place(text: str, place: Place, says: str) -> None:
    error = refusal(text)
    assert says in error.problem
    assert error.place.line == place.line
    assert abs(error.place.column - place.column) <= 1, "the parsers differ by one"


def test_a_merged_mapping_gives_what_is_not_said_nearer() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*b, *a], z: 3}\nd: {z: 4, <<: *b}"
    read = plain(read_document(text))
    assert isinstance(read, dict)
    assert read["c"] == {"z": "3", "y": "2", "x": "1"}
    assert read["d"] == {"z": "4", "y": "2"}
    assert plain(read_document("{'<<': {a: 1}}")) == {"<<": {"a": "1"}}


def nested(levels: int, opening: str, closing: str) -> str:
    return opening * levels + closing * levels


@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]")]
)
def test_nesting_has_an_end(opening: str, closing: str) -> None:
    for levels in (MAX_DEPTH + 1, 3000, 50_000):
        assert f"more than {MAX_DEPTH} deep" in refusal(nested(levels, opening, closing)).problem


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_what_is_nested_no_deeper_is_read(opening: str, closing: str) -> None:
    assert read_document(nested(MAX_DEPTH, opening, closing)) is not None


def lists(levels: int) -> str:
    rows = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(rows)


def merges(levels: int) -> str:
    keys = ", ".join(f"k{n}: x" for n in range(100))
    rows = [f"m0: &m0 {{{keys}}}"]
    row = "m{0}: &m{0} {{own{0}: [{1}], <<: [{1}]}}"
    rows += [row.format(n, ", ".join([f"*m{n - 1}"] * 10)) for n in range(1, levels)]
    return "\n".join(rows)


@pytest.mark.parametrize("bomb", [lists, merges])
def test_aliases_count_as_what_they_stand_for(bomb: Callable[[int], str]) -> None:
    assert read_document(bomb(2)) is not None
    assert f"more than {MAX_ENTRIES} entries" in refusal(bomb(12)).problem


def test_the_number_of_entries_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_ENTRIES", 5)
    assert plain(read_document("{a: b, c: d}")) == {"a": "b", "c": "d"}
    assert "more than 5 entries" in refusal("{a: b, c: d, e: f}").problem


@pytest.mark.parametrize(
    ("data", "place", "says"),
    [
        (b"a: b\nc: \xe4", Place(2, 4), "this is not UTF-8: save the file as UTF-8"),
        (b"\xff\xfea\x00\n\x00\x00\xd8", Place(2, 1), "this is not UTF-16"),
        ("a: b".encode("utf-16-le"), Place(1, 2), "(U+0000); save the file as UTF-8"),
        (b"a:\r\n  \x01", Place(2, 3), "a character that is not allowed here (U+0001)"),
        ("a: \ufffe".encode(), Place(1, 4), "(U+FFFE)"),
    ],
)
def test_what_is_no_text_is_named_with_its_place(data: bytes, place: Place, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decoded(data)
    assert caught.value.place == place
    assert says in caught.value.problem


SIGNS = st.sampled_from(["a", "b", ": ", ":", "- ", "[", "]", "{", "}", ", ", "\n", "\n ", "\n  "])
MORE_SIGNS = st.sampled_from(
    ["'", '"', "\\", "&a ", "*a", "<<", "!!x ", "|\n", "#", "? ", "~", "\t"]
)


@given(st.lists(SIGNS | MORE_SIGNS, max_size=30).map("".join))
def test_any_text_is_read_or_refused_and_all_parsers_agree(text: str) -> None:
    read = []
    for parser in PARSERS:
        with pytest.MonkeyPatch.context() as patch, suppress(Unreadable):
            patch.setattr(document, "PARSER", parser)
            read.append(plain(read_document(text)))
    assert all(each == read[0] for each in read)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("hosts:\n\tA: {address: a}\n", (2, 1), "a tab stands here"),
        ("hösts: # 𐐷\n  A: {user: x}\n\t# c\n", (3, 1), "a tab stands here"),
        ("A: {user: @ada}\n", (1, 11), "that begins with *, &, @"),
        ("hösts: # 𐐷\n  A: `b\n", (2, 6), "that begins with *, &, @"),
    ],
)
def test_a_character_that_cannot_stand_there_is_named(
    text: str, place: tuple[int, int], says: str
) -> None:
    refused = refusal(text)
    assert refused.place == place
    assert says in refused.problem


def test_a_tab_behind_a_value_is_read_or_named() -> None:
    """YAML allows it; PyYAML without libyaml does not."""
    text = "A:\t# old\n  user: ada\t# new\n"
    if document.PARSER is yaml.SafeLoader:
        assert "a tab stands here" in refusal(text).problem
    else:
        assert plain(read_document(text)) == {"A": {"user": "ada"}}
