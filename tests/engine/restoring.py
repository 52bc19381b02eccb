"""A broken host, a healthy peer, and an engine that restores one from the other, in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.lab.content import kept
from remediate.lab.drive import MARKER
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import records
from remediate.lab.kinds.agent_module import MODULE_FOLDER, place, practice_files
from remediate.lab.state import HostState
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.runner.serial import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport

MODULE = "agent_module"
TARGET = Host(name="SRV01", address="127.0.0.1", port=5985, auth=Auth.BASIC)
PEER = Host(name="SRV02", address="127.0.0.2", port=5985, auth=Auth.BASIC)


def host_state(name: str, files: dict[str, bytes] | None) -> HostState:
    """A host with the agent, whose module consists of these files."""
    state = healthy_host(name)
    place(state, files)
    return state


@dataclass
class Restoring:
    """Runs module-restore again and again on one host.

    Args:
        target: the host.
        peer: the healthy one.
        folder: the source, when it is not the peer.
    """

    target: HostState
    peer: HostState = field(default_factory=lambda: host_state("SRV02", dict(practice_files())))
    folder: Path | None = None

    def __post_init__(self) -> None:
        states = {TARGET.address: self.target, PEER.address: self.peer}
        self.transport = MemoryTransport(states)
        self.store = MemoryStore()
        self.runs = 0

    @property
    def engine(self) -> Engine:
        settings = Settings(operator="ada@bastion", timeout=60)
        return Engine(
            self.transport,
            settings,
            self.store,
            runner=Serial(),
            peer=lambda _: PEER,
        )

    @property
    def job(self) -> Job:
        playbook = Catalogue().load("module-restore")
        params: dict[str, Any] = (
            {"from_folder": self.folder} if self.folder else {"from_": PEER.name}
        )
        return Job((Task(playbook, playbook.params.model_validate(params)),))

    def audit(self) -> HostReport:
        """One audit."""
        [report] = self.engine.audit([TARGET], self.job)
        return report

    def apply(self) -> HostReport:
        """One apply; its run is the last one."""
        [report] = self.engine.apply([TARGET], self.job, self._run(RunKind.APPLY))
        return report

    def rollback(self, run: str | None = None) -> HostReport:
        """Undo a run, the last one by default."""
        undone = run or self.last
        record = self.store.run(undone)
        [report] = self.engine.rollback(record, self._run(RunKind.ROLLBACK, undone))
        return report

    @property
    def last(self) -> str:
        return f"20260101-000000-{self.runs:04}"

    @property
    def module(self) -> dict[str, Any]:
        [module] = records(self.target, MODULE)
        return module

    @property
    def kept(self) -> list[str]:
        """Names of the folders of ours beside the module."""
        return [one.name for one in kept(self.target.drive, MODULE_FOLDER)]

    def clear_kept(self) -> None:
        """Somebody removes these folders."""
        for one in list(kept(self.target.drive, MODULE_FOLDER)):
            self.target.drive.remove(one.path)

    def arrived(self) -> int:
        """Bytes of files that are in these folders, whole or not."""
        drive = self.target.drive
        folders = [one.path for one in kept(drive, MODULE_FOLDER)]
        files = [path for folder in folders for path in drive.below(folder)]
        return sum(drive.facts(path)[0] for path in files if not path.endswith(MARKER))

    def sent(self, function: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a function so far."""
        return [
            call.arguments
            for request in self.transport.requests
            for call in request.calls
            if call.function == function
        ]

    def bytes_sent(self) -> int:
        """Bytes of files that were sent to the host so far, unpacked."""
        calls = self.sent("Add-RemediateContent")
        return sum(piece["length"] for call in calls for piece in call["pieces"])

    def _run(self, kind: RunKind, undoes: str | None = None) -> Run:
        self.runs += 1
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return Run(
            id=self.last,
            kind=kind,
            playbooks=(),
            operator="ada@bastion",
            started=now,
            undoes=undoes,
        )
