"""Samples that are others by another seed, which a run says at its end."""

import os
import random
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")

VARIABLE = "REMEDIATE_TESTS_SEED"
SEED = os.environ.setdefault(VARIABLE, "1")
"""The same for all who change something, so that a run says of a change what it said before; runs
that are to find more give another one."""


def chance(about: Hashable) -> random.Random:
    """Chance that is the same in all workers of a run.

    Args:
        about: what is drawn for; for something else it is other chance.
    """
    return random.Random(f"{SEED} {about}")  # noqa: S311 - no secret


def drawn(of: Sequence[T], most: int, about: Hashable) -> list[T]:
    """At most so many, in their order.

    Args:
        of: what there is.
        most: how many.
        about: as above.
    """
    places = chance(about).sample(range(len(of)), min(most, len(of)))
    return [of[place] for place in sorted(places)]
