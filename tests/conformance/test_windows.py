"""The third backend: a live Windows host, which you name. Nothing of this runs unless you do.

    REMEDIATE_WINDOWS_HOST       name or address, with `:port` if it is not 5986 (HTTPS)
    REMEDIATE_WINDOWS_USER       an administrator there
    REMEDIATE_WINDOWS_PASSWORD   his password
    REMEDIATE_WINDOWS_CA_FILE    PEM file of the authority behind its certificate, if need be
    REMEDIATE_WINDOWS_CHANGES=1  the host is a throw-away: write to it too

    pytest tests/conformance/test_windows.py -m windows

Without the last variable only questions are asked. With it, values are written below
`HKEY_LOCAL_MACHINE\\SOFTWARE\\remediate-test`, and every playbook that can be undone is applied,
with its defaults, and rolled back.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.engine.observation import observe_calls
from remediate.model.base import JsonValue
from remediate.model.connection import HTTPS_PORT, Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind, new_run_id
from remediate.playbook.base import PlaybookParams
from remediate.powershell.messages import Request, Status
from remediate.powershell.script import compose
from remediate.resources.base import Query
from remediate.runner.serial import Serial
from remediate.testing.case import catalogue
from remediate.testing.powershell import KeptSession
from remediate.testing.store import MemoryStore
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from tests.conformance.hostile import SAMPLE
from tests.conformance.test_generated import SetValues

NAMED = "REMEDIATE_WINDOWS_HOST" in os.environ
CHANGES = os.environ.get("REMEDIATE_WINDOWS_CHANGES") == "1"
pytestmark = [
    pytest.mark.windows,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not NAMED, reason="no live host: set REMEDIATE_WINDOWS_HOST"),
]
may_write = pytest.mark.skipif(
    not CHANGES, reason="the live host is not to be changed: REMEDIATE_WINDOWS_CHANGES is not 1"
)


def optional_playbooks() -> Iterator[Any]:
    """Those whose parameters all have defaults."""
    for name in sorted(catalogue().entries):
        playbook = catalogue().load(name)
        fields = playbook.params.model_fields.values()
        if not playbook.on_demand and not any(field.is_required() for field in fields):
            yield pytest.param(playbook, id=name)


class Live:
    """One session to the live host, and an engine over it."""

    def __init__(self) -> None:
        address, _, port = os.environ["REMEDIATE_WINDOWS_HOST"].partition(":")
        ca_file = os.environ.get("REMEDIATE_WINDOWS_CA_FILE")
        self.host = Host(
            name=address,
            address=address,
            port=int(port or HTTPS_PORT),
            tls=True,
            auth=Auth.NEGOTIATE,
            user=os.environ["REMEDIATE_WINDOWS_USER"],
            password="env:REMEDIATE_WINDOWS_PASSWORD",
            ca_file=Path(ca_file) if ca_file else None,
        )
        password = SecretStr(os.environ["REMEDIATE_WINDOWS_PASSWORD"])
        self.transport = KeptSession(PsrpTransport(lambda _: password))
        self.store = MemoryStore()
        settings = Settings(operator="conformance@remediate")
        self.engine = Engine(self.transport, settings, self.store, runner=Serial())

    def observe(self, queries: list[Query]) -> list[JsonValue]:
        """What the host answers, in the form in which it says it."""
        request = Request(run="audit", calls=observe_calls(queries))
        script = compose(request.files).text
        reply = self.transport.session(self.host).run(script, request, Deadline(120))
        assert [call.error for call in reply.calls if call.status is not Status.OK] == []
        return [value for call in reply.calls for value in call.value]

    def apply(self, job: Job) -> tuple[HostReport, str]:
        run = self._run(job, RunKind.APPLY)
        [report] = self.engine.apply([self.host], job, run)
        return report, run.id

    def rollback(self, job: Job, undoes: str) -> HostReport:
        run = self._run(job, RunKind.ROLLBACK, undoes)
        [report] = self.engine.rollback(self.store.run(undoes), run)
        return report

    def _run(self, job: Job, kind: RunKind, undoes: str | None = None) -> Run:
        now = datetime.now(UTC)
        return Run(
            id=new_run_id(now),
            kind=kind,
            playbooks=job.uses,
            operator="conformance@remediate",
            started=now,
            undoes=undoes,
        )


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    live = Live()
    yield live
    live.transport.end()


@pytest.mark.parametrize("playbook", list(optional_playbooks()))
def test_an_audit_is_understood_and_changes_nothing(live: Live, playbook: Any) -> None:
    job = Job((Task(playbook, playbook.params()),))
    queries = list(playbook.observe(playbook.params()))
    before = _still(queries, live.observe(queries))
    [report] = live.engine.audit([live.host], job)
    assert report.problem is None
    assert _still(queries, live.observe(queries)) == before


@may_write
@pytest.mark.parametrize("playbook", list(optional_playbooks()))
def test_what_is_applied_is_proven_and_undone(live: Live, playbook: Any) -> None:
    job = Job((Task(playbook, playbook.params()),))
    queries = list(playbook.observe(playbook.params()))
    [found] = live.engine.audit([live.host], job)
    if found.outcome is not Outcome.WOULD_CHANGE or (found.plan and found.plan.irreversible):
        pytest.skip(f"nothing to apply and undo: {found.outcome}")
    before = _still(queries, live.observe(queries))
    report, run = live.apply(job)
    assert report.outcome is Outcome.CHANGED, report.problem
    assert live.rollback(job, run).outcome is Outcome.CHANGED
    assert _still(queries, live.observe(queries)) == before


@may_write
def test_hostile_values_are_written_read_and_removed(live: Live) -> None:
    wanted = {
        f"{number} {text}": {"type": "String", "data": text} for number, text in enumerate(SAMPLE)
    }
    playbook = SetValues(wanted, key=r"HKEY_LOCAL_MACHINE\SOFTWARE\remediate-test")
    job = Job((Task(playbook, PlaybookParams()),))
    report, run = live.apply(job)
    assert report.outcome is Outcome.CHANGED, report.problem
    assert live.rollback(job, run).outcome is Outcome.CHANGED
    seen = live.observe(playbook.observe(PlaybookParams()))
    assert all(isinstance(value, dict) and value["value"] is None for value in seen)


def _still(queries: list[Query], values: list[JsonValue]) -> list[JsonValue]:
    """Answers without what moves by itself."""
    moving = {name for query in queries for name in query.resource.volatile}
    return [
        {name: one for name, one in value.items() if name not in moving}
        for value in values
        if isinstance(value, dict)
    ]
