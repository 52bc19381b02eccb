"""The story of a host that every case goes through, told alike whatever answers for the host.

audit -> apply -> audit -> rollback -> rollback of the rollback -> apply's change undone after
somebody else has edited it. Each beat asserts what must hold after it; what was seen is
returned in a form in which two backends can be compared.
"""

import atexit
import copy
import json
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.engine.recorded import changes_to_undo
from remediate.lab.behaviour import behaviour_of
from remediate.lab.state import HostState, Record
from remediate.model.change import Change
from remediate.model.host import Auth, Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Reply, Request
from remediate.resources.base import Resource, resource_type
from remediate.runner.threads import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport
from remediate.transport.protocol import Deadline, Session, Transport
from tests.playbooks.cases import Case, module_files, peer_state

Resources = dict[str, list[Record]]
CATALOGUE = Catalogue()


class Recorder:
    """A transport that keeps the requests that pass through it.

    Args:
        inner: what really talks to the host.
    """

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.requests: list[Request] = []

    def session(self, host: Host) -> Session:
        return _Recording(self, self.inner.session(host))


@dataclass
class _Recording:
    recorder: Recorder
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        self.recorder.requests.append(request)
        return self.inner.run(script, request, deadline)

    def close(self) -> None:
        self.inner.close()


def job_of(case: Case) -> Job:
    """The playbook of a case with its parameters."""
    playbook = CATALOGUE.load(case.playbook)
    parameters = dict(case.parameters)
    if case.folder is not None:
        parameters["from_folder"] = str(_folder(json.dumps(case.folder)))
    return Job((Task(playbook, playbook.params.model_validate(parameters)),))


@cache
def _folder(short: str) -> Path:
    """A folder on the controller with a module; the same one on all backends, as it is shown."""
    folder = Path(tempfile.mkdtemp(prefix="remediate-case-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path, data in (module_files(json.loads(short)) or {}).items():
        place = folder.joinpath(*path.split("\\"))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
    return folder


PEER = Host(name="SRV02", address="127.0.0.99", port=5985, auth=Auth.BASIC)


@dataclass
class WithPeer:
    """A transport that has one more host, in memory."""

    inner: Transport
    peer: MemoryTransport

    def session(self, host: Host) -> Session:
        return self.peer.session(host) if host == PEER else self.inner.session(host)


@dataclass
class Teller:
    """Runs one case on one host.

    Args:
        case: the case.
        transport: talks to the host.
        host: the host as an inventory has it.
        state: the same host's state.
        job: what is run; the case's playbook when not given.
        short: end the story with the rollback, and leave out its dry run.
        seen: what was seen so far, to be compared with another backend's.
    """

    case: Case
    transport: Transport
    host: Host
    state: HostState
    job: Job | None = None
    short: bool = False
    store: MemoryStore = field(default_factory=MemoryStore)
    seen: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.transport)
        self.work = self.job or job_of(self.case)
        settings = Settings(
            operator="ada@bastion", accept_irreversible=self.case.accept_irreversible
        )
        states = {} if self.case.peer is None else {PEER.address: peer_state(self.case.peer)}
        transport = WithPeer(self.recorder, MemoryTransport(states))
        self.engine = Engine(transport, settings, self.store, runner=Serial(), peer=lambda _: PEER)
        self._runs = 0

    def tell(self) -> list[tuple[str, Any]]:
        """The whole story; what was seen."""
        case, start = self.case, self.resources()
        report = self.audit("audit")
        assert report.outcome is case.audit, explain(report)
        check_report(case, report)
        report = self.apply()
        assert report.outcome is case.applied, explain(report)
        if case.refusal:
            assert report.problem
            assert case.refusal in report.problem.message
        if case.problem:
            assert report.problem
            assert report.problem.code == case.problem
        if report.outcome is not Outcome.CHANGED:
            self.is_now(start)
            assert self.state.lease is None
            return self.seen
        self.undo(start, report)
        return self.seen

    def undo(self, start: Resources, report: HostReport) -> None:
        """All that can follow an apply that changed something."""
        changes, changed = report.applied, self.resources()
        assert report.plan
        assert changes == report.plan.changes
        lasting = [change for change in changes if not change.reversible]
        again = self.audit("audit again")
        assert again.plan
        assert again.plan.changes == (), explain(again)
        undone = self.rollback(self.applied_run)
        usual = Outcome.CHANGED if len(lasting) < len(changes) else again.outcome
        if undone.plan and len(lasting) == len(changes):
            usual = Outcome.COMPLIANT
        assert undone.outcome is (self.case.rollback or usual), explain(undone)
        if undone.outcome is Outcome.CHANGED:
            self.is_now(start, lasting)
        if undone.outcome is Outcome.CHANGED and not self.short:
            redone = self.rollback(self.last_run)
            assert redone.outcome is Outcome.CHANGED, explain(redone)
            self.is_now(changed, lasting)
        drifting = [change for change in changes if change.reversible]
        if drifting and self.case.rollback in {None, Outcome.CHANGED} and not self.short:
            self.drift(start, changed, changes, drifting[0])
        assert self.state.lease is None

    def drift(
        self, start: Resources, changed: Resources, changes: Iterable[Change], edited: Change
    ) -> None:
        """Somebody edits a property after apply: it is kept and named, the others go back."""
        self.restore(changed)
        theirs = edit(self.state, edited)
        report = self.rollback(self.applied_run, f"rollback after {edited.property} drifted")
        assert report.outcome is Outcome.CONFLICT, explain(report)
        assert report.plan
        [conflict] = report.plan.conflicts
        said = {"resource", "property", "before", "after"}
        assert conflict.change.model_dump(include=said) == edited.model_dump(include=said)
        kept = [change for change in changes if not change.reversible or change == edited]
        self.is_now(start, kept)
        record = find(self.state.resources, edited)
        assert record is not None
        assert record[edited.property] == theirs

    # --- beats --------------------------------------------------------------------------------

    def audit(self, beat: str) -> HostReport:
        """Look, and change nothing: the state is the same byte for byte."""
        before, asked = self.state.snapshot(), len(self.recorder.requests)
        [report] = self.engine.audit([self.host], self.work)
        same_bytes(self.state.snapshot(), before)
        calls = [call for request in self.recorder.requests[asked:] for call in request.calls]
        assert [call.function for call in calls if not call.function.startswith("Get-")] == []
        return self._note(beat, report)

    def apply(self) -> HostReport:
        """Apply as a run of its own, `applied_run`."""
        run = self._run(RunKind.APPLY)
        self.applied_run = run.id
        [report] = self.engine.apply([self.host], self.work, run)
        return self._note("apply", report)

    def rollback(self, undoes: str, beat: str = "rollback") -> HostReport:
        """Undo a run, after a dry run that says the same and changes nothing."""
        record = self.store.run(undoes)
        said = None
        if not self.short:
            before = self.state.snapshot()
            [dry] = self.engine.rollback(record, self._run(RunKind.ROLLBACK, undoes), dry_run=True)
            same_bytes(self.state.snapshot(), before)
            said = dry.plan
        [report] = self.engine.rollback(record, self._run(RunKind.ROLLBACK, undoes))
        assert report.plan
        if said is not None:
            assert (said.changes, said.conflicts) == (report.plan.changes, report.plan.conflicts)
        return self._note(beat, report)

    def _run(self, kind: RunKind, undoes: str | None = None) -> Run:
        self._runs += 1
        self.last_run = f"20260101-000000-{self._runs:04}"
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._runs)
        return Run(
            id=self.last_run,
            kind=kind,
            playbooks=self.work.uses,
            operator="ada@bastion",
            started=now,
            undoes=undoes,
        )

    def _note(self, beat: str, report: HostReport) -> HostReport:
        self.seen.append((beat, comparable(report)))
        self.seen.append((f"state after {beat}", renewable(self.resources())))
        return report

    # --- the state ----------------------------------------------------------------------------

    def resources(self) -> Resources:
        """A copy of the host's resources, in an order of its own."""
        with self.state.lock:
            return in_order(self.state.resources)

    def restore(self, resources: Resources) -> None:
        """Put resources back as they were."""
        with self.state.lock:
            self.state.resources = copy.deepcopy(resources)

    def is_now(self, expected: Resources, lasting: Iterable[Change] = ()) -> None:
        """The state is as expected, but for changes that cannot be, or were not, put back."""
        now, expected = self.resources(), copy.deepcopy(expected)
        for change in lasting:
            overlook(change, now, expected)
        assert still(now) == still(expected)


def same_bytes(now: Record, before: Record) -> None:
    """A state has not changed in anything, its order included."""
    assert now == before
    assert json.dumps(now) == json.dumps(before)


def comparable(report: HostReport) -> dict[str, Any]:
    """A report without what only one kind of host can say: its facts and its own error texts."""
    document = report.model_dump(mode="json")
    plan = document["plan"]
    if plan is not None:
        del plan["facts"]
        for question in plan["unanswered"]:
            question["problem"] = question["problem"]["code"]
    if document["problem"] is not None:
        document["problem"] = document["problem"]["code"]
    return document


def explain(report: HostReport) -> str:
    """A report for a person who reads a failed test."""
    return json.dumps(comparable(report) | {"problem": str(report.problem)}, indent=1)


def check_report(case: Case, report: HostReport) -> None:
    """An audit says what the case wants it to say, and no more."""
    plan = report.plan
    if case.problem and plan is None:
        assert report.problem
        assert report.problem.code == case.problem
        return
    assert plan is not None, explain(report)
    lines = [line(change) for change in plan.changes]
    if case.changes is not None:
        assert len(lines) == len(case.changes), lines
        for wanted in case.changes:
            assert any(wanted in text for text in lines), (wanted, lines)
    titles = [f"{advice.title}: {advice.text}" for advice in plan.advice]
    assert len(titles) == len(case.advice), titles
    for wanted in case.advice:
        assert any(wanted in title for title in titles), (wanted, titles)
    for wanted in case.assumptions:
        assert any(wanted in text for text in plan.assumptions), (wanted, plan.assumptions)
    reasons = plan.not_applicable
    if case.not_applicable is None:
        assert reasons == {}
    else:
        assert case.not_applicable in reasons[case.playbook]


def line(change: Change) -> str:
    """A change in one line: `title property: before -> after`."""
    before = change.before_label or change.before
    return f"{change.title} {change.property}: {before} -> {change.after_label or change.after}"


def in_order(resources: Resources) -> Resources:
    """A copy of resources in which neither order nor empty lists make a difference."""
    return {
        kind: sorted(copy.deepcopy(records), key=lambda one: json.dumps(one, sort_keys=True))
        for kind, records in sorted(resources.items())
        if records
    }


def renewable(resources: Resources) -> Resources:
    """Resources without the values that nobody chooses: no two hosts give a process one number."""
    for kind, records in resources.items():
        resource = known_kind(kind)
        for name in resource.settable & resource.volatile if resource else ():
            for record in records:
                record[name] = record[name] is not None
    return resources


def still(resources: Resources) -> Resources:
    """Resources without what moves by itself."""
    volatile = {
        kind: resource.volatile for kind in resources if (resource := known_kind(kind)) is not None
    }
    return in_order(
        {
            kind: [
                {
                    name: value
                    for name, value in record.items()
                    if name not in volatile.get(kind, ())
                }
                for record in records
            ]
            for kind, records in resources.items()
        }
    )


def known_kind(kind: str) -> type[Resource] | None:
    """The class of a kind of record; None for what only the lab keeps."""
    with suppress(LookupError):
        return resource_type(kind)
    return None


def find(resources: Resources, change: Change) -> Record | None:
    """The record that a change is about."""
    for record in resources.get(change.resource.kind, []):
        if all(
            str(record.get(name)).casefold() == value.casefold()
            for name, value in change.resource.key.items()
        ):
            return record
    return None


def overlook(change: Change, now: Resources, expected: Resources) -> None:
    """Make two states the same in what a change is about."""
    there, wanted = find(now, change), find(expected, change)
    if there is not None and wanted is not None:
        there[change.property] = wanted[change.property]
        behaviour_of(change.resource.kind).written(there)
    for resources in (now, expected) if there is None or wanted is None else ():
        records = resources.get(change.resource.kind, [])
        records[:] = [record for record in records if record not in (there, wanted)]


def edit(state: HostState, change: Change) -> Any:
    """Be somebody else: give a property a value that it neither had nor was given.

    Returns:
        The value.
    """
    with state.lock:
        records = state.kind(change.resource.kind)
        record = find(state.resources, change)
        resource = resource_type(change.resource.kind)
        if record is None:
            record = dict(resource.absent(change.resource.key) or {})
            records.append(record)
        value = other_value(resource, record, change)
        record[change.property] = value
        behaviour_of(change.resource.kind).written(record)
        return value


def other_value(resource: type[Resource], record: Record, change: Change) -> Any:
    """A value of a property that is valid there, and neither the one before nor the one after."""
    kind = resource.model_fields[change.property].annotation
    members = list(kind) if isinstance(kind, type) and issubclass(kind, Enum) else []
    for value in (*_candidates(change), *members):
        if value in (change.before, change.after):
            continue
        with suppress(ValidationError):
            whole = resource.model_validate({**record, change.property: value})
            return whole.recorded(change.property)
    raise AssertionError(f"no other value for {change.property} of {change.resource.kind} is known")


def _candidates(change: Change) -> Iterable[Any]:
    for known in (change.before, change.after):
        if isinstance(known, dict) and isinstance(known.get("manifest"), dict):
            files = known["manifest"]["files"]
            yield {"manifest": {"files": files[1:]}, "loads": False}
        elif isinstance(known, dict) and isinstance(known.get("data"), str):
            yield {**known, "data": known["data"] + "-edited"}
        elif isinstance(known, dict) and isinstance(known.get("id"), int):
            yield {**known, "id": known["id"] + 1}
        elif isinstance(known, bool):
            yield not known
        elif isinstance(known, int):
            yield from (known + 1, known + 2, known - 1, known - 2, known * 2)
        elif isinstance(known, str):
            yield known + "-edited"
    yield from (0, 1, 2, 3, "edited")


def writes(requests: Iterable[Request]) -> list[Request]:
    """The requests that write."""
    return [
        request
        for request in requests
        if any(call.function.startswith("Set-") for call in request.calls)
    ]


def to_undo(store: MemoryStore, run: str) -> list[Change]:
    """What a run changed or may have changed."""
    return [change for host in store.run(run).hosts for change in changes_to_undo(host)]
