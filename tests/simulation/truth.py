"""What is so on the simulated computers, whoever says what; and whoever lies, is caught at once."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import HostRecord
from remediate.powershell.messages import Call, CallResult, Request, Status
from remediate.resources.base import resource_type
from remediate.testing.states import find
from remediate.testing.store import MemoryStore
from tests.faults.under_way import PARTLY, Pile

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet
    from tests.simulation.machines import Job, Machine, Network

NOTHING_LEFT = {
    Outcome.SKIPPED,
    Outcome.COMPLIANT,
    Outcome.ATTENTION,
    Outcome.FAILED_UNCHANGED,
    Outcome.ROLLED_BACK,
    Outcome.REFUSED,
    Outcome.UNREACHABLE,
}
"""Outcomes that say that nothing of the run is in force."""

SOMEBODY = "somebody"
Place = tuple[ResourceId, str]
"""A property of a resource."""


class Lie(BaseException):
    """Something that was promised is not so. No `except Exception` of the product hides it."""


def lie(what: str, *about: object) -> None:
    raise Lie(" · ".join([what, *map(str, about)]))


def is_write(call: Call) -> bool:
    return call.function.startswith("Set-")


def place_of(change: Change) -> Place:
    return change.resource, change.property


def value(machine: "Machine", change: Change) -> Any:
    """What the property that a change is about is now."""
    return find(machine.state, change).get(change.property)


@dataclass(frozen=True)
class Written:
    """A property was given a value."""

    by: str
    before: Any
    after: Any


@dataclass
class Truth:
    """Sees all that is sent, carried out and recorded.

    Args:
        fleet: whose truth it is.
        blind: what a run has sent to a host and not been answered.
        untold: runs and hosts where a run has gone on without an answer.
    """

    fleet: "Fleet"
    blind: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    untold: set[tuple[str, str]] = field(default_factory=set)
    written: dict[tuple[str, Place], list[Written]] = field(
        default_factory=lambda: defaultdict(list)
    )
    seen: dict[tuple[str, str], dict[Place, Any]] = field(default_factory=lambda: defaultdict(dict))
    ended: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    writes: int = 0
    verdicts: int = 0

    # --- what is sent and carried out -------------------------------------------------------------

    def sends(self, network: "Network", host: Host, request: Request) -> None:
        """A process is about to send a request: what it writes is announced, and sent once."""
        run, store = request.run, network.store.inner
        if self.blind[run, host.name]:
            self.untold.add((run, host.name))
        writes = [call for call in request.calls if is_write(call)]
        if not writes:
            return
        record = self._record(store, run, host.name)
        if record is None or record.intent is None:
            lie("a write is sent before its intent is durable", run, host.name)
        now = network.process.now()
        held = dict(store.leases(now)).get(host.endpoint)
        if held is None or held.run != run:
            lie("a write is sent without the lease in the store", run, host.name, held)
        for call in writes:
            self._announced(record, call)
            once = repr(call.arguments)
            if once in self.blind[run, host.name]:
                lie("a write of unknown result is repeated", run, host.name, once)
            self.blind[run, host.name].add(once)

    def _announced(self, record: HostRecord, call: Call) -> None:
        intent = record.intent
        kind, key = call.function, call.arguments["identity"]
        for name, after in call.arguments["after"].items():
            found = [
                change
                for change in intent.changes
                if f"Set-Remediate{resource_type(change.resource.kind).function}" == kind
                and change.resource.key == key
                and change.property == name
            ]
            if not any(after in (change.before, change.after) for change in found):
                lie("something is written that was not announced", intent.run, key, name, after)

    def ran(self, job: "Job", call: Call, result: CallResult) -> None:
        """A computer has carried out a call."""
        machine, run = job.machine, job.request.run
        guid = machine.guid
        if is_write(call):
            if result.status is not Status.SKIPPED:
                self._wrote(job, call, result, guid)
        elif call.function.startswith("Get-"):
            for change in self._changes(run, guid):
                if call.function == f"Get-Remediate{resource_type(change.resource.kind).function}":
                    at = place_of(change)
                    job.looks[at] = value(machine, change)

    def _wrote(self, job: "Job", call: Call, result: CallResult, guid: str) -> None:
        machine, run = job.machine, job.request.run
        lease = machine.state.lease
        for change in self._changes(run, guid):
            kind = resource_type(change.resource.kind)
            if call.function != f"Set-Remediate{kind.function}":
                continue
            if change.resource.key != call.arguments["identity"]:
                continue
            if change.property not in call.arguments["after"]:
                continue
            now = value(machine, change)
            history = self.written[guid, place_of(change)]
            before, after = (call.arguments[at][change.property] for at in ("before", "after"))
            done = result.status is Status.OK and kind.same(change.property, after, now)
            was = history[-1].after if history else before
            if not done and any(kind.same(change.property, one, now) for one in (before, was)):
                continue  # it was refused, also where somebody else had written just that
            self.writes += 1
            history.append(Written(run, before, now))
            if machine.writer is not job or lease is None or lease["run"] != run:
                lie("two write to one computer", run, machine.state.name, lease)
            if (run, guid) in self.ended:
                lie("something is written after the verdict", run, machine.state.name)
            stays = change.resource.kind == Pile.kind
            if not stays and self.fleet.chance.random() < self.fleet.weather.undone:
                self.fleet.edit(machine, change, before)
        if result.status is Status.OK and not list(self._changes(run, guid)):
            lie("a computer is written to that is not the one that was looked at", run, guid)

    def answered(self, job: "Job", host: Host) -> None:
        """A process has the reply, and knows what became of what it wrote."""
        self.seen[job.request.run, job.machine.guid] |= job.looks
        self.blind[job.request.run, host.name].clear()

    def drifted(self, machine: "Machine", change: Change, before: Any) -> None:
        """Somebody else has edited something."""
        at = machine.guid, place_of(change)
        self.written[at].append(Written(SOMEBODY, before, value(machine, change)))

    def guid_of(self, computer: Computer) -> str:
        """Whose GUID could not be read is known by its name, of which there is one here."""
        known = (one.guid for one in self.fleet.machines if one.state.name == computer.name)
        return computer.guid or next(known)

    def _changes(self, run: str, guid: str) -> Iterator[Change]:
        """What a run has announced for a computer."""
        for store in self.fleet.stores:
            for host in self._hosts(store, run):
                if host.intent is not None and self.guid_of(host.intent.computer) == guid:
                    yield from host.intent.changes

    def _record(self, store: MemoryStore, run: str, host: str) -> HostRecord | None:
        return next((one for one in self._hosts(store, run) if one.host.name == host), None)

    def _hosts(self, store: MemoryStore, run: str) -> tuple[HostRecord, ...]:
        return store._runs[run].hosts if run in store._runs else ()  # as it is asked so often

    # --- what is said -----------------------------------------------------------------------------

    def verdict(self, store: MemoryStore, run: str, host: str, report: HostReport) -> None:
        """A verdict is recorded."""
        record = self._record(store, run, host)
        self.verdicts += 1
        if report.outcome is Outcome.INTERNAL_ERROR:
            lie("the product failed", run, host)
        if record.intent is None:
            if report.outcome not in NOTHING_LEFT | {Outcome.CONFLICT}:
                lie("there is a verdict about writes and no intent", run, host, report.outcome)
            return
        if report.outcome is Outcome.INDETERMINATE:
            return
        guid = self.guid_of(record.intent.computer)
        self.ended[run, guid] = report.outcome
        if report.outcome in NOTHING_LEFT:
            self._nothing_left(run, guid, record, report)
        else:
            self._in_force(run, guid, record, report)

    def _nothing_left(self, run: str, guid: str, record: HostRecord, report: HostReport) -> None:
        named = [place_of(one) for one in report.applied if not one.reversible]
        for change in record.intent.changes:
            history = self.written[guid, place_of(change)]
            if place_of(change) in named:
                continue
            ours = [one for one in history if one.by == run]
            if not ours or history[-1].by != run:
                continue
            kind, before = resource_type(change.resource.kind), ours[0].before
            if (run, record.host.name) in self.untold and self._same_wish(change, history, ours[0]):
                before = change.before
            if not kind.same(change.property, history[-1].after, before):
                lie("something of the run is left", run, guid, report.outcome, change, history)

    def _same_wish(self, change: Change, history: list[Written], ours: Written) -> bool:
        """Whether somebody had written just what we were to, when we did not know what we had.

        Nobody can tell that from ours by looking at it, so it is taken back with the rest.
        """
        at = history.index(ours)
        if not at or history[at - 1].by != SOMEBODY:
            return False
        kind, theirs = resource_type(change.resource.kind), history[at - 1]
        wished = ((theirs.before, change.before), (theirs.after, change.after))
        return all(kind.same(change.property, one, other) for one, other in wished)

    def _in_force(self, run: str, guid: str, record: HostRecord, report: HostReport) -> None:
        applied = {(one.resource, one.property) for one in report.applied}
        for change in record.intent.changes:
            at = place_of(change)
            kind, seen = resource_type(change.resource.kind), self.seen[run, guid]
            if at not in seen:
                lie("there is a verdict about what was not looked at", run, guid, change)
            holds = kind.same(change.property, change.after, seen[at])
            said = (change.resource, change.property) in applied
            if said and not holds and seen[at] != PARTLY:
                lie("something is said to be in force and is not", run, guid, change, seen[at])
            if report.outcome is Outcome.CHANGED and not holds:
                lie("a host is said to be changed and is not", run, guid, change, seen[at])
            history = self.written[guid, at]
            mine = bool(history) and history[-1].by == run
            now_holds = mine and kind.same(change.property, change.after, history[-1].after)
            if now_holds and holds and not said:
                lie("something is in force and is not said to be", run, guid, change, report)
