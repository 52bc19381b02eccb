"""Ending a command before its work is done: one sentence, what to do next, an exit code.

Nothing here imports what is slow to import, since every command needs it.
"""

from collections.abc import Sequence

from remediate.errors import RemediateError
from remediate.model.exit_code import ExitCode

NOTHING_SENT = "Nothing was sent to any host."


class Stop(RemediateError):  # noqa: N818 - it is the order to stop, whatever the reason
    """The command cannot go on. Unless it was interrupted, nothing has been sent to a host.

    Args:
        message: what is wrong, in a sentence.
        hint: what to do next.
        code: exit code of the process (`ExitCode`).
        details: what the message counts, a line each.
    """

    def __init__(
        self, message: str, hint: str = "", code: int = ExitCode.USAGE, details: Sequence[str] = ()
    ) -> None:
        super().__init__(message, hint, code, details)
        self.message = message
        self.hint = hint
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return self.message

    @property
    def in_a_list(self) -> str:
        """What is wrong and what to do, as one of several mistakes that are listed."""
        hint = self.hint.removesuffix(NOTHING_SENT).strip().removesuffix(".")
        return f"{self.message}; {hint[:1].lower()}{hint[1:]}" if hint else self.message


class Interrupted(Stop):
    """Somebody pressed Ctrl-C while hosts were worked on.

    Args:
        message: what was finished and what was not.
        hint: how to find out what was left behind.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, ExitCode.INTERRUPTED)
