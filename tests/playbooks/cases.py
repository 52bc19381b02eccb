"""Cases of playbooks as data: a practice host, and what has to come of it.

All cases of a playbook stand in one file, `tests/playbooks/<id>.yaml`, by name; `Case` says what
may stand in one. Its host is a healthy one, but for what the case says in short; which forms there
are, the kinds say (`remediate/lab/kinds`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from remediate.lab.hosts import healthy_host
from remediate.lab.state import Access, HostState
from remediate.model.base import Model
from remediate.model.outcome import Outcome

HERE = Path(__file__).parent
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
        denied: kinds that the account may not read, or not write.
        parameters: of the playbook.
        peer: the agent's module of another host, SRV02, in short.
        folder: the same, in a folder on the controller, for the parameter `from_folder`.
        accept_irreversible: what cannot be undone is agreed to.
        audit: outcome of an audit.
        changes: texts that its changes, one line each, have to contain; empty for any changes.
        advice: texts that its advice has to contain; no other advice may be given.
        assumptions: texts that its assumptions have to contain.
        not_applicable: text in the reason why it says nothing of the host.
        refusal: text in the reason why apply is refused.
        problem: code of the problem that ends audit or apply.
        apply: outcome of apply; derived from the audit's when not given.
        rollback: outcome of the rollback of an apply that changed something.
        engines: the engines that can run it.
        why: why not all of them.
    """

    playbook: str
    name: str
    title: str
    host: dict[str, Any] = Field(default_factory=dict)
    meanwhile: dict[str, Any] = Field(default_factory=dict)
    culture: str | None = None
    os: str | None = None
    powershell: str | None = None
    denied: dict[str, Access] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    peer: dict[str, Any] | None = None
    folder: dict[str, Any] | None = None
    accept_irreversible: bool = False
    audit: Outcome
    changes: tuple[str, ...] | None = None
    advice: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    not_applicable: str | None = None
    refusal: str | None = None
    problem: str | None = None
    apply: Outcome | None = None
    rollback: Outcome | None = None
    engines: tuple[Engine, ...] = ("simulated", "powershell")
    why: str = ""

    @property
    def id(self) -> str:
        """Names it among all cases."""
        return f"{self.playbook}/{self.name}"

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
        return healthy_host("SRV01", self.host, denied=dict(self.denied), **facts)


def peer_state(short: dict[str, Any]) -> HostState:
    """Another host, with this as its agent's module."""
    return healthy_host("SRV02", {"agent_module": short})


def read_cases() -> Iterator[Case]:
    """All cases, by playbook, in the order of their files."""
    for path in sorted(HERE.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for name, said in yaml.load(text, _Loader).items():  # noqa: S506 - a safe one
            try:
                yield Case.model_validate({"playbook": path.stem, "name": name, **said})
            except ValueError as error:
                raise ValueError(f"{path.name}: {name}: {error}") from error


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a name that is there twice, which YAML would take the last of."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} is there twice{node.start_mark}")
        return dict(super().construct_mapping(node, deep=deep))
