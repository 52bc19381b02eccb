"""Finding the run that a person means."""

import difflib
import re
from collections.abc import Sequence

from remediate.store.errors import UnknownRun

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def is_run_id(text: str) -> bool:
    """Whether a text can be the id of a run: it is part of the names of files, too."""
    return _ID.fullmatch(text) is not None


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
