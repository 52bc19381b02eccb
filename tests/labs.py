"""Practice hosts of a test, which have to be left clean."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from remediate.lab.lab import Lab
from remediate.transport.protocol import Deadline

HUNG_SECONDS = 0.6
"""How long a test waits for a host that says nothing."""


@contextmanager
def clean_labs() -> Iterator[Callable[..., Lab]]:
    """Makes labs that serve until the end, when no host of theirs may have a shell left."""
    labs: list[Lab] = []
    with ExitStack() as stack:

        def make(**options: object) -> Lab:
            labs.append(stack.enter_context(Lab(**options)))  # type: ignore[arg-type]
            return labs[-1]

        yield make
        leaks = [host.leaks() for lab in labs for host in lab.hosts]
    assert not any(leaks)


def patient_until(hung: Callable[[], object]) -> Deadline:
    """A deadline that has passed once a host hangs, and of which nothing is used up before.

    So a machine on which all takes longer does not have another request run out of time.

    Args:
        hung: whether it hangs now.
    """
    return Deadline(HUNG_SECONDS, lambda: 2 * HUNG_SECONDS if hung() else 0.0)
