"""Practice hosts are what they say: the healthy one is healthy, and a file loses nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.drive import CONTENTS
from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.engines.simulated import simulated_backend_factory
from remediate.lab.hosts import check, healthy_host, load, make_state, make_states, save
from remediate.lab.kinds.agent_module import place, practice_files
from remediate.lab.lab import Lab
from remediate.lab.state import HostState, Record
from remediate.model.outcome import HostReport, Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.transport.psrp import PsrpTransport
from tests.conformance.doors import give_time

CATALOGUE = Catalogue()
OF_THE_NETWORK = "connectivity"
"""A real PowerShell has this machine's network, which is nobody's to speak of here."""
ODD = "C:\\Program Files\\Odd\\"


def audits(lab: Lab, names: list[str]) -> list[HostReport]:
    """What playbooks say of a lab's host, over the wire, as a user would have it."""
    host = lab.hosts[0]
    transport = PsrpTransport(lambda _: SecretStr(host.password))
    engine = Engine(transport, Settings(operator="ada@here"))
    playbooks = [CATALOGUE.load(name) for name in names]
    job = Job(tuple(Task(playbook, playbook.params(**playbook.example)) for playbook in playbooks))
    return list(engine.audit([host.target()], job))


@pytest.mark.parametrize(
    "engine",
    ["simulated", pytest.param("powershell", marks=[pytest.mark.slow, pytest.mark.powershell])],
)
def test_no_playbook_finds_anything_on_a_healthy_host(engine: str) -> None:
    """So a kind that is new stands on it, and whatever is found on another host is the test's."""
    if engine == "powershell" and find_pwsh() is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    made = simulated_backend_factory if engine == "simulated" else PowerShellEngine(ready=0)
    out = OF_THE_NETWORK if engine == "powershell" else ""
    known = {name: entry for name, entry in CATALOGUE.entries.items() if name != out}
    always = [entry.id for entry in known.values() if not entry.on_demand]
    asked = [name for name in known if name not in always]
    with Lab([healthy_host()], engine=made) as lab, pytest.MonkeyPatch.context() as patch:
        give_time(patch)
        [report] = audits(lab, always)
        [event] = audits(lab, asked)
    assert report.outcome is Outcome.COMPLIANT, report
    assert report.plan
    assert report.plan.not_applicable == {}
    assert event.outcome is Outcome.WOULD_CHANGE, event


OF_EVERYTHING = [e.id for e in CATALOGUE.entries.values() if not (e.on_demand or e.deep)]
NOT_INSTALLED: Record = {
    "registry_value": {
        r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Setup\InstallPath": None,
    },
    "scheduled_task": [],
}


def test_an_audit_of_everything_is_one_round_of_questions_however_many_playbooks_there_are() -> (
    None
):
    with Lab([healthy_host()]) as lab:
        [report] = audits(lab, OF_EVERYTHING)
        requests = sum(len(exchange.wire) for exchange in lab.hosts[0].trace)
        assert lab.hosts[0].counters.total() == 6, "open 3, ask 2, close 1"
    assert report.outcome is Outcome.COMPLIANT
    assert report.unanswered == ()
    assert requests < 300_000, "bytes, of which WinRM takes 500 KiB at once"


def test_an_audit_of_everything_says_in_one_line_that_there_is_no_agent() -> None:
    with Lab([healthy_host(resources=NOT_INSTALLED)]) as lab:
        [report] = audits(lab, OF_EVERYTHING)
    assert report.plan
    assert report.plan.advice == report.plan.changes == ()
    subject = Subject(command="audit", hosts=["SRV01"])
    lines = ["".join(text for text, _ in one.spans) for one in host_lines(report, subject)]
    about = [line for line in lines if "is not installed" in line]
    assert about == [f"{len(report.plan.not_applicable)} playbooks do not apply ({ABSENT})"]


ABSENT = "the Azure Backup agent is not installed"


def test_an_ordinary_host_has_two_tasks_that_are_wrong_and_nothing_else() -> None:
    ordinary, healthy = make_state(), healthy_host()
    assert ordinary.windows | {"scheduled_tasks": []} == healthy.windows | {"scheduled_tasks": []}
    with Lab([ordinary]) as lab:
        [report] = audits(lab, [e.id for e in CATALOGUE.entries.values() if not e.on_demand])
    assert report.plan
    assert {change.playbook for change in report.plan.changes} == {"schedule-fix"}
    assert len(report.plan.changes) == 2
    assert report.plan.advice == ()


@pytest.mark.parametrize("host", [healthy_host(), *make_states(6)], ids=lambda host: host.name)
def test_there_could_be_such_a_host(host: HostState) -> None:
    check(host)


# --- files -----------------------------------------------------------------------------------


def test_a_file_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not half of a character, and not what is in a file that nobody else has."""
    host = healthy_host(resources={"registry_value": {"HKLM\\A\\B": "C:\\x\ud800y"}})
    place(host, {"only here.dll": bytes(range(256)) * 20, "a.psd1": b"@{ }"})
    host.drive.append(f"{ODD}begun.part", b"\xff" * 3_000)
    host.lease = {"run": "R1", "owner": "anna", "fence": 3, "since": 1, "until": 2}
    host.save_receipt({"run": "R1", "written": "1"})
    before, held = host.snapshot(), host.drive.read(f"{ODD}begun.part")
    save(tmp_path / "state.json", [host, make_state("SRV02")])
    for sha256 in [one for one, data in CONTENTS.items() if data not in practice_files().values()]:
        monkeypatch.delitem(CONTENTS, sha256)
    first, second = load(tmp_path / "state.json")
    assert first.snapshot() == before
    assert first.drive.read(f"{ODD}begun.part") == held
    assert (first.lease, first.receipts) == (host.lease, host.receipts)
    assert second.snapshot() == make_state("SRV02").snapshot()


def test_what_a_file_does_not_say_is_as_on_a_healthy_host(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"name": "SRV09", "culture": "de-DE"}')
    [host] = load(file)
    assert host.snapshot() == healthy_host("SRV09", culture="de-DE").snapshot()


BAD: list[tuple[Any, str]] = [
    ({"resources": {"service": {"A": {"status": "Sleeping"}}}}, "service: A: status: Input should"),
    ({"resources": {"service": {"A": {"stat": "Running"}}}}, "service: A: stat: Extra inputs"),
    ({"resources": {"shadow_storage": {"C:": {"on": "E:"}}}}, "C:: on: there is no volume E:"),
    ({"resources": {"shadow_storage": {"C:": {"limit": "10 G"}}}}, "C:: limit: .*10GB"),
    ({"resources": {"scheduled_task": [{"name": "t", "policy": "Serial"}]}}, "no policy Serial"),
    ({"resources": {"scheduled_task": [{"name": "t", "xml": "<Task"}]}}, "task .*t: .*not XML"),
    ({"resources": {"agent_module": []}}, "agent_module: Input should"),
    ({"resources": {"registry_value": [{"key": "HKLM"}]}}, "registry_value: Input should be"),
    ({"resources": {"nothing": {}}}, "nothing: Input should be a valid list"),
    ({"windows": {"files": {ODD + "a": {"size": 1, "sha256": "0"}}}}, "nobody knows what is in"),
    ({"windows": {"services": [{"name": "A"}]}}, "not what a host has of service: .process"),
    ({"kept": {}}, "kept: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("said", "why"), BAD, ids=[why for _, why in BAD])
def test_what_no_host_can_be_is_said_with_its_place(tmp_path: Path, said: Any, why: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"name": "SRV09", **said}))
    with pytest.raises(ValueError, match=rf"state\.json: not the state of .*(SRV09: )?.*{why}"):
        load(file)


@pytest.mark.parametrize(
    ("element", "why"),
    [
        ("<LogonType>ServiceAccount</LogonType>", "Windows would refuse its logon type"),
        ("<LogonType>password</LogonType>", "Windows would refuse its logon type"),
    ],
)
def test_a_definition_that_windows_would_refuse_is_named(
    tmp_path: Path, element: str, why: str
) -> None:
    [task] = healthy_host().windows["scheduled_tasks"][:1]
    xml = task["xml"].replace("<RunLevel>", f"{element}<RunLevel>")
    file = tmp_path / "state.json"
    tasks = [{"name": "Nightly", "xml": xml}]
    file.write_text(json.dumps({"name": "SRV09", "resources": {"scheduled_task": tasks}}))
    with pytest.raises(ValueError, match=rf"SRV09: task .*Nightly: {why}"):
        load(file)
