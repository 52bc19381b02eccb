"""What the state machine of a host asks for, and what it may get back.

`host_run` yields these and does nothing itself; `host_worker` does them. That keeps every
decision testable without a network, a disk or a clock.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from remediate.engine.observation import Observation, Secrets
from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer
from remediate.model.content import Piece
from remediate.model.event import Phase
from remediate.model.outcome import Holder, HostReport
from remediate.model.plan import Observed, Plan, Refusal
from remediate.model.problem import Problem
from remediate.model.settling import Progress
from remediate.powershell.messages import Reply, Request
from remediate.transport.errors import TransportError

A = TypeVar("A")


class Effect(Generic[A]):
    """Something that is asked for, and answered by an `A`."""

    __slots__ = ()


Part = Generator[Effect[Any], Any, A]
"""Steps of the state machine that come to an `A`: they ask for effects and are sent the answers."""


def ask(effect: Effect[A]) -> Part[A]:
    """Yield an effect and return its answer, typed; for `yield from`."""
    answer: A = yield effect
    return answer


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


@dataclass(frozen=True, slots=True)
class TakeLease(Effect[Granted | Holder | StoreFailed]):
    """Take or renew the host's lease in the store.

    Args:
        takes_over: the runs whose lease may be taken over.
    """

    takes_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask(Effect[Reply | TransportError]):
    """Run a pipeline that changes nothing but leases."""

    request: Request
    phase: Phase


@dataclass(frozen=True, slots=True)
class Write(Effect[Reply | TransportError]):
    """Run a pipeline that writes. Never done twice."""

    request: Request
    phase: Phase


@dataclass(frozen=True, slots=True)
class Fetch(Effect[Fetched | SourceFailed]):
    """Read pieces of files at a playbook's origin.

    Args:
        playbook: id of the playbook.
        pieces: what is wanted now.
        ahead: what will be wanted next; may be read while these are being sent.
    """

    playbook: str
    pieces: Sequence[Piece]
    ahead: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Confirm(Effect[bool | None]):
    """Ask a person; the answer is None when the run was stopped before there was one."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Screen(Effect[tuple[Refusal, ...]]):
    """Look for secrets of this run in what would be recorded; the answer is whose part has one.

    Args:
        changes: what would be recorded.
        secrets: what playbooks have given, which is known as secret from now on.
    """

    changes: tuple[Change, ...]
    secrets: Secrets


@dataclass(frozen=True, slots=True)
class GiveAway(Effect[Observation]):
    """What was seen, as it may be given away: without the secrets of this run, or others.

    Args:
        seen: what was seen.
        changed: what is to be changed.
    """

    seen: Observation
    changed: frozenset[ResourceId]


@dataclass(frozen=True, slots=True)
class RecordIntent(Effect[StoreFailed | None]):
    """Make intent and snapshot durable, with the computer that they are of.

    Args:
        changes: what is going to be written.
        snapshot: the resources as they are.
        computer: the one that was observed.
        settling: seconds that the changes may need after their writes.
    """

    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...]
    computer: Computer
    settling: float = 0.0


@dataclass(frozen=True, slots=True)
class Close(Effect[None]):
    """Make the verdict durable; the worker spills it elsewhere when it has to.

    Args:
        report: the verdict.
        free: give the lease in the store back with it.
    """

    report: HostReport
    free: bool


@dataclass(frozen=True, slots=True)
class FreeLease(Effect[None]):
    """Give the lease in the store back."""


@dataclass(frozen=True, slots=True)
class Pause(Effect[bool]):
    """Wait, but not beyond the deadline; the answer is whether there is time left.

    Args:
        seconds: how long.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Settle(Effect[None]):
    """Let changes take longer than a host may otherwise take.

    Args:
        seconds: how much longer, from now.
    """

    seconds: float


class Parked(Enum):
    """What there is to do after a host was left alone: go on, or why not."""

    GO_ON = auto()
    TIME_IS_UP = auto()
    INTERRUPTED = auto()


@dataclass(frozen=True, slots=True)
class Park(Effect[Parked]):
    """Leave a host alone for some time, with no session, while there is any left to settle in.

    Args:
        seconds: how long; 0 to go on at once.
        phase: what is under way.
        progress: how far it is, when that is known.
    """

    seconds: float
    phase: Phase
    progress: Progress | None = None
