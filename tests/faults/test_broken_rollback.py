"""A rollback breaks in the middle: what it says is true, and it can be done again."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from remediate.engine.job import Job
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Step
from remediate.model.connection import Auth
from remediate.model.outcome import HostReport, Outcome
from tests.faults.conftest import CASES
from tests.faults.controller import apply_run, engine_for, host_state, open_store, undo_run
from tests.faults.matrix import Case, lasting, passing
from tests.faults.truth import PROCESS_EXIT, check_written_once, resources

EXCHANGES = (
    *(Step.CREATE, Step.RECEIVE, Step.RECEIVE),
    *(Step.COMMAND, Step.RECEIVE, Step.COMMAND, Step.RECEIVE, Step.DELETE),
)
WRITE = 6
SOME = (Action.DROP, Action.HALF, Action.UNAUTHORIZED)


@pytest.mark.slow
def test_a_rollback_that_breaks_tells_the_truth_and_can_be_done_again(
    job: Job, new_store: Callable[[str], Path], record_property: Callable[[str, object], None]
) -> None:
    todo = [
        case
        for case in chain(passing(Auth.BASIC, EXCHANGES), lasting(Auth.BASIC, EXCHANGES))
        if case.number >= WRITE and case.fault.do in SOME
    ]
    record_property(CASES, len(todo))
    with Lab([host_state(str(case.fault.host)) for case in todo]) as lab:
        for case, host in zip(todo, lab.hosts, strict=True):
            check(case, lab, host, job, new_store(host.name))


def check(case: Case, lab: Lab, host: LabHost, job: Job, file: Path) -> None:
    start = resources(host.state)
    with open_store(file) as store:
        engine = engine_for(store, host.password)
        [applied] = engine.apply([host.target()], job, apply_run())
        assert applied.outcome is Outcome.CHANGED
        repaired = resources(host.state)
        assert [exchange.kind for exchange in host.trace] == list(EXCHANGES)
        host.counters.clear()

        lab.faults = (case.fault,)
        [broken] = engine.rollback(store.run("apply-1"), undo_run())
        lab.faults = ()
        check_report(broken, resources(host.state), repaired, start)
        for _, closed in engine.reconcile():
            assert closed.outcome is not Outcome.INDETERMINATE
            check_report(closed, resources(host.state), repaired, start)
        assert store.open_intents(indeterminate=True) == []

        [again] = engine.rollback(store.run("apply-1"), undo_run(name="undo-2"))
        assert again.outcome in {Outcome.CHANGED, Outcome.COMPLIANT}, str(case)
        assert start == resources(host.state)
        assert host.state.lease is None
        check_written_once(host)


def check_report(report: HostReport, now: bytes, repaired: bytes, start: bytes) -> None:
    if report.outcome is Outcome.CHANGED:
        assert start == now
    elif report.outcome is not Outcome.INDETERMINATE:
        assert report.outcome in {Outcome.FAILED_UNCHANGED, Outcome.UNREACHABLE}
        assert repaired == now
    assert PROCESS_EXIT[report.outcome] == report.exit_code
