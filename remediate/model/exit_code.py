"""What the process tells its caller; stable, and the one place where it is said."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with. `meaning` is how the help says it."""

    OK = 0
    INTERNAL_ERROR = 1
    PENDING = 2
    FAILED = 3
    NEEDS_PERSON = 4
    UNREACHABLE = 5
    REFUSED = 6
    USAGE = 64
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """In a few words."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "compliant, or done and verified",
    ExitCode.INTERNAL_ERROR: "internal error, or the result could not be written",
    ExitCode.PENDING: "changes, advice or a restart pending",
    ExitCode.FAILED: "hosts failed or did not answer all, none is half changed",
    ExitCode.NEEDS_PERSON: "a host needs a person",
    ExitCode.UNREACHABLE: "hosts unreachable, or refused the logon",
    ExitCode.REFUSED: "refused, or applied in part",
    ExitCode.USAGE: "the command line or a file is wrong",
    ExitCode.INTERRUPTED: "interrupted",
}

GRAVITY = (
    ExitCode.INTERNAL_ERROR,
    ExitCode.NEEDS_PERSON,
    ExitCode.FAILED,
    ExitCode.REFUSED,
    ExitCode.UNREACHABLE,
    ExitCode.INTERRUPTED,
    ExitCode.PENDING,
    ExitCode.OK,
)
"""The exit codes of hosts, the gravest first."""

FIRST = (ExitCode.INTERRUPTED, *(code for code in GRAVITY if code is not ExitCode.INTERRUPTED))
"""The same in the order in which they count for the process: who calls it is to stop, too."""


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Of several exit codes the one that counts, in the documented order."""
    found = set(codes)
    return next((code for code in FIRST if code in found), ExitCode.OK)
