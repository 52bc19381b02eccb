"""Practice hosts: healthy ones, ordinary ones out of a seed, and those that a file describes."""

import base64
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from pydantic import Field, ValidationError

from remediate.files import read_bounded, write_ours
from remediate.lab.drive import CONTENTS, Drive, learn
from remediate.lab.kinds import everything, kind_of, names, put, records
from remediate.lab.kinds.agent_module import practice_files
from remediate.lab.kinds.kind import Kind
from remediate.lab.kinds.registry_value import MACHINE_GUID
from remediate.lab.kinds.scheduled_task import BACKUP_TASKS, make_task
from remediate.lab.state import Access, Edit, Hang, HostState, Record
from remediate.model.base import Model
from remediate.resources.base import resource_type
from remediate.resources.scheduled_task import MultipleInstances

practice_files()  # what these hold is known from the start

MAX_BYTES = 64 * 1024 * 1024
"""Of a file with the states of practice hosts."""


def healthy_host(
    name: str = "SRV01",
    resources: Mapping[str, Any] | None = None,
    **facts: Any,  # noqa: ANN401 - fields of HostState
) -> HostState:
    """A server with the backup agent on which no playbook finds anything to do.

    Args:
        name: of the host.
        resources: short forms by kind, of what is otherwise; see `kinds`.
        facts: other fields of `HostState`, such as its culture.

    Raises:
        ValueError: a short form is none.
    """
    host = HostState(name=name, windows=json.loads(_healthy(*map(kind_of, names()))), **facts)
    guid = str(uuid5(NAMESPACE_DNS, name.casefold()))
    put(host, {"registry_value": {MACHINE_GUID: guid}})
    put(host, resources or {})
    return host


@cache
def _healthy(*kinds: Kind) -> str:
    """What kinds say that a healthy host has, as JSON: a text that nobody can change."""
    host = HostState("")
    put(host, {kind.name: kind.healthy for kind in kinds})
    return json.dumps(host.windows)


def make_state(name: str = "SRV01", seed: int = 0) -> HostState:
    """An ordinary practice host: healthy, but of its three backup tasks two are wrong.

    Args:
        name: of the host.
        seed: decides what does not matter.
    """
    wrong = (MultipleInstances.PARALLEL, MultipleInstances.STOP_EXISTING)
    return _host(name, (*wrong, MultipleInstances.IGNORE_NEW), random.Random(seed))  # noqa: S311 - no secret


def make_states(number: int, seed: int = 0) -> list[HostState]:
    """Several hosts: an ordinary one first, then all sorts.

    Args:
        number: how many.
        seed: the same seed makes the same hosts.
    """
    width = max(2, len(str(number)))
    chance = random.Random(seed)  # noqa: S311 - no secret
    states = [make_state(f"SRV{1:0{width}}", seed)] if number else []
    for index in range(2, number + 1):
        right = MultipleInstances.IGNORE_NEW
        policies = tuple(
            right if chance.random() < 0.6 else chance.choice(list(MultipleInstances))  # noqa: PLR2004 - most are right
            for _ in range(chance.choice((0, 1, 2, 3, 3, 3)))
        )
        states.append(_host(f"SRV{index:0{width}}", policies, chance))
    return states


def _host(name: str, policies: tuple[MultipleInstances, ...], chance: random.Random) -> HostState:
    host = healthy_host(name)
    tasks = [
        make_task(task, policy, chance=chance)
        for task, policy in zip(BACKUP_TASKS, policies, strict=False)
    ]
    other = make_task("ScheduledDefrag", folder="\\Microsoft\\Windows\\Defrag\\", chance=chance)
    host.windows["scheduled_tasks"] = [*tasks, other]
    return host


# --- files -----------------------------------------------------------------------------------


class _Saved(Model):
    """A host in a file: its Windows as it is, or what is otherwise than on a healthy host."""

    name: str
    os: str | None = None
    powershell: str | None = None
    culture: str | None = None
    denied: dict[str, Access] = Field(default_factory=dict)
    hangs: dict[str, Hang] = Field(default_factory=dict)
    lacks: list[str] = Field(default_factory=list)
    edits: dict[str, list[Edit]] = Field(default_factory=dict)
    windows: Record | None = None
    resources: dict[str, Any] = Field(default_factory=dict)

    def host(self) -> HostState:
        known = ("os", "powershell", "culture")
        facts = {name: getattr(self, name) for name in known if getattr(self, name) is not None}
        facts |= {"denied": self.denied, "hangs": self.hangs, "lacks": self.lacks}
        facts["edits"] = self.edits
        if self.windows is None:
            host = healthy_host(self.name, self.resources, **facts)
        else:
            host = HostState(self.name, self.windows, **facts)
            put(host, self.resources)
        check(host)
        return host


def check(host: HostState) -> None:
    """Make sure that there could be such a host.

    Raises:
        ValueError: there could not; says why.
    """
    drive = Drive(host.windows)
    for path in drive.files:
        if drive.find(path) and not drive.is_link(path):
            drive.read(path)
    for kind in names():
        try:
            records(host, kind)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"windows: that is not what a host has of {kind}: {error}") from error
    for kind, found in everything(host).items():
        for record in found:
            try:
                resource_type(kind).model_validate(record)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                raise ValueError(f"{kind}: {where}: {first['msg']}") from error


def load(path: Path) -> list[HostState]:
    """Read the states of one or several hosts.

    Raises:
        ValueError: the file holds something else.
        OSError: it cannot be read.
    """
    data = read_bounded(path, MAX_BYTES)
    try:
        document = json.loads(data.decode())
        for data in document.pop("contents", {}).values():
            learn(base64.b64decode(data))
        hosts = document.get("hosts", [document])
        return [_loaded(host) for host in hosts]
    except RecursionError:
        msg = f"{path}: not the state of practice hosts: nested too deeply"
        raise ValueError(msg) from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not the state of practice hosts: {error}") from error


def _loaded(document: Any) -> HostState:  # noqa: ANN401 - whatever stands in the file
    try:
        return _Saved.model_validate(document).host()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from error
    except ValueError as error:
        raise ValueError(f"{document['name']}: {error}") from error


def save(path: Path, states: Iterable[HostState]) -> None:
    """Write the states of one or several hosts; the file is whole at every moment.

    Raises:
        OSError: it cannot be written.
    """
    hosts = [state.snapshot() for state in states]
    document: Record = hosts[0] if len(hosts) == 1 else {"hosts": hosts}
    contents = dict(_contents(hosts))
    if contents:
        document["contents"] = contents
    write_ours(path, (json.dumps(document, indent=1) + "\n").encode())


def _contents(hosts: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """What the hosts' files hold that nobody would know otherwise."""
    practice = set(practice_files().values())
    for host in hosts:
        for entry in Drive(host["windows"]).files.values():
            shas = (entry.get("pieces") or [entry.get("sha256")]) if isinstance(entry, dict) else []
            for sha256 in filter(None, shas):
                if CONTENTS[sha256] not in practice:
                    yield sha256, base64.b64encode(CONTENTS[sha256]).decode("ascii")
