"""What a store may hold: in its file our tables and indexes only, in them what our models say.

Somebody who can write the file could put a view in the place of a table, or a trigger behind one:
then reading has no end, or writing writes something else. See https://sqlite.org/security.html.
"""

from functools import cache

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from remediate.store.schema import VERSION_TABLE, metadata

_MAX_SHOWN = 100
_SQLITES_OWN = "sqlite_"  # names that SQLite keeps for itself, and makes no view or trigger of


def what_runs(connection: sa.Connection) -> str:
    """The first thing in the file that is not plain data, in words; empty when there is none."""
    for type_, name, sql in _schema(connection):
        if type_ not in {"table", "index"}:
            return f"it has a {type_}, {_shown(name)}"
        # That of an index that SQLite made for a key is empty.
        if sql and not str(sql).startswith(("CREATE TABLE ", "CREATE INDEX ")):
            return f"{_shown(name)} is no plain {type_}"
    return ""


def what_is_foreign(connection: sa.Connection) -> str:
    """The first thing that is not of this version of the program, in words; empty when none is."""
    known = _definitions()
    for type_, name, sql in _schema(connection):
        if str(name).startswith(_SQLITES_OWN):
            continue
        if (type_, name) not in known:
            return f"it has a foreign {type_}, {_shown(name)}"
        if known[type_, name] not in ("", _on_one_line(sql or "")):
            return f"the {type_} {_shown(name)} is not defined as this program does it"
    for table in metadata.tables.values():
        # Computed columns are listed by this pragma only, marked as hidden.
        found = connection.exec_driver_sql(f"PRAGMA table_xinfo({table.name})").all()
        ours = {(column.name, 0) for column in table.columns}
        if {(row.name, row.hidden) for row in found} != ours:
            return f"the columns of {table.name} are not those of this program"
    return ""


@cache
def _definitions() -> dict[tuple[str, str], str]:
    """How each table and index is defined: a clause more may delete rows, or refuse them."""
    dialect = sqlite.dialect()
    found = {("table", VERSION_TABLE): ""}  # Alembic's own
    for table in metadata.tables.values():
        found["table", table.name] = str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            found["index", str(index.name)] = str(CreateIndex(index).compile(dialect=dialect))
    return {key: _on_one_line(sql) for key, sql in found.items()}


def _on_one_line(sql: str) -> str:
    return " ".join(sql.split())


def in_words(error: ValidationError) -> str:
    """What is wrong with a record: where, in its own names, and how, in ours."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = _plain(".".join(str(part) for part in first["loc"]))
    match first["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is unknown"
        case "value_error":  # said by a model of ours
            return _plain(str(first["ctx"]["error"]))
        case _:
            return f"{where} is not what it should be"


def _schema(connection: sa.Connection) -> list[tuple[str, str, str | None]]:
    rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master").all()
    return [(row.type, row.name, row.sql) for row in rows]


def _shown(name: object) -> str:
    """A name that somebody else chose, in quotes and fit for a message."""
    return f"'{_plain(str(name))}'"


def _plain(text: str) -> str:
    return ascii(text)[1:-1][:_MAX_SHOWN]
