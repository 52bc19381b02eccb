"""What a practice host is: its resources, lease and receipts, in memory and as a JSON file."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import NAMESPACE_DNS, uuid5

from pydantic import Field

from remediate.files import read_bounded, write_ours
from remediate.model.base import Model

if TYPE_CHECKING:
    from remediate.lab.content import Kept

MAX_BYTES = 64 * 1024 * 1024
"""Of a file with the states of practice hosts."""

Record = dict[str, Any]
"""One resource as `model_dump(mode="json")` writes it."""

Access = Literal["read", "write"]

Hang = Literal["slow", "stuck"]
"""How a command hangs: it takes longer than any limit and honours the one that it is given, or it
never returns."""

BeforePipeline = Callable[["HostState", int], float | None]
"""Called with the state and the number of the pipeline (from 1) before it runs. It may change
the state (drift), and may return seconds for which the pipeline has to wait."""


@dataclass
class HostState:
    """The state of one simulated host. Take `lock` to look at or change several things at once.

    Args:
        name: what the host calls itself.
        resources: records by kind of resource.
        receipts: what runs left behind.
        lease: who holds the host, with times in seconds since 1970; None when nobody does.
        lease_active: a pipeline that writes is running at this moment.
        freed: the last lease that was given back; a pipeline of the same run that comes late is
            told by it.
        os: version of the operating system.
        powershell: version of the engine.
        culture: display language.
        denied: kind of resource → "write", or "read" for all access, where the account that
            comes in has none.
        hangs: kind of resource → how the commands of that kind hang.
        lacks: kinds of resource whose commands or classes this Windows has not.
        answers: script or command line → what it puts out; only these scripts can be run.
        before_pipeline: hook for tests.
        clock: the host's clock.
        kept: folders of ours on a simulated host, by name.
        guid: its MachineGuid; one made of its name when none is given.
    """

    name: str
    resources: dict[str, list[Record]] = field(default_factory=dict)
    receipts: list[Record] = field(default_factory=list)
    lease: Record | None = None
    lease_active: bool = False
    freed: Record | None = None
    os: str = "10.0.17763"
    powershell: str = "5.1.17763.6893"
    culture: str = "en-US"
    denied: dict[str, Access] = field(default_factory=dict)
    hangs: dict[str, Hang] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    before_pipeline: BeforePipeline | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    pipelines: int = 0
    changed: Callable[[], None] | None = None
    kept: "dict[str, Kept]" = field(default_factory=dict)
    guid: str = ""

    def __post_init__(self) -> None:
        self.guid = self.guid or str(uuid5(NAMESPACE_DNS, self.name.casefold()))

    def kind(self, kind: str) -> list[Record]:
        """The records of one kind of resource."""
        return self.resources.setdefault(kind, [])

    def find(self, kind: str, **identity: str) -> Record:
        """The record with these values.

        Raises:
            LookupError: there is none.
        """
        for record in self.kind(kind):
            if all(record.get(name) == value for name, value in identity.items()):
                return record
        msg = f"{self.name} has no {kind} with {identity}"
        raise LookupError(msg)

    def snapshot(self) -> Record:
        """A copy of everything that is kept in a file."""
        with self.lock:
            document = {
                "name": self.name,
                "guid": self.guid,
                "os": self.os,
                "powershell": self.powershell,
                "culture": self.culture,
                "denied": self.denied,
                "hangs": self.hangs,
                "lacks": self.lacks,
                "resources": self.resources,
                "receipts": self.receipts,
                "lease": self.lease,
            }
            return dict(json.loads(json.dumps(document)))

    @classmethod
    def parse(cls, document: object) -> "HostState":
        """What `snapshot` made, or part of it.

        Raises:
            ValueError: it is something else.
        """
        return cls(**_Saved.model_validate(document).model_dump(exclude_unset=True))


class _Saved(Model):
    name: str
    guid: str = ""
    os: str = ""
    powershell: str = ""
    culture: str = ""
    denied: dict[str, Access] = Field(default_factory=dict)
    hangs: dict[str, Hang] = Field(default_factory=dict)
    lacks: list[str] = Field(default_factory=list)
    resources: dict[str, list[Record]] = Field(default_factory=dict)
    receipts: list[Record] = Field(default_factory=list)
    lease: Record | None = None


def load(path: Path) -> list[HostState]:
    """Read the states of one or several hosts.

    Raises:
        ValueError: the file holds something else.
        OSError: it cannot be read.
    """
    data = read_bounded(path, MAX_BYTES)
    try:
        document = json.loads(data.decode())
        several = isinstance(document, dict) and "hosts" in document
        return [HostState.parse(host) for host in (document["hosts"] if several else [document])]
    except RecursionError:
        msg = f"{path}: not the state of practice hosts: nested too deeply"
        raise ValueError(msg) from None
    except (ValueError, TypeError) as error:
        msg = f"{path}: not the state of practice hosts: {error}"
        raise ValueError(msg) from error


def save(path: Path, states: Iterable[HostState]) -> None:
    """Write the states of one or several hosts; the file is whole at every moment.

    Raises:
        OSError: it cannot be written.
    """
    hosts = [state.snapshot() for state in states]
    document = hosts[0] if len(hosts) == 1 else {"hosts": hosts}
    write_ours(path, (json.dumps(document, indent=1) + "\n").encode())
