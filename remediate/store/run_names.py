"""Finding the run that a person means."""

import difflib
from collections.abc import Sequence

from remediate.store.errors import UnknownRun


def match_run(wanted: str, ids: Sequence[str]) -> str:
    """The id that is `wanted`, or the only one that begins with it.

    Args:
        wanted: what was typed.
        ids: ids of runs, newest first.

    Raises:
        UnknownRun: none or several match; names those that may be meant.
    """
    if wanted in ids:
        return wanted
    beginning = [run for run in ids if wanted and run.startswith(wanted)]
    if len(beginning) == 1:
        return beginning[0]
    raise UnknownRun(wanted, tuple(beginning or difflib.get_close_matches(wanted, ids)))
