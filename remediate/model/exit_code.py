"""What the process tells its caller; stable, and the one place where it is said."""

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
    ExitCode.INTERNAL_ERROR: "internal error",
    ExitCode.PENDING: "changes or advice pending (audit, dry run)",
    ExitCode.FAILED: "some hosts failed, all left as they were or rolled back",
    ExitCode.NEEDS_PERSON: "a host needs a person",
    ExitCode.UNREACHABLE: "hosts unreachable, nothing else wrong",
    ExitCode.REFUSED: "refused, or applied in part",
    ExitCode.USAGE: "wrong usage",
    ExitCode.INTERRUPTED: "interrupted",
}
