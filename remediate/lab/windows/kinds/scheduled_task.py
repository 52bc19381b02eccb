"""Scheduled tasks of the stand-in Windows: as on Windows, a task is its XML.

Its policy and logon type are only found in there.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

from remediate.lab.behaviour import behaviour_of, with_policy
from remediate.lab.state import Record
from remediate.resources.scheduled_task import LogonType, MultipleInstances

_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_POLICIES = {
    "Parallel": MultipleInstances.PARALLEL,
    "Queue": MultipleInstances.QUEUE,
    "IgnoreNew": MultipleInstances.IGNORE_NEW,
    "StopExisting": MultipleInstances.STOP_EXISTING,
}
_LOGONS = {
    "Password": LogonType.PASSWORD,
    "S4U": LogonType.S4U,
    "InteractiveToken": LogonType.INTERACTIVE_TOKEN,
    "InteractiveTokenOrPassword": LogonType.INTERACTIVE_TOKEN_OR_PASSWORD,
}
_SERVICE_ACCOUNTS = {"S-1-5-18", "S-1-5-19", "S-1-5-20", "SYSTEM", "NT AUTHORITY\\SYSTEM"}


def to_windows(records: list[Record], drive: Path) -> Record:  # noqa: ARG001 - no files
    """The tasks.

    Raises:
        ValueError: a task logs on in another way than its own XML says.
    """
    return {"scheduled_tasks": [_windows_task(record) for record in records]}


def from_windows(windows: Record, drive: Path) -> list[Record]:  # noqa: ARG001 - no files
    """The tasks, with what their XML says.

    Raises:
        ValueError: a task's XML is none.
    """
    return [_simulated_task(task) for task in windows["scheduled_tasks"]]


def _windows_task(record: Record) -> Record:
    task = {name: record[name] for name in ("path", "name", "state", "xml")}
    if behaviour_of("scheduled_task").damage(record):
        return task
    said = _simulated_task(task)
    if said["multiple_instances"] != record["multiple_instances"]:
        task["xml"] = with_policy(task["xml"], MultipleInstances(record["multiple_instances"]))
    if said["logon_type"] != record["logon_type"]:
        msg = f"{record['path']}{record['name']}: its logon type is not the one in its XML"
        raise ValueError(msg)
    return task


def _simulated_task(task: Record) -> Record:
    if behaviour_of("scheduled_task").damage(task):
        return {**task, "multiple_instances": 2, "logon_type": 0}
    return {
        "path": task["path"],
        "name": task["name"],
        "multiple_instances": int(_policy(task["xml"])),
        "logon_type": int(_logon(task["xml"])),
        "state": task["state"],
        "xml": task["xml"],
    }


def _policy(xml: str) -> MultipleInstances:
    text = _element(xml, "Settings/MultipleInstancesPolicy")
    return _POLICIES[text] if text else MultipleInstances.IGNORE_NEW


def _logon(xml: str) -> LogonType:
    text = _element(xml, "Principals/Principal/LogonType")
    if text:
        return _LOGONS[text]
    if _element(xml, "Principals/Principal/GroupId"):
        return LogonType.GROUP
    user = _element(xml, "Principals/Principal/UserId")
    return LogonType.SERVICE_ACCOUNT if user in _SERVICE_ACCOUNTS else LogonType.NONE


def _element(xml: str, path: str) -> str | None:
    _, _, body = xml.partition("?>") if xml.lstrip().startswith("<?xml") else ("", "", xml)
    try:
        root = ET.fromstring(body)  # noqa: S314 - the lab's own file
    except ET.ParseError as error:
        msg = f"a task's definition is not XML: {error}"
        raise ValueError(msg) from error
    full = "/".join(_NAMESPACE + step for step in path.split("/"))
    return root.findtext(full)
