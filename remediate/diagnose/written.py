"""Entries of the catalogue as people write them: YAML, checked when it is read."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from remediate.diagnose.entry import CatalogueError, Entry, Number, Trust
from remediate.files import read_bounded
from remediate.yaml_parser import PARSER, load

_MOST = 256 * 1024
_Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Id = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_Address = Annotated[str, Field(max_length=300, pattern=r"^https://[!-~]+$")]
_Word = Annotated[str, Field(min_length=1, max_length=40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Number(_Strict):
    number: int = Field(ge=1, lt=2**32)
    words: list[_Word] = []
    beside: list[_Word] = []
    needed: bool = False


def _number(value: object) -> object:
    return {"number": value} if isinstance(value, int) else value


class _Entry(_Strict):
    id: _Id
    title: Annotated[str, Field(max_length=72, pattern=r"^[^\x00-\x1f\x7f]+$")]
    cause: _Line
    check: list[_Line] = Field(min_length=1)
    source: _Address
    checked: date
    trust: Trust
    numbers: list[Annotated[_Number, BeforeValidator(_number)]] = []
    names: list[_Line] = []
    en: list[_Line] = []
    ko: list[_Line] = []
    about: list[_Line] = []
    playbooks: list[_Id] = []
    steps: list[_Line] = []
    elsewhere: list[_Word] = []
    general: bool = False


class _File(_Strict):
    """What is said once for all entries of a file, and the entries."""

    source: _Address
    checked: date
    trust: Trust
    entries: list[dict[str, Any]]


def read(path: Path) -> Iterator[Entry]:
    """The entries of a file.

    Raises:
        CatalogueError: it cannot be read, or something in it is not as it has to be.
    """
    try:
        text = read_bounded(path, _MOST).decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, PARSER)):
            raise CatalogueError(f"{path}: write out what the anchors (*) stand for")
        said = _File.model_validate(load(text))
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path} is not YAML in UTF-8: {error}") from error
    except ValidationError as error:
        raise CatalogueError(f"{path}: {_why(error)}") from error
    shared = said.model_dump(exclude={"entries"})
    for each in said.entries:
        try:
            entry = _Entry.model_validate({**shared, **each})
        except ValidationError as error:
            raise CatalogueError(f"{path}: entry {each.get('id', '?')}: {_why(error)}") from error
        yield _plain(entry)


def further(files: Iterable[Path], taken: Collection[str]) -> list[Entry]:
    """The entries of several files.

    Args:
        files: the files.
        taken: ids that are somebody else's.

    Raises:
        CatalogueError: as for `read`, or an id is taken.
    """
    found: dict[str, Entry] = {}
    for file in files:
        for entry in read(file):
            if entry.id in taken or entry.id in found:
                raise CatalogueError(f"{file}: the id {entry.id} is taken; begin it with your own")
            found[entry.id] = entry
    return list(found.values())


def _plain(entry: _Entry) -> Entry:
    said: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry
    }
    said["numbers"] = tuple(
        Number(one.number, tuple(one.words), tuple(one.beside), one.needed) for one in entry.numbers
    )
    return Entry(**said)


def _why(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}"
