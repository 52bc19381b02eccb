"""A script has what its calls need, and no more: an audit brings no code that writes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from remediate.engine.job import Job, Settings, Task
from remediate.engine.observation import call_problem
from remediate.engine.order import Order, Verb
from remediate.engine.planning import PlaybookPlanner
from remediate.model.change import Change
from remediate.model.host import Host
from remediate.playbook.catalogue import Catalogue
from remediate.powershell.messages import CallError, CallResult, Status
from remediate.powershell.script import FOLDER, LEASE_WRITER, compose
from remediate.resources.content import CONTENT_WRITER
from remediate.resources.own_process import OWN_PROCESS
from remediate.resources.registry_value import RegistryValue
from remediate.resources.scheduled_task import ScheduledTask, ScheduledTasks
from tests.surface.rules_reader import writes

CATALOGUE = Catalogue()
ALL = tuple(CATALOGUE.entries)
LOADED = {name: CATALOGUE.load(name) for name in ALL}
EVERYTHING = tuple(n for n, one in LOADED.items() if not (one.deep or one.on_demand))
COMMAND = re.compile(r"\b[A-Za-z]+-[A-Za-z]\w+|(?<!\\)\b\w+\.exe\b")
OURS = re.compile(r"\b[A-Z][A-Za-z]+-Remediate[A-Za-z]+")
DEFINED = re.compile(r"^function ([A-Za-z-]+)", re.MULTILINE)
OUR_OWN = {
    "Invoke-RemediateAgentModule": "has something done by the agent's module in an own process",
    "Invoke-RemediateCall": "makes a call",
    "Invoke-RemediateRequest": "makes all calls",
    "Invoke-RemediateWrite": "is named there, and only there: it is sent with a write",
    "Set-Remediate": "begins the names of what writes: how a write is told from a question",
    "Stop-RemediateCall": "ends a call with an error",
    "Write-RemediateLines": "puts out the answer",
}
"""Our functions in each script whose verbs sound like writing, and what they do."""
LOOKED_FOR = {"lsass.exe", "services.exe", "wininit.exe", "TiWorker.exe"}
"""Processes that are looked for by name; we start none of them."""
OF_AN_OWN_PROCESS = {
    *("Import-Module", "Start-Job", "Remove-Job", "Stop-Process", "Invoke-RemediateOwnProcess")
}
"""What runs code that is not ours, for those that are asked for it; no audit of everything is."""


def task(name: str) -> Task:
    playbook = CATALOGUE.load(name)
    return Task(playbook, playbook.params(**playbook.example))


def order(*names: str) -> Order:
    host = Host(name="SRV01", address="srv01", port=5985)
    planner = PlaybookPlanner(Job(tuple(map(task, names)), named=len(names) == 1))
    return Order(Verb.AUDIT, host, Settings(operator="ada@test"), planner)


def audit(names: tuple[str, ...]) -> str:
    """The script of an audit, which a dry run and an apply begin with."""
    work = order(*names)
    return compose(work.observe().files).text


def that_write(script: str) -> Iterator[str]:
    for name in sorted(set(COMMAND.findall(script))):
        if name.endswith(".exe") or writes(name):
            yield name


@pytest.mark.parametrize("names", [EVERYTHING, *((name,) for name in ALL)], ids="+".join)
def test_an_audit_brings_no_code_that_writes(names: tuple[str, ...]) -> None:
    script = audit(names)
    asks_for_it = names != EVERYTHING and OWN_PROCESS in order(*names).observe().files
    own = OF_AN_OWN_PROCESS if asks_for_it else set()
    assert {*that_write(script)} - OUR_OWN.keys() - LOOKED_FOR == own
    assert "function Invoke-RemediateWrite" not in script


@pytest.mark.parametrize("names", [ALL, *((name,) for name in ALL)], ids="+".join)
def test_whatever_function_of_ours_an_audit_may_call_is_in_its_script(
    names: tuple[str, ...],
) -> None:
    """An engine that was used before may still have one that is missing, and hide it."""
    script = audit(names)
    missing = {*OURS.findall(script)} - {*DEFINED.findall(script)}
    tried = names == ("module-restore",) or "function Find-RemediateAgentModule" not in script
    assert missing == {"Invoke-RemediateWrite", *(() if tried else ("Test-RemediateModule",))}


def test_what_writes_is_seen() -> None:
    """Or the test above could not fail."""
    for files in (ScheduledTask.writing_files(), LEASE_WRITER, CONTENT_WRITER):
        assert {*that_write(compose(files).text)} - OUR_OWN.keys()


def test_a_write_brings_what_it_needs() -> None:
    change = Change(
        playbook="schedule-fix",
        resource={"kind": "scheduled_task", "key": {"path": "\\A\\", "name": "B"}},
        title="task B",
        property="multiple_instances",
        before=0,
        after=2,
    )
    work = order("schedule-fix")
    files = work.write(1, (change,)).files
    asked = RegistryValue.reading_files()
    assert files == {*LEASE_WRITER, *ScheduledTask.writing_files(), *asked}


def test_a_line_of_a_script_is_told_by_file_and_line(tmp_path: Path) -> None:
    first, second = tmp_path / "a.read.ps1", tmp_path / "b.read.ps1"
    first.write_text("# About a.\n\n$a = 1\n\n  $b = 2\n", encoding="utf-8")
    second.write_text("$c = 3\n", encoding="utf-8")
    script = compose([second, first])
    told = dict(zip(script.text.split("\n"), script.places, strict=True))
    assert (told["$a = 1"], told["$b = 2"], told["$c = 3"]) == (
        "a.read.ps1:3",
        "a.read.ps1:5",
        "b.read.ps1:1",
    )
    assert (script.places[0].partition(":")[0], script.places[-1]) == (
        "envelope.ps1",
        "invoke.ps1:2",
    )


def test_each_file_goes_once() -> None:
    reader = ScheduledTasks.resource.reader
    assert compose([reader, reader]) == compose([reader])
    assert [path.name for path in FOLDER.glob("*.ps1")].count("envelope.ps1") == 1


def test_an_error_leads_to_file_and_line() -> None:
    script = compose(ScheduledTask.reading_files())
    line = script.text.split("\n").index("function Find-RemediateScheduledTask {") + 1
    error = CallError(exception="System.Exception", message="No.", error_id="Nope", line=line)
    result = CallResult(id="observe-0", status=Status.ERROR, error=error).placed(script)
    [number] = [
        number
        for number, text in enumerate(ScheduledTask.reader.read_text().split("\n"), 1)
        if text.startswith("function Find-RemediateScheduledTask")
    ]
    said = call_problem(result.error, "reading tasks failed").message
    assert said == f"reading tasks failed: No. [Nope] (scheduled_task.read.ps1:{number})"


@pytest.mark.parametrize("line", [0, -1, 100_000])
def test_a_line_that_no_script_of_ours_has_leads_nowhere(line: int) -> None:
    error = CallError(exception="System.Exception", message="No.", line=line, place="from a host")
    result = CallResult(id="observe-0", status=Status.ERROR, error=error).placed(compose(()))
    assert result.error is not None
    assert result.error.place == ""
