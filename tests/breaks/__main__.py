"""Ways to break the product, one for each promise, and whether the tests see them.

    python -m tests.breaks              each in turn; exit code 1 when one is not seen
    python -m tests.breaks guard stale  those whose name has one of these words

Whoever takes a test away, or makes one say less, runs this before and after: what was seen before
is to be seen after.
"""

import sys
import time

from tests.breaks.listed import BREAKS
from tests.breaks.trying import AlreadyBrokenError, tried


def main(words: list[str]) -> int:
    """Try the breaks; says of each which test saw it."""
    chosen = [one for one in BREAKS if not words or any(word in one.name for word in words)]
    unseen, start = 0, time.monotonic()
    try:
        for one, seen in tried(chosen):
            took, start = time.monotonic() - start, time.monotonic()
            unseen += not seen
            print(f"{one.name:24} {took:4.0f} s  {seen or 'NOT SEEN'}", flush=True)  # noqa: T201 - its result
    except AlreadyBrokenError as error:
        print(f"these fail in any case, and see nothing:\n{error}")  # noqa: T201 - its result
        return 1
    print(f"{len(chosen) - unseen} of {len(chosen)} are seen")  # noqa: T201 - its result
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
