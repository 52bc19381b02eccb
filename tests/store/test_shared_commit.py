"""Whoever shares a COMMIT goes on after it, with all that it says on record, or with an error."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import StaticPool

from remediate.store.shared_commit import SharedCommits

PATIENCE = 30
ROW = sa.text("INSERT INTO rows (id) VALUES (:id)")
Work = Callable[[sa.Connection], Any]


class Arrivals(threading.Condition):
    """Says when somebody comes, and whether he has to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.here = threading.Semaphore(0)

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        self.here.release()
        return super().wait_for(predicate, timeout)


class Table:
    """A table in memory, written to by callers who share one COMMIT."""

    def __init__(self) -> None:
        self.engine = sa.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        self.at_commit: Callable[[], None] = lambda: None
        sa.event.listen(self.engine, "connect", self._connected)
        sa.event.listen(self.engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
        sa.event.listen(self.engine, "commit", lambda _: self.at_commit())
        self.shared = SharedCommits(self.engine)
        self.arrivals = self.shared._changed = Arrivals()

    @staticmethod
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        connection.execute(
            "CREATE TABLE lost (id INTEGER REFERENCES rows (id) DEFERRABLE INITIALLY DEFERRED)"
        )

    def close(self) -> None:
        self.engine.dispose()

    def together(self, works: Sequence[Work]) -> list[Future[Any]]:
        """Have all these written with one COMMIT, in this order."""
        begun, go = threading.Event(), threading.Event()

        def hold(_: sa.Connection) -> None:
            begun.set()
            assert go.wait(PATIENCE)

        with ThreadPoolExecutor(len(works) + 1) as pool:
            first = pool.submit(self.shared.write, hold)
            assert begun.wait(PATIENCE)
            assert self.arrivals.here.acquire(timeout=PATIENCE)
            ends = []
            for work in works:
                ends.append(pool.submit(self.shared.write, work))
                assert self.arrivals.here.acquire(timeout=PATIENCE)
            go.set()
            first.result(PATIENCE)
        return ends

    def rows(self) -> set[int]:
        with self.engine.begin() as connection:
            return set(connection.scalars(sa.text("SELECT id FROM rows")))


@pytest.fixture
def table() -> Iterator[Table]:
    with closing(Table()) as table:
        yield table


def row(number: int) -> Work:
    def work(connection: sa.Connection) -> int:
        connection.execute(ROW, {"id": number})
        return number

    return work


def mistaken(number: int) -> Work:
    def work(connection: sa.Connection) -> None:
        connection.execute(ROW, {"id": number})
        raise LookupError(number)

    return work


def refused(number: int) -> Work:
    """The database refuses a statement, and nothing else is lost."""

    def work(connection: sa.Connection) -> None:
        for _ in range(2):
            connection.execute(ROW, {"id": number})

    return work


def ending(number: int) -> Work:
    """As a full disk may do it: the whole transaction is gone, and an error says something."""

    def work(connection: sa.Connection) -> None:
        connection.execute(ROW, {"id": number})
        connection.connection.dbapi_connection.execute("ROLLBACK")
        raise OperationalError("", {}, Exception("database or disk is full"))

    return work


def not_to_commit(number: int) -> Work:
    """Something that COMMIT alone refuses."""

    def work(connection: sa.Connection) -> int:
        connection.execute(ROW, {"id": number})
        connection.execute(sa.text("INSERT INTO lost (id) VALUES (-1)"))
        return number

    return work


def interrupted(number: int) -> Work:
    def work(connection: sa.Connection) -> None:
        connection.execute(ROW, {"id": number})
        raise KeyboardInterrupt

    return work


OWN = {mistaken: LookupError, refused: IntegrityError}
ALL_LOSE = [ending, not_to_commit, interrupted]
KIND = st.sampled_from([row] * 6 + [*OWN] * 2 + ALL_LOSE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(KIND, min_size=1, max_size=5), min_size=1, max_size=2))
def test_all_who_share_a_commit_have_what_they_were_told_on_record(
    rounds: Sequence[Sequence[Callable[[int], Work]]],
) -> None:
    """There is what those wrote who got an answer, and nothing of those who got an error."""
    with closing(Table()) as table:
        expected = set()
        for first, kinds in zip(count(0, 10), rounds, strict=False):
            ends = table.together([kind(number) for number, kind in enumerate(kinds, first)])
            all_lose = any(kind in ALL_LOSE for kind in kinds)
            ends_it = next((kind for kind in kinds if kind in {ending, interrupted}), None)
            for number, (kind, end) in enumerate(zip(kinds, ends, strict=True), first):
                error = end.exception(PATIENCE)
                if all_lose:
                    assert error is not None
                    assert ends_it is not ending or "disk is full" in str(error)
                elif kind in OWN:
                    assert type(error) is OWN[kind]
                else:
                    assert (error, end.result()) == (None, number)
                    expected.add(number)
            assert expected == table.rows()


def test_nobody_goes_on_before_the_commit_and_there_is_one_for_all(table: Table) -> None:
    write, done, seen = table.shared.write, list[int](), list[list[int]]()

    def written(work: Work) -> None:
        number = write(work)
        if number is not None:
            done.append(number)

    table.shared.write = written  # type: ignore[method-assign] # notes who goes on
    table.at_commit = lambda: seen.append(list(done))
    for end in table.together([row(number) for number in range(5)]):
        end.result(PATIENCE)
    assert seen == [[], []], "one COMMIT for who came first, one for all who came meanwhile"
    assert {0, 1, 2, 3, 4} == set(done) == table.rows()


def test_who_is_interrupted_while_he_waits_has_nothing_written(table: Table) -> None:
    def wait_for(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table.arrivals, "wait_for", wait_for)
        with pytest.raises(KeyboardInterrupt):
            table.shared.write(row(1))
    assert table.shared.write(row(2)) == 2
    assert table.rows() == {2}


def test_a_disk_that_is_full_fails_all_or_one(table: Table) -> None:
    """SQLite decides which, and all others have what they were told."""

    def large(connection: sa.Connection) -> None:
        connection.execute(sa.text("INSERT INTO rows VALUES (3, zeroblob(10000000))"))

    with table.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=20")
    ends = table.together([row(1), large, row(2)])
    assert isinstance(ends[1].exception(PATIENCE), OperationalError)
    told = {end.result() for end in ends if end.exception(PATIENCE) is None}
    assert told == table.rows()
