"""A playbook sees what is there, what is absent, and when; what nobody asked for is a mistake."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.hosts import healthy_host
from remediate.model.computer import Computer
from remediate.model.outcome import Outcome
from remediate.model.plan import HostFacts
from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Seen
from remediate.resources.host_path import HostPath
from remediate.resources.mars_agent import (
    AGENT,
    DPM,
    INSTALL_PATH,
    INSTALLED,
    MODULES,
    ForAgent,
    ForAgentModule,
)
from remediate.resources.member import Member, Members
from remediate.resources.registry_value import RegistryName, RegistryValue, RegistryValues
from remediate.resources.service import Service, Services
from remediate.runner import Serial
from remediate.testing.transport import MemoryTransport
from tests.engine.world import HOST, World, job_of

FACTS = HostFacts(
    computer=Computer(name="SRV01"), powershell="5.1", os="10.0", culture="en-US", utc=""
)
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NO_AGENT = "the Azure Backup agent is not installed"
NO_MODULE = "a backup server (MABS, DPM) has the agent without its PowerShell module"
ASKED = RegistryValues(values=(INSTALL_PATH,))
OTHER = RegistryName(key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso", name="InstallPath")


class Folder(Member):
    """A folder that is left out of something.

    Args:
        list: of which list.
        path: of the folder.
    """

    kind: ClassVar[str] = "test_folder"
    noun: ClassVar[str] = "folder"
    function: ClassVar[str] = "TestFolder"
    reader, writer = RegistryValue.reader, RegistryValue.writer
    identity: ClassVar[tuple[str, ...]] = ("list", "path")

    list: str
    path: str


class Folders(Members):
    """The folders of a list."""

    resource = Folder

    list: str


def folder(path: str) -> Folder:
    return Folder(list="a", path=path, present=True)


def value(name: RegistryName, text: str | None) -> RegistryValue:
    data = None if text is None else {"type": "String", "data": text}
    return RegistryValue.model_validate({"key": name.key, "name": name.name, "value": data})


def seen(*found: Any, **more: Any) -> Seen:
    return Seen(found, FACTS, **more)


def test_what_is_there_is_found_by_its_whole_identity_whatever_its_case() -> None:
    mine = folder("C:\\Temp")
    other = Folder(list="b", path="C:\\Temp", present=True)
    assert seen(other, mine).get(Folder, list="A", path="c:\\temp") is mine


def test_a_member_that_is_not_in_the_list_that_was_asked_for_is_absent() -> None:
    absent = seen(folder("C:\\Temp"), asked=[Folders(list="a")]).get(Folder, list="a", path="D:\\")
    assert absent == Folder(list="a", path="D:\\", present=False)
    [change] = absent.should(present=True).changes("p")
    assert (change.before_label, change.after_label) == ("not in the list", "in the list")
    assert Folder.query(absent.resource_id.key) == Folders(list="a")


def test_a_part_of_a_list_is_asked_for_by_what_identifies_its_members() -> None:
    with pytest.raises(TypeError, match="fields of Deep have to be among the identity"):

        class Deep(Members):
            """Members by how deep they lie, which no record of one says."""

            resource = Folder

            depth: int

    assert Folder.members is Folders


@pytest.mark.parametrize(
    ("kind", "identity", "asked", "title"),
    [
        (Folder, {"list": "b", "path": "C:\\"}, [Folders(list="a")], r"folder b C:\\"),
        (Folder, {"list": "a", "path": "C:\\"}, [], r"folder a C:\\"),
        (Service, {"name": "X"}, [Services(names=("X",))], "service X"),
        (
            RegistryValue,
            OTHER.model_dump(),
            [RegistryValues(values=(INSTALL_PATH,))],
            "InstallPath",
        ),
    ],
)
def test_what_was_not_asked_for_is_neither_there_nor_absent(
    kind: Any, identity: dict[str, str], asked: list[Any], title: str
) -> None:
    with pytest.raises(LookupError, match=f"no question of `observe` returns .*{title}"):
        seen(asked=asked).get(kind, **identity)


def test_a_change_carries_what_it_rests_on() -> None:
    evidence = (Evidence("somebody", "event 4657", NOON),)
    [change] = value(OTHER, "x").should(evidence=evidence, value=None).changes("p")
    assert change.evidence == evidence


def test_a_resource_is_named_by_all_that_identifies_it() -> None:
    with pytest.raises(ValueError, match="a folder is identified by list, path"):
        seen(folder("C:\\")).get(Folder, path="C:\\")


def test_a_registry_value_is_found_by_key_and_name() -> None:
    both = seen(value(OTHER, "D:\\Contoso\\"), value(INSTALL_PATH, "C:\\Agent\\"))
    assert both.value(INSTALL_PATH).text == "C:\\Agent\\"
    assert both.value(OTHER).text == "D:\\Contoso\\"


def test_a_path_that_only_the_host_knows_is_told_by_the_value_that_it_begins_with() -> None:
    known = seen(value(INSTALL_PATH, "D:\\Agent\\"))
    assert (known.path(AGENT), known.path(MODULES)) == ("D:\\Agent", "D:\\Agent\\bin\\Modules")
    assert seen(value(INSTALL_PATH, None)).path(MODULES) is None
    with pytest.raises(LookupError, match="no question of `observe` returns"):
        known.path(HostPath(root=OTHER))


class OfAgent(ForAgent, Playbook[PlaybookParams]):
    """A fix of the agent."""

    id = "of-agent"
    title = "Look at the agent"
    source = "https://example.com/kb/agent"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [RegistryValues(values=(*INSTALLED, OTHER))]

    def decide(self, seen: Seen, params: PlaybookParams) -> Iterator[Any]:
        yield Advice("Seen", f"At {seen.at:%H:%M}.", rule="seen")


class OfModule(ForAgentModule, OfAgent):
    """A fix of its module."""

    id = "of-module"


@pytest.mark.parametrize(
    ("path", "database", "agent", "module"),
    [
        (None, None, NO_AGENT, NO_AGENT),
        (None, "SQL01", NO_AGENT, NO_AGENT),
        ("C:\\Agent\\", None, None, None),
        ("C:\\Agent\\", "SQL01", None, NO_MODULE),
        ("C:\\Program Files\\Microsoft Azure Backup Server\\DPM\\MARS\\", None, None, NO_MODULE),
    ],
)
def test_hosts_without_the_agent_are_none_of_its_playbooks_business(
    path: str | None, database: str | None, agent: str | None, module: str | None
) -> None:
    found = seen(value(OTHER, "D:\\"), value(INSTALL_PATH, path), value(DPM, database))
    assert OfAgent().not_applicable(found, PlaybookParams()) == agent
    assert OfModule().not_applicable(found, PlaybookParams()) == module


class Forgets(OfAgent):
    """A value that it has not asked for."""

    id = "forgets"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [RegistryValues(values=(INSTALL_PATH,))]

    def decide(self, seen: Seen, params: PlaybookParams) -> Iterator[Any]:
        yield seen.value(OTHER).should(value=None)


def test_a_question_that_was_forgotten_is_named_with_playbook_and_line() -> None:
    [report] = World().engine.audit([HOST], job_of(Forgets()))
    assert report.problem
    line = Forgets.decide.__code__.co_firstlineno + 1
    assert "playbook forgets fails" in report.problem.message
    assert "no question of `observe` returns registry value" in report.problem.message
    assert f"engine/test_seen.py:{line}" in report.problem.message


def test_a_playbook_knows_when_the_answer_arrived_as_data() -> None:
    transport = MemoryTransport({HOST.address: healthy_host()})
    engine = Engine(transport, Settings(operator="a"), runner=Serial(), now=lambda: NOON)
    [report] = engine.audit([HOST], job_of(OfAgent()))
    assert report.outcome is Outcome.ATTENTION
    assert report.plan
    assert [advice.text for advice in report.plan.advice] == ["At 12:00."]


def test_when_nobody_has_said_when_it_was_seen_that_is_said() -> None:
    with pytest.raises(LookupError, match="at=…"):
        _ = seen().at
    assert seen(at=NOON).at == NOON


class Clocked(OfAgent):
    """How far the clock is ahead."""

    id = "clocked"

    def decide(self, seen: Seen, params: PlaybookParams) -> Iterator[Any]:
        least, most = (by.total_seconds() for by in seen.clock_ahead)
        yield Advice("Seen", f"By {least:g} to {most:g} seconds.", rule="seen")


def test_how_far_a_clock_is_ahead_leaves_open_when_on_the_way_it_was_read() -> None:
    ours = [NOON]

    def theirs() -> datetime:
        ours.append(NOON + timedelta(seconds=20))  # the answer takes so long
        return NOON + timedelta(seconds=30.9)  # and says whole seconds

    transport = MemoryTransport({HOST.address: healthy_host(clock=theirs)})
    engine = Engine(transport, Settings(operator="a"), runner=Serial(), now=lambda: ours[-1])
    [report] = engine.audit([HOST], job_of(Clocked()))
    assert report.plan
    assert [advice.text for advice in report.plan.advice] == ["By 10 to 31 seconds."]
