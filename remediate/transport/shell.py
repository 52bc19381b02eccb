"""A shell that runs PowerShell on a host, as a session uses it, whatever wire it is reached by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from remediate.powershell.messages import Request
from remediate.transport.errors import RemoteError
from remediate.transport.stream import Steps

Parameters = Mapping[str, str | bytes]
"""What a script is given, by name."""


@dataclass
class Pipeline:
    """A script that runs in a shell, as far as it has been heard of.

    Args:
        id: what it is known by.

    Attributes:
        outputs: what it has put out; None for what is not text.
        asks: it waits for an answer of a person.
        error: the first that it has told of.
        ended: it does not run any more.
        completed: because it has come to its end.
    """

    id: str
    outputs: list[str | None] = field(default_factory=list)
    asks: bool = False
    error: RemoteError | None = None
    ended: bool = False
    completed: bool = False


class Shell(Protocol):
    """A runspace pool on a host, by one wire."""

    @property
    def opening(self) -> bool:
        """It has been asked for, and is not open yet."""

    @property
    def opened(self) -> bool:
        """It is open."""

    def create(self) -> Steps[None]:
        """Ask for it."""

    def expect(self) -> None:
        """Another script is about to be run."""

    def seal(self, request: Request) -> Steps[None]:
        """Have what seals a request's secrets, if it has any: 2 exchanges, once for a shell."""

    def start(self, script: str, parameters: Parameters) -> Steps[Pipeline]:
        """Have a script run, with its parameters and the secrets that were sealed."""

    def receive(self, pipeline: Pipeline | None) -> Steps[None]:
        """Hear what is new of a pipeline, or of the pool."""

    def forget(self, pipeline: Pipeline) -> None:
        """A pipeline has ended."""

    def delete(self) -> Steps[None]:
        """End it."""
