"""Simulated computers, and the network between them and a process: a request takes its time.

It may be lost on the way there or back, come late, or be cut off in the middle of its work; the
computer does what a lab's simulated host does, call by call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from remediate.lab.engines.functions import Pipeline
from remediate.lab.kinds.registry_value import machine_guid
from remediate.lab.state import HostState
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.powershell.messages import Call, CallResult, Reply, Request, decode_reply, end_marker
from remediate.transport import errors
from remediate.transport.protocol import CONNECT_SECONDS, Deadline
from tests.simulation.virtual_time import Process, Time

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet

UNKNOWN = (errors.ConnectionLost, errors.ProtocolError, errors.RemoteError, errors.QuotaExceeded)
"""What a process may get in place of a reply, of which it cannot tell what became."""
NOT_SENT = (errors.Refused, errors.TimedOut, errors.NameNotResolved, errors.AuthenticationFailed)


@dataclass
class Machine:
    """A computer, which runs pipelines call by call; one at a time may hold the lock."""

    time: Time
    state: HostState
    home: str
    away_until: float = 0.0
    writer: "Job | None" = None
    jobs: list["Job"] = field(default_factory=list)

    @cached_property
    def guid(self) -> str:
        """It keeps it, whatever is edited."""
        return machine_guid(self.state)

    @cached_property
    def computer(self) -> Computer:
        return Computer(name=self.state.name, guid=self.guid)

    @property
    def away(self) -> bool:
        return self.time.seconds < self.away_until

    def die(self, seconds: float) -> None:
        """Lose power, and be back after a while: what was at work there is gone."""
        self.away_until = self.time.seconds + seconds
        for job in [*self.jobs]:
            job.end()


@dataclass(eq=False)
class Job:
    """A pipeline at work on a computer.

    Args:
        machine: the computer.
        request: what it was sent.
        pace: seconds that each call takes.
        most: calls after which it is cut off; all of them when None.
        ran: hears of each call that was carried out.
    """

    machine: Machine
    request: Request
    pace: Callable[[], float]
    most: int | None
    ran: Callable[["Job", Call, CallResult], None]
    looks: dict[Any, Any] = field(default_factory=dict)
    told: list[Callable[[], None]] = field(default_factory=list)
    pipeline: Pipeline | None = None
    finished: bool = False
    ended: bool = False
    _next: int = 0

    def arrive(self) -> None:
        if self.machine.away or self.ended:
            self.end()
            return
        self.machine.jobs.append(self)
        self.pipeline = Pipeline(self.machine.state, self.request)
        self._go_on()

    def _go_on(self) -> None:
        if self.ended:
            return
        if self._next == self.most:
            self.end()
        elif self._next == len(self.request.calls):
            self.pipeline.put([end_marker(self.request)])
            self.finished = True
            self.end()
        else:
            call = self.request.calls[self._next]
            self._next += 1
            machine = self.machine
            machine.state.lease_active = machine.writer not in {None, self}
            result = self.pipeline.run(call)
            if call.function == "Lock-RemediateLease" and machine.writer is None:
                machine.writer = self  # the file is open, whoever has the lease
            self.ran(self, call, result)
            machine.time.at(self.pace(), self._go_on)

    def end(self) -> None:
        if self.ended:
            return
        self.ended = True
        if self.machine.writer is self:
            self.machine.writer = None
        if self in self.machine.jobs:
            self.machine.jobs.remove(self)
        for wake in self.told:
            wake()
        self.told.clear()

    def reply(self) -> Reply:
        texts = [text for _, text in self.pipeline.outputs]
        return decode_reply(texts, self.request)


@dataclass
class Network:
    """A `Transport` of one process."""

    fleet: "Fleet"
    process: Process
    store: Any
    open: int = 0

    def session(self, host: Host) -> "Conversation":
        return Conversation(self, host)


@dataclass
class Conversation:
    """A `Session`."""

    network: Network
    host: Host
    connected: bool = False

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        del script
        fleet, process, time = self.network.fleet, self.network.process, self.network.process.time
        chance, weather = fleet.chance, fleet.weather
        fleet.truth.sends(self.network, self.host, request)
        if deadline.left <= 0:
            raise errors.TimedOut(self.host.name)
        if not self.connected:
            self._connect(deadline)
        machine = fleet.addresses.get(self.host.address)
        if machine is None:
            raise errors.NameNotResolved(self.host.name)
        slow = weather.slow and chance.random() < weather.slow
        calls = max(1, len(request.calls))
        pace = chance.choice((5.0, 20.0, 60.0)) if slow else 0.05
        cut = chance.randrange(calls + 1) if chance.random() < weather.cut else None
        job = Job(machine, request, lambda: chance.random() * pace, cut, fleet.truth.ran)
        fate = chance.random()
        if fate < weather.lost:  # on its way there
            process.sleep(min(deadline.left, chance.random()))
            raise chance.choice(UNKNOWN)(self.host.name, after_send=True)
        travel = chance.random() * (90.0 if chance.random() < weather.late else 0.02)
        time.at(travel, job.arrive)
        lost = chance.random() < weather.lost
        patience = chance.random() * calls * pace if lost else deadline.left
        self._wait(job, min(patience, deadline.left))
        if job.finished and not lost:
            process.sleep(min(chance.random() * 0.02, deadline.left))
            fleet.truth.answered(job, self.host)
            return job.reply()
        if not job.ended and chance.random() < 0.5:  # the host sees that nobody listens any more
            time.at(chance.random(), job.end)
        if lost or job.ended:
            raise chance.choice(UNKNOWN)(self.host.name, after_send=True)
        raise errors.TimedOut(self.host.name, after_send=True)

    def _wait(self, job: Job, seconds: float) -> None:
        over: list[bool] = []
        process = self.network.process

        def stop() -> None:
            over.append(True)
            for wake in told:
                wake()
            told.clear()

        told = job.told
        process.time.at(seconds, stop)
        process.step()
        process.wait(lambda: bool(job.ended or over), told)

    def _connect(self, deadline: Deadline) -> None:
        process, fleet = self.network.process, self.network.fleet
        machine = fleet.addresses.get(self.host.address)
        refused = fleet.chance.random() < fleet.weather.refused
        if machine is None or machine.away or refused:
            process.sleep(min(deadline.left, CONNECT_SECONDS))
            raise fleet.chance.choice(NOT_SENT)(self.host.name)
        process.sleep(min(deadline.left, fleet.chance.random() * 0.1))
        self.connected = True
        self.network.open += 1

    def close(self) -> None:
        if self.connected and self.network.process.alive:
            self.connected = False
            self.network.open -= 1
