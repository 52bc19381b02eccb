"""What the state machine of a host asks for, and what it may get back.

`host_run` yields these and does nothing itself; `host_worker` does them. That keeps every
decision testable without a network, a disk or a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from remediate.model.change import Change
from remediate.model.content import Piece
from remediate.model.event import Phase
from remediate.model.outcome import Holder, HostReport, Problem
from remediate.model.plan import Observed, Plan
from remediate.powershell.messages import Reply, Request
from remediate.transport.errors import TransportError


@dataclass(frozen=True, slots=True)
class TakeLease:
    """Take or renew the host's lease in the store. Answer: `Granted`, `Holder` or `StoreFailed`.

    Args:
        undoes: the run whose lease may be taken over, when this one undoes it.
    """

    undoes: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Run a pipeline that changes nothing but leases. Answer: a `Reply` or a `TransportError`."""

    request: Request
    phase: Phase


@dataclass(frozen=True, slots=True)
class Write:
    """Run a pipeline that writes. Answer: a `Reply` or a `TransportError`. Never done twice."""

    request: Request
    phase: Phase


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read pieces of files at a playbook's origin. Answer: `Fetched` or `SourceFailed`.

    Args:
        playbook: id of the playbook.
        pieces: what is wanted now.
        ahead: what will be wanted next; may be read while these are being sent.
    """

    playbook: str
    pieces: Sequence[Piece]
    ahead: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Confirm:
    """Ask a person. Answer: a bool."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class RecordIntent:
    """Make intent and snapshot durable. Answer: None or `StoreFailed`."""

    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Make the verdict durable. Answer: None; the worker spills it elsewhere when it has to."""

    report: HostReport


@dataclass(frozen=True, slots=True)
class FreeLease:
    """Give the lease in the store back. Answer: None."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait, but not beyond the deadline. Answer: whether there is time left.

    Args:
        seconds: how long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Granted:
    """The lease is ours.

    Args:
        fence: its number.
        note: whose expired lease it was, in words; empty when the host was free.
    """

    fence: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the pieces hold, in order."""

    data: list[bytes]


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """The origin cannot be read."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """The store did not do it.

    Args:
        message: what happened.
        hint: what to do next.
    """

    message: str
    hint: str

    @property
    def problem(self) -> Problem:
        """The same for a report."""
        return Problem(code="store", message=self.message, hint=self.hint)


Effect = TakeLease | Ask | Write | Fetch | Confirm | RecordIntent | Close | FreeLease | Pause
Answer = (
    Granted | Holder | StoreFailed | Fetched | SourceFailed | Reply | TransportError | bool | None
)
