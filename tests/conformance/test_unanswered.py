"""A question that fails or hangs costs only itself, in an audit of everything, on both engines.

Whatever is wrong with one kind of thing on a host, all playbooks that do not need it say what they
say of the healthy host.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.engine.planning import PlaybookPlanner
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.powershell.messages import Request
from remediate.resources.scheduled_task import ScheduledTasks
from remediate.resources.shadow_storage import ShadowStorages
from remediate.runner.serial import Serial
from remediate.testing.case import catalogue
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.transport import MemoryTransport, Recorder
from tests.conformance.doors import give_time

HOST = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
TASKS = "tasks: folder \\Microsoft\\OnlineBackup\\"
STORAGES = "shadow storages"
MODULES = "PowerShell modules"
ENGINES = ["simulated", pytest.param("powershell", marks=pytest.mark.powershell)]


@pytest.fixture
def patience() -> None:
    """None beyond what each test says."""


@dataclass
class Audit:
    """What came of an audit.

    Args:
        report: of the host.
        requests: what was asked for it.
    """

    report: HostReport
    requests: list[Request] = field(default_factory=list)

    @property
    def unanswered(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """By question: code of the problem, and the playbooks that need it."""
        return {one.question: (one.problem.code, one.playbooks) for one in self.report.unanswered}

    def said(self, *without: str) -> list[Any]:
        """What playbooks other than these say."""
        plan = self.report.plan
        assert plan
        changes = [change for change in plan.changes if change.playbook not in without]
        advice = [advice for advice in plan.advice if advice.playbook not in without]
        reasons = {k: v for k, v in plan.not_applicable.items() if k not in without}
        return [changes, advice, reasons]


Ask = Callable[[HostState, Job], Audit]


@pytest.fixture(params=ENGINES)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Audits a host on an engine."""
    hosts = request.getfixturevalue("powershell") if request.param == "powershell" else None

    def run(state: HostState, job: Job) -> Audit:
        with served(state, hosts) as (host, transport), pytest.MonkeyPatch.context() as patch:
            if not state.hangs:
                give_time(patch)
            recorder = Recorder(transport)
            engine = Engine(recorder, Settings(operator="ada@bastion"), runner=Serial())
            begun = time.perf_counter()
            [report] = engine.audit([host], job)
            print(f"{request.param}: {time.perf_counter() - begun:.1f} s")  # noqa: T201 - for -s
            return Audit(report, recorder.requests)

    return run


@contextmanager
def served(state: HostState, hosts: PowerShellHosts | None) -> Iterator[tuple[Host, Any]]:
    if hosts is None:
        yield HOST, MemoryTransport({HOST.address: state})
        return
    with hosts.host(state) as (_, host, transport):
        yield host, transport


def job_of(*names: str, named: bool = True) -> Job:
    playbooks = [catalogue().load(name) for name in names]
    return Job.of((Task(playbook, playbook.params()) for playbook in playbooks), named=named)


LOOKING = {"on_demand", "deep", "only_looks"}
EVERYTHING = job_of(
    *(
        name
        for name, entry in sorted(catalogue().entries.items())
        if not any(getattr(entry, what) for what in LOOKING)
    ),
    named=False,
)
"""All that an audit of everything asks of what may change a host."""
LAST = {query.title for query in PlaybookPlanner(EVERYTHING).queries() if not query.bounded}
"""What takes no limit of time, so that it is asked last, and lost with what never returns."""


def sick(kind: str = "", **values: Any) -> Callable[[], HostState]:
    def make() -> HostState:
        state = make_state()
        for name, value in values.items():
            setattr(state, name, [kind] if name == "lacks" else {kind: value})
        return state

    return make


def with_damaged_task() -> HostState:
    state = make_state()
    state.section("scheduled_tasks")[1]["xml"] = "<Task><Settings>"
    return state


def with_long_tasks() -> HostState:
    state = make_state()
    for task in state.section("scheduled_tasks"):
        task["xml"] = task["xml"].replace("<Author>", f"<Author>{'x' * 1_400_000}")
    return state


FAULTS: dict[str, tuple[Callable[[], HostState], str, str, str]] = {
    "one damaged task": (with_damaged_task, TASKS, "unreadable", "schedule-fix"),
    "a denied class": (
        sick("shadow_storage", denied="read"),
        STORAGES,
        "access_denied",
        "shadow-storage",
    ),
    "a missing class": (
        sick("shadow_storage", lacks=True),
        STORAGES,
        "not_there",
        "shadow-storage",
    ),
    "a missing module": (sick("scheduled_task", lacks=True), TASKS, "not_there", "schedule-fix"),
    "a slow provider": (sick("scheduled_task", hangs="slow"), TASKS, "no_time", "schedule-fix"),
    "a reply that is too long": (with_long_tasks, TASKS, "too_much", "schedule-fix"),
}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions that hang have two seconds."""
    give_time(monkeypatch)
    for query in (ScheduledTasks, ShadowStorages):
        monkeypatch.setattr(query, "seconds", 2.0)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_one_kind_costs_only_what_needs_it(fault: str, ask: Ask) -> None:
    make, question, code, playbook = FAULTS[fault]
    audit, healthy = ask(make(), EVERYTHING), ask(make_state(), EVERYTHING)
    assert audit.unanswered == {question: (code, (playbook,))}
    assert audit.said(playbook) == healthy.said(playbook)
    assert len(audit.requests) == len(healthy.requests) == 1
    assert audit.report.outcome in {Outcome.COMPLIANT, Outcome.ATTENTION, Outcome.WOULD_CHANGE}
    assert audit.report.exit_code is ExitCode.PENDING


FEW = job_of("execution-policy", "module-restore", "schedule-fix", "shadow-storage", named=False)
"""What is asked of a real engine, each of whose questions takes its time."""
STUCK: dict[str, tuple[str, str, str, int]] = {
    "a provider": ("shadow_storage", STORAGES, "shadow-storage", 3),
    "loading the module": ("agent_module", MODULES, "module-restore", 2),
}


@pytest.fixture
def hasty(request: pytest.FixtureRequest, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host is given up after some seconds: more than a new engine needs here and now."""
    if request.node.callspec.params["ask"] == "powershell":
        for first in ("# another engine", ""):
            request.getfixturevalue("powershell").begin_with(first)
    begun = time.perf_counter()
    ask(make_state(), FEW)
    seconds = max(8.0, 1.5 * (time.perf_counter() - begun))
    monkeypatch.setattr("remediate.engine.order.QUESTIONS_SECONDS", seconds)
    monkeypatch.setattr("remediate.transport.conversation.LATE_SECONDS", 1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("what", STUCK)
def test_what_never_returns_costs_only_what_needs_it(what: str, ask: Ask) -> None:
    """The host falls silent and is asked again, each answer at once."""
    check_stuck(what, ask, FEW)


@pytest.mark.parametrize("what", STUCK)
@pytest.mark.parametrize("ask", ["simulated"], indirect=True)
def test_what_never_returns_costs_only_what_needs_it_on_a_simulated_host(
    what: str, ask: Ask
) -> None:
    check_stuck(what, ask, EVERYTHING)


def check_stuck(what: str, ask: Ask, job: Job) -> None:
    kind, question, playbook, requests = STUCK[what]
    audit, healthy = ask(sick(kind, hangs="stuck")(), job), ask(make_state(), job)
    assert {question} <= audit.unanswered.keys() <= {question, *LAST}
    assert {code for code, _ in audit.unanswered.values()} == {"no_time"}
    others = ("module-restore", "shadow-storage")
    assert audit.said(playbook, *others) == healthy.said(playbook, *others)
    assert len(audit.requests) <= requests


JOB = job_of("schedule-fix", "shadow-storage", "module-path")


def hang(how: str) -> HostState:
    state = make_state()
    state.hangs = {"scheduled_task": how}  # type: ignore[dict-item]
    state.denied = {"shadow_storage": "read"}
    return state


def check_third(audit: Audit) -> None:
    asked = [call.function for call in audit.requests[0].calls]
    assert asked[0] == "Get-RemediateScheduledTask"
    assert audit.unanswered == {
        TASKS: ("no_time", ("schedule-fix",)),
        STORAGES: ("access_denied", ("shadow-storage",)),
    }
    assert audit.report.outcome is Outcome.COMPLIANT
    assert audit.report.exit_code is ExitCode.FAILED


@pytest.mark.usefixtures("short")
def test_the_first_hangs_the_second_is_denied_the_third_is_judged(ask: Ask) -> None:
    audit = ask(hang("slow"), JOB)
    check_third(audit)
    assert len(audit.requests) == 1


@pytest.mark.slow
def test_the_first_takes_all_its_time_and_the_third_is_judged(ask: Ask) -> None:
    audit = ask(hang("slow"), JOB)
    check_third(audit)
    assert len(audit.requests) == 1


@pytest.mark.parametrize("ask", ["simulated"], indirect=True)
def test_the_first_never_returns_and_the_third_is_judged(ask: Ask) -> None:
    """As real engines do that fall silent: see above."""
    audit = ask(hang("stuck"), JOB)
    check_third(audit)
    assert [len(request.calls) for request in audit.requests] == [7, 5, 6]


@pytest.mark.usefixtures("short")
def test_an_apply_is_refused_only_where_something_that_it_needs_was_not_answered(
    ask: Ask,
) -> None:
    """Asked for by name, what is not answered is a failure; else it is just left to be done."""
    state = make_state()
    state.hangs = {"shadow_storage": "slow"}
    assert ask(state, job_of("schedule-fix")).unanswered == {}
    alone = ask(state, job_of("shadow-storage"))
    assert alone.report.outcome is Outcome.FAILED_UNCHANGED
    assert alone.report.exit_code is ExitCode.FAILED
