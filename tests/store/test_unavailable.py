"""A store that cannot be used: one clear error, nothing half recorded."""

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from remediate.store.errors import JournalConflict, StoreError, StoreTooNew, StoreUnavailable
from remediate.store.place import StorePlace, store_place
from remediate.store.schema import hosts
from remediate.store.sql import SqlStore
from tests.store.records import NOW, RUN, TTL, a_host, a_report, a_run, an_intent

not_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything"
)
MEGABYTE = "x" * 2**20


def refusal(place: StorePlace) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as error:
        SqlStore(place)
    assert str(place) in str(error.value), "says which store"
    assert error.value.hint, "says what to do"
    assert error.value.problem().code == "store_unavailable"
    return error.value


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    assert "folder" in refusal(store_place(str(tmp_path))).reason


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refusal(store_place(str(tmp_path / "file" / "remediate.db")))


@pytest.mark.parametrize("garbage", [b"garbage\n" * 1000, b"x", b"SQLite format 3\0garbage"])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, garbage: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(garbage)
    assert "not a database" in refusal(store_place(str(file))).reason
    assert garbage == file.read_bytes()


def test_a_damaged_file(place: StorePlace) -> None:
    SqlStore(place).close()
    data = bytearray(place.file.read_bytes())
    data[2048:] = b"\xff" * len(data[2048:])
    place.file.write_bytes(data)
    refusal(place)


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "photos.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE photos (id)")
    connection.close()
    before = file.read_bytes()
    assert "another program" in refusal(store_place(str(file))).reason
    assert before == file.read_bytes()


@not_root
def test_a_file_that_may_only_be_read(place: StorePlace) -> None:
    SqlStore(place).close()
    place.file.chmod(0o400)
    refusal(place)


def test_a_database_that_may_only_be_read(sql_store: SqlStore) -> None:
    """The same error when the medium turns read-only while a run goes on."""
    pragma(sql_store, "query_only=ON")
    with pytest.raises(StoreUnavailable, match="may only be read"):
        sql_store.begin_run(a_run(), [])


def test_a_newer_version_is_refused(place: StorePlace) -> None:
    SqlStore(place).close()
    connection = sqlite3.connect(place.file)
    connection.execute("UPDATE remediate_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreTooNew, match=r"remediate\.db is of version 9999") as error:
        SqlStore(place)
    assert "newer version" in error.value.hint


def test_a_record_of_a_newer_version_is_refused(sql_store: SqlStore) -> None:
    newer = a_run().model_copy(update={"schema_version": 3})
    sql_store.begin_run(newer, [])
    with pytest.raises(StoreTooNew, match="3 \\(a record\\)"):
        sql_store.run(RUN)


def test_a_damaged_record_is_named(sql_store: SqlStore) -> None:
    sql_store.begin_run(a_run(), [])
    with sql_store._db.writing() as connection:
        connection.exec_driver_sql("""UPDATE runs SET run = '{"id": 5}'""")
    with pytest.raises(StoreUnavailable, match="record of a run cannot be read: id"):
        sql_store.runs()


@pytest.mark.parametrize(
    ("json", "hint"),
    [
        ("""json_set(report, '$.more', 1)""", "Perhaps a newer version"),
        ("""json_set(report, '$.problem', json('{"code": "a"}'))""", "or is damaged"),
    ],
)
def test_a_record_that_says_more_than_is_known_may_be_of_a_newer_version(
    sql_store: SqlStore, json: str, hint: str
) -> None:
    sql_store.begin_run(a_run(), [a_host()])
    sql_store.close_host(RUN, "SRV01", a_report())
    with sql_store._db.writing() as connection:
        connection.execute(sa.update(hosts).values(report=sa.text(json)))
    with pytest.raises(StoreUnavailable, match="record of a verdict cannot be read") as error:
        sql_store.run(RUN)
    assert hint in error.value.hint


def pragma(store: SqlStore, text: str) -> None:
    """Have every connection of the store set a pragma."""

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA {text}")

    store.close()
    sa.event.listen(store._db._engine, "connect", connected)


def test_a_full_disk_is_told_at_every_write_and_costs_no_record(sql_store: SqlStore) -> None:
    """SQLite's own limit of the file's size gives the very error that a full disk gives."""
    sql_store.begin_run(a_run(), [a_host(), a_host("SRV02")])
    sql_store.record_intent(an_intent())
    before = sql_store.run(RUN)
    pragma(sql_store, "max_page_count=1")  # SQLite takes the present size when that is more
    snapshot = an_intent().snapshot[0].model_copy(update={"properties": {"x": MEGABYTE}})
    big_intent = an_intent(host="SRV02").model_copy(update={"snapshot": (snapshot,)})
    big_run = a_run("b").model_copy(update={"operator": MEGABYTE})
    for write in (
        lambda: sql_store.begin_run(big_run, []),
        lambda: sql_store.record_intent(big_intent),
        lambda: sql_store.close_host(
            RUN, "SRV01", a_report().model_copy(update={"notes": (MEGABYTE,)})
        ),
        lambda: sql_store.take_lease("srv01:5985", RUN, MEGABYTE, NOW, TTL),
    ):
        with pytest.raises(StoreUnavailable, match="the disk is full") as error:
            write()
        assert "space" in error.value.hint
    assert before == sql_store.run(RUN)
    assert sql_store.leases(NOW) == []
    sql_store.finish_run(RUN, NOW)
    assert sql_store.run(RUN).finished == NOW, "small records still fit"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (sqlite3.SQLITE_IOERR_SHMSIZE, "the disk is full"),
        (sqlite3.SQLITE_IOERR_FSYNC, "the disk reports an error"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "it may only be read"),
    ],
)
def test_what_sqlite_says_more_closely_counts(
    number: int, reason: str, place: StorePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_args: object, **_kwargs: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = number
        raise error

    monkeypatch.setattr(sqlite3, "connect", connect)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", connect)
    assert refusal(place).reason == reason


@pytest.mark.parametrize("number", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CANTOPEN_SYMLINK])
def test_a_good_store_on_a_disk_that_may_only_be_read_is_not_to_be_moved_away(
    number: int, place: StorePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite, which has to make files beside it, says only that it cannot open something."""
    SqlStore(place).close()

    def connect(*_args: object, **_kwargs: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = number
        raise error

    def make(*_args: object, **_kwargs: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(sqlite3, "connect", connect)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", connect)
    assert "move this one away" not in refusal(place).hint
    monkeypatch.setattr(tempfile, "TemporaryFile", make)
    said = refusal(place)
    assert said.reason == os.strerror(errno.EROFS).lower()
    assert "writable" in said.hint


def test_a_disk_that_is_full_from_the_start(place: StorePlace) -> None:
    """No store is better than half a store."""
    full = sqlite3.connect

    def connect(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection = full(*args, **kwargs)
        connection.execute("PRAGMA max_page_count=3")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        patch.setattr(sqlite3.dbapi2, "connect", connect)
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            SqlStore(place)
    with SqlStore(place) as store:
        assert store.runs() == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense://", "not understood"),
        ("://", "not understood"),
        ("postgresql+nodriver://ada:canary-5417@srv/db", "not understood"),
        ("oracle+oracledb://ada:canary-5417@srv/db?password=canary-5417", "missing"),
    ],
)
def test_an_address_that_cannot_work_is_told_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(StoreUnavailable, match=reason) as error:
        SqlStore(store_place(url))
    assert "canary-5417" not in f"{error.value} {error.value.hint} {error.value.args}"


@pytest.mark.parametrize(
    "text",
    [
        "host=127.0.0.1 password=canary-5417",
        "password = canary-5417",
        "user=ada application_name=canary-5417",
        "postgresql+psycopg//user:canary-5417@host/db",
        "postgresql+psycopg:/user:canary-5417@host/db",
        "postgresql+psycopg:///user:canary-5417@host/db",
        "postgresql+psycopg://user:p@canary-5417@host/db",
        "postgres//host/db",
        "user:canary-5417@host/db",
        "sqlite://user:canary-5417@host/",
        "sqlite:///user:canary-5417@host/",
        "sqlite:canary-5417",
    ],
)
def test_what_looks_like_an_address_and_is_none_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(StoreUnavailable, match="looks like the address of a database") as error:
        store_place(text)
    assert "canary-5417" not in f"{error.value} {error.value.hint} {error.value.args}"
    assert "postgresql+psycopg://user@server/database" in error.value.hint


@pytest.mark.skipif(os.name == "nt", reason="there these are paths")
@pytest.mark.parametrize(
    "text", [r"\\server\share\r.db", "//server/share/r.db", r"C:\r.db", "C:/r.db"]
)
def test_a_path_of_windows_is_refused_elsewhere(text: str) -> None:
    with pytest.raises(StoreUnavailable, match="a path of Windows"):
        store_place(text)


@pytest.mark.parametrize("name", ["a:b.db", "user@host/r.db", "a//r.db", "-r.db"])
def test_an_odd_path_is_a_path_when_it_begins_as_one(name: str) -> None:
    place = store_place(f"./{name}")
    assert place.file == Path(name).absolute()


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists, not modes")
def test_a_store_that_others_may_write_to_or_that_is_a_link_is_refused(place: StorePlace) -> None:
    SqlStore(place).close()
    assert place.file
    place.file.chmod(0o660)
    assert refusal(place).reason == "others may write to it (mode 0660)"
    place.file.chmod(0o644)
    place.folder.chmod(0o770)
    assert refusal(place).reason == f"{place.folder}: others may write to it (mode 0770)"
    place.folder.chmod(0o755)
    SqlStore(place).close()
    place.file.rename(place.folder / "other.db")
    place.file.symlink_to(place.folder / "other.db")
    assert refusal(place).reason == "it is a link"


def test_the_password_of_a_database_is_not_shown() -> None:
    place = store_place("postgresql+psycopg://ada:canary-5417@srv/db?password=canary-5417")
    assert "canary-5417" not in f"{place} {place!r}"
    assert str(place) == "postgresql+psycopg://srv/db"


@pytest.mark.parametrize("where", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_a_store_in_memory_is_refused(where: str) -> None:
    with pytest.raises(StoreUnavailable, match="names no file"):
        store_place(where)


def test_every_error_of_the_tree_is_told_as_data() -> None:
    errors: list[StoreError] = [JournalConflict("r", "h", "why"), StoreTooNew("p", "2", "1")]
    assert [e.problem().code for e in errors] == ["journal_conflict", "store_too_new"]
    assert all(e.problem().hint for e in errors)
