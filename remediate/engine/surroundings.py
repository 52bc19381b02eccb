"""What the work on a host needs of the process that it is done in."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from remediate.model.event import Event
from remediate.model.plan import Plan
from remediate.redaction import Redaction
from remediate.store.protocol import HostStore
from remediate.transport.protocol import Transport


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Surroundings:
    """What a worker needs beside its order: what belongs to the process that it is in.

    Args:
        transport: makes the session.
        store: the journal; None when nothing is recorded.
        spill_folder: where the journal goes when the store fails after an intent.
        emit: hears of phases.
        confirm: asks a person, for orders that say so; None when the run was stopped before there
            was an answer.
        redaction: takes secrets out of what is reported and recorded.
        now: the time in UTC.
        sleep: waits the given seconds; the runner's own way when not given.
        clock: monotonic seconds.
        interrupted: is set when nothing that takes longer is to be gone on with.
    """

    transport: Transport
    store: HostStore | None = None
    spill_folder: Path | None = None
    emit: Callable[[Event], None] = lambda _: None
    confirm: Callable[[Plan], bool | None] = lambda _: True
    redaction: Redaction = field(default_factory=Redaction)
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] | None = None
    clock: Callable[[], float] = time.monotonic
    interrupted: threading.Event = field(default_factory=threading.Event)
