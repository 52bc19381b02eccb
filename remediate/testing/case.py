"""Cases of playbooks as data: a practice host, and what has to come of it.

All cases of a playbook stand in one file, `<id>.yaml`, by name; `Case` says what may stand in one.
Its host is a healthy one, but for what the case says in short; which forms there are, the kinds
say (`remediate/lab/kinds`, and the file `lab/<kind>.py` beside somebody's playbooks).
"""

import atexit
import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, TypeAdapter

from remediate.engine.job import Job, Task
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import add_folder, kind_of
from remediate.lab.kinds.kind import short_form
from remediate.lab.state import Access, HostState
from remediate.model.base import Model
from remediate.model.outcome import Outcome
from remediate.playbook.base import Playbook
from remediate.playbook.catalogue import Catalogue
from remediate.yaml_parser import PARSER

Engine = Literal["simulated", "powershell"]


class Case(Model):
    """One case.

    Args:
        playbook: what is run, by id; the file's name.
        name: the key in the file.
        title: what is special.
        host: short forms by kind, of what is not as on a healthy host.
        meanwhile: the same, of what is so for a moment only, from the second question on: somebody
            is at work on the host.
        culture: display language of the host.
        os: version of its Windows.
        powershell: version of its PowerShell.
        ahead: seconds by which its clock is ahead of ours; on the simulated engine only.
        denied: kinds that the account may not read, or not write.
        lacks: kinds whose commands or classes this Windows has not.
        parameters: of the playbook.
        named: the playbook was asked for by name; else it is one of all that are audited, and what
            is left out then is unknown.
        peer: short forms of another host, SRV02, from which the playbook copies.
        folders: parameters that are a folder on the controller: of which kind, and in short, what
            is in it.
        accept_irreversible: what cannot be undone is agreed to.
        audit: outcome of an audit.
        changes: texts that its changes, one line each, have to contain; empty for any changes.
        advice: texts that its advice has to contain; no other advice may be given.
        evidence: texts that what its findings rest on has to contain, each with where it was seen.
        assumptions: texts that its assumptions have to contain.
        not_applicable: text in the reason why it says nothing of the host.
        refusal: text in the reason why apply is refused.
        problem: code of the problem that ends audit or apply.
        apply: outcome of apply; derived from the audit's when not given.
        rollback: outcome of the rollback of an apply that changed something.
        engines: the engines that can run it.
        why: why not all of them.
        playbooks: folder with the playbook, if it is neither shipped nor installed.
    """

    playbook: str
    name: str
    title: str
    host: dict[str, Any] = Field(default_factory=dict)
    meanwhile: dict[str, Any] = Field(default_factory=dict)
    culture: str | None = None
    os: str | None = None
    powershell: str | None = None
    ahead: int = 0
    denied: dict[str, Access] = Field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    named: bool = True
    peer: dict[str, Any] | None = None
    folders: dict[str, dict[str, Any]] = Field(default_factory=dict)
    accept_irreversible: bool = False
    audit: Outcome
    changes: tuple[str, ...] | None = None
    advice: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    not_applicable: str | None = None
    refusal: str | None = None
    problem: str | None = None
    apply: Outcome | None = None
    rollback: Outcome | None = None
    engines: tuple[Engine, ...] = ("simulated", "powershell")
    why: str = ""
    playbooks: Path | None = None

    @property
    def id(self) -> str:
        """Names it among all cases."""
        return f"{self.playbook}/{self.name}"

    def __str__(self) -> str:
        return self.id

    @property
    def changes_something(self) -> bool:
        """Whether there is anything to undo."""
        return self.applied is Outcome.CHANGED

    @property
    def applied(self) -> Outcome:
        """The outcome that apply has to have."""
        if self.apply is not None:
            return self.apply
        if self.audit is Outcome.FAILED_UNCHANGED:
            return Outcome.REFUSED  # what is not answered cannot be repaired
        if self.audit is not Outcome.WOULD_CHANGE:
            return self.audit
        return Outcome.REFUSED if self.refusal else Outcome.CHANGED

    @property
    def goes_back(self) -> bool:
        """Whether a rollback puts back what can be put back."""
        return self.rollback in {None, Outcome.CHANGED}

    def state(self) -> HostState:
        """A new host of this case."""
        names = ("culture", "os", "powershell")
        facts = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return healthy_host(
            "SRV01",
            self.host,
            denied=dict(self.denied),
            lacks=list(self.lacks),
            clock=lambda: datetime.now(UTC) + timedelta(seconds=self.ahead),
            **facts,
        )

    def job(self) -> Job:
        """The playbook with its parameters."""
        playbook = load(self.playbook, self.playbooks)
        folders = {
            name: str(_folder(kind, json.dumps(short)))
            for name, content in self.folders.items()
            for kind, short in content.items()
        }
        params = playbook.params.model_validate({**self.parameters, **folders})
        return Job((Task(playbook, params),), named=self.named)


_CASE = TypeAdapter(Case)


def cases(folder: Path, playbooks: Path | None = None) -> list[Case]:
    """All cases of a folder, by playbook, in the order of their files.

    Args:
        folder: with a file `<id>.yaml` for each playbook that is to be tried.
        playbooks: folder with the playbooks and, in `lab`, what the lab has to know of their kinds;
            none is needed for those that are shipped or installed.

    Raises:
        ValueError: a file, or a case in it, cannot be used; says where and why.
        PlaybookError: there is no such playbook.
    """
    if playbooks is not None:
        playbooks = playbooks.resolve()
        add_folder(playbooks)
    found = []
    for path in sorted(folder.glob("*.yaml")):
        load(path.stem, playbooks)
        for name, said in _read(path).items():
            try:
                known = {"playbook": path.stem, "name": name, "playbooks": playbooks}
                found.append(short_form(_CASE, {**said, **known}))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}: {name}: {error}") from error
    if not found:
        raise ValueError(
            f"{folder} has no cases: those of a playbook stand in <its id>.yaml, each by its name"
        )
    return found


def load(playbook: str, folder: Path | None = None) -> Playbook[Any]:
    """A playbook by its id.

    Args:
        playbook: its id.
        folder: where it is, if it is neither shipped nor installed.

    Raises:
        PlaybookError: there is none, or it cannot be used.
    """
    return catalogue(folder).load(playbook)


@cache
def catalogue(folder: Path | None = None) -> Catalogue:
    """All playbooks that are shipped, installed, or in somebody's folder.

    Raises:
        PlaybookError: one of them cannot be used.
    """
    return Catalogue([] if folder is None else [folder])


@cache
def _folder(kind: str, short: str) -> Path:
    """A folder on the controller; the same one on all engines, as it is shown."""
    folder = Path(tempfile.mkdtemp(prefix="remediate-case-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path, data in kind_of(kind).files(json.loads(short)).items():
        place = folder.joinpath(*path.split("\\"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def _read(path: Path) -> dict[str, Any]:
    document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe one
    if not isinstance(document, dict):
        raise ValueError(f"{path}: a case stands under its name")  # noqa: TRY004 - as for its cases
    return document


class _Loader(PARSER):  # type: ignore[misc, valid-type]
    """Refuses a name that is there twice, which YAML would take the last of."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} is there twice{node.start_mark}")
        return dict(super().construct_mapping(node, deep=deep))
