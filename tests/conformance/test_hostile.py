"""No text that reaches a script is executed, altered, or taken for a pattern, in a real engine.

Each text has a neighbour that it would reach if it were a pattern or were cut or folded.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from remediate.engine.job import Job, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.state import HostState, Record
from remediate.model.outcome import Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.playbook.base import Seen
from remediate.powershell.messages import Call, Reply, Request, Status
from remediate.powershell.script import LEASE_WRITER, compose
from remediate.resources.base import Desire, Query
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValue,
    RegistryValues,
    registry_key,
    registry_name,
)
from remediate.resources.scheduled_task import (
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
    task_folder,
)
from remediate.testing import Case
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.story import Teller
from remediate.transport.protocol import Deadline
from tests.conformance.doors import AT_LAST
from tests.conformance.hostile import ALL, CANARY, CODE, CONTROL, LONG, PRINTABLE, SAMPLE, WILDCARDS

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Hostile"
FOLDER = "\\Hostile\\"


def taken(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except ValueError:
        return False
    return True


def distinct(texts: Iterator[str]) -> list[str]:
    """Those that Windows would tell apart."""
    return list({text.casefold().strip(): text for text in texts if text.strip()}.values())


NAMES = distinct(text for text in PRINTABLE if taken(registry_name, text))
KEYS = distinct(
    text for text in PRINTABLE if "\\" not in text and taken(registry_key, f"{KEY}\\{text}")
)
FOLDERS = distinct(t for t in PRINTABLE if "\\" not in t and len(t) < 200 and taken(task_folder, t))
TASKS = [text for text in FOLDERS if text not in CODE] + [t for t in CODE if t in FOLDERS][::3]
FEW_FOLDERS = [text for text in FOLDERS if text in {*SAMPLE, *WILDCARDS}]
DATA = [text for text in dict.fromkeys((*PRINTABLE, *CONTROL)) if "\ud800" not in text]


class WriteRegistry(Playbook[PlaybookParams]):
    """Writes each hostile text as data, under itself as name and key where it can be one."""

    id = "hostile-registry"
    title = "Write hostile texts to the registry"
    source = "https://example.invalid"

    def wanted(self) -> list[tuple[RegistryName, RegistryData]]:
        kinds = (RegistryType.STRING, RegistryType.EXPAND_STRING, RegistryType.MULTI_STRING)
        found = []
        for number, text in enumerate(DATA):
            key = f"{KEY}\\{text}" if text in KEYS else KEY
            name = RegistryName(key=key, name=text if text in NAMES else f"data {number}")
            kind = kinds[number % 3]
            data = (text, text[::-1]) if kind is RegistryType.MULTI_STRING else text
            found.append((name, RegistryData(type=kind, data=data)))
        return found

    def observe(self, params: PlaybookParams) -> list[Query]:
        return [RegistryValues(values=tuple(name for name, _ in self.wanted()))]

    def decide(self, seen: Seen, params: PlaybookParams) -> Iterator[Desire]:
        for value, (_, data) in zip(seen.all(RegistryValue), self.wanted(), strict=True):
            yield value.should(value=data)


class WriteTasks(Playbook[PlaybookParams]):
    """Repairs tasks of hostile names in folders of hostile names."""

    id = "hostile-tasks"
    title = "Repair tasks of hostile names"
    source = "https://example.invalid"

    def observe(self, params: PlaybookParams) -> list[Query]:
        return [
            ScheduledTasks(folder=FOLDER),
            *(ScheduledTasks(folder=FOLDER + f) for f in FEW_FOLDERS),
        ]

    def decide(self, seen: Seen, params: PlaybookParams) -> Iterator[Desire]:
        for task in seen.all(ScheduledTask):
            yield task.should(multiple_instances=MultipleInstances.IGNORE_NEW)


def a_task(folder: str, name: str) -> Record:
    plain = make_task("plain", MultipleInstances.PARALLEL, folder=FOLDER)
    xml = plain["xml"].replace(f"<URI>{FOLDER}plain<", f"<URI>{escape(folder + name)}<")
    return {**plain, "path": folder, "name": name, "xml": xml}


def tell(hosts: PowerShellHosts, playbook: Playbook[Any], windows: Record) -> None:
    """The story of a host with this in the state of its Windows."""
    case = Case(playbook=playbook.id, name="", title="hostile", audit=Outcome.WOULD_CHANGE)
    job = Job((Task(playbook, playbook.params()),))
    hostile = healthy_host()
    hostile.windows |= windows
    with hosts.host(hostile) as (state, host, transport):
        teller = Teller(case, transport, host, state, job)
        start = teller.windows()
        assert teller.audit("audit").outcome is Outcome.WOULD_CHANGE
        report = teller.apply()
        assert report.outcome is Outcome.CHANGED, report.problem
        assert teller.rollback(teller.applied_run).outcome is Outcome.CHANGED
        teller.is_now("The host", start)


@pytest.fixture(autouse=True)
def nothing_is_executed() -> Iterator[None]:
    yield
    folders = Path(tempfile.gettempdir()).glob("remediate-windows-*")
    walked = (each for folder in folders for each in os.walk(folder))  # which others remove
    names = (name for _, folders_there, files in walked for name in (*folders_there, *files))
    assert [name for name in names if CANARY in name] == []


@pytest.mark.slow
@pytest.mark.powershell
def test_registry_values_come_and_go_exactly(powershell: PowerShellHosts) -> None:
    """Written, read back and put back, absence too, under hostile names and keys."""
    playbook = WriteRegistry()
    wanted = playbook.wanted()
    keys: dict[str, Record] = {}
    for number, (name, _) in enumerate(wanted):
        if number % 2:
            value = {"name": name.name, "type": "String", "data": f"was {number}"}
            keys.setdefault(name.key, {"path": name.key, "values": []})["values"].append(value)
    tell(powershell, playbook, {"registry": list(keys.values())})


@pytest.mark.powershell
@pytest.mark.slow
def test_tasks_are_repaired_one_by_one(powershell: PowerShellHosts) -> None:
    """A task is found by its name and folder as they are written, and no other is touched."""
    names = [a_task(FOLDER, name) for name in TASKS]
    folders = [a_task(f"{FOLDER}{folder}\\", "task") for folder in FEW_FOLDERS]
    tell(powershell, WriteTasks(), {"scheduled_tasks": [*names, *folders]})


def ask(hosts: PowerShellHosts, calls: list[Call]) -> tuple[Reply, HostState]:
    script = compose([*RegistryValue.writing_files(), *LEASE_WRITER]).text
    with hosts.host(healthy_host()) as (state, host, transport):
        session = transport.session(host)
        reply = session.run(script, Request(run="audit", calls=tuple(calls)), Deadline(AT_LAST))
        return reply, state


@pytest.mark.powershell
def test_arguments_arrive_as_they_were_sent(powershell: PowerShellHosts) -> None:
    """Even what no validation lets through comes back the same: nothing on the way alters it."""
    calls = [
        Call(
            id=str(number),
            function="Get-RemediateRegistryValue",
            arguments={"values": [{"key": KEY, "name": text}]},
        )
        for number, text in enumerate(ALL)
    ]
    reply, _ = ask(powershell, calls)
    for number, text in enumerate(ALL):
        result = reply[str(number)]
        assert result.status is Status.OK, result.error
        assert result.value == [{"key": KEY, "name": text, "value": None}]


@pytest.mark.powershell
@pytest.mark.slow
def test_operators_titles_and_reasons_are_kept_as_they_are(powershell: PowerShellHosts) -> None:
    """In receipts; a file can hold no lone surrogate, so those are left out."""
    texts = [*DATA, *LONG]
    calls = []
    for number, text in enumerate(texts):
        receipt = {
            "run": f"run-{number}",
            "operator": text,
            "state": "applied",
            "playbooks": [text],
            "changes": [{"title": text, "before": text, "after": [text]}],
        }
        calls.append(Call(id=str(number), function="Save-RemediateReceipt", arguments=receipt))
    reply, state = ask(powershell, calls)
    assert [result.error for result in reply.calls if result.error] == []
    kept = {receipt["run"]: receipt for receipt in state.receipts}
    for number, text in enumerate(texts):
        receipt = kept[f"run-{number}"]
        assert receipt["operator"] == text
        assert receipt["playbooks"] == [text]
        assert receipt["changes"] == [{"title": text, "before": text, "after": [text]}]


@pytest.mark.powershell
@pytest.mark.slow
@pytest.mark.parametrize("owner", SAMPLE)
def test_who_holds_the_lease_is_named_as_he_is(powershell: PowerShellHosts, owner: str) -> None:
    lease = {"run": "run-1", "owner": owner, "fence": 1, "ttl": 60, "undoes": "run-1"}
    calls = [
        Call(id="lock", function="Lock-RemediateLease", arguments=lease),
        Call(id="lease", function="Get-RemediateLease"),
        Call(id="unlock", function="Unlock-RemediateLease", arguments={"run": "run-1"}),
    ]
    reply, state = ask(powershell, calls)
    assert [result.error for result in reply.calls if result.error] == []
    assert reply["lease"].value[0]["owner"] == owner
    assert state.lease is None


@pytest.mark.powershell
def test_long_texts_are_written_whole(powershell: PowerShellHosts) -> None:
    """100 kB in one value, either way."""
    key = KEY + r"\Long"
    resource = [{"key": key, "name": f"n{n}"} for n in range(len(LONG))]
    calls = [
        Call(
            id=f"set-{n}",
            function="Set-RemediateRegistryValue",
            arguments={
                "identity": resource[n],
                "before": {"value": None},
                "after": {"value": {"type": "String", "data": text}},
            },
        )
        for n, text in enumerate(LONG)
    ]
    read = Call(id="get", function="Get-RemediateRegistryValue", arguments={"values": resource})
    reply, _ = ask(powershell, [*calls, read])
    assert [result.error for result in reply.calls if result.error] == []
    assert [one["value"]["data"] for one in reply["get"].value] == list(LONG)


@pytest.mark.powershell
def test_the_name_of_a_run_cannot_leave_its_folder(powershell: PowerShellHosts) -> None:
    """A receipt is a file of the run's name; what is no such name is refused on the host."""
    names = [*ALL, "..\\..\\up", "../../up", "a/b", "con:", "a" * 65, ""]
    arguments = {"operator": "ada", "state": "applied", "playbooks": [], "changes": []}
    calls = [
        Call(id=str(n), function="Save-RemediateReceipt", arguments={"run": name, **arguments})
        for n, name in enumerate(names)
    ]
    reply, state = ask(powershell, calls)
    written = [name for n, name in enumerate(names) if reply[str(n)].status is Status.OK]
    assert all(name.isascii() and name.replace("-", "").isalnum() for name in written)
    assert sorted(receipt["run"] for receipt in state.receipts) == sorted(set(written))


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (task_folder, '\\A\0\n\r\t\x7f/:*?"<>|'),
        (registry_name, "\0\n\r\t\x7f"),
        (registry_key, "/\0\n\r\t\x7f"),
    ],
    ids=["task folder", "registry name", "registry key"],
)
def test_what_windows_cannot_hold_is_refused_before_connecting(
    check: Callable[[str], str], bad: str
) -> None:
    start = "HKEY_LOCAL_MACHINE\\A" if check is registry_key else "\\A"
    assert check(start + "B") is not None
    for character in [*bad.removeprefix("\\A"), "\ud800", "\udfff"]:
        for text in (f"{start}{character}B", f"{start}{character}"):
            with pytest.raises(ValueError, match=r"cannot"):
                check(text)
    with pytest.raises(ValueError, match=r"cannot|at most"):
        check(start + "x" * 100_000)


def test_the_cases_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    several = (DATA, TASKS, FEW_FOLDERS, ALL, DATA, LONG, SAMPLE, LONG, ALL)
    with capsys.disabled():
        print(f" {sum(map(len, several))} hostile texts tried", end="", flush=True)  # noqa: T201 - for the reader
