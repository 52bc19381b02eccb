"""A task's definition, by what it means: Windows writes one thing in many words.

Task Scheduler writes a definition anew when its task is saved. What it may write otherwise then is
seen in definitions that the same Windows exported of the same task; what an absent element means is
said in the documentation of the schema.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from xml.etree import ElementTree as ET

from remediate.model.base import JsonValue
from remediate.resources.withholding import WITHHELD

AS_WRITTEN = " as written"
"""Ends the name of a part that says how something is written, and not what it means."""

_KEPT = 256
"""Definitions that are not taken apart again: several questions are put to those of a host."""

SECURITY = "RegistrationInfo/SecurityDescriptor"
_BOOKKEEPING = {"@version", "Settings/UseUnifiedSchedulingEngine"}
_NAMESPACE = re.compile(r"^\{[^}]*\}")
_SID = re.compile(r"S-1(-\d+)+", re.IGNORECASE)
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
_SERVICES = {"S-1-5-18", "S-1-5-19", "S-1-5-20"}
_LENGTH = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")

_LENGTHS = {
    *("Deadline", "Delay", "DeleteExpiredTaskAfter", "Duration", "ExecutionTimeLimit"),
    *("Interval", "Period", "RandomDelay", "WaitTimeout"),
}
_MOMENTS = {"StartBoundary", "EndBoundary"}
_NUMBERS = {"Count", "DataOffset", "DaysInterval", "Priority", "WeeksInterval"}
_ANY_CASE = {"ClassId", "StateName"}
_USERS = {"UserId", "GroupId"}
_SETS = {"DaysOfMonth", "DaysOfWeek", "Months", "RequiredPrivileges", "Weeks"}
"""Elements whose children may stand in any order."""

_TRIGGER = {"Enabled": "true"}
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
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
    for said in (_TRIGGER, *_DEFAULTS.values())
    for name, value in said.items()
    if value in {"true", "false"}
}
_OPTIONAL = {
    *("Arguments", "IdleSettings", "MaintenanceSettings", "NetworkSettings", "Repetition"),
    *("RestartOnFailure", "WorkingDirectory"),
}
"""Elements that say as much when they are empty as when they are absent."""

_UNKNOWN_TO_CIM = {
    "CustomTrigger": "a trigger of somebody else's kind",
    "ScheduleByMonth": "a monthly trigger",
    "ScheduleByMonthDayOfWeek": "a monthly trigger",
    "WnfStateChangeTrigger": "a trigger on a state of Windows",
}
"""What the commands for tasks show as a bare MSFT_TaskTrigger."""


def bookkeeping(name: str) -> bool:
    """Whether Windows keeps a part of a definition for itself."""
    kept = name.startswith("RegistrationInfo/") and name != SECURITY
    return kept or name.endswith(AS_WRITTEN) or name in _BOOKKEEPING


@lru_cache(maxsize=_KEPT)
def parts_of(xml: str) -> Mapping[str, JsonValue]:
    """What a definition says, by name: settings, principals and actions, each trigger as a whole.

    Left out is what is a property of the task: the policy for several instances, whether it is on,
    and the type of the logon.

    Raises:
        ValueError: it is not the XML of a task.
    """
    root = _root(xml)
    found: dict[str, JsonValue] = {f"@{name}": value for name, value in root.attrib.items()}
    for section in root:
        match section.tag:
            case "Triggers":
                found.update(_triggers(section))
            case "Principals":
                found.update(_principals(section))
            case "Actions":
                found.update(_actions(section, root))
            case "Settings":
                pass
            case _:
                said = _numbered(_leaves(section))
                found.update({f"{section.tag}/{path}": value for path, value in said.items()})
    settings = _numbered(_leaves(_section(root, "Settings")))
    settings.pop("MultipleInstancesPolicy", None)
    said = {**_DEFAULTS["Settings"], **settings}
    said.pop("Enabled")
    found.update({f"Settings/{path}": value for path, value in said.items()})
    return MappingProxyType(dict(sorted(found.items())))


def logon_is_implied(xml: str) -> bool:
    """Whether the account of a task leaves it no choice how to log on."""
    for principal in _each_principal(_root(xml)):
        for name in principal.iterfind("GroupId"):
            return bool(name.text)
        for name in principal.iterfind("UserId"):
            return account(name.text or "") in _SERVICES
    return False


def unsavable_trigger(xml: str) -> str | None:
    """What of a definition the commands for tasks would not save as it is, in words; or None."""
    for trigger in _section(_root(xml), "Triggers"):
        for element in (trigger, *trigger):
            if element.tag in _UNKNOWN_TO_CIM:
                return _UNKNOWN_TO_CIM[element.tag]
        if trigger.tag == "RegistrationTrigger":
            return "a trigger that starts it whenever it is saved"
    return None


class Start(NamedTuple):
    """When a task is started each week.

    Args:
        days: on which; 0 is Sunday.
        time: at which, by the host's clock.
        weeks: it does so each so many weeks.
    """

    days: frozenset[int]
    time: time
    weeks: int = 1


def starts(xml: str) -> tuple[Start, ...]:
    """When a task is started by the calendar, by days or weeks; never when it is off.

    What says its time zone is left out, as that of the host is not known here.
    """
    return tuple(start for each in _triggers_on(xml) for start in _starts(each))


def says_zone(xml: str) -> bool:
    """Whether one of what starts a task says its time zone, so that `starts` leaves it out."""
    boundaries = [
        each for trigger in _triggers_on(xml) for each in trigger.iterfind("StartBoundary")
    ]
    moments = (_MOMENT.fullmatch((each.text or "").strip()) for each in boundaries)
    return any(moment is not None and moment[3] for moment in moments)


def is_on(xml: str) -> bool:
    """Whether a task may be started at all."""
    return _is_on(_section(_root(xml), "Settings"))


def triggers(xml: str) -> list[tuple[str, bool]]:
    """Each trigger of a task in the words of its definition, and whether it is on."""
    return [
        (" ".join([each.tag, *(f"{n} {v}" for n, v in _leaves(each))]), _is_on(each))
        for each in _section(_root(xml), "Triggers")
    ]


def runs_as(xml: str) -> list[tuple[str, str]]:
    """The accounts that a task runs as: each in one form, see `account`, and as it is written."""
    return [
        (account(each.text or ""), each.text or "")
        for principal in _each_principal(_root(xml))
        for each in principal
        if each.tag in _USERS
    ]


def _triggers_on(xml: str) -> list[ET.Element]:
    """The triggers that may start a task; none when it is off."""
    if not is_on(xml):
        return []
    return [each for each in _section(_root(xml), "Triggers") if _is_on(each)]


def _starts(trigger: ET.Element) -> Iterator[Start]:
    boundary = "".join(each.text or "" for each in trigger.iterfind("StartBoundary"))
    found = _MOMENT.fullmatch(boundary.strip())
    if found is None or found[3]:
        return
    for schedule in trigger:
        days: set[int] | None = None
        weeks = 1
        if schedule.tag == "ScheduleByDay":
            days = set(range(len(_DAYS)))
        elif schedule.tag == "ScheduleByWeek":
            said = [day.tag for each in schedule.iterfind("DaysOfWeek") for day in each]
            days = {_DAYS.index(day) for day in said if day in _DAYS}
            every = "".join(each.text or "" for each in schedule.iterfind("WeeksInterval")).strip()
            weeks = max(1, int(every)) if every.isdecimal() else 1
        if days is not None:
            yield Start(frozenset(days), time.fromisoformat(found[1][11:]), weeks)


def _is_on(element: ET.Element) -> bool:
    return all(_said("Enabled", each.text or "") != "false" for each in element.iterfind("Enabled"))


def account(text: str) -> str:
    """An account in one form: its SID where that goes without asking Windows, else as it is."""
    bare = _OWN_DOMAIN.sub("", text.strip()).casefold()
    return _ACCOUNTS.get(bare) or (
        bare.upper() if _SID.fullmatch(bare) else text.strip().casefold()
    )


def same_accounts(one: object, other: object) -> bool | None:
    """Whether accounts, or lists of them, are the same; None where only Windows knows a name."""
    if one is None or other is None:
        return one == other
    names = [Counter(known if isinstance(known, list) else [known]) for known in (one, other)]
    left, right = (list((known - rest).elements()) for known, rest in (names, names[::-1]))
    if len(left) != len(right):
        return False
    sids = [sum(_SID.fullmatch(name) is not None for name in known) for known in (left, right)]
    return None if left and sids[0] + sids[1] == len(left) else not left


# --- sections --------------------------------------------------------------------------------


def _triggers(section: ET.Element) -> Iterator[tuple[str, JsonValue]]:
    """Each trigger in its own words → how many such; their order means nothing."""
    count: Counter[str] = Counter()
    users: dict[str, list[JsonValue]] = {}
    ids = []
    for trigger in section:
        defaults = {**_TRIGGER, **_DEFAULTS.get(trigger.tag, {})}
        said = {**defaults, **_numbered(_leaves(trigger))}
        ids.append(str(said.pop("@id", "")))
        user = said.pop("UserId", None)
        says = ", ".join(f"{n} {v}" for n, v in sorted(said.items()) if defaults.get(n) != v)
        name = f"Triggers/{trigger.tag} {says}".rstrip()
        count[name] += 1
        if user is not None:
            users.setdefault(f"{name}/UserId", []).append(user)
    yield from count.items()
    yield from ((name, sorted(known, key=str)) for name, known in users.items())
    if any(ids):
        yield f"Triggers@id{AS_WRITTEN}", " ".join(sorted(ids))


def _principals(section: ET.Element) -> Iterator[tuple[str, JsonValue]]:
    for number, principal in enumerate(section, 1):
        name = f"Principals/{principal.tag}" + (f"[{number}]" if number > 1 else "")
        said = {**_DEFAULTS["Principal"], **_numbered(_leaves(principal))}
        said.pop("LogonType", None)
        for path, value in said.items():
            yield f"{name}/{path}" + (AS_WRITTEN if path == "@id" else ""), value
        for user in principal:
            if user.tag in _USERS and account(user.text or "") != (user.text or "").casefold():
                yield f"{name}/{user.tag}{AS_WRITTEN}", user.text


def _actions(section: ET.Element, root: ET.Element) -> Iterator[tuple[str, JsonValue]]:
    """Actions in their order, and as whom they run, by that principal's number."""
    context = section.get("Context")
    ids = [principal.get("id") for principal in _each_principal(root)]
    if context is not None:
        yield f"Actions@Context{AS_WRITTEN}", context
    known = context is None or context in ids
    yield "Actions/principal", 1 if context is None else ids.index(context) + 1 if known else None
    for number, action in enumerate(section, 1):
        name = f"Actions[{number}]/{action.tag}"
        yield name, ""
        for path, value in _numbered(_leaves(action)).items():
            yield (f"{name}@id{AS_WRITTEN}" if path == "@id" else f"{name}/{path}"), value


def _each_principal(root: ET.Element) -> Iterator[ET.Element]:
    for section in root.iterfind("Principals"):
        yield from section


# --- what is given away -------------------------------------------------------------------------

_FREE = {"Arguments", "Body", "Data", "Description", "Documentation", "Subject"}
"""Elements in which people and programs write what they like, passwords included."""
_PROGRAM = re.compile(r"\A.*?\.(?:exe|com|cmd|bat|ps1|vbs)(?=\W|\Z)", re.IGNORECASE | re.DOTALL)


def disclosed(xml: str) -> str:
    """A definition without what may be anything, such as arguments, and without namespaces.

    Raises:
        ValueError: it is not XML, or has a document type.
    """
    root = deepcopy(_root(xml))
    for element in root.iter():
        if element.tag in _FREE:
            element[:] = []
            element.text = WITHHELD
        elif element.tag == "Command" and element.text:
            program = _PROGRAM.match(element.text)
            named = program[0] if program else ""
            element.text = element.text if named == element.text else f"{named}{WITHHELD}"
    return ET.tostring(root, encoding="unicode")


# --- elements --------------------------------------------------------------------------------


@lru_cache(maxsize=_KEPT)
def _root(xml: str) -> ET.Element:
    """A definition, with names that say nothing of their namespace; not to be changed."""
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


def _section(root: ET.Element, name: str) -> ET.Element:
    """A section of a definition; one without anything in it where there is none."""
    found = root.find(name)
    return ET.Element(name) if found is None else found


def _leaves(element: ET.Element) -> Iterator[tuple[str, JsonValue]]:
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
        inside = list(_leaves(child))
        if inside or tag.startswith("ScheduleBy"):
            inside = list({**_DEFAULTS.get(tag, {}), **dict(inside)}.items())
        yield from ((f"{tag}/{path}".replace("/@", "@"), value) for path, value in inside)
        blank = not (child.text or "").strip()
        if not len(child) and not (blank and (inside or tag in _OPTIONAL)):
            yield tag, _said(tag, child.text or "")


def _numbered(leaves: Iterator[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """The same by path; what is there several times with its number."""
    found: dict[str, JsonValue] = {}
    count: Counter[str] = Counter()
    for path, value in leaves:
        count[path] += 1
        found[path if count[path] == 1 else f"{path}[{count[path]}]"] = value
    return found


def _said(tag: str, text: str) -> str:
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
    return account(plain) if tag in _USERS else text


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
    found = _MOMENT.fullmatch(text)
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
