"""Everything that can go wrong between a controller and its store.

StoreError
├── StoreUnavailable
├── StoreMissing
├── StoreTooNew
├── UnknownRun
├── JournalConflict
└── JournalIncomplete
"""

import re
from collections.abc import Sequence

from remediate.errors import RemediateError
from remediate.model.problem import Problem


class StoreError(RemediateError):
    """Base of the tree; no error of a database library leaves the store.

    Args:
        message: what happened, in words and without secrets.
        hint: what to do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    @property
    def code(self) -> str:
        """Stable name of the class, for records."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def problem(self) -> Problem:
        """The error as data."""
        return Problem(code=self.code, message=str(self), hint=self.hint)


class StoreUnavailable(StoreError):  # noqa: N818 - the word for it in logs and records
    """The store cannot be read or written, so nothing may be applied.

    Args:
        place: the file, or the address of the database without its password.
        reason: what exactly was seen.
        hint: what to do next.
    """

    def __init__(self, place: str, reason: str, hint: str) -> None:
        super().__init__(f"the store {place} cannot be used: {reason}", hint)
        self.place = place
        self.reason = reason


class StoreMissing(StoreError):  # noqa: N818 - as above
    """Something is to be read, and there is no store yet; none was made for it.

    Args:
        place: the file, or the address of the database without its password.
    """

    def __init__(self, place: str) -> None:
        super().__init__(
            f"the store {place} does not exist yet, so no run is recorded in it",
            "Is this the account, the folder and the machine that the run was made from? "
            "REMEDIATE_STORE names another store.",
        )
        self.place = place


class StoreTooNew(StoreError):  # noqa: N818 - as above
    """The store was written by a newer version of the program.

    Args:
        place: the file, or the address of the database without its password.
        found: the version that was found.
        known: the newest version that is understood here.
    """

    def __init__(self, place: str, found: str, known: str) -> None:
        super().__init__(
            f"the store {place} is of version {found}, and this program knows none after {known}",
            "Use the newer version of remediate, or another store with REMEDIATE_STORE.",
        )
        self.place = place
        self.found = found
        self.known = known


class UnknownRun(StoreError):  # noqa: N818 - as above
    """No run, or more than one, has the name that was given.

    Args:
        wanted: what was asked for.
        close: ids of the runs that may have been meant, newest first.
    """

    def __init__(self, wanted: str, close: tuple[str, ...] = ()) -> None:
        self.wanted = wanted
        self.close = close
        if wanted and all(run.startswith(wanted) for run in close) and close:
            message = f"several runs begin with {wanted!r}: {', '.join(close)}"
            hint = "Give more of its id."
        else:
            message = f"there is no run {wanted!r}"
            shows = "remediate runs list shows them; with --audits those that changed nothing."
            hint = f"Did you mean {close[0]}?" if close else shows
        super().__init__(message, hint)


class JournalConflict(StoreError):  # noqa: N818 - as above
    """What is to be recorded contradicts what has been recorded; a record is never rewritten.

    Args:
        run: the run.
        host: name of the host, empty when it is about the run itself.
        reason: the contradiction, in words.
    """

    def __init__(self, run: str, host: str, reason: str) -> None:
        super().__init__(
            f"run {run}{f', host {host}' if host else ''}: {reason}",
            f"See what is recorded with remediate runs show {run}.",
        )
        self.run = run
        self.host = host
        self.reason = reason


class JournalIncomplete(StoreError):  # noqa: N818 - as above
    """Verdicts that were spilled are there and cannot be taken in; all others were.

    Args:
        why: a sentence for each file.
    """

    def __init__(self, why: Sequence[str]) -> None:
        super().__init__(
            f"the journal is not complete: {'; '.join(why)}",
            "A file with verdicts is no link, belongs to this account, and nobody else may write "
            "to it. Once remediate runs show has a verdict for each host of its run, take it away.",
        )
        self.why = tuple(why)
