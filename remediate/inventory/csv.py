r"""An inventory in a CSV file, as a spreadsheet writes it.

    name,address,user,groups
    SRV01,,CONTOSO\svc-backup,backup
    SRV02,10.0.0.5,,backup|dmz

The first line names the columns: `name`, `address`, `groups` (with `|` between them), any setting,
any parameter of a playbook (`shadow-storage.limit`). What separates them there does so in the whole
file: a comma, a semicolon or a tab; a line `sep=;` before it is understood. An empty cell says
nothing. Every cell ends on its own line.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import chain, repeat
from typing import NamedTuple, TypeVar

from remediate.inventory.document import Place, Unreadable
from remediate.inventory.gathered import HOST, Gathered
from remediate.inventory.mistakes import Mistakes, short
from remediate.inventory.protocol import Param
from remediate.inventory.reading import Reading
from remediate.inventory.settings import Settings
from remediate.model.address import check_address
from remediate.model.text import check_text, in_quotes

BETWEEN_GROUPS = "|"
_SEPARATORS = ",;\t"
_SAYS_SEPARATOR = re.compile(rf'"?sep=([{_SEPARATORS}])"?', re.IGNORECASE)
_NAME, _ADDRESS, _GROUPS = _OWN = ("name", "address", "groups")
_NO_NAMES = "the first line names the columns, such as `name,address,user`: one of them is name"

_T = TypeVar("_T")


class Cell(NamedTuple):
    """What stands in one column of a line.

    Args:
        place: where it begins.
        value: what it says, without quotes.
    """

    place: Place
    value: str


class _Reading(Reading):
    """Takes the lines of a table in, one after the other."""

    def __init__(self, gathered: Gathered, mistakes: Mistakes, settings: Settings) -> None:
        super().__init__(gathered, mistakes, settings)
        self._members: dict[str, dict[str, None]] = {}
        self._lines: dict[str, int] = {}

    def take(self, text: str) -> None:
        lines = [
            (number, line)
            for number, line in enumerate(re.split(r"\r\n?|\n", text), 1)
            if line.strip()
        ]
        separator = _SAYS_SEPARATOR.fullmatch(lines[0][1].strip()) if lines else None
        if separator:
            del lines[0]
        if not lines:
            raise Unreadable(Place(1, 1), _NO_NAMES)
        (top, names), *rows = lines
        cells = _cells(separator[1] if separator else _separator(top, names))
        columns = self._columns(list(cells(top, names)))
        for number, line in rows:
            try:
                row = list(cells(number, line))
            except Unreadable as error:
                self._wrong(error.place, error.problem)
            else:
                self._row(number, columns, row)
        if not self._lines and not self._mistakes:
            raise Unreadable(Place(top, 1), "the inventory has no hosts below this line")
        for group, hosts in self._members.items():
            said = self._settings.said(f"group {group}", ())
            self._gathered.grouped[group] = tuple(hosts), said

    def _columns(self, cells: Sequence[Cell]) -> Sequence[str | None]:
        """Their names; empty where there is none, None for one that is not known."""
        names: list[str | None] = []
        known = (*_OWN, *self._settings.names)
        for place, text in cells:
            name = text.strip().lower()
            problem = ""
            if name in names and name:
                problem = f"the column {name} stands here for the second time"
            elif name and name not in known and not _is_param(name):
                near = get_close_matches(name[:20], known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                problem = f"there is no column {in_quotes(text.strip())}: {hint}"
            if problem:
                self._wrong(place, problem)
            names.append(None if problem else name)
        if _NAME not in names:
            raise Unreadable(cells[0].place, _NO_NAMES)
        return names

    def _row(self, number: int, columns: Sequence[str | None], cells: Sequence[Cell]) -> None:
        row: dict[str, Cell] = {}
        for cell, name in zip(cells, chain(columns, repeat("")), strict=False):
            if name and cell.value:
                row[name] = cell
            elif name is not None and cell.value:
                self._wrong(cell.place, "this stands in a column without a name")
        host = row.get(_NAME)
        if host is None and row:
            self._wrong(Place(number, 1), "this line names no host")
        elif host is not None:
            first = self._lines.setdefault(host.value, number)
            if first < number:
                name = in_quotes(host.value)
                problem = f"{name} stands here for the second time, after line {first}"
                self._wrong(host.place, problem)
            self._host(host, row)

    def _host(self, name: Cell, row: Mapping[str, Cell]) -> None:
        who = short(name.value)
        known = self._read(name, partial(check_text, what="name of a host"))
        address: str | None = None
        if _ADDRESS in row:
            address = self._read(row[_ADDRESS], check_address, before=f"{who}: ")
        elif known:
            address = self._read(name, check_address, after="; or write an address beside it")
        said = {
            key: self._read(cell, partial(self._settings.read, key), before=f"{who}: ")
            for key, cell in row.items()
            if key in self._settings
        }
        heard = tuple((key, value) for key, value in said.items() if value is not None)
        params = tuple(
            Param(playbook, parameter, cell.value, self._mistakes.at(cell.place))
            for key, cell in row.items()
            for playbook, dot, parameter in [key.partition(".")]
            if dot
        )
        self._gathered.hosts[name.value] = (
            address or "",
            self._settings.said(HOST, heard, params),
        )
        self._gathered.places[name.value] = self._mistakes.at(name.place)
        if _GROUPS in row:
            place, groups = row[_GROUPS]
            for group in groups.split(BETWEEN_GROUPS):
                check = partial(check_text, what="name of a group")
                if self._read(Cell(place, group.strip()), check, before=f"{who}: "):
                    self._members.setdefault(group.strip(), {})[name.value] = None

    def _read(
        self, cell: Cell, read: Callable[[str], _T], before: str = "", after: str = ""
    ) -> _T | None:
        try:
            return read(cell.value)
        except ValueError as error:
            self._wrong(cell.place, f"{before}{error}{after}")
        return None


def _is_param(column: str) -> bool:
    playbook, dot, parameter = column.partition(".")
    return bool(playbook and dot and parameter)


def _separator(number: int, line: str) -> str:
    """What separates the names of the columns."""
    found = [one for one in _SEPARATORS if one in line]
    if len(found) > 1:
        problem = "several characters may separate these columns: use one of comma, ; and tab"
        raise Unreadable(Place(number, 1), problem)
    return found[0] if found else ","


def _cells(separator: str) -> Callable[[int, str], Iterator[Cell]]:
    """Reads the cells of a line."""
    form = re.compile(rf'(?:"((?:[^"]|"")*)"|([^"{separator}][^{separator}]*)?)({separator}|\Z)')

    def read(number: int, line: str) -> Iterator[Cell]:
        at, more = 0, True
        while more:
            found = form.match(line, at)
            place = Place(number, at + 1)
            if found is None:
                problem = (
                    "a cell in quotes ends on its line and right before the next separator, and a "
                    "quote in it is written twice"
                )
                raise Unreadable(place, problem)
            in_them, plain, after = found.groups()
            yield Cell(place, (plain or "") if in_them is None else in_them.replace('""', '"'))
            at, more = found.end(), bool(after)

    return read


read_csv = _Reading.read
