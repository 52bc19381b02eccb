"""The XML of a task's definition: its elements, and texts in one form of all that mean the same.

Source: Microsoft's documentation of the schema of Task Scheduler.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from xml.etree import ElementTree as ET

from remediate.model.base import JsonValue

KEPT = 256
"""Definitions that are not taken apart again: several questions are put to those of a host."""

_NAMESPACE = re.compile(r"^\{[^}]*\}")
SID = re.compile(r"S-1(-\d+)+", re.IGNORECASE)
_OWN_DOMAIN = re.compile(r"^(NT AUTHORITY|BUILTIN)\\", re.IGNORECASE)
_ACCOUNTS = {
    "system": "S-1-5-18",
    "local service": "S-1-5-19",
    "localservice": "S-1-5-19",
    "network service": "S-1-5-20",
    "networkservice": "S-1-5-20",
    "everyone": "S-1-1-0",
    "interactive": "S-1-5-4",
    "authenticated users": "S-1-5-11",
    "administrators": "S-1-5-32-544",
    "users": "S-1-5-32-545",
}
_LENGTH = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")

_LENGTHS = {
    *("Deadline", "Delay", "DeleteExpiredTaskAfter", "Duration", "ExecutionTimeLimit"),
    *("Interval", "Period", "RandomDelay", "WaitTimeout"),
}
_MOMENTS = {"StartBoundary", "EndBoundary"}
_NUMBERS = {"Count", "DataOffset", "DaysInterval", "Priority", "WeeksInterval"}
_ANY_CASE = {"ClassId", "StateName"}
USERS = {"UserId", "GroupId"}
_SETS = {"DaysOfMonth", "DaysOfWeek", "Months", "RequiredPrivileges", "Weeks"}
"""Elements whose children may stand in any order."""

TRIGGER = {"Enabled": "true"}
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "Settings": {
        "AllowHardTerminate": "true",
        "AllowStartOnDemand": "true",
        "DisallowStartIfOnBatteries": "true",
        "DisallowStartOnRemoteAppSession": "false",
        "Enabled": "true",
        "ExecutionTimeLimit": "P3D",
        "Hidden": "false",
        "IdleSettings/Duration": "PT10M",
        "IdleSettings/RestartOnIdle": "false",
        "IdleSettings/StopOnIdleEnd": "true",
        "IdleSettings/WaitTimeout": "PT1H",
        "Priority": "7",
        "RunOnlyIfIdle": "false",
        "RunOnlyIfNetworkAvailable": "false",
        "StartWhenAvailable": "false",
        "StopIfGoingOnBatteries": "true",
        "UseUnifiedSchedulingEngine": "false",
        "Volatile": "false",
        "WakeToRun": "false",
    },
    "MaintenanceSettings": {"Exclusive": "false"},
    "Principal": {"RunLevel": "LeastPrivilege"},
    "Repetition": {"StopAtDurationEnd": "false"},
    "ScheduleByDay": {"DaysInterval": "1"},
    "ScheduleByWeek": {"WeeksInterval": "1"},
    "WnfStateChangeTrigger": {"DataOffset": "0"},
}
"""What Windows takes for an element that is absent, by the element that it would stand in."""
_FLAGS = {
    name.rpartition("/")[2]
    for said in (TRIGGER, *DEFAULTS.values())
    for name, value in said.items()
    if value in {"true", "false"}
}
_OPTIONAL = {
    *("Arguments", "IdleSettings", "MaintenanceSettings", "NetworkSettings", "Repetition"),
    *("RestartOnFailure", "WorkingDirectory"),
}
"""Elements that say as much when they are empty as when they are absent."""


@lru_cache(maxsize=KEPT)
def read_root(xml: str) -> ET.Element:
    """A definition, with names that say nothing of their namespace; not to be changed.

    Raises:
        ValueError: it is not XML, or has a document type.
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
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
    return root


def section_of(root: ET.Element, name: str) -> ET.Element:
    """A section of a definition; one without anything in it where there is none."""
    found = root.find(name)
    return ET.Element(name) if found is None else found


def leaves(element: ET.Element) -> Iterator[tuple[str, JsonValue]]:
    """What is in an element: paths below it, with their values in one form."""
    yield from ((f"@{_NAMESPACE.sub('', name)}", value) for name, value in element.attrib.items())
    for child in element:
        tag = child.tag
        if tag in _SETS:
            yield (
                tag,
                " ".join(sorted(each.tag if not each.text else each.text for each in child)),
            )
            continue
        inside = list(leaves(child))
        if inside or tag.startswith("ScheduleBy"):
            inside = list({**DEFAULTS.get(tag, {}), **dict(inside)}.items())
        yield from ((f"{tag}/{path}".replace("/@", "@"), value) for path, value in inside)
        blank = not (child.text or "").strip()
        if not len(child) and not (blank and (inside or tag in _OPTIONAL)):
            yield tag, in_one_form(tag, child.text or "")


def numbered(leaves: Iterator[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """The same by path; what is there several times with its number."""
    found: dict[str, JsonValue] = {}
    count: Counter[str] = Counter()
    for path, value in leaves:
        count[path] += 1
        found[path if count[path] == 1 else f"{path}[{count[path]}]"] = value
    return found


def in_one_form(tag: str, text: str) -> str:
    """A text in the one form of all that mean the same."""
    plain = text.strip()
    if tag in _FLAGS:
        return {"1": "true", "0": "false"}.get(plain, plain)
    if tag in _LENGTHS:
        return _length(plain)
    if tag in _MOMENTS:
        return _moment(plain)
    if tag in _NUMBERS:
        return str(int(plain)) if plain.isdecimal() else plain
    if tag in _ANY_CASE:
        return plain.upper()
    return account(plain) if tag in USERS else text


def _length(text: str) -> str:
    """A duration by its length, with as large units as it has; a month has no length in days."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        return text
    given = {name: int(number or 0) for name, number in found.groupdict().items()}
    months = given.pop("years") * 12 + given.pop("months")
    try:
        length = timedelta(**given)
    except OverflowError:
        return text
    hours, rest = divmod(length.seconds, 3600)
    date = (f"{months}M" if months else "") + (f"{length.days}D" if length.days else "")
    units = zip((hours, *divmod(rest, 60)), "HMS", strict=True)
    time = "".join(f"{number}{unit}" for number, unit in units if number)
    return f"P{date}T{time}".removesuffix("T") if date or time else "PT0S"


def _moment(text: str) -> str:
    """A time without what its fraction ends with, and in UTC where it says its zone."""
    found = MOMENT.fullmatch(text)
    if found is None:
        return text
    second, fraction, zone = found.groups(default="")
    try:
        if zone not in {"", "Z"}:
            there = datetime.fromisoformat(second + zone)
            second, zone = (there - (there.utcoffset() or timedelta())).isoformat()[:19], "Z"
    except (ValueError, OverflowError):
        return text
    fraction = fraction.rstrip("0")
    return second + (f".{fraction}" if fraction else "") + zone


def is_enabled(element: ET.Element) -> bool:
    """Whether a task or a trigger is on, as its element says."""
    return all(
        in_one_form("Enabled", each.text or "") != "false" for each in element.iterfind("Enabled")
    )


def account(text: str) -> str:
    """An account in one form: its SID where that goes without asking Windows, else as it is."""
    bare = _OWN_DOMAIN.sub("", text.strip()).casefold()
    return _ACCOUNTS.get(bare) or (bare.upper() if SID.fullmatch(bare) else text.strip().casefold())
