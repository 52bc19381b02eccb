"""Hosts in which a command hangs, over real connections."""

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.state import Hang
from remediate.model.outcome import HostReport, Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.resources.registry_value import RegistryValues
from remediate.resources.scheduled_task import ScheduledTasks
from remediate.resources.shadow_storage import ShadowStorages
from remediate.runner.serial import Serial
from remediate.transport.psrp import PsrpTransport


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question has little time, and a host that falls silent is soon given up."""
    for query in (RegistryValues, ScheduledTasks, ShadowStorages):
        monkeypatch.setattr(query, "seconds", 1.5)
    monkeypatch.setattr("remediate.engine.order.QUESTIONS_SECONDS", 3.0)
    monkeypatch.setattr("remediate.transport.conversation.LATE_SECONDS", 0.5)


def audit(how: Hang) -> tuple[HostReport, int]:
    """A host whose first question hangs, and whose second may not be asked."""
    state = make_state()
    state.hangs = {"shadow_storage": how}
    state.denied = {"scheduled_task": "read"}
    catalogue = Catalogue()
    names = ("shadow-storage", "schedule-fix", "module-path")
    playbooks = [catalogue.load(name) for name in names]
    job = Job(tuple(Task(playbook, playbook.params()) for playbook in playbooks), named=False)
    with Lab([state]) as lab:
        [host] = lab.hosts
        transport = PsrpTransport(lambda _: SecretStr(host.password))
        engine = Engine(transport, Settings(operator="ada@bastion"), runner=Serial())
        [report] = engine.audit([host.target()], job)
        assert not host.leaks()
        return report, host.requests


def check(report: HostReport) -> None:
    found = {one.question: one.problem.code for one in report.unanswered}
    assert found == {
        "shadow storages": "no_time",
        "tasks: folder \\Microsoft\\OnlineBackup\\": "access_denied",
    }
    assert report.outcome is Outcome.COMPLIANT


def test_a_question_that_takes_its_time_costs_no_exchange() -> None:
    report, requests = audit("slow")
    check(report)
    assert requests == 6


@pytest.mark.slow
def test_of_a_host_that_falls_silent_everything_else_is_known() -> None:
    report, _ = audit("stuck")
    check(report)
