"""Tasks of Windows' Task Scheduler."""

import re
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, field_validator, model_validator

from remediate.model.base import JsonValue
from remediate.model.plan import Observed
from remediate.resources import task_definition
from remediate.resources.base import Query, Resource

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
        enabled: whether it may be started at all.
        logon_type: how it logs on.
        state: what it is doing (TASK_STATE); moves by itself.
        xml: its whole definition as Windows exports it.
    """

    kind: ClassVar[str] = "scheduled_task"
    noun: ClassVar[str] = "task"
    function: ClassVar[str] = "ScheduledTask"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    identity: ClassVar[tuple[str, ...]] = ("path", "name")
    settable: ClassVar[frozenset[str]] = frozenset({"multiple_instances", "enabled"})
    volatile: ClassVar[frozenset[str]] = frozenset({"state"})

    path: str
    name: str = Field(min_length=1)
    multiple_instances: MultipleInstances
    enabled: bool
    logon_type: LogonType
    state: int
    xml: str

    @model_validator(mode="before")
    @classmethod
    def _as_recorded_before(cls, value: object) -> object:
        """Older records do not say whether a task is on; its definition does."""
        if isinstance(value, dict) and "enabled" not in value and isinstance(value.get("xml"), str):
            return {**value, "enabled": task_definition.is_on(value["xml"])}
        return value

    @field_validator("xml")
    @classmethod
    def _is_a_definition(cls, value: str) -> str:
        task_definition.parts_of(value)
        return value

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "ScheduledTasks":
        """The question that returns one task, among others of its folder."""
        return ScheduledTasks(folder=key["path"])

    @property
    def title(self) -> str:
        """The task as Task Scheduler's window would show its path."""
        return f"task {self.path}{self.name}"

    @property
    def unsavable(self) -> str | None:
        """Why Windows would not save it as it is, in words; None when it would."""
        if self.logon_type.stores_password:
            return "stores a password, or runs as a managed service account"
        return self.unsavable_trigger

    @property
    def unsavable_trigger(self) -> str | None:
        """What of its triggers Windows would not save as it is, in words; None when it would."""
        trigger = task_definition.unsavable_trigger(self.xml)
        return None if trigger is None else f"has {trigger}"

    def disclosed(self) -> Observed:
        """What a task starts its program with may hold a password."""
        told = self.observed()
        xml = {"xml": task_definition.disclosed(self.xml)}
        return told.model_copy(update={"properties": told.properties | xml})

    def compared(self) -> dict[str, JsonValue]:
        """The definition part by part, so that a difference has a name."""
        rest = super().compared()
        parts = task_definition.parts_of(str(rest.pop("xml")))
        implied = {LogonType.SERVICE_ACCOUNT, LogonType.GROUP}
        if self.logon_type in implied or task_definition.logon_is_implied(self.xml):
            rest[f"logon_type{task_definition.AS_WRITTEN}"] = rest.pop("logon_type")
        return {**rest, **parts}

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """Only Windows knows whose a name is, and what it takes for some parts that are absent."""
        if one == other:
            return True
        if name.endswith(("/UserId", "/GroupId")):
            return task_definition.same_accounts(one, other)
        open_ended = {task_definition.SECURITY: None, "logon_type": int(LogonType.NONE)}
        return None if name in open_ended and open_ended[name] in (one, other) else False

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """A task is on or off."""
        return super().label(name, value) if name != "enabled" else ("on" if value else "off")

    @classmethod
    def bookkeeping(cls, name: str) -> bool:
        """What Windows keeps in a definition for itself."""
        return task_definition.bookkeeping(name)


class ScheduledTasks(Query):
    r"""All tasks in one folder, not in the folders below it.

    Args:
        folder: the folder, such as `\Microsoft\OnlineBackup`.
    """

    resource: ClassVar[type[Resource]] = ScheduledTask

    folder: TaskFolder
