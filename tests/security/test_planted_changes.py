"""Somebody who can write the store plants a change: what is shown is what would be written.

A record is not believed because it is ours: what a person is shown, and the receipt, are made of
the resource and the values that will be sent; what intent and snapshot do not agree on is refused.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.engine.recorded import shown
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState
from remediate.model.host import Host
from remediate.model.outcome import ExitCode, HostReport, Outcome
from remediate.model.run import HostRecord, Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.runner.serial import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport

HOST = Host(name="SRV01", address="127.0.0.1", port=5985)
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
RUN_KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run"


def job(name: str = "schedule-fix") -> Job:
    playbook = Catalogue().load(name)
    return Job((Task(playbook, playbook.params()),))


@dataclass
class Site:
    """A host on which schedule-fix has been applied, and the record of it."""

    state: HostState = field(default_factory=make_state)
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.transport = MemoryTransport({HOST.address: self.state})
        settings = Settings(operator="ada@bastion")
        self.engine = Engine(self.transport, settings, self.store, runner=Serial())
        [report] = self.engine.apply([HOST], job(), self.run(RunKind.APPLY, "one"))
        assert report.outcome is Outcome.CHANGED
        self.transport.requests.clear()

    def run(self, kind: RunKind, name: str) -> Run:
        undoes = "one" if kind is RunKind.ROLLBACK else None
        return Run(
            id=name, kind=kind, playbooks=job().uses, operator="a", started=NOW, undoes=undoes
        )

    def plant(self, lie: Callable[[Any], None]) -> None:
        """Change the record of the host as somebody does who can write the store."""
        [record] = self.store.run("one").hosts
        document = record.model_dump(mode="json")
        lie(document)
        lying = HostRecord.model_validate(document)
        run = self.store._runs["one"]
        self.store._runs["one"] = run.model_copy(update={"hosts": (lying,)})

    def rollback(self, *, dry_run: bool = False) -> HostReport:
        record = self.store.run("one")
        run = self.run(RunKind.ROLLBACK, "two")
        [report] = self.engine.rollback(record, run, dry_run=dry_run, job=job())
        return report


@pytest.fixture
def site() -> Site:
    return Site()


def everywhere(document: Any) -> list[Any]:
    """The change in the intent, and the same in the report."""
    return [document["intent"]["changes"][0], document["report"]["applied"][0]]


def another_title(document: Any) -> None:
    for change in everywhere(document):
        change["title"] = "task \\Harmless\\Cleanup"
        change["before_label"] = change["after_label"] = "IgnoreNew"


def test_a_title_and_labels_from_the_record_are_shown_to_nobody(site: Site) -> None:
    """A task outside the playbook's folder under the title of one inside it, or the like."""
    site.plant(another_title)
    report = site.rollback(dry_run=True)
    assert report.plan
    [told] = [change for change in report.plan.changes if change.after == 0]
    assert told.title == f"task {told.resource.key['path']}{told.resource.key['name']}"
    assert (told.before_label, told.after_label) == ("IgnoreNew", "Parallel")
    site.rollback()
    [receipt] = [one for one in site.state.receipts if one["run"] == "two"]
    assert "Harmless" not in json.dumps(receipt)


def test_runs_show_makes_its_words_itself(site: Site) -> None:
    site.plant(another_title)
    [record] = map(shown, site.store.run("one").hosts)
    assert record.report
    lines = host_lines(record.report, Subject(command="apply", hosts=["SRV01"], run="one"))
    text = "".join(words for line in lines for words, _ in line.spans)
    assert "Harmless" not in text
    assert "Parallel" in text


def before_in_the_report_only(document: Any) -> None:
    document["report"]["applied"][0]["before"] = 3


def before_in_the_intent_too(document: Any) -> None:
    for change in everywhere(document):
        change["before"] = 3


def a_value_that_starts_a_program(document: Any) -> None:
    """What the planted change is about was never looked at by the run."""
    for change in everywhere(document):
        change["resource"] = {"kind": "registry_value", "key": {"key": RUN_KEY, "name": "x"}}
        change["property"] = "value"
        change["before"] = {"type": "String", "data": "calc.exe"}
        change["after"] = None


def the_same_with_a_snapshot(document: Any) -> None:
    a_value_that_starts_a_program(document)
    [change, _] = everywhere(document)
    document["intent"]["snapshot"].append(
        {"resource": change["resource"], "properties": {"value": change["before"]}}
    )


def what_cannot_be_set(document: Any) -> None:
    for change in everywhere(document):
        change["property"] = "state"
        change["before"] = document["intent"]["snapshot"][0]["properties"]["state"]


def what_does_not_exist(document: Any) -> None:
    for change in everywhere(document):
        change["property"] = "colour"


def a_value_of_no_sense(document: Any) -> None:
    for change in everywhere(document):
        change["after"] = "soon"


def a_playbook_that_nobody_knows(document: Any) -> None:
    for change in everywhere(document):
        change["playbook"] = "not-here"


def a_restart_that_can_be_put_back(document: Any) -> None:
    for change in everywhere(document):
        change["renews"] = True


def no_snapshot(document: Any) -> None:
    document["intent"]["snapshot"] = []


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (before_in_the_report_only, "not intended"),
        (before_in_the_intent_too, "two things"),
        (a_value_that_starts_a_program, "does not write"),
        (the_same_with_a_snapshot, "does not write"),
        (what_cannot_be_set, "nothing that can be set"),
        (what_does_not_exist, "nothing that can be set"),
        (a_value_of_no_sense, "makes no sense"),
        (a_playbook_that_nobody_knows, "not known here"),
        (a_restart_that_can_be_put_back, "makes no sense"),
        (no_snapshot, "does not say"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_the_record_does_not_agree_on_is_refused_before_the_host_is_asked(
    site: Site, lie: Callable[[Any], None], says: str, *, dry_run: bool
) -> None:
    before = site.state.snapshot()
    site.plant(lie)
    report = site.rollback(dry_run=dry_run)
    assert (report.outcome, report.exit_code) == (Outcome.REFUSED, ExitCode.REFUSED)
    assert report.problem
    assert says in report.problem.message
    assert site.transport.requests == []
    assert site.state.snapshot() == before


def test_reconcile_leaves_open_what_makes_no_sense(site: Site) -> None:
    def lie(document: Any) -> None:
        no_snapshot(document)
        document["report"] = None

    site.plant(lie)
    [(_, report)] = site.engine.reconcile()
    assert report.outcome is Outcome.REFUSED
    assert site.transport.requests == []
    assert [run.id for run, _ in site.store.open_intents()] == ["one"]


def test_an_honest_record_is_put_back(site: Site) -> None:
    assert site.rollback().outcome is Outcome.CHANGED
    assert site.state.without_traces() == make_state().without_traces()
