"""YAML read as the text that stands in the file: what a text means is for its reader to say.

YAML makes a boolean of `NO`, the number 1350 of `22:30`, a date of `2026-11-28`, and readers
differ in it. So a text is a text here, in_quotes or not, with the place where it stands.

A document cannot keep its reader busy: its depth is bounded, and so is what it holds, where an
alias counts as all that it stands for.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from remediate.errors import RemediateError
from remediate.model.text import in_quotes
from remediate.yaml_parser import PARSER

if TYPE_CHECKING:
    from yaml._yaml import Mark as MarkOfLibyaml

MAX_DEPTH = 20
"""Lists and mappings inside each other; an inventory needs four."""

MAX_ENTRIES = 200_000
"""Texts, lists and mappings, with aliases written out: those of more than 20,000 hosts."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # YAML 1.2, 5.1
)
_TAGS = "tags (a word that begins with !) are not used here: write the text alone"
_TAG_DIRECTIVE = re.compile("(?:^|[\r\n\x85\u2028\u2029\ufeff])%TAG")
_TOO_DEEP = f"lists and mappings stand more than {MAX_DEPTH} deep in each other here"
_MERGE = "<<"
_NULLS = {"", "~", "null", "Null", "NULL"}


class Place(NamedTuple):
    """Where something stands in a file.

    Args:
        line: from 1.
        column: from 1.
    """

    line: int
    column: int


class Unreadable(RemediateError):  # noqa: N818 - it says what the document is
    """A document cannot be read any further.

    Args:
        place: where.
        problem: why, and what to do about it.
    """

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(problem)
        self.place = place
        self.problem = problem


class Text(NamedTuple):
    """A text.

    Args:
        place: where it begins.
        value: what it says.
        style: how it is written: `"`, `'`, `|`, `>`, or nothing.
    """

    place: Place
    value: str
    style: str = ""

    @property
    def nothing(self) -> bool:
        """Whether nothing stands there, or one of YAML's words for it."""
        return not self.style and self.value in _NULLS


class Items(NamedTuple):
    """A list."""

    place: Place
    nodes: "Sequence[Node]"


class Table(NamedTuple):
    """A mapping; where a key stands in it twice, that was told as a mistake."""

    place: Place
    rows: "Sequence[tuple[Text, Node]]"


Node = Text | Items | Table
Wrong = Callable[[Place, str], object]


def _refuse(place: Place, problem: str) -> None:
    raise Unreadable(place, problem)


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or what the mark at its beginning says, as Windows writes it.

    Raises:
        Unreadable: it is neither, or has characters that YAML does not allow.
    """
    mark, encoding = next((m for m in _MARKS if data.startswith(m[0])), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        before = data[len(mark) : error.start + len(mark)].decode(encoding, "replace")
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise Unreadable(_after(before), f"this is not {name}: save the file as UTF-8") from None
    if found := _FORBIDDEN.search(text):
        advice = "; save the file as UTF-8" if found[0] == "\0" else ""
        problem = f"a character that is not allowed here (U+{ord(found[0]):04X}){advice}"
        raise Unreadable(_after(text[: found.start()]), problem)
    return text


def read_document(text: str, wrong: Wrong = _refuse) -> Node | None:
    """What a YAML document says; None when it is empty.

    Args:
        text: all of it.
        wrong: is told of each key that stands in a mapping for the second time, and what stands
            there is read, too; without it that is refused.

    Raises:
        Unreadable: it is no YAML, or none that is read here: tags, too much of it.
    """
    if found := _TAG_DIRECTIVE.search(text):  # libyaml compares each of them with all before it
        raise Unreadable(_after(text[: found.end() - len("%TAG")]), _TAGS)
    try:
        return _Reading(wrong).root(yaml.parse(text, PARSER))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_place(error.problem_mark), _in_words(error, text)) from None
    except yaml.YAMLError:
        raise Unreadable(Place(1, 1), "this is not YAML") from None


class _Open(NamedTuple):
    """A list or mapping whose end has not come.

    Args:
        place: where it begins.
        anchor: its name, when it has one.
        before: entries until there.
        around: nodes of what it stands in.
    """

    place: Place
    anchor: str | None
    before: int
    around: list[Node]


class _Reading:
    """Puts nodes together as the parser meets them.

    Args:
        wrong: is told of each key that stands in a mapping for the second time.
    """

    def __init__(self, wrong: Wrong) -> None:
        self._wrong = wrong
        self._nodes: list[Node] = []  # of the list or mapping that is open
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._entries = 0
        self._documents = 0

    def root(self, events: Iterable[yaml.Event]) -> Node | None:
        """What the document is; None when it is empty."""
        takes: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._text,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceEndEvent: self._end_items,
            yaml.MappingEndEvent: self._end_table,
            yaml.AliasEvent: self._again,
            yaml.DocumentStartEvent: self._document,
        }
        for event in events:
            take = takes.get(type(event))
            if take is not None:
                take(event)
        return self._nodes[0] if self._nodes else None

    def _text(self, event: yaml.ScalarEvent) -> None:
        place = self._counted(event)
        node = Text(place, event.value, event.style or "")
        self._nodes.append(node)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        before = self._entries
        place = self._counted(event)
        if len(self._open) == MAX_DEPTH:
            raise Unreadable(place, _TOO_DEEP)
        self._open.append(_Open(place, event.anchor, before, self._nodes))
        self._nodes = []

    def _end_items(self, event: yaml.SequenceEndEvent) -> None:
        del event
        done, nodes = self._open.pop(), self._nodes
        self._end(done, Items(done.place, nodes))

    def _end_table(self, event: yaml.MappingEndEvent) -> None:
        del event
        done = self._open.pop()
        self._end(done, _table(done.place, self._nodes, self._wrong))

    def _end(self, done: _Open, node: Node) -> None:
        self._nodes = done.around
        self._nodes.append(node)
        if done.anchor is not None:
            self._anchors[done.anchor] = (node, self._entries - done.before)

    def _again(self, event: yaml.AliasEvent) -> None:
        place = _place(event.start_mark)
        if event.anchor not in self._anchors:
            # not repeated: it may be a password that begins with a star
            problem = "this alias (a word that begins with *) has no anchor that ends before it"
            raise Unreadable(place, problem)
        node, entries = self._anchors[event.anchor]
        self._count(entries, place)
        self._nodes.append(node)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            problem = "a second document begins here: write one only"
            raise Unreadable(_place(event.start_mark), problem)

    def _counted(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Place:
        """Where one more entry stands."""
        place = _place(event.start_mark)
        self._count(1, place)
        if event.tag is not None:
            raise Unreadable(place, _TAGS)
        return place

    def _count(self, entries: int, place: Place) -> None:
        self._entries += entries
        if self._entries > MAX_ENTRIES:
            problem = f"this holds more than {MAX_ENTRIES} entries, aliases written out"
            raise Unreadable(place, problem)


def _table(place: Place, nodes: Sequence[Node], wrong: Wrong) -> Table:
    rows: dict[str, tuple[Text, Node]] = {}
    again: list[tuple[Text, Node]] = []
    merged: list[tuple[Text, Node]] = []
    for key, value in zip(nodes[::2], nodes[1::2], strict=True):
        if not isinstance(key, Text):
            raise Unreadable(key.place, "a key is a text here, not a list or mapping")
        if key.value == _MERGE and not key.style:
            merged.extend(_merged(value))
        elif key.value in rows:
            first = rows[key.value][0].place.line
            problem = f"{in_quotes(key.value)} stands here for the second time, after line {first}"
            wrong(key.place, problem)
            again.append((key, value))
        else:
            rows[key.value] = (key, value)
    for key, value in merged:
        rows.setdefault(key.value, (key, value))
    return Table(place, [*rows.values(), *again])


def _merged(value: Node) -> Iterator[tuple[Text, Node]]:
    for table in value.nodes if isinstance(value, Items) else [value]:
        if not isinstance(table, Table):
            raise Unreadable(table.place, f"{_MERGE} takes a mapping, or a list of mappings")
        yield from table.rows


def _place(mark: "yaml.Mark | MarkOfLibyaml | None") -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _after(text: str) -> Place:
    """Where the character after `text` stands."""
    lines = re.split(r"\r\n?|\n", text)
    return Place(len(lines), len(lines[-1]) + 1)


def _in_words(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or "this is not YAML"
    char = text[error.problem_mark.index :][:1] if error.problem_mark else ""
    if char == "\t":
        return "a tab stands here, where YAML takes blanks only: write blanks"
    if "nesting" in problem:  # libyaml has a limit of its own, and may meet it first
        return _TOO_DEEP
    if "alphabetic" in problem or "token" in problem:  # an alias or anchor without a name, or @
        return f"{problem}: put a text that begins with *, &, @, % or ` in quotes"
    if "escape" in problem:
        return f"{problem}: write a text with a backslash without quotes, or in single quotes"
    if "':'" in problem:
        return f"{problem}: a name ends with a colon (SRV01:), here or in a line before"
    return problem
