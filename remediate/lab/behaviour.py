"""What Windows does besides when a property is written; one small class for each such resource."""

import re
from datetime import UTC, datetime
from random import randrange
from typing import Protocol

from remediate.lab.module_files import imported
from remediate.lab.state import Record
from remediate.resources.agent_module import AgentModule
from remediate.resources.scheduled_task import (
    LogonType,
    MultipleInstances,
    ScheduledTask,
    definition_of,
)
from remediate.resources.service import Service, ServiceStatus, StartMode
from remediate.resources.shadow_storage import ShadowStorage

_POLICY = re.compile(r"(<MultipleInstancesPolicy>)[^<]*(</MultipleInstancesPolicy>)")
_SETTINGS = re.compile(r"(\r?\n?)([ \t]*)<Settings>")
_NAMES = {
    MultipleInstances.PARALLEL: "Parallel",
    MultipleInstances.QUEUE: "Queue",
    MultipleInstances.IGNORE_NEW: "IgnoreNew",
    MultipleInstances.STOP_EXISTING: "StopExisting",
}


class Behaviour(Protocol):
    """What is special about one kind of resource."""

    def refuse(self, record: Record, after: Record) -> str | None:
        """Why Set would refuse to write these values to it, if it would."""

    def damage(self, record: Record) -> str:
        """Why Windows cannot read it; empty when it can."""

    def written(self, record: Record) -> None:
        """Bring the derived fields of a record that was just written up to date, in place."""


class Plain:
    """A resource that just takes what is written."""

    def refuse(self, record: Record, after: Record) -> str | None:  # noqa: ARG002 - Protocol
        """Nothing is refused."""
        return None

    def damage(self, record: Record) -> str:  # noqa: ARG002 - Protocol
        """It can be read."""
        return ""

    def written(self, record: Record) -> None:
        """Nothing follows."""


class TaskBehaviour(Plain):
    """Task Scheduler keeps the setting in the task's XML, and needs stored passwords again."""

    def refuse(self, record: Record, after: Record) -> str | None:  # noqa: ARG002 - whatever is written
        """A task that stores a password cannot be saved without it."""
        if LogonType(record["logon_type"]).stores_password:
            return "The task stores a password; Windows would want it again to save the task."
        return None

    def damage(self, record: Record) -> str:
        """One task whose XML is none keeps Windows from listing any of its folder."""
        try:
            definition_of(record["xml"])
        except ValueError:
            return f"Windows cannot read task {record['path']}{record['name']}."
        return ""

    def written(self, record: Record) -> None:
        """The XML says what the property says."""
        record["xml"] = with_policy(record["xml"], MultipleInstances(record["multiple_instances"]))


class ShadowStorageBehaviour(Plain):
    """Windows would delete shadow copies to get below a limit."""

    def refuse(self, record: Record, after: Record) -> str | None:
        """The limit stays above what is used."""
        if after["max_space"] is None:
            return "Taking shadow storage away would delete its shadow copies."
        if after["max_space"] < record["used_space"]:
            return f"Shadow copies take {record['used_space']} bytes; Windows would delete some."
        return None


def with_policy(xml: str, policy: MultipleInstances) -> str:
    """A task's XML with this policy and everything else as it was.

    An absent element means IgnoreNew, and stays absent then.
    """
    if _POLICY.search(xml):
        return _POLICY.sub(rf"\g<1>{_NAMES[policy]}\g<2>", xml, count=1)
    if policy is MultipleInstances.IGNORE_NEW:
        return xml
    element = f"<MultipleInstancesPolicy>{_NAMES[policy]}</MultipleInstancesPolicy>"
    return _SETTINGS.sub(rf"\g<0>\g<1>\g<2>  {element}", xml, count=1)


class ServiceBehaviour(Plain):
    """A service that was told to run gets a new process; one that was stopped has none."""

    def refuse(self, record: Record, after: Record) -> str | None:
        """Windows stops no service that another one needs, and starts none that is disabled."""
        mode, status = after.get("start_mode", record["start_mode"]), after.get("status")
        if mode == StartMode.DISABLED and ("process" in after or status == ServiceStatus.RUNNING):
            return "A disabled service could not be started again."
        stops = "process" in after or status == ServiceStatus.STOPPED
        if stops and Service.model_validate(record).running_dependents:
            return "Running services depend on it."
        return None

    def written(self, record: Record) -> None:
        """What is connected to a service is cut off when that stops."""
        runs = record["status"] == ServiceStatus.RUNNING
        known = runs and record["name"].casefold() == "msiscsi"
        if record["status"] == ServiceStatus.STOPPED:
            record["process"] = None
        elif record["process"] is None:
            now = datetime.now(UTC).isoformat()
            process = {"id": randrange(1000, 9000), "started": now, "stopped": now}  # noqa: S311 - no secret
            record |= {"process": {**process, "shared": False}, "in_use": []}
        record["in_use"] = (record["in_use"] or []) if known else None


class AgentModuleBehaviour(Plain):
    """Whether a module loads follows from its files."""

    def written(self, record: Record) -> None:
        """What importing the files comes to."""
        manifest = (record["installed"] or {}).get("manifest")
        record |= imported(manifest, elsewhere=bool(record["links"]))


BEHAVIOURS: dict[str, Behaviour] = {
    AgentModule.kind: AgentModuleBehaviour(),
    Service.kind: ServiceBehaviour(),
    ScheduledTask.kind: TaskBehaviour(),
    ShadowStorage.kind: ShadowStorageBehaviour(),
}
"""By kind of resource; a kind that is not named is plain."""


def behaviour_of(kind: str) -> Behaviour:
    """What is special about a kind of resource."""
    return BEHAVIOURS.get(kind, Plain())
