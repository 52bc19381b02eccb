"""The seam between the lab's WS-Management front end and whatever runs pipelines behind it."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

Output = Callable[[UUID | None, bytes], None]
"""Called with whole PSRP fragments for a pipeline, or for the pool when None, as they arise."""

Done = Callable[[UUID | None], None]
"""Called after the last fragment of a pipeline, or when the pool itself has ended (None)."""


class Backend(Protocol):
    """One runspace pool of one host. Everything happens on the server's event loop."""

    async def open(self, creation: bytes) -> None:
        """Take the fragments of SessionCapability and InitRunspacePool."""

    async def command(self, pipeline: UUID, fragments: bytes) -> None:
        """Begin a pipeline; `fragments` may hold only the first part of its message."""

    async def send(self, pipeline: UUID | None, stream: str, fragments: bytes) -> None:
        """Take further fragments; `stream` is `stdin` or `pr`."""

    async def signal(self, pipeline: UUID) -> None:
        """Stop a pipeline and forget it."""

    async def close(self) -> None:
        """End everything; on every path, more than once without harm."""


class BackendFactory(Protocol):
    """Makes the backend of one shell."""

    def __call__(self, output: Output, done: Done) -> Backend:
        """A backend that has not been opened yet."""


Say = Callable[[bytes], None]
"""Called with what a program puts out, as it arises."""


class Program(Protocol):
    """PowerShell of one host as a program: what the command shell starts."""

    async def __call__(self, script: str, given: bytes, say: Say) -> int:
        """Run it to its end, and return its exit code; being cancelled kills it.

        Args:
            script: what was on its command line, decoded.
            given: its standard input, whole.
            say: takes its standard output.
        """
