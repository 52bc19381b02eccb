"""Practice hosts of a test, which have to be left clean."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from remediate.lab.lab import Lab


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
