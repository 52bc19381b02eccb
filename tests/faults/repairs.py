"""What the trials repair: a host that is wrong in several ways, and the playbooks that mend it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from remediate.engine.job import Job, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds.scheduled_task import BACKUP_TASKS
from remediate.lab.state import HostState
from remediate.model.outcome import Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.playbook.catalogue import Catalogue
from remediate.resources.base import Resource
from remediate.resources.member import Member, Members
from remediate.resources.registry_value import RegistryValue, RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus
from tests.faults.under_way import VALUES, MoveAside, Pile, Scan, ScanIt

_POLICY = r"HKLM\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell\ExecutionPolicy"
_REGISTRY = {
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment\PSModulePath": {
        "type": "ExpandString",
        "data": r"%SystemRoot%\system32\WindowsPowerShell\v1.0\Modules",
    },
    _POLICY: "Restricted",
}
_WRONG_TASKS = [
    {"name": name, "policy": policy}
    for name, policy in zip(BACKUP_TASKS, ("Parallel", "StopExisting", "IgnoreNew"), strict=True)
]
_STOPPED = {"status": "Stopped", "start": "Disabled"}


class InForceAfterRestart(Playbook[PlaybookParams]):
    """A setting that its service reads when it starts, and one that is written after that."""

    id = "in-force-after-restart"
    title = "Set two values, and restart the service between them"
    source = "https://example.com/kb/2"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [RegistryValues(values=tuple(VALUES)), Services(names=("MSiSCSI",))]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        wanted = {"type": "String", "data": "good"}
        values = seen.all(RegistryValue)
        wrong = [value for value in values if value.text != "good"]
        if not wrong:
            return
        yield wrong[0].should(value=wanted)
        yield seen.one(Service).should_renew("process", "restarted")
        for value in wrong[1:]:
            yield value.should(value=wanted)


class NeedsRestart(InForceAfterRestart):
    """Values that their service reads when it starts."""

    id = "needs-restart"
    title = "Set two values that a service has to be restarted for"
    wanted = "good"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for value in seen.all(RegistryValue):
            wanted = {"type": "String", "data": self.wanted}
            yield value.should(value=wanted, restarts=seen.one(Service))


class InTheWrongOrder(InForceAfterRestart):
    """What no plan can bring about: a service that is stopped, and in a new process."""

    id = "in-the-wrong-order"

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        [value, _] = seen.all(RegistryValue)
        if value.text != "good":
            service = seen.one(Service)
            yield service.should(status=ServiceStatus.STOPPED)
            yield value.should(value={"type": "String", "data": "good"})
            yield service.should_renew("process", "restarted")


class Exclusion(Member):
    """A member of a list that has many owners, such as the exclusions of a virus scanner."""

    kind: ClassVar[str] = "list_member"
    noun: ClassVar[str] = "member"
    function: ClassVar[str] = "ListMember"
    reader: ClassVar[Path] = RegistryValue.reader  # which a simulated host does not run
    writer: ClassVar[Path] = RegistryValue.writer
    identity: ClassVar[tuple[str, ...]] = ("list", "name")

    list: str
    name: str


class Exclusions(Members):
    """The members that a list has; what it has not is not answered."""

    resource: ClassVar[type[Resource]] = Exclusion

    list: str


class InTheList(Playbook[PlaybookParams]):
    """Members that have to be there, whoever has added the others."""

    id = "in-the-list"
    title = "Add what is missing in a list of many owners"
    source = "https://example.com/kb/3"
    wanted = ("a", "b", "c")

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [Exclusions(list="exclusions")]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for name in self.wanted:
            yield seen.get(Exclusion, list="exclusions", name=name).should(present=True)


@dataclass(frozen=True)
class Repair:
    """One run on a host that needs it.

    Args:
        name: in a few words.
        playbooks: makes what is applied.
        writes: how many resources are written.
        service: how its service is, in short.
        host: short forms of further kinds.
        outcome: of an apply without trouble.
        reads: its service reads `VALUES`, and only when it starts.
    """

    name: str
    playbooks: Callable[[], list[Playbook[Any]]]
    writes: int
    service: Mapping[str, Any] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.CHANGED
    reads: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def job(self) -> Job:
        return Job(tuple(Task(one, one.params()) for one in self.playbooks()))

    def state(self, name: str = "SRV01") -> HostState:
        """A new host, wrong in all ways that any of these repairs mends."""
        wrong = {
            "registry_value": _REGISTRY,
            "scheduled_task": _WRONG_TASKS,
            "service": {"MSiSCSI": self.service},
        }
        return healthy_host(name, wrong | self.host)


def _shipped(*names: str) -> Callable[[], list[Playbook[Any]]]:
    return lambda: [_playbook(name) for name in names]


@cache
def _playbook(name: str) -> Playbook[Any]:
    return Catalogue().load(name)


TASKS = Repair("tasks", _shipped("schedule-fix"), writes=2)
REGISTRY = Repair("registry", _shipped("module-path", "execution-policy"), writes=2)
STARTED = Repair("a start", _shipped("iscsi-restart"), writes=1, service=_STOPPED)
RESTARTED = Repair("a restart", _shipped("iscsi-restart"), writes=1)
IN_BETWEEN = Repair("values around a restart", lambda: [InForceAfterRestart()], writes=3)
NEEDED = Repair("values that need a restart", lambda: [NeedsRestart()], writes=3, reads=True)
NEVER = Repair(
    "stopped and restarted",
    lambda: [InTheWrongOrder()],
    writes=2,
    outcome=Outcome.ROLLED_BACK,
)
SEVERAL = Repair(
    "several playbooks",
    _shipped("schedule-fix", "iscsi-restart", "module-path", "execution-policy"),
    writes=5,
)
MEMBERS = Repair(
    "members of a list",
    lambda: [InTheList()],
    writes=3,
    host={Exclusion.kind: [{"list": "exclusions", "name": "of somebody", "present": True}]},
)
MOVED = Repair(
    "a pile that is moved in parts",
    lambda: [MoveAside()],
    writes=2,
    host={Pile.kind: [{"name": "old", "moved": 0, "total": 7}]},
)
SCANNED = Repair(
    "a scan that goes on by itself",
    lambda: [ScanIt()],
    writes=2,
    host={Scan.kind: [{"name": "C:", "result": "dirty"}]},
)
REBOOTED = Repair(
    "a restart of the server",
    _shipped("restart-server"),
    writes=1,
    host={"boot": {}},
)
REPAIRS = (
    TASKS,
    REGISTRY,
    STARTED,
    RESTARTED,
    IN_BETWEEN,
    NEEDED,
    MEMBERS,
    MOVED,
    SCANNED,
    SEVERAL,
    REBOOTED,
)
