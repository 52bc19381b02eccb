"""How Python looks for garbage: seldom, as what is imported is none, and hosts leave little."""

import gc
from typing import Final

_NEW: Final = 200_000
"""Objects after which it looks: more than are there when a command begins to work."""


def collect_seldom() -> None:
    """Look for garbage once there may be some."""
    gc.set_threshold(_NEW)


def keep_what_is_there() -> None:
    """Never look through what there is by now, which takes long: it is needed to the end."""
    gc.freeze()
