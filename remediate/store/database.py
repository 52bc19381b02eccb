"""One database: opened, brought to the version of this program, its errors in our words."""

import errno
import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import filelock
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError, StatementError

from remediate.files import (
    FileRefused,
    make_folder,
    open_ours,
    read_up_to,
    require_folder,
    require_ours_if_there,
)
from remediate.store.contents import what_is_foreign, what_runs
from remediate.store.errors import StoreError, StoreMissing, StoreTooNew, StoreUnavailable
from remediate.store.place import FORMS, VARIABLE, StorePlace
from remediate.store.run_lock import lock_file
from remediate.store.schema import HEAD, VERSION_TABLE, make
from remediate.store.shared_commit import SharedCommits, UndoneError

_T = TypeVar("_T")

BUSY_SECONDS = 30
"""How long a writer waits for another process to finish its transaction."""

MAX_RECORD = 16 * 1024 * 1024
"""Bytes of a row; the longest that a run makes, for 3000 files of a module, have a tenth of it."""

_ELSEWHERE = f"Set {VARIABLE} to another file, or move this one away."
_WRITABLE = f"Make the file and its folder writable, or set {VARIABLE} to another file."
_OPENABLE = f"See what keeps it from being opened, or set {VARIABLE} to another file."
_FREE_SPACE = f"Free some space, or set {VARIABLE} to a file on another disk."
_SQLITE_FILE = b"SQLite format 3\0"  # https://sqlite.org/fileformat.html
_BESIDE = ("-journal", "-shm", "-wal")  # https://sqlite.org/tempfiles.html
_VERSION = re.compile(r"[0-9]{4}")
_PRIMARY_CODE = 0xFF  # the rest of SQLite's error number is a detail
_SQLITE_ERRORS = {
    sqlite3.SQLITE_PERM: ("access is denied", _WRITABLE),
    sqlite3.SQLITE_BUSY: (
        f"another program has kept it locked for {BUSY_SECONDS} seconds",
        "See which program has it open, and try again.",
    ),
    sqlite3.SQLITE_READONLY: ("it may only be read", _WRITABLE),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "Check the disk. " + _ELSEWHERE),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "Restore it from a copy. " + _ELSEWHERE),
    sqlite3.SQLITE_FULL: ("the disk is full", _FREE_SPACE),
    # https://sqlite.org/rescode.html#ioerr_shmsize: no room for what the log's readers share
    sqlite3.SQLITE_IOERR_SHMSIZE: ("the disk is full", _FREE_SPACE),
    sqlite3.SQLITE_CANTOPEN: ("the file cannot be opened", _OPENABLE),
    sqlite3.SQLITE_TOOBIG: (f"a record has more than {MAX_RECORD} bytes", _ELSEWHERE),
    sqlite3.SQLITE_NOTADB: ("the file is not a database", _ELSEWHERE),
}

_OS_HINTS = {
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENOSPC: _FREE_SPACE,
}


class Database:
    """Transactions on the store's database, for many threads.

    Args:
        place: where it is.
        make: make it when it is not there; else nothing is made.

    Raises:
        StoreMissing: it is not there, and not to be made.
        StoreUnavailable: it cannot be used, or is not ours alone to write to.
        StoreTooNew: a newer version of the program has written it.
    """

    def __init__(self, place: StorePlace, *, make: bool = True) -> None:
        self.place = place
        with self._system_in_our_words():
            begun = self._look_at_the_file(make=make)
            self._engine = self._open()
            self._reader = self._engine.execution_options(remediate_begin="BEGIN")
            # SQLite lets one writer in at a time; a server writes for many at once by itself.
            self._shared = SharedCommits(self._engine) if place.file else None
            try:
                self._prepare(self._version() if begun else "", make=make)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close all connections. Never raises."""
        with suppress(SQLAlchemyError):
            self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state and writes nothing."""
        with self._in_our_words(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction alone; durable at its end, undone by an exception."""
        with self._in_our_words(), self._engine.begin() as connection:
            yield connection

    def write(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Have something written, with what others have to write; durable when this returns.

        Args:
            work: writes in a transaction; what it raises undoes what it wrote.

        Returns:
            What the work comes to.
        """
        if self._shared is None:
            with self.writing() as connection:
                return work(connection)
        with self._in_our_words():
            return self._shared.write(work)

    def unavailable(self, reason: str, hint: str) -> StoreUnavailable:
        """The error that names this database."""
        return StoreUnavailable(str(self.place), reason, hint)

    def _look_at_the_file(self, *, make: bool) -> bool:
        """Make sure that the file is a database of ours; say whether anything is in it yet."""
        file = self.place.file
        if file is None:
            return True
        if make:
            make_folder(self.place.folder)
        try:
            require_folder(self.place.folder)
            if not make:
                file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise StoreMissing(str(self.place)) from None
        for end in _BESIDE:
            require_ours_if_there(file.with_name(file.name + end))
        # Made here, because SQLite would make it readable for everybody.
        opened = open_ours(file, os.O_RDWR | os.O_CREAT if make else os.O_RDONLY)
        try:
            begins = read_up_to(opened, len(_SQLITE_FILE))
        finally:
            os.close(opened)
        if begins not in {b"", _SQLITE_FILE}:  # SQLite itself would overwrite a short one
            raise self.unavailable(*_SQLITE_ERRORS[sqlite3.SQLITE_NOTADB])
        return begins != b""

    def _prepare(self, found: str, *, make: bool) -> None:
        if found == HEAD:
            return
        if not found and not make:
            raise StoreMissing(str(self.place))
        with self._alone():
            self._bring_to_head()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other processes that start, while the file is made and migrated."""
        if self.place.file is None:
            yield
            return
        make_folder(self.place.locks)
        with lock_file(self.place.locks / "store.lock", timeout=60):
            yield

    def _open(self) -> sa.Engine:
        if self.place.file is None:
            return self._open_server()
        url = sa.URL.create("sqlite", database=str(self.place.file))
        engine = sa.create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS},
            hide_parameters=True,
            json_deserializer=_parse,
        )
        sa.event.listen(engine, "connect", _prepare_connection)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _open_server(self) -> sa.Engine:
        try:
            return sa.create_engine(
                self.place.url, hide_parameters=True, pool_pre_ping=True, json_deserializer=_parse
            )
        except (ArgumentError, ValueError) as error:
            raise self.unavailable(
                "its address is not understood",
                FORMS,
            ) from error
        except ImportError as error:
            hint = f"{FORMS} Other databases are not tried."
            if error.name == "psycopg":
                hint = "Install it: pip install 'psycopg[binary]'."
            raise self.unavailable(f"Python module {error.name} is missing", hint) from error

    def _bring_to_head(self) -> None:
        if self._version() == HEAD:
            return
        try:
            if self.place.file:
                self._keep_a_log()
            with self.writing() as connection:
                if self.place.file and not sa.inspect(connection).get_table_names():
                    make(connection)
                else:
                    self._migrate(connection)
        except StoreError:
            # On a server another process may have done the same at the same time.
            if self._version() != HEAD:
                raise

    def _migrate(self, connection: sa.Connection) -> None:
        from alembic import command  # noqa: PLC0415 - heavy, and needed for older stores only
        from alembic.config import Config  # noqa: PLC0415 - as above
        from alembic.util import CommandError  # noqa: PLC0415 - as above

        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "remediate.store:migrations")
        try:
            command.upgrade(config, "head")
        except CommandError as error:  # the row that has the version is not as it was a moment ago
            raise self.unavailable("its version changed meanwhile", "Try again.") from error

    def _version(self) -> str:
        """The version of the schema, empty when there is none yet.

        Raises:
            StoreUnavailable: there is something in the database that is not ours.
            StoreTooNew: a newer version of the program has written it.
        """
        with self.reading() as connection:
            if self.place.file and (why := what_runs(connection)):
                raise self.unavailable(why, _ELSEWHERE)
            tables = sa.inspect(connection).get_table_names()
            if VERSION_TABLE not in tables:
                if tables and self.place.file:
                    raise self.unavailable("it is the database of another program", _ELSEWHERE)
                return ""
            select = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - a constant
            found = str(connection.scalar(sa.text(select)) or "")
            if not found:
                return ""
            if not _VERSION.fullmatch(found) or int(found) == 0:
                raise self.unavailable("its version is none that this program knows", _ELSEWHERE)
            if found > HEAD:
                raise StoreTooNew(str(self.place), found, HEAD)
            if found == HEAD and self.place.file and (why := what_is_foreign(connection)):
                raise self.unavailable(why, _ELSEWHERE)
            return found

    def _keep_a_log(self) -> None:
        """Write-ahead logging, which is a property of the file: readers never block the writer."""
        outside = self._engine.execution_options(remediate_begin="")
        with self._in_our_words(), outside.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, StatementError) else error
            if isinstance(cause, ValueError):
                raise cause from None  # the caller's mistake, found while values were converted
            if getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CANTOPEN:
                self._require_room_beside()
            reason, hint = _explain(cause)
            raise self.unavailable(reason, hint) from error
        except UndoneError as error:
            raise self.unavailable("writing to it was interrupted", "Try again.") from error
        except (ValueError, TypeError, ArithmeticError) as error:
            # SQLite keeps what it is given whatever the type of the column.
            raise self.unavailable(
                "a time, number or verdict in it is none", "It is damaged. " + _ELSEWHERE
            ) from error

    def _require_room_beside(self) -> None:
        """Make sure that files can be made beside the database; SQLite has to, and says no reason.

        Raises:
            StoreUnavailable: they cannot, as on a disk that may only be read.
        """
        with self._system_in_our_words(), tempfile.TemporaryFile(dir=self.place.folder):
            pass

    @contextmanager
    def _system_in_our_words(self) -> Iterator[None]:
        try:
            yield
        except filelock.Timeout as error:
            raise self.unavailable("another process is preparing it", "Try again.") from error
        except FileRefused as error:
            reason = error.why
            if error.filename != str(self.place):
                reason = f"{error.filename}: {reason}"
            raise self.unavailable(reason, error.hint or _ELSEWHERE) from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            hint = _OS_HINTS.get(error.errno or 0, _OPENABLE)
            raise self.unavailable(reason, hint) from error


def _explain(cause: BaseException | None) -> tuple[str, str]:
    """What is wrong in words, and what to do, by SQLite's error number."""
    number = getattr(cause, "sqlite_errorcode", None)
    known = [number, number & _PRIMARY_CODE] if number is not None else []
    for each in known:
        if each in _SQLITE_ERRORS:
            return _SQLITE_ERRORS[each]
    said = str(cause).strip().splitlines()
    return (said[0] if said else type(cause).__name__), "See whether the database is up."


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_RECORD)
    connection.execute("PRAGMA synchronous=FULL")  # on disk when COMMIT returns
    connection.execute("PRAGMA foreign_keys=ON")


def _parse(text: str) -> object:
    """The value in JSON, or the text itself: no record is one, so whoever reads it says so."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return text


def _begin(connection: sa.Connection) -> None:
    # A writer that began as a reader would fail at once when another one wrote in between.
    begin = connection.get_execution_options().get("remediate_begin", "BEGIN IMMEDIATE")
    if begin:
        connection.exec_driver_sql(begin)
