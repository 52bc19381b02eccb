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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.engine.recorded import changes_to_undo
from remediate.lab.kinds import everything, kind_of, put, records
from remediate.lab.kinds.agent_module import short_files
from remediate.lab.kinds.kind import is_it
from remediate.lab.state import HostState, Record
from remediate.model.change import Change
from remediate.model.host import Auth, Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import Reply, Request
from remediate.resources.base import resource_type
from remediate.runner.threads import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport
from remediate.transport.protocol import Deadline, Session, Transport
from tests.playbooks.cases import Case, peer_state

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
    for path, data in (short_files(json.loads(short)) or {}).items():
        place = folder.joinpath(*path.split("\\"))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
    return folder


PEER = Host(name="SRV02", address="127.0.0.99", port=5985, auth=Auth.BASIC)


@dataclass
class Meanwhile:
    """A transport to a host that is another for a moment, from the second question on.

    Args:
        inner: what really talks to the host.
        state: the host's.
        short: what is otherwise.
    """

    inner: Transport
    state: HostState
    short: dict[str, Any]

    def session(self, host: Host) -> Session:
        return _Moment(self, self.inner.session(host))


@dataclass
class _Moment:
    meanwhile: Meanwhile
    inner: Session

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        state, (first, *rest) = self.meanwhile.state, request.calls
        said = self.inner.run(script, Request(run=request.run, calls=(first,)), deadline)
        before = copy.deepcopy(state.windows)
        put(state, self.meanwhile.short)
        more = self.inner.run(script, Request(run=request.run, calls=tuple(rest)), deadline)
        state.windows = before
        return Reply(host=said.host, calls=(*said.calls, *more.calls))

    def close(self) -> None:
        self.inner.close()


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
        short, inner = self.case.meanwhile, self.transport
        self.recorder = Recorder(Meanwhile(inner, self.state, short) if short else inner)
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
        case, start = self.case, self.windows()
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

    def undo(self, start: Record, report: HostReport) -> None:
        """All that can follow an apply that changed something."""
        changes, changed = report.applied, self.windows()
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
        if drifting and self.case.goes_back and not self.short:
            self.drift(start, changed, changes, drifting[0])
        assert self.state.lease is None

    def drift(
        self, start: Record, changed: Record, changes: Iterable[Change], edited: Change
    ) -> None:
        """Somebody edits a property after apply: it is kept and named, the others go back."""
        self.restore(changed)
        theirs = edit(self.state, edited)
        if theirs is None:  # there is no third value
            return
        report = self.rollback(self.applied_run, f"rollback after {edited.property} drifted")
        assert report.outcome is Outcome.CONFLICT, explain(report)
        assert report.plan
        [conflict] = report.plan.conflicts
        said = {"resource", "property", "before", "after"}
        assert conflict.change.model_dump(include=said) == edited.model_dump(include=said)
        lasting = [change for change in changes if not change.reversible]
        self.is_now(start, lasting, edited)
        assert find(self.state, edited)[edited.property] == theirs

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
        """All that can be said of the host, in an order of its own."""
        return in_order(everything(self.state))

    def windows(self) -> Record:
        """A copy of the state of the host's Windows."""
        with self.state.lock:
            return copy.deepcopy(self.state.windows)

    def restore(self, windows: Record) -> None:
        """Put the host back as it was."""
        with self.state.lock:
            self.state.windows = copy.deepcopy(windows)

    def is_now(
        self, start: Record, lasting: Iterable[Change] = (), theirs: Change | None = None
    ) -> None:
        """The host is as it was, but for changes that cannot be put back, and somebody's edit."""
        expected = HostState("expected", copy.deepcopy(start))
        for change in lasting:
            if not change.renews:  # what gets any other value moves by itself
                wanted = {change.property: change.after}
                kind_of(change.resource.kind).write(expected, find(expected, change), wanted)
        if theirs is not None:
            edit(expected, theirs)
        assert still(self.resources()) == still(everything(expected))


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
    check_texts(plan)
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


def check_texts(plan: Plan) -> None:
    """Titles are short and have no full stop; texts are sentences."""
    for advice in plan.advice:
        assert len(advice.title) <= 100
        assert not advice.title.endswith(".")
        assert advice.text.endswith(".")
    assert all(change.why.endswith(".") for change in plan.changes if change.why)
    assert all(text.endswith(".") for text in plan.assumptions)


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
    for kind, found in resources.items():
        resource = resource_type(kind)
        for name in resource.settable & resource.volatile:
            for record in found:
                record[name] = record[name] is not None
    return resources


def still(resources: Resources) -> Resources:
    """Resources without what moves by itself."""
    volatile = {kind: resource_type(kind).volatile for kind in resources}
    return in_order(
        {
            kind: [
                {name: value for name, value in record.items() if name not in volatile[kind]}
                for record in records
            ]
            for kind, records in resources.items()
        }
    )


def find(state: HostState, change: Change) -> Record:
    """What a host says of the thing that a change is about, if only that there is none."""
    kind, key = change.resource.kind, change.resource.key
    found = (record for record in records(state, kind) if is_it(record, key))
    return next(found, None) or dict(resource_type(kind).absent(key) or {})


def edit(state: HostState, change: Change) -> Any:
    """Be somebody else: give a property a value that it neither had nor was given.

    Returns:
        The value; None when there is none.
    """
    with state.lock:
        value = kind_of(change.resource.kind).other(state, find(state, change), change)
        assert value not in (change.before, change.after)
        return value


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
