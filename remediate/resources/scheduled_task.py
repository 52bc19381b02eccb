"""Tasks of Windows' Task Scheduler."""

import re
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Annotated, ClassVar
from xml.etree import ElementTree as ET

from pydantic import AfterValidator, Field, field_validator

from remediate.model.base import JsonValue
from remediate.resources.base import Query, Resource

_NAMESPACE = re.compile(r"^\{[^}]*\}")
_POLICY = "Settings/MultipleInstancesPolicy"
_DEFAULTS = {
    "Settings/AllowHardTerminate": "true",
    "Settings/AllowStartOnDemand": "true",
    "Settings/DisallowStartIfOnBatteries": "true",
    "Settings/DisallowStartOnRemoteAppSession": "false",
    "Settings/Enabled": "true",
    "Settings/ExecutionTimeLimit": "PT72H",
    "Settings/Hidden": "false",
    "Settings/IdleSettings": "",
    "Settings/IdleSettings/Duration": "PT10M",
    "Settings/IdleSettings/RestartOnIdle": "false",
    "Settings/IdleSettings/StopOnIdleEnd": "true",
    "Settings/IdleSettings/WaitTimeout": "PT1H",
    "Settings/Priority": "7",
    "Settings/RunOnlyIfIdle": "false",
    "Settings/RunOnlyIfNetworkAvailable": "false",
    "Settings/StartWhenAvailable": "false",
    "Settings/StopIfGoingOnBatteries": "true",
    "Settings/UseUnifiedSchedulingEngine": "false",
    "Settings/Volatile": "false",
    "Settings/WakeToRun": "false",
    "Triggers/*/Enabled": "true",
    "Triggers/*/Repetition/StopAtDurationEnd": "false",
}
"""What Windows takes for an element that is absent, by its documentation of the schema."""
_TRIGGER = re.compile("^Triggers/[^/]+/")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff/:*?"<>|]')
MAX_FOLDER = 238
"""Characters of a folder's path; with a name it must stay a path of Windows (260)."""


class MultipleInstances(IntEnum):
    """What Task Scheduler does when a task is due while it runs (TASK_INSTANCES_POLICY)."""

    PARALLEL = 0
    QUEUE = 1
    IGNORE_NEW = 2
    STOP_EXISTING = 3


class LogonType(IntEnum):
    """How a task logs on (TASK_LOGON_TYPE)."""

    NONE = 0
    PASSWORD = 1
    S4U = 2
    INTERACTIVE_TOKEN = 3
    GROUP = 4
    SERVICE_ACCOUNT = 5
    INTERACTIVE_TOKEN_OR_PASSWORD = 6

    @property
    def stores_password(self) -> bool:
        """Whether the task cannot be written back without its account's password."""
        return self in {LogonType.PASSWORD, LogonType.INTERACTIVE_TOKEN_OR_PASSWORD}


def task_folder(value: str) -> str:
    r"""Bring the path of a Task Scheduler folder into the form `\A\B\`.

    Raises:
        ValueError: Windows cannot have such a folder.
    """
    if _FORBIDDEN.search(value):
        msg = 'a Task Scheduler folder cannot contain control characters or any of / : * ? " < > |'
        raise ValueError(msg)
    parts = [part for part in value.split("\\") if part]
    if not value.strip() or any(part.strip() in {"", ".", ".."} for part in parts):
        msg = r"a Task Scheduler folder is written like \Microsoft\OnlineBackup"
        raise ValueError(msg)
    folder = "\\" + "".join(part + "\\" for part in parts)
    if len(folder) > MAX_FOLDER:
        msg = f"a Task Scheduler folder has at most {MAX_FOLDER} characters"
        raise ValueError(msg)
    return folder


TaskFolder = Annotated[str, AfterValidator(task_folder)]


class ScheduledTask(Resource):
    r"""A task and its settings.

    Args:
        path: its folder, beginning and ending with a backslash.
        name: its name in the folder.
        multiple_instances: what happens when it is due while it runs.
        logon_type: how it logs on.
        state: what it is doing (TASK_STATE); moves by itself.
        xml: its whole definition as Windows exports it.
    """

    kind: ClassVar[str] = "scheduled_task"
    noun: ClassVar[str] = "task"
    function: ClassVar[str] = "ScheduledTask"
    script: ClassVar[Path] = Path(__file__).with_suffix(".ps1")
    identity: ClassVar[tuple[str, ...]] = ("path", "name")
    settable: ClassVar[frozenset[str]] = frozenset({"multiple_instances"})
    volatile: ClassVar[frozenset[str]] = frozenset({"state"})

    path: str
    name: str = Field(min_length=1)
    multiple_instances: MultipleInstances
    logon_type: LogonType
    state: int
    xml: str

    @field_validator("xml")
    @classmethod
    def _is_a_definition(cls, value: str) -> str:
        definition_of(value)
        return value

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "ScheduledTasks":
        """The question that returns one task, among others of its folder."""
        return ScheduledTasks(folder=key["path"])

    @property
    def title(self) -> str:
        """The task as Task Scheduler's window would show its path."""
        return f"task {self.path}{self.name}"

    def compared(self) -> dict[str, JsonValue]:
        """The definition element by element, so that a difference has a name.

        A task that is saved is written anew: what was absent may be there with its default then,
        or the other way round, and its URI, which is its path and name.
        """
        rest = super().compared()
        definition = definition_of(str(rest.pop("xml")))
        for name in (_POLICY, "RegistrationInfo/URI"):
            definition.pop(name, None)
        said = {
            name: value
            for name, value in definition.items()
            if value != _DEFAULTS.get(_TRIGGER.sub("Triggers/*/", name))
        }
        return {**rest, **said}


class ScheduledTasks(Query):
    r"""All tasks in one folder, not in the folders below it.

    Args:
        folder: the folder, such as `\Microsoft\OnlineBackup`.
    """

    resource: ClassVar[type[Resource]] = ScheduledTask

    folder: TaskFolder


def definition_of(xml: str) -> dict[str, JsonValue]:
    """A task's XML as path → text, in an order of its own: Windows may store settings in any.

    Raises:
        ValueError: it is not the XML of a task.
    """
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", xml)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        msg = "a task's XML has no document type"
        raise ValueError(msg)
    try:
        root = ET.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ET.ParseError as error:
        msg = f"the task's definition is not XML: {error}"
        raise ValueError(msg) from error
    found: dict[str, JsonValue] = {}
    _flatten(root, "", found)
    return dict(sorted(found.items()))


def _flatten(element: ET.Element, path: str, found: dict[str, JsonValue]) -> None:
    for name, value in element.attrib.items():
        found[f"{path}@{_NAMESPACE.sub('', name)}"] = value
    children = list(element)
    if not children:
        found[path] = element.text or ""
    count: dict[str, int] = {}
    for child in children:
        tag = _NAMESPACE.sub("", child.tag)
        count[tag] = count.get(tag, 0) + 1
        number = f"[{count[tag]}]" if count[tag] > 1 else ""
        _flatten(child, f"{path}/{tag}{number}".lstrip("/"), found)
