"""What a rollback knows of the playbooks of the run that it undoes."""

from datetime import UTC, datetime

import pytest

from remediate.cli.jobs import recorded_job
from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.engine.recorded import writes_of
from remediate.lab.hosts import make_state
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.model.plan import PlaybookUse
from remediate.model.run import Run, RunKind
from remediate.runner import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport

HOST = Host(name="SRV01", address="127.0.0.1", port=5985)


def run_of(*uses: PlaybookUse, name: str = "one", kind: RunKind = RunKind.APPLY) -> Run:
    started = datetime(2026, 11, 28, tzinfo=UTC)
    return Run(id=name, kind=kind, playbooks=uses, operator="ada@here", started=started)


def test_a_run_that_is_undone_brings_its_playbooks_with_their_parameters() -> None:
    used = PlaybookUse(id="schedule-fix", parameters={"folder": r"\Contoso\Backup"})
    job = recorded_job(run_of(used), ())
    [use] = job.uses
    assert use.parameters["folder"] == "\\Contoso\\Backup\\"
    assert writes_of(job) == {"schedule-fix": frozenset({"scheduled_task"})}


@pytest.mark.parametrize(
    "used",
    [
        PlaybookUse(id="of-somebody-else"),
        PlaybookUse(id="schedule-fix", parameters={"folder": 7}),
        PlaybookUse(id="schedule-fix", parameters={"of_long_ago": "x"}),
    ],
    ids=["unknown", "wrong value", "other parameters"],
)
def test_what_is_not_known_here_is_left_out_and_its_changes_are_refused(
    used: PlaybookUse,
) -> None:
    state, store = make_state(), MemoryStore()
    engine = Engine(
        MemoryTransport({HOST.address: state}), Settings(operator="a"), store, runner=Serial()
    )
    known = recorded_job(run_of(PlaybookUse(id="schedule-fix")), ())
    [report] = engine.apply([HOST], known, run_of(used))
    assert report.outcome is Outcome.CHANGED
    before = state.snapshot()
    record = store.run("one")
    back = run_of(used, name="two", kind=RunKind.ROLLBACK)
    [report] = engine.rollback(record, back, job=recorded_job(record.run, ()))
    assert report.outcome is Outcome.REFUSED
    assert report.problem
    assert "--playbooks" in report.problem.hint
    assert state.snapshot() == before
