"""Nobody waits for a host that does not answer."""

import time
from contextlib import ExitStack

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings
from remediate.lab.hosts import make_states
from remediate.lab.lab import Lab
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.transport.chosen import ChosenTransport
from tests.transport.dead import dropping


def test_hosts_that_drop_packets_are_waited_for_together_and_by_no_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four workers that each waited for twenty of them, two seconds each, would need forty."""
    monkeypatch.setattr("remediate.engine.host_worker.CONNECT_SECONDS", 2.0)
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(make_states(3)))
        port = stack.enter_context(dropping())
        dead = [
            Host(name=f"DEAD{number}", address=f"127.0.0.{number}", port=port, user="ada")
            for number in range(1, 81)
        ]
        settings = Settings(operator="ada@bastion", workers=4)
        engine = Engine(ChosenTransport(lambda _: SecretStr(lab.hosts[0].password)), settings)
        began = time.monotonic()
        hosts = [*dead, *(host.target() for host in lab.hosts)]
        reports = {report.host: report for report in engine.audit(hosts, Job(()))}
    assert time.monotonic() - began < 20
    assert {reports[host.name].outcome for host in lab.hosts} == {Outcome.COMPLIANT}
    problems = [reports[host.name].problem for host in dead]
    assert {each.code for each in problems if each} == {"timed_out"}
    assert problems[0] is not None
    assert "DEAD1 does not answer in time: it does not accept a connection" in problems[0].message
