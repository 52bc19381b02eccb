"""An error as data."""

from typing import Final

from remediate.model.base import Model

STALE: Final = "stale"
"""Code of the problem that a host is not as it was when it was looked at."""

HALTED: Final = "halted"
"""Code of the problem that nothing was begun on a host, since somebody stopped the run."""

STOPPED: Final = "stopped"
"""Code of the problem that a host was not begun with, because of what became of others."""

BROKE_OFF: Final = "broke_off"
"""Code of the problem that a run was killed before anything was written to a host."""


class Problem(Model):
    """What happened and what to do next.

    Args:
        code: stable name of the error's class (`authentication_failed`).
        message: what happened, in words.
        hint: what to do next.
    """

    code: str
    message: str
    hint: str = ""
