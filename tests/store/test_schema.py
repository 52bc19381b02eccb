"""The database itself: versions, files, portability, and what is never in it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import BaseModel, SecretStr
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from remediate.model.audit import AuditRecord, HostFindings
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.run import Intent, Run
from remediate.store import schema
from remediate.store.errors import StoreUnavailable
from remediate.store.place import StorePlace, store_place
from remediate.store.sql import SqlStore
from tests.store.records import NOW, RUN, TTL, a_host, a_report, a_run, an_intent


def config(connection: sa.Connection | None = None) -> Config:
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", "remediate.store:migrations")
    return made


SCRIPTS = ScriptDirectory.from_config(config())
VERSIONS = [revision.revision for revision in SCRIPTS.walk_revisions()]


def test_head_is_the_newest_migration() -> None:
    assert SCRIPTS.get_heads() == [schema.HEAD]
    assert sorted(VERSIONS, reverse=True) == VERSIONS, "versions sort by age"


@pytest.mark.parametrize("version", ["base", *reversed(VERSIONS)])
def test_every_older_version_becomes_this_one(place: StorePlace, version: str) -> None:
    place.folder.mkdir()
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(place.file)))
    with engine.begin() as connection:
        command.upgrade(config(connection), version)
    with SqlStore(place) as store:
        store.begin_run(a_run(), [a_host()])
        assert a_run() == store.run(RUN).run
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []
        indexes = sa.text("SELECT sql FROM sqlite_master WHERE name = 'ix_hosts_unsettled'")
        assert "WHERE" in str(connection.scalar(indexes))
    engine.dispose()


def test_a_version_that_another_process_changes_meanwhile_is_told(place: StorePlace) -> None:
    """As on a server, where nobody is held off; who then finds the newest version goes on."""
    place.folder.mkdir()
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(place.file)))
    with engine.begin() as connection:
        command.upgrade(config(connection), "0002")
    engine.dispose()

    def meanwhile(_: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE remediate_version"):
            cursor.execute("UPDATE remediate_version SET version_num = '0001'")

    sa.event.listen(sa.Engine, "before_cursor_execute", meanwhile)
    try:
        with pytest.raises(StoreUnavailable, match="its version changed meanwhile"):
            SqlStore(place)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", meanwhile)


def test_a_store_keeps_its_records_when_it_is_opened_again(place: StorePlace) -> None:
    with SqlStore(place) as store:
        store.begin_run(a_run(), [])
    with SqlStore(place) as store:
        assert a_run() == store.run(RUN).run


def test_a_new_store_is_what_the_migrations_make() -> None:
    found = []
    for make in (schema.make, lambda connection: command.upgrade(config(connection), "head")):
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            make(connection)
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()
            tables = {row.name: "".join((row.sql or "").split()) for row in rows}
            version = sa.select(sa.text("*")).select_from(sa.text(schema.VERSION_TABLE))
            found.append((tables, connection.execute(version).all()))
        engine.dispose()
    assert found[0] == found[1]


def test_no_start_loads_migrations_that_are_not_needed(place: StorePlace) -> None:
    code = (
        "import sys, remediate.store, remediate.store.protocol, remediate.store.errors\n"
        "from remediate.store.place import store_place\n"
        "place = store_place(sys.argv[1]); str(place)\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "from remediate.store.sql import SqlStore\n"
        "SqlStore(place).runs()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(place.file)], check=True, timeout=60)


def test_writes_are_on_disk_when_they_return(sql_store: SqlStore) -> None:
    with sql_store._db.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists, not modes")
def test_only_the_user_may_read_the_store(sql_store: SqlStore) -> None:
    sql_store.begin_run(a_run(), [])
    folder = sql_store.place.folder
    paths = [folder, *folder.rglob("*")]
    assert {"remediate.db", "remediate.db-wal"} < {path.name for path in paths}
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_open_intents_are_found_by_their_index(sql_store: SqlStore) -> None:
    query = sa.select(schema.hosts.c.name).where(schema.unsettled)
    text = query.compile(sql_store._db._engine, compile_kwargs={"literal_binds": True})
    with sql_store._db.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    assert "ix_hosts_unsettled" in str(plan)


def test_the_tables_can_be_made_in_postgresql() -> None:
    dialect = postgresql.dialect()
    for table in schema.metadata.tables.values():
        assert CreateTable(table).compile(dialect=dialect)
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect)).startswith("CREATE INDEX")


def test_a_moment_is_kept_whatever_its_zone(sql_store: SqlStore) -> None:
    seoul = NOW.astimezone(timezone(timedelta(hours=9)))
    sql_store.begin_run(a_run(), [])
    sql_store.finish_run(RUN, seoul)
    finished = sql_store.run(RUN).finished
    assert (finished, finished.tzinfo if finished else None) == (NOW, UTC)


def test_a_time_without_a_zone_is_a_mistake(sql_store: SqlStore) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        sql_store.take_lease("a:1", "r", "o", datetime(2026, 1, 1), TTL)  # noqa: DTZ001 - the mistake


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}?timeout=3"])
def test_a_file_is_named_by_path_or_url(tmp_path: Path, form: str) -> None:
    file = tmp_path / "a b%20c.db"
    place = store_place(environ={"REMEDIATE_STORE": form.format(file)})
    assert StorePlace(folder=tmp_path, file=file) == place
    SqlStore(place).close()
    assert file.is_file()


def test_without_a_setting_it_is_in_the_users_data_folder() -> None:
    place = store_place(environ={})
    assert place.file == place.folder / "remediate.db"
    assert place.folder.is_absolute()


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Every field of a model and of the models in it."""
    defs = model.model_json_schema(mode="serialization")
    for name, part in [(model.__name__, defs), *defs.get("$defs", {}).items()]:
        yield from ((name, each) for each in part.get("properties", {}))


def told_apart(model: type[BaseModel]) -> set[str]:
    """What an older program may not know of a record: fields, and values of enumerations."""
    defs = model.model_json_schema(mode="serialization")
    return {f"{name}.{each}" for name, each in fields(model)} | {
        f"{name}: {value}"
        for name, part in defs.get("$defs", {}).items()
        for value in part.get("enum", ())
    }


def test_records_are_those_of_the_stores_version() -> None:
    """An older program must refuse the store, and not break off at a record that it cannot read.

    After a change: add a migration that raises the number, and a file of that name. Of this
    version's file nothing changes once it is released.
    """
    kept = Path(__file__).with_name(f"records_{schema.HEAD}.txt").read_text(encoding="utf-8")
    now = set().union(*(told_apart(one) for one in (Run, Host, Intent, HostReport, HostFindings)))
    assert sorted(now) == kept.splitlines()


def test_no_record_has_a_field_for_a_secret() -> None:
    """Host.password is a reference (`env:NAME`), and Change.secrets has names; nothing else may
    look like a secret."""
    words = ("pass", "secret", "token", "credential")
    found = {
        field
        for model in (Run, Intent, HostReport, Host, AuditRecord)
        for field in fields(model)
        if any(word in field[1].lower() for word in words)
    }
    assert {("Host", "password"), ("Change", "secrets")} == found
    assert all(info.annotation is not SecretStr for info in Host.model_fields.values())


def test_the_secret_that_a_host_refers_to_is_not_in_the_files(
    place: StorePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "canary-5417")
    with SqlStore(place) as store:
        store.begin_run(a_run(), [a_host()])
        store.record_intent(an_intent())
        store.close_host(RUN, "SRV01", a_report())
        data = b"".join(path.read_bytes() for path in place.folder.glob("remediate.db*"))
    assert b"env:PASSWORD" in data
    assert b"canary-5417" not in data
