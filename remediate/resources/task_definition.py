"""A task's definition, by what it means: Windows writes one thing in many words.

Task Scheduler writes a definition anew when its task is saved. What it may write otherwise then is
seen in definitions that the same Windows exported of the same task; what an absent element means is
said in the documentation of the schema.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from types import MappingProxyType
from xml.etree import ElementTree as ET

from remediate.model.base import JsonValue
from remediate.resources.task_xml import (
    DEFAULTS,
    KEPT,
    SID,
    TRIGGER,
    USERS,
    account,
    is_enabled,
    leaves,
    numbered,
    read_root,
    section_of,
)
from remediate.resources.withholding import WITHHELD

AS_WRITTEN = " as written"
"""Ends the name of a part that says how something is written, and not what it means."""

SECURITY = "RegistrationInfo/SecurityDescriptor"
_BOOKKEEPING = {"@version", "Settings/UseUnifiedSchedulingEngine"}
_SERVICES = {"S-1-5-18", "S-1-5-19", "S-1-5-20"}

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


@lru_cache(maxsize=KEPT)
def parts_of(xml: str) -> Mapping[str, JsonValue]:
    """What a definition says, by name: settings, principals and actions, each trigger as a whole.

    Left out is what is a property of the task: the policy for several instances, whether it is on,
    and the type of the logon.

    Raises:
        ValueError: it is not the XML of a task.
    """
    root = read_root(xml)
    found: dict[str, JsonValue] = {f"@{name}": value for name, value in root.attrib.items()}
    for part in root:
        match part.tag:
            case "Triggers":
                found.update(_triggers(part))
            case "Principals":
                found.update(_principals(part))
            case "Actions":
                found.update(_actions(part, root))
            case "Settings":
                pass
            case _:
                said = numbered(leaves(part))
                found.update({f"{part.tag}/{path}": value for path, value in said.items()})
    settings = numbered(leaves(section_of(root, "Settings")))
    settings.pop("MultipleInstancesPolicy", None)
    said = {**DEFAULTS["Settings"], **settings}
    said.pop("Enabled")
    found.update({f"Settings/{path}": value for path, value in said.items()})
    return MappingProxyType(dict(sorted(found.items())))


def logon_is_implied(xml: str) -> bool:
    """Whether the account of a task leaves it no choice how to log on."""
    for principal in _each_principal(read_root(xml)):
        for name in principal.iterfind("GroupId"):
            return bool(name.text)
        for name in principal.iterfind("UserId"):
            return account(name.text or "") in _SERVICES
    return False


def unsavable_trigger(xml: str) -> str | None:
    """What of a definition the commands for tasks would not save as it is, in words; or None."""
    for trigger in section_of(read_root(xml), "Triggers"):
        for element in (trigger, *trigger):
            if element.tag in _UNKNOWN_TO_CIM:
                return _UNKNOWN_TO_CIM[element.tag]
        if trigger.tag == "RegistrationTrigger":
            return "a trigger that starts it whenever it is saved"
    return None


def is_on(xml: str) -> bool:
    """Whether a task may be started at all."""
    return is_enabled(section_of(read_root(xml), "Settings"))


def triggers(xml: str) -> list[tuple[str, bool]]:
    """Each trigger of a task in the words of its definition, and whether it is on."""
    return [
        (" ".join([each.tag, *(f"{n} {v}" for n, v in leaves(each))]), is_enabled(each))
        for each in section_of(read_root(xml), "Triggers")
    ]


def runs_as(xml: str) -> list[tuple[str, str]]:
    """The accounts that a task runs as: each in one form, see `account`, and as it is written."""
    return [
        (account(each.text or ""), each.text or "")
        for principal in _each_principal(read_root(xml))
        for each in principal
        if each.tag in USERS
    ]


def same_accounts(one: object, other: object) -> bool | None:
    """Whether accounts, or lists of them, are the same; None where only Windows knows a name."""
    if one is None or other is None:
        return one == other
    names = [Counter(known if isinstance(known, list) else [known]) for known in (one, other)]
    left, right = (list((known - rest).elements()) for known, rest in (names, names[::-1]))
    if len(left) != len(right):
        return False
    sids = [sum(SID.fullmatch(name) is not None for name in known) for known in (left, right)]
    return None if left and sids[0] + sids[1] == len(left) else not left


# --- sections --------------------------------------------------------------------------------


def _triggers(section: ET.Element) -> Iterator[tuple[str, JsonValue]]:
    """Each trigger in its own words → how many such; their order means nothing."""
    count: Counter[str] = Counter()
    users: dict[str, list[JsonValue]] = {}
    ids = []
    for trigger in section:
        defaults = {**TRIGGER, **DEFAULTS.get(trigger.tag, {})}
        said = {**defaults, **numbered(leaves(trigger))}
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
        said = {**DEFAULTS["Principal"], **numbered(leaves(principal))}
        said.pop("LogonType", None)
        for path, value in said.items():
            yield f"{name}/{path}" + (AS_WRITTEN if path == "@id" else ""), value
        for user in principal:
            if user.tag in USERS and account(user.text or "") != (user.text or "").casefold():
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
        for path, value in numbered(leaves(action)).items():
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
    root = deepcopy(read_root(xml))
    for element in root.iter():
        if element.tag in _FREE:
            element[:] = []
            element.text = WITHHELD
        elif element.tag == "Command" and element.text:
            program = _PROGRAM.match(element.text)
            named = program[0] if program else ""
            element.text = element.text if named == element.text else f"{named}{WITHHELD}"
    return ET.tostring(root, encoding="unicode")
