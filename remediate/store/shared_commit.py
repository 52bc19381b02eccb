"""Who comes while a COMMIT is under way shares the next one, so that all wait for the disk once."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from remediate.errors import RemediateError

_T = TypeVar("_T")


class UndoneError(RemediateError):
    """Nothing of what was to be written is on record: whoever wrote it was interrupted."""


class _Part:
    """What one caller writes.

    Args:
        work: writes it, and comes to its answer.
    """

    def __init__(self, work: Callable[[sa.Connection], Any]) -> None:
        self._work = work
        self._answer: Any = None
        self._mistake: Exception | None = None
        self.tried = False
        """Nobody will write it any more."""
        self.durable = False
        """The COMMIT that it shares has come back."""
        self.why_not: Exception = UndoneError()
        """What that COMMIT failed with, where it did."""

    def write(self, connection: sa.Connection) -> None:
        """Write it behind a savepoint, so that its own mistake undoes nothing of the others.

        Raises:
            Exception: the mistake took the whole transaction with it.
        """
        savepoint = connection.begin_nested()
        try:
            self._answer = self._work(connection)
        except Exception as error:
            if not _goes_on(connection):
                raise
            savepoint.rollback()
            self._mistake = error
        else:
            savepoint.commit()

    def outcome(self) -> Any:  # noqa: ANN401 - that of the work
        """The answer of the work, or its mistake; what the others wrote may be the cause of either.

        Raises:
            Exception: that mistake, or why neither is on record.
        """
        if not self.durable:
            raise self.why_not
        if self._mistake is not None:
            raise self._mistake
        return self._answer


class SharedCommits:
    """Writes of many threads to one SQLite database, which lets one writer in at a time.

    The first one writes for all who wait, each behind a savepoint of its own, and commits once.
    Nobody goes on before that COMMIT, and when it fails it fails for all who share it.

    Args:
        engine: makes the connections.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._waiting: list[_Part] = []
        self._under_way: list[_Part] = []

    def write(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Have something written, by whichever thread; durable when this returns.

        Args:
            work: writes in a transaction; what it raises undoes what it wrote.

        Returns:
            What the work comes to.

        Raises:
            UndoneError: another thread was interrupted while it wrote this.
        """
        mine, ours = _Part(work), list[_Part]()
        try:
            with self._changed:
                self._waiting.append(mine)
                self._changed.wait_for(lambda: mine.tried or not self._under_way)
                if not mine.tried:
                    self._under_way = ours = self._waiting
                    self._waiting = []
            if ours:
                self._commit(ours)
        finally:
            with self._changed:
                if mine in self._waiting:  # interrupted before anybody has begun with it
                    self._waiting.remove(mine)
                if ours:
                    self._under_way = []
                    for part in ours:
                        part.tried = True
                    self._changed.notify_all()
        answer: _T = mine.outcome()
        return answer

    def _commit(self, parts: list[_Part]) -> None:
        try:
            with self._engine.begin() as connection:
                for part in parts:
                    part.write(connection)
        except Exception as error:  # noqa: BLE001 - each caller raises it
            for part in parts:
                part.why_not = error
        else:
            for part in parts:
                part.durable = True


def _goes_on(connection: sa.Connection) -> bool:
    """Whether the transaction is still there: a full disk, say, ends it or does not."""
    driver: Any = connection.connection.dbapi_connection
    return bool(driver.in_transaction)
