"""The schemas of what is published, kept as files, and what would break their readers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from remediate.cli.commands.schema import published
from remediate.model.base import SCHEMA_VERSION
from remediate.model.schema import schema_of
from tests.docs.pages import ROOT

Schema = dict[str, Any]

FOLDER = ROOT / "docs" / "schemas"
"""A folder for each version; that of the present one grows, the others stay as they are."""


def current() -> dict[str, dict[str, Any]]:
    """The schemas of what is written now, by name of the model."""
    return {name: schema_of(model) for name, model in published().items()}


def kept(version: int = SCHEMA_VERSION) -> dict[str, dict[str, Any]]:
    """The schemas that readers know, by name of the model."""
    files = sorted((FOLDER / str(version)).glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def broken() -> list[str]:
    """What readers of the present version would no longer find, a line each."""
    now = current()
    return [
        f"{name}{line}"
        for name, schema in kept().items()
        for line in (breaks(schema, now[name]) if name in now else [": is no longer published"])
    ]


def stale() -> Iterator[Path]:
    """Files that do not say what is written now."""
    before = kept()
    for name, schema in current().items():
        if before.get(name) != schema:
            yield FOLDER / str(SCHEMA_VERSION) / f"{name}.json"


def write() -> list[Path]:
    """Bring the files up to date.

    Raises:
        ValueError: readers would break; what is published needs a new version.
    """
    lost = broken()
    if lost:
        raise ValueError("raise SCHEMA_VERSION, as readers would break:\n" + "\n".join(lost))
    files = list(stale())
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(current()[file.stem], indent=1)
        file.write_text(text + "\n", encoding="utf-8")
    return files


def breaks(before: Schema, after: Schema) -> list[str]:
    """What a reader that was made for one schema no longer finds in documents of another.

    Fields, values of an enumeration and models that have come are no break: readers have to
    expect them.

    Args:
        before: the schema that readers know.
        after: the schema of what is written now.

    Returns:
        A line for each break, with its place.
    """
    return list(_Comparison(before, after).lines(before, after, ""))


class _Comparison:
    """Walks through two schemas, through each definition once."""

    def __init__(self, before: Schema, after: Schema) -> None:
        self._before, self._after = before, after
        self._known: set[tuple[str, str]] = set()

    def lines(self, before: Schema, after: Schema, place: str) -> Iterator[str]:
        names = (before.get("$ref", ""), after.get("$ref", ""))
        if any(names):
            if names in self._known:
                return
            self._known.add(names)
        old, new = _followed(before, self._before), _followed(after, self._after)
        yield from _here(old, new, place)
        for one, other, inner in _parts(old, new, place):
            yield from self.lines(one, other, inner)


def _here(old: Schema, new: Schema, place: str) -> Iterator[str]:
    for word in ("type", "const", "items", "additionalProperties"):
        one, other = old.get(word), new.get(word)
        if one != other and not (isinstance(one, dict) and isinstance(other, dict)):
            yield f"{place}/: {word} was {one}, is {other}"
    for word in ("enum", "required"):
        gone = [value for value in old.get(word, ()) if value not in new.get(word, ())]
        yield from (f"{place}/{value}: no longer in `{word}`" for value in gone)
    gone = old.get("properties", {}).keys() - new.get("properties", {}).keys()
    yield from (f"{place}/{name}: is gone" for name in gone)
    if len(old.get("anyOf", ())) != len(new.get("anyOf", ())):
        yield f"{place}/: has other forms than before"


def _parts(old: Schema, new: Schema, place: str) -> Iterator[tuple[Schema, Schema, str]]:
    for word in ("items", "additionalProperties"):
        one, other = old.get(word), new.get(word)
        if isinstance(one, dict) and isinstance(other, dict):
            yield one, other, f"{place}/*"
    for name, part in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield part, new["properties"][name], f"{place}/{name}"
    for one, other in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
        yield one, other, place


def _followed(part: Schema, root: Schema) -> Schema:
    if "$ref" not in part:
        return part
    found: Schema = root["$defs"][part["$ref"].rpartition("/")[2]]
    return found
