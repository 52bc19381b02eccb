"""A playbook is tested without any network: first what it decides, then a whole run in memory."""

from datetime import UTC, datetime

import pytest
from contoso_playbooks.event_log import EventLog
from contoso_playbooks.event_log_size import MEGABYTE, EventLogSize, Params

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import record
from remediate.model.computer import Computer
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.model.plan import Advice, HostFacts
from remediate.model.run import Run, RunKind
from remediate.playbook import Seen
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport

FACTS = HostFacts(
    computer=Computer(name="SRV01"), powershell="5.1", os="10.0.17763", culture="en-US", utc=""
)
SMALL = {"name": "Application", "max_size": 20 * MEGABYTE, "size": 19 * MEGABYTE}
NOW = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)


def decide(*logs, **params):
    seen = Seen([EventLog(**log) for log in logs], FACTS)
    return list(EventLogSize().decide(seen, Params(**params)))


def test_a_small_log_may_grow():
    (wanted,) = decide(SMALL)
    (change,) = wanted.changes("event-log-size")
    assert (change.property, change.before, change.after) == (
        "max_size",
        20 * MEGABYTE,
        64 * MEGABYTE,
    )


@pytest.mark.parametrize("size", [64, 65])
def test_a_log_that_is_large_enough_is_left_alone(size):
    assert decide({**SMALL, "max_size": size * MEGABYTE}) == []


def test_a_log_that_is_not_there_is_for_a_person():
    (advice,) = decide()
    assert isinstance(advice, Advice)


def test_apply_and_rollback():
    state = healthy_host("SRV01", {EventLog.kind: [SMALL]})
    host = Host(name="SRV01", address="srv01", port=5985, user="ada")
    job = Job((Task(EventLogSize(), Params()),))
    store = MemoryStore()
    engine = Engine(MemoryTransport({"srv01": state}), Settings(operator="ada@test"), store)

    assert [report.outcome for report in engine.audit([host], job)] == [Outcome.WOULD_CHANGE]
    run = Run(id="1", kind=RunKind.APPLY, playbooks=job.uses, operator="ada@test", started=NOW)
    assert [report.outcome for report in engine.apply([host], job, run)] == [Outcome.CHANGED]
    assert record(state, EventLog.kind, name="Application")["max_size"] == 64 * MEGABYTE

    back = run.model_copy(update={"id": "2", "kind": RunKind.ROLLBACK, "undoes": "1"})
    assert [report.outcome for report in engine.rollback(store.run("1"), back)] == [Outcome.CHANGED]
    assert record(state, EventLog.kind, name="Application") == SMALL
