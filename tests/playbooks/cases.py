"""Cases of playbooks as data: a practice host, and what has to come of it.

A case is a file `tests/playbooks/<id>/<name>.yaml`; `Case` says what may stand in it. Its host
is an ordinary one (`base_state`), on which each kind of resource that the case names is replaced.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from remediate.lab.hosts import FOLDER, make_state, make_task
from remediate.lab.module_files import MODULE_VERSION, module_record, practice_files
from remediate.lab.state import Access, HostState, Record
from remediate.model.base import Model
from remediate.model.outcome import Outcome
from remediate.resources.scheduled_task import LogonType, MultipleInstances

HERE = Path(__file__).parent
Engine = Literal["simulated", "powershell"]

_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}
_AGENT = {
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Setup\InstallPath": (
        "C:\\Program Files\\Microsoft Azure Recovery Services Agent\\"
    ),
    r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions\ProductType": "ServerNT",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment\PSModulePath": {
        "type": "ExpandString",
        "data": (
            r"%ProgramFiles%\WindowsPowerShell\Modules;"
            r"%SystemRoot%\system32\WindowsPowerShell\v1.0\Modules;"
            r"C:\Program Files\Microsoft Azure Recovery Services Agent\bin\Modules"
        ),
    },
}


class Case(Model):
    """One case.

    Args:
        playbook: what is run, by id; the folder's name.
        name: the file's name.
        title: what is special.
        resources: records by kind; they replace the base state's of that kind.
        registry: values by path, beside those of the base state; None removes one.
        culture: display language of the host.
        os: version of its Windows.
        powershell: version of its PowerShell.
        denied: kinds that the account may not read, or not write.
        parameters: of the playbook.
        peer: the module of another host, SRV02, in the short form of `module_files`.
        folder: the module in a folder on the controller, for the parameter `from_folder`.
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
    resources: dict[str, list[Record]] = Field(default_factory=dict)
    registry: dict[str, Any] = Field(default_factory=dict)
    culture: str | None = None
    os: str | None = None
    powershell: str | None = None
    denied: dict[str, Access] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    peer: Record | None = None
    folder: Record | None = None
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

    def state(self) -> HostState:
        """A new host of this case."""
        state = base_state()
        for kind, records in self.resources.items():
            make = {"scheduled_task": _tasks, "agent_module": _modules}.get(kind)
            state.resources[kind] = list(make(records) if make else map(dict, records))
        add_registry(state, self.registry)
        for name in ("culture", "os", "powershell"):
            if getattr(self, name) is not None:
                setattr(state, name, getattr(self, name))
        state.denied = dict(self.denied)
        return state


def base_state(name: str = "SRV01") -> HostState:
    """An ordinary server on which the agent is installed."""
    state = make_state(name)
    if not state.kind("registry_value"):
        add_registry(state, _AGENT)
    if not state.kind("agent_module"):
        state.resources["agent_module"] = [module_record(practice_files())]
    return state


def add_registry(state: HostState, values: Mapping[str, Any]) -> None:
    """Set values in a host's registry, by path such as `HKLM\\SOFTWARE\\Key\\Name`.

    Args:
        state: the host.
        values: a text, a number, or type and data (`repeat`: so many times, joined by `;`);
            None removes the value.
    """
    records = state.kind("registry_value")
    for path, value in values.items():
        hive, _, rest = path.partition("\\")
        key, _, name = f"{_HIVES.get(hive, hive)}\\{rest}".rpartition("\\")
        records[:] = [
            record
            for record in records
            if (record["key"].casefold(), record["name"].casefold())
            != (key.casefold(), name.casefold())
        ]
        if value is not None:
            records.append({"key": key, "name": name, "value": _registry_data(value)})


def _registry_data(value: Any) -> Record:
    if isinstance(value, dict):
        repeat = value.get("repeat", 1)
        data = ";".join([value["data"]] * repeat) if repeat > 1 else value["data"]
        return {"type": value["type"], "data": data}
    return {"type": "DWord" if isinstance(value, int) else "String", "data": value}


def _tasks(records: list[Record]) -> Iterator[Record]:
    for record in records:
        short = dict(record)
        for number in range(1, short.pop("count", 1) + 1):
            name = f"{short['name']} {number}" if "count" in record else short["name"]
            yield _task({**short, "name": name})


def _task(record: Record) -> Record:
    r"""A task in full; a short one has `name`, `policy`, `folder`, `logon`, `element: absent`."""
    if "xml" in record:
        return dict(record)
    short = dict(record)
    task = make_task(
        short.pop("name"),
        MultipleInstances[short.pop("policy", "IGNORE_NEW")],
        folder=short.pop("folder", FOLDER),
        logon_type=LogonType[short.pop("logon", "SERVICE_ACCOUNT")],
    )
    if short.pop("element", None) == "absent":
        line = "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\r\n"
        assert line in task["xml"]
        task["xml"] = task["xml"].replace(line, "")
    return {**task, **short}


def _modules(records: list[Record]) -> Iterator[Record]:
    """The agent's module in full; see `module_files`. `agent` is the version of the agent."""
    for record in records:
        short = dict(record)
        known = {"agent_version": short.pop("agent")} if "agent" in short else {}
        links = short.pop("links", [])
        yield module_record(module_files(short), links=links, **known)


def module_files(short: Record) -> dict[str, bytes] | None:
    """What a short form of the agent's module consists of.

    Args:
        short: `absent: true`, or how it differs from a whole one: `version`, `without` (paths),
            `texts` (by path).
    """
    unknown = short.keys() - {"absent", "version", "without", "texts"}
    assert not unknown, unknown
    if short.get("absent"):
        return None
    files = dict(practice_files(short.get("version", MODULE_VERSION)))
    for path in short.get("without", ()):
        del files[path]
    return files | {path: text.encode() for path, text in short.get("texts", {}).items()}


def peer_state(record: Record) -> HostState:
    """Another host, with this as its agent's module."""
    state = base_state("SRV02")
    state.resources["agent_module"] = list(_modules([record]))
    return state


def read_cases() -> Iterator[Case]:
    """All cases, by playbook and name."""
    for path in sorted(HERE.glob("*/*.yaml")):
        try:
            text = yaml.safe_load(path.read_text(encoding="utf-8"))
            yield Case.model_validate({"playbook": path.parent.name, "name": path.stem, **text})
        except (yaml.YAMLError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error
