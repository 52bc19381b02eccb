"""Somebody who can write the store puts something else than records into it.

Who: every member of a team with a shared one, whoever hands over a backup, a fault elsewhere.
What: what runs by itself in a database, records that contradict themselves, texts without end.
What happens: a sentence with the store's name, exit code 6, and nothing sent; never a traceback,
a text of a library, or a text of his that fills the screen.
"""
# ruff: noqa: S608 - statements of SQL are what he writes

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.store.database import MAX_RECORD
from remediate.store.errors import StoreUnavailable
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from tests.cli.conftest import Result, Unsent, _surroundings, cli, unsent
from tests.store.records import RUN, a_host, a_report, a_run, an_intent

__all__ = ["_surroundings", "cli", "unsent"]

Cli = Callable[..., Result]

LIST = ["runs", "list"]
SHOW = ["runs", "show", RUN]
RECONCILE = ["runs", "reconcile"]
DRY_RUN = ["rollback", RUN, "--dry-run"]
ROLLBACK = ["rollback", RUN, "--yes"]
APPLY = ["apply", "schedule-fix", "--yes", "--host", "A", "--user", "u"]
OF_A_RUN = [SHOW, RECONCILE, DRY_RUN, ROLLBACK]
ALL = [LIST, *OF_A_RUN, APPLY]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a run that has broken off on one host and changed another."""
    place = store_place(str(tmp_path_factory.mktemp("recorded") / "runs.db"))
    with SqlStore(place) as store:
        store.begin_run(a_run(), [a_host(), a_host("SRV02")])
        store.record_intent(an_intent())
        store.record_intent(an_intent(host="SRV02"))
        store.close_host(RUN, "SRV02", a_report("SRV02"))
    assert place.file
    return place.file


@pytest.fixture
def file(recorded: Path) -> Path:
    """A copy of it, as the store of the commands."""
    place = store_place()
    assert place.file
    place.folder.mkdir(mode=0o700)
    shutil.copy(recorded, place.file)
    return place.file


def write(file: Path, *statements: str) -> None:
    """Write as he does, past all that the store checks."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=OFF")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def refused(result: Result, *says: str) -> None:
    """It ended with one short sentence of ours."""
    result.explains(6, str(store_place()), *says)
    assert len(result.err) < 1000
    for text in ("nobody foresaw", "Traceback", "Input should", "validation error", "Error("):
        assert text not in result.err


LEASES = (
    "host TEXT NOT NULL, fence BIGINT NOT NULL UNIQUE ON CONFLICT REPLACE, run TEXT, owner TEXT "
    "NOT NULL, since DATETIME NOT NULL, until DATETIME NOT NULL, PRIMARY KEY (host)"
)
NO_END = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
RUNS_BY_ITSELF = {
    "trigger": (
        ["CREATE TRIGGER t AFTER INSERT ON runs BEGIN UPDATE hosts SET report = '{}'; END"],
        "it has a trigger, 't'",
    ),
    "view without end": ([f"CREATE VIEW v AS {NO_END}"], "it has a view, 'v'"),
    "view for a table": (
        ["ALTER TABLE hosts RENAME TO h", "CREATE VIEW hosts AS SELECT * FROM h"],
        "it has a view, 'hosts'",
    ),
    "view for the version": (
        ["DROP TABLE remediate_version", f"CREATE VIEW remediate_version AS {NO_END}"],
        "it has a view, 'remediate_version'",
    ),
    "virtual table": (["CREATE VIRTUAL TABLE v USING rtree(a, b, c)"], "'v' is no plain table"),
    "computed column": (
        ["ALTER TABLE runs ADD COLUMN x AS (zeroblob(1000000000))"],
        "the table 'runs' is not defined as this program does it",
    ),
    "clause that deletes": (
        [
            "DROP TABLE leases",
            f"CREATE TABLE leases ({LEASES})",
        ],
        "the table 'leases' is not defined as this program does it",
    ),
    "index on something else": (
        ["DROP INDEX ix_runs_started", "CREATE INDEX ix_runs_started ON runs (1)"],
        "the index 'ix_runs_started' is not defined as this program does it",
    ),
    "table": (["CREATE TABLE more (x)"], "it has a foreign table, 'more'"),
    "index": (
        ["CREATE INDEX i ON runs (length(run))"],
        "it has a foreign index, 'i'",
    ),
    "name that steers": (
        ['CREATE TABLE "\x1b[2J' + "x" * 5000 + '" (x)'],
        "it has a foreign table, '\\x1b[2Jxxx",
    ),
}


@pytest.mark.parametrize("what", RUNS_BY_ITSELF)
def test_what_runs_by_itself_is_not_in_a_store(
    what: str, file: Path, cli: Cli, unsent: Unsent
) -> None:
    statements, says = RUNS_BY_ITSELF[what]
    write(file, *statements)
    for words in ALL:
        refused(cli(*words, transport=unsent), says)


DEEP = "[" * 200_000 + "]" * 200_000
NO_VALUE = "a time, number or verdict in it is none"
RECORDS = {
    "run id out of the folder": (
        "UPDATE runs SET id = '../x', run = json_set(run, '$.id', '../x')",
        [LIST],
        "a record of a run cannot be read: its name or its time is not that of the run",
    ),
    "another run's record": (
        "UPDATE runs SET run = json_set(run, '$.id', '20260101-000000-beef')",
        [LIST, *OF_A_RUN],
        "a record of a run cannot be read: its name",
    ),
    "deep": (f"UPDATE runs SET run = '{DEEP}'", [LIST, *OF_A_RUN], "it is not in the form of one"),
    "deep but an object": (
        f"UPDATE hosts SET intent = '{{\"run\": {'[' * 400}{']' * 400}}}'",
        OF_A_RUN,
        "a record of an intent cannot be read: ",
    ),
    "no object": ("UPDATE runs SET run = '7'", [LIST, *OF_A_RUN], "it is not in the form of one"),
    "no json": ("UPDATE hosts SET host = 'x'", OF_A_RUN, "it is not in the form of one"),
    "blob": ("UPDATE hosts SET host = x'00ff'", OF_A_RUN, "it is not in the form of one"),
    "unknown key": (
        """UPDATE runs SET run = json_set(run, '$."\x1b[2J"', 1)""",
        [LIST, *OF_A_RUN],
        "a record of a run cannot be read: \\x1b[2J is unknown",
    ),
    "unknown kind of run": (
        "UPDATE runs SET run = json_set(run, '$.kind', 'x')",
        [LIST, *OF_A_RUN],
        "kind is not what it should be",
    ),
    "missing": (
        "UPDATE hosts SET intent = json_remove(intent, '$.changes')",
        OF_A_RUN,
        "a record of an intent cannot be read: changes is missing",
    ),
    "long operator": (
        f"UPDATE runs SET run = json_set(run, '$.operator', '{'x' * 2000}')",
        [LIST, *OF_A_RUN],
        "its operator has more than 1000 characters",
    ),
    "record without end": (
        f"UPDATE runs SET run = json_set(run, '$.operator', printf('%.*c', {MAX_RECORD}, 'x'))",
        [LIST, *OF_A_RUN],
        f"a record has more than {MAX_RECORD} bytes",
    ),
    "a time that is none": (
        "UPDATE runs SET started = 'soon'",
        [LIST],
        "a time, number or verdict",
    ),
    "a time that is a number": (
        "UPDATE runs SET finished = 7",
        [LIST],
        "a time, number or verdict",
    ),
    "a verdict that is none": (
        "UPDATE hosts SET outcome = 'fine' WHERE outcome IS NOT NULL",
        [LIST, SHOW],
        "",
    ),
    "another verdict": (
        "UPDATE hosts SET outcome = 'compliant' WHERE outcome IS NOT NULL",
        [SHOW, DRY_RUN, ROLLBACK],
        "a record of a verdict cannot be read: its host or verdict is not that of the record",
    ),
    "another host": (
        "UPDATE hosts SET host = json_set(host, '$.name', 'OTHER')",
        OF_A_RUN,
        "a record of a host cannot be read: its name is not that of the host",
    ),
    "an intent of another host": (
        "UPDATE hosts SET intent = json_set(intent, '$.host.name', 'OTHER')",
        OF_A_RUN,
        "a record of an intent cannot be read: its run, host or time",
    ),
    "no intent": ("UPDATE hosts SET intent = NULL", OF_A_RUN, "its run, host or time"),
    "an earlier version without sense": (
        "UPDATE hosts SET report = json_set(report, '$.schema_version', 1, '$.notes', 5)",
        [SHOW, DRY_RUN, ROLLBACK],
        "a record of a verdict cannot be read: it is not in the form of one",
    ),
    "a version of a record that is none": (
        f"UPDATE runs SET run = json_set(run, '$.schema_version', '{'x' * 5000}')",
        [LIST, *OF_A_RUN],
        "is of version 'xxxxx",
    ),
    "no unicode": ("UPDATE runs SET run = CAST(x'7b22ff' AS TEXT)", [LIST], ""),
    "version without sense": (
        "UPDATE remediate_version SET version_num = '0000'",
        ALL,
        "its version is none that this program knows",
    ),
    "version with a text": (
        f"UPDATE remediate_version SET version_num = '{'9' * 5000}'",
        ALL,
        "its version is none that this program knows",
    ),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_that_makes_no_sense_is_named(
    what: str, file: Path, cli: Cli, unsent: Unsent
) -> None:
    statement, commands, says = RECORDS[what]
    write(file, statement)
    for words in commands:
        refused(cli(*words, transport=unsent), says)


def test_a_lease_that_makes_no_sense_is_named(file: Path) -> None:
    write(file, "INSERT INTO leases VALUES ('h', 1, 'r', x'ff', '2026-01-01', '9999-01-01')")
    with SqlStore(store_place()) as store, pytest.raises(StoreUnavailable, match=NO_VALUE):
        store.leases(a_run().started)


def test_a_text_that_fills_a_screen_is_cut(file: Path, cli: Cli, unsent: Unsent) -> None:
    text = json.dumps([{"code": "x", "message": "y" * 10**6}])
    write(
        file,
        f"UPDATE hosts SET report = json_set(report, '$.problem', json_extract('{text}', '$[0]'))"
        " WHERE report IS NOT NULL",
    )
    result = cli("runs", "show", RUN, transport=unsent)
    assert result.code == 0
    assert "1000000 characters; --format json has them all" in result.out
    assert len(result.out) < 50_000


def test_what_is_in_the_folder_and_is_no_spill_file_hides_no_other(
    file: Path, cli: Cli, unsent: Unsent
) -> None:
    """A folder of that name: the rest is read, and the journal is not called complete."""
    write(file, "DELETE FROM hosts WHERE outcome IS NULL")
    (file.parent / "remediate-spill-a.ndjson").mkdir()
    (file.parent / "remediate-spill-b.ndjson").write_bytes(
        b"[" * 200_000 + b'\n{}\n5\n{"schema_version": 1, "report": {"notes": 5}}\n{"report": 5}\n'
    )
    (file.parent / "remediate-spill-c.ndjson").write_bytes(b"")
    result = cli(*RECONCILE, transport=unsent)
    result.explains(6, "the journal is not complete", "a.ndjson: it is a folder", "b.ndjson: lines")
    assert "complete." not in result.out
    assert [each.name[-8:] for each in sorted(file.parent.glob("remediate-spill-*"))] == [
        "a.ndjson",
        "b.ndjson",
    ], "what was read to its end is gone"
