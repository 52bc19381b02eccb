"""Does what the state machine of a host asks for: talks, records, waits, asks a person.

It is one coroutine for each host. What takes time is awaited of its runner, which says whether a
thread waits for it or a loop.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from remediate.engine.effects import (
    Ask,
    Close,
    Confirm,
    Effect,
    Fetch,
    Fetched,
    FreeLease,
    GiveAway,
    Park,
    Parked,
    Pause,
    RecordIntent,
    Screen,
    Settle,
    SourceFailed,
    TakeLease,
    Write,
)
from remediate.engine.host_journal import HostJournal
from remediate.engine.host_run import Steps, apply, audit, locks, reconcile
from remediate.engine.order import Order, Verb
from remediate.engine.saved import given_away
from remediate.engine.screening import screened
from remediate.engine.source import Reader, SourceError
from remediate.engine.stopwatch import Stopwatch
from remediate.engine.surroundings import Surroundings
from remediate.engine.verdict import internal_error
from remediate.model.event import HostPhase, HostProgress, Phase
from remediate.model.outcome import HostReport
from remediate.powershell.messages import Reply, Request
from remediate.powershell.script import Script, compose
from remediate.runner.protocol import Waiting
from remediate.transport.errors import ConnectionLost, TransportError
from remediate.transport.protocol import CONNECT_SECONDS, Deadline, Session, Transport, dials

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_SHARE = {
    Phase.OBSERVE: 0.5,
    Phase.STAGE: 0.7,
    Phase.APPLY: 0.6,
    Phase.ROLLBACK: 0.6,
    Phase.RECOVER: 1.0,
}
"""Part of the time left that a phase may take, so that there is some to recover in."""


async def perform(order: Order, waiting: Waiting, around: Surroundings) -> HostReport:
    """Carry an order out.

    There is always a report: what goes wrong must not end the others.

    Args:
        order: what is to be done.
        waiting: the runner's ways to wait.
        around: what else is needed.
    """
    watch = stopwatch(order, around)
    try:
        worker = HostWorker(order, waiting, around, watch)
        return watch.told(await worker.work(_STEPS[order.verb](order)))
    except Exception:  # noqa: BLE001 - a record or playbook may be about anything
        _log.debug("internal error", extra={"host": order.host.name}, exc_info=True)
        return watch.told(internal_error(order.host.name))
    finally:
        forget(order, around.transport)


async def dial(order: Order, transport: Transport) -> None:
    """Connect to the host of an order before it is its turn, where the transport can.

    Args:
        order: what will be done there.
        transport: makes the session.
    """
    if dials(transport):
        within = min(CONNECT_SECONDS, order.settings.timeout * _SHARE[Phase.OBSERVE])
        await transport.ahead(order.host, within)


def forget(order: Order, transport: Transport) -> None:
    """End what was made ahead for an order, and was not used."""
    if dials(transport):
        transport.forget(order.host)


def time_for(order: Order, around: Surroundings) -> Deadline:
    """When all that is done on the host of an order has to end, of which it was dialled a part."""
    return Deadline(order.settings.timeout - _gone(order, around), around.clock)


def stopwatch(order: Order, around: Surroundings) -> Stopwatch:
    """Measures the work on the host of an order, from when it was dialled."""
    return Stopwatch(around.now, around.clock, _gone(order, around))


def _gone(order: Order, around: Surroundings) -> float:
    transport = around.transport
    return transport.seconds_ahead(order.host) if dials(transport) else 0.0


_STEPS: Mapping[Verb, Callable[[Order], Steps]] = {
    Verb.AUDIT: audit,
    Verb.APPLY: apply,
    Verb.RECONCILE: reconcile,
    Verb.LOCKS: locks,
}


class HostWorker:
    """Works one host through its steps, one after the other.

    Args:
        order: what is to be done.
        waiting: the runner's ways to wait.
        around: what else is needed.
        watch: measures it.
    """

    def __init__(
        self, order: Order, waiting: Waiting, around: Surroundings, watch: Stopwatch
    ) -> None:
        self._order = order
        self._waiting = waiting
        self._around = around
        self._watch = watch
        self._journal = HostJournal(order, around, watch)
        self._session: Session | None = None
        self._staging: Deadline | None = None
        self._settling = Deadline(0, around.clock)
        self._readers: dict[str, Reader] = {}
        self._deadline = time_for(order, around)

    async def work(self, steps: Steps) -> HostReport:
        """Take all steps to the end; never leaves a session open.

        Args:
            steps: what there is to do.
        """
        answer: Any = None
        try:
            while True:
                answer = await self._do(steps.send(answer))
        except StopIteration as end:
            report: HostReport = end.value
            return report
        except Exception:  # noqa: BLE001 - a bug on one host must not end the others
            _log.debug("internal error", extra={"host": self._order.host.name}, exc_info=True)
            report = internal_error(self._order.host.name)
            await self._aside(self._journal.break_off, report)
            return report
        finally:
            await self._let_go()

    async def _do(self, effect: Effect[Any]) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 - each effect has its own answer
        match effect:
            case Ask(request, phase):
                return await self._ask(request, phase)
            case Write(request, phase):
                return await self._talk(request, phase)
            case Fetch():
                return await self._aside(self._fetch, effect)
            case Confirm(plan):
                self._enter(Phase.CONFIRM)
                with self._watch.asking():
                    agreed = await self._aside(self._around.confirm, plan)
                self._deadline = Deadline(self._order.settings.timeout, self._around.clock)
                return agreed
            case Pause(seconds):
                if self._deadline.left <= seconds:
                    return False
                await self._pause(seconds)
                return True
            case Settle(seconds):
                self._settling = Deadline(seconds, self._around.clock)
                self._deadline = Deadline(self._deadline.left + seconds, self._around.clock)
                return None
            case Park():
                return await self._park(effect)
            case Close(report, free):
                await self._aside(partial(self._journal.close, report, free=free))
                return None
            case TakeLease(takes_over):
                return await self._aside(self._journal.take_lease, takes_over)
            case Screen():
                return screened(effect, self._order.host, self._around.redaction)
            case GiveAway(seen, changed):
                return given_away(seen, changed, self._around.redaction.masked)
            case RecordIntent():
                return await self._aside(self._journal.record, effect)
            case FreeLease():
                await self._aside(self._journal.free_lease)
                return None
            case _:
                raise TypeError(f"nothing is known of the effect {effect!r}")

    async def _ask(self, request: Request, phase: Phase) -> Reply | TransportError:
        """A question may be asked again, when the connection broke."""
        answer = await self._talk(request, phase)
        if isinstance(answer, ConnectionLost) and phase is Phase.OBSERVE:
            answer = await self._talk(request, phase)
        return answer

    async def _talk(self, request: Request, phase: Phase) -> Reply | TransportError:
        self._enter(phase)
        script = compose(request.files)
        sent = self._around.now()
        try:
            deadline = self._deadline_of(phase)
            if self._session is None:
                self._session = self._around.transport.session(self._order.host)
            reply = await self._waiting.talk(self._session, script.text, request, deadline)
            return self._arrived(reply, script, sent)
        except TransportError as error:
            error.partial = error.partial and self._arrived(error.partial, script, sent)
            about = {"host": self._order.host.name, "phase": phase, "error": error.code}
            _log.debug("pipeline failed", extra=about)
            return error

    def _arrived(self, reply: Reply, script: Script, sent: datetime) -> Reply:
        return reply.placed(script).model_copy(update={"at": self._around.now(), "sent": sent})

    def _deadline_of(self, phase: Phase) -> Deadline:
        """When a phase has to end. Staging is many requests, with one deadline for all."""
        if phase is Phase.STAGE and self._staging is not None:
            return self._staging
        left = min(self._deadline.left, self._order.settings.timeout)  # also while it settles
        deadline = Deadline(left * _SHARE[phase], self._around.clock)
        if phase is Phase.STAGE:
            self._staging = deadline
        return deadline

    async def _pause(self, seconds: float) -> None:
        if self._around.sleep is None:
            await self._waiting.pause(seconds)
        else:
            await self._aside(self._around.sleep, seconds)

    async def _park(self, effect: Park) -> Parked:
        """Leave the host alone for a while, the last of which ends when its time does."""
        if effect.progress is not None:
            progress = HostProgress(
                host=self._order.host.name,
                phase=effect.phase,
                **effect.progress.model_dump(include={"done", "total", "unit"}),
            )
            self._around.emit(progress)
        interrupted, left = self._around.interrupted, self._settling.left
        seconds = 0.0 if interrupted.is_set() else min(effect.seconds, left)
        if seconds > 0:
            with self._watch.resting():
                await self._let_go()
                await self._waiting.rest(seconds, interrupted)
        elif left <= 0:
            return Parked.TIME_IS_UP
        return Parked.INTERRUPTED if interrupted.is_set() else Parked.GO_ON

    async def _let_go(self) -> None:
        """End what is open to anywhere."""
        session, self._session = self._session, None
        if session is not None:
            await self._waiting.close(session)
        while self._readers:
            await self._aside(self._readers.popitem()[1].close)

    async def _aside(self, work: Callable[..., _T], *args: Any) -> _T:  # noqa: ANN401 - those of the work
        """Do what may keep a thread waiting."""
        return await self._waiting.aside(partial(work, *args))

    def _fetch(self, wanted: Fetch) -> Fetched | SourceFailed:
        reader = self._readers.get(wanted.playbook)
        if reader is None:
            supply = self._order.supplies[wanted.playbook]
            make = partial(supply.open, self._around.transport)
            reader = Reader(make, supply.folder, self._deadline_of(Phase.STAGE))
            self._readers[wanted.playbook] = reader
        try:
            return Fetched(reader.read(wanted.pieces, wanted.ahead))
        except SourceError as error:
            return SourceFailed(error.problem)

    def _enter(self, phase: Phase) -> None:
        self._around.emit(HostPhase(host=self._order.host.name, phase=phase))
