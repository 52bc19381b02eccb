"""Every exchange of an apply, and everything that can go wrong with it, over real HTTP."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.lab.state import HostState
from remediate.model.connection import Auth, Via
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.store.sql import SqlStore
from remediate.transport.conversation import IDLE_SECONDS
from remediate.transport.wires import VARIABLE, WireName
from tests.faults.conftest import CASES
from tests.faults.controller import (
    apply_run,
    engine_for,
    host_state,
    open_store,
    undo_run,
)
from tests.faults.matrix import Case, lasting, passing, sample
from tests.faults.truth import check_lease_expires, check_report, check_written_once, resources
from tests.kerberos.conftest import ADA, HOST
from tests.kerberos.kdc import PASSWORD

IMPATIENT = 3.0
"""Seconds for a host that hangs."""
AT_ONCE = 24
SETTLED = {
    Outcome.CHANGED,
    Outcome.FAILED_UNCHANGED,
    Outcome.ROLLED_BACK,
    Outcome.UNREACHABLE,
}


@dataclass(frozen=True)
class Way:
    """How hosts are logged on to, and by what they are talked to.

    Args:
        auth: the method.
        via: the transport.
        domain: what a lab needs for its hosts to be of a domain; empty where they are of none.
    """

    auth: Auth
    via: Via
    domain: dict[str, Any] = field(default_factory=dict)

    def lab(self, *hosts: HostState, **options: Any) -> Lab:
        return Lab([*hosts] or None, auth=self.auth, transport=self.via, **self.domain, **options)

    def target(self, host: LabHost) -> Host:
        """A host, by the name that its domain has for it."""
        name = HOST if self.auth is Auth.KERBEROS else None
        return host.target().model_copy(update={"kerberos_host": name})


@pytest.fixture
def way(
    auth: Auth,
    via: Via,
    wire: WireName,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Way:
    monkeypatch.setenv(VARIABLE, wire)
    if auth is not Auth.KERBEROS:
        return Way(auth, via)
    keytab = request.getfixturevalue("kdc").keytab(f"host/{HOST}")
    return Way(auth, via, {"account": LabAccount(ADA, PASSWORD), "keytab": keytab})


@dataclass
class Bench:
    """A lab with a host for each case, whose faults can be cleared one by one."""

    lab: Lab
    job: Job
    new_store: Callable[[str], Path]
    rules: dict[str | None, Fault]
    way: "Way"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self, host: LabHost) -> None:
        with self.lock:
            del self.rules[host.name]
            self.lab.faults = tuple(self.rules.values())


def clean_exchanges(way: Way, job: Job, file: Path) -> list[Step]:
    """What the exchanges of a run without faults are for."""
    with way.lab() as lab, open_store(file) as store:
        [host] = lab.hosts
        [report] = engine_for(store, host.password).apply([way.target(host)], job, apply_run())
        assert report.outcome is Outcome.CHANGED
        return [exchange.kind for exchange in host.trace]


def test_a_sample_has_each_exchange_and_each_way_in_it() -> None:
    clean = [Step.COMMAND] * 8
    whole, some = (list(row(Auth.BASIC, clean)) for row in (passing, sample))
    assert {case.number for case in some} == {case.number for case in whole}
    ways = [{(case.fault.do, case.fault.when) for case in cases} for cases in (some, whole)]
    assert ways[0] == ways[1]


def few(auth: Auth, clean: Sequence[Step]) -> Iterator[Case]:
    """What an ordinary run tries of the sample."""
    return islice(sample(auth, clean), 0, None, 3)


def row_of(
    name: str,
    auth: Auth,
    cases: Callable[[Auth, Sequence[Step]], Iterator[Case]],
    *marks: pytest.MarkDecorator,
    via: Via = Via.PSRP,
    wire: WireName = WireName.LEAN,
) -> Any:
    return pytest.param(auth, via, wire, cases, id=name, marks=marks)


SLOW = pytest.mark.slow


@pytest.mark.timeout(400)  # some two hundred cases each; on a busy machine that takes long
@pytest.mark.parametrize(
    ("auth", "via", "wire", "row"),
    [
        row_of("basic-few", Auth.BASIC, few),
        row_of("basic-passing", Auth.BASIC, passing, SLOW),
        row_of("ntlm-sample", Auth.NTLM, sample, SLOW),
        row_of("kerberos-sample", Auth.KERBEROS, sample, SLOW, pytest.mark.kerberos),
        row_of("basic-lasting", Auth.BASIC, lasting, SLOW),
        row_of("winrs-sample", Auth.BASIC, sample, SLOW, via=Via.WINRS),
        row_of("winrs-lasting", Auth.BASIC, lasting, SLOW, via=Via.WINRS),
        row_of("pypsrp-basic-sample", Auth.BASIC, sample, SLOW, wire=WireName.PYPSRP),
        row_of("pypsrp-ntlm-sample", Auth.NTLM, sample, SLOW, wire=WireName.PYPSRP),
    ],
)
def test_whatever_breaks_the_report_is_true_and_the_way_back_is_open(
    way: Way,
    row: Callable[[Auth, Sequence[Step]], Iterator[Case]],
    job: Job,
    new_store: Callable[[str], Path],
    record_property: Callable[[str, object], None],
) -> None:
    clean = clean_exchanges(way, job, new_store("clean"))
    # The longest waits first, so that the others fill the gaps.
    todo = sorted(row(way.auth, clean), key=lambda case: not case.hangs)
    record_property(CASES, len(todo))
    rules = {case.fault.host: case.fault for case in todo}
    seconds = [0.0]
    states = [host_state(str(name)) for name in rules]
    with way.lab(*states, faults=rules.values(), clock=lambda: seconds[0]) as lab:
        bench = Bench(lab, job, new_store, rules, way)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            failures = [text for text in pool.map(bench_one(bench), todo, lab.hosts) if text]
        left = [case for case, host in zip(todo, lab.hosts, strict=True) if host.leaks()]
        assert not [str(case) for case in left if not may_leave_a_shell(case, way.via)]
        seconds[0] += IDLE_SECONDS
        lab.reap()
        assert not [host.name for host in lab.hosts if host.leaks()]
    assert not failures, "\n".join(failures)


def bench_one(bench: Bench) -> Callable[[Case, LabHost], str]:
    def one(case: Case, host: LabHost) -> str:
        try:
            check(bench, case, host)
        except Exception as error:  # noqa: BLE001 - one bad case must not hide the others
            return f"{case}: {type(error).__name__}: {error}"
        return ""

    return one


def check(bench: Bench, case: Case, host: LabHost) -> None:
    start = resources(host.state)
    file = bench.new_store(host.name)
    target = bench.way.target(host)
    with open_store(file) as store:
        [report] = engine_of(case, store, host).apply([target], bench.job, apply_run())
        check_report(report, host.state, start)
        check_severity(case, report)
        check_lease_expires(host.state)
        check_written_once(host)
        bench.clear(host)

        engine = engine_for(store, host.password)
        for _, closed in engine.reconcile():
            assert closed.outcome in {Outcome.CHANGED, Outcome.FAILED_UNCHANGED}
            check_report(closed, host.state, start)
        assert store.open_intents(indeterminate=True) == []
        assert store.run("apply-1").finished is not None

        record = store.run("apply-1")
        undone = list(engine.rollback(record, undo_run()))
        assert start == resources(host.state)
        assert [Outcome.CHANGED] * len(undone) == [report.outcome for report in undone]
        if undone:
            assert host.state.lease is None
        assert store.leases(engine.now()) == []
        check_written_once(host)


def may_leave_a_shell(case: Case, via: Via) -> bool:
    """Nobody logs on again to delete a shell, a fault is an answer, and time may be used up.

    A command shell is named by the host, so that one whose name was lost cannot be deleted.
    """
    if via is Via.WINRS and case.kind is Step.CREATE and case.fault.when is When.AFTER:
        return True
    answered = case.kind is Step.DELETE and case.fault.do is Action.FAULT
    late = case.hangs or not case.passing
    return late or answered or case.fault.do is Action.UNAUTHORIZED


def engine_of(case: Case, store: SqlStore, host: LabHost) -> Engine:
    """An engine that waits no longer than it takes to meet the fault."""
    if not case.hangs:
        return engine_for(store, host.password)
    if case.kind is Step.DELETE:
        return engine_for(store, host.password, close_within=IMPATIENT / 2)
    return engine_for(store, host.password, timeout=IMPATIENT, close_within=IMPATIENT / 2)


def check_severity(case: Case, report: HostReport) -> None:
    """A passing fault needs no person: only a lost logon may not be tried again."""
    if case.passing and not case.hangs and case.fault.do is not Action.UNAUTHORIZED:
        assert report.outcome in SETTLED
    if case.kind is Step.DELETE:
        assert report.outcome is Outcome.CHANGED
