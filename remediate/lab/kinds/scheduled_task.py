r"""Scheduled tasks: as on Windows, a task is its XML. Windows' state has `scheduled_tasks`.

In short, a list: `{name, folder, policy}`; what is not said is that of a healthy backup task.
"""

import random
import re
import uuid
from collections.abc import Iterator
from functools import lru_cache
from xml.etree import ElementTree as ET

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import Switch, may_write, refuse, same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.scheduled_task import LogonType, MultipleInstances
from remediate.resources.task_definition import is_on, unsavable_trigger

KIND = "scheduled_task"
FOLDER = "\\Microsoft\\OnlineBackup\\"
DISABLED, READY = 1, 3
"""TASK_STATE."""
BACKUP_TASKS = (
    "Microsoft-OnlineBackup",
    "Microsoft-OnlineBackup-SystemStateBackup",
    "Microsoft-OnlineBackup-RetryFailedJobs",
)
HEALTHY = [
    *({"name": name} for name in BACKUP_TASKS),
    {"name": "ScheduledDefrag", "folder": "\\Microsoft\\Windows\\Defrag\\"},
]

POLICIES = {
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
_SERVICES = {
    *("s-1-5-18", "s-1-5-19", "s-1-5-20"),
    *("system", "local service", "localservice", "network service", "networkservice"),
}
_AUTHORITY = re.compile(r"^(nt authority|nt-autorität)\\", re.IGNORECASE)
_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

_SYSTEM = "      <UserId>S-1-5-18</UserId>\n      <RunLevel>HighestAvailable</RunLevel>\n"
_STORED = (
    "      <UserId>S-1-5-21-1004336348-1177238915-682003330-1105</UserId>\n"
    "      <LogonType>Password</LogonType>\n      <RunLevel>HighestAvailable</RunLevel>\n"
)
_XML = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Author>Microsoft Corporation</Author>
    <URI>{uri}</URI>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2024-03-04T{hour:02}:{minute:02}:00</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
{principal}    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>powershell.exe</Command>
      <Arguments>-Command "import-module msonlinebackup; Start-OBBackup -Name '{id}'"</Arguments>
    </Exec>
  </Actions>
</Task>
"""

_SEEN = "seen: one task, exported twice by one Windows"
_FORM = "seen: what definitions that were saved have, and others lack"
_PLAUSIBLE = "plausible"
UNKIND: dict[str, Switch] = {
    "a duration in hours": Switch(_SEEN, (("PT1320M<", "PT22H<"), ("PT240M<", "PT4H<"))),
    "a duration in minutes": Switch(_SEEN, (("PT22H<", "PT1320M<"), ("PT4H<", "PT240M<"))),
    "a duration in days": Switch(_SEEN, (("PT24H<", "P1D<"), ("PT72H<", "P3D<"))),
    "a duration in hours, not days": Switch(_SEEN, (("P1D<", "PT24H<"), ("P3D<", "PT72H<"))),
    "no limit where it is the default": Switch(
        _FORM, (("\\s*<ExecutionTimeLimit>(P3D|PT72H)</ExecutionTimeLimit>", ""),)
    ),
    "a version": Switch(_FORM, (("<Task xmlns", '<Task version="1.2" xmlns'),)),
    "another version": Switch(_SEEN, (('<Task version="1.2"', '<Task version="1.4"'),)),
    "a run level": Switch(
        _FORM,
        (
            (
                "(<Principal\\b[^>]*>\\s*<UserId>[^<]*</UserId>)(\\s*</Principal>)",
                "$1<RunLevel>LeastPrivilege</RunLevel>$2",
            ),
        ),
    ),
    "maintenance that may be shared": Switch(
        _FORM,
        (("(<Period>[^<]*</Period>)(\\s*</Main)", "$1<Exclusive>false</Exclusive>$2"),),
    ),
    "what a trigger on a state has": Switch(
        _FORM,
        (
            (
                "(<Data>[^<]*</Data>)(\\s*</Wnf)",
                "$1<Enabled>1</Enabled><DataOffset>0</DataOffset>$2",
            ),
        ),
    ),
    "capitals": Switch(_FORM, (("(?<=<StateName>)7550b9a33e06830d", "7550B9A33E06830D"),)),
    "an id and a context": Switch(
        _FORM,
        (("<Principal>", '<Principal id="Author">'), ("<Actions>", '<Actions Context="Author">')),
    ),
    "another id and context": Switch(_PLAUSIBLE, (('(id|Context)="Author"', '$1="LocalSystem"'),)),
    "triggers that say that they are on": Switch(
        _FORM,
        (("<(Boot|Logon|Time)Trigger */>", "<$1Trigger><Enabled>true</Enabled></$1Trigger>"),),
    ),
    "triggers that do not": Switch(
        _FORM, (("<Enabled>true</Enabled>(\\s*</[A-Z]\\w+Trigger>)", "$1"),)
    ),
    "where it is registered": Switch(
        _FORM,
        (("<RegistrationInfo */>", "<RegistrationInfo><URI>Backup</URI></RegistrationInfo>"),),
    ),
    "no registration": Switch(
        _FORM, (("<RegistrationInfo>[\\s\\S]*</RegistrationInfo>", "<RegistrationInfo />"),)
    ),
    "each day, in words": Switch(
        _FORM,
        (
            ("<ScheduleByDay */>", "<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>"),
            (
                "<ScheduleByWeek>\\s*<DaysOfWeek>",
                "<ScheduleByWeek><WeeksInterval>1</WeeksInterval><DaysOfWeek>",
            ),
        ),
    ),
    "each day, without a word": Switch(_PLAUSIBLE, (("<DaysInterval>1</DaysInterval>", ""),)),
    "no empty triggers": Switch(_FORM, (("\\s*<Triggers */>", ""),)),
    "empty triggers": Switch(_FORM, (("(<Task[^>]*>)(?![\\s\\S]*<Triggers)", "$1<Triggers />"),)),
    "an account by its SID": Switch(
        _FORM, (("(?<=<UserId>)(NT AUTHORITY.)?(?i:system)(?=<)", "S-1-5-18"),)
    ),
    "an account by its name": Switch(_FORM, (("(?<=<UserId>)S-1-5-18(?=<)", "SYSTEM"),)),
    "a person's SID": Switch(
        _SEEN, (("(?<=<UserId>)CONTOSO.ada(?=<)", "S-1-5-21-1004336348-1177238915-682003330-1105"),)
    ),
    "booleans as words": Switch(
        _FORM, (("<(WakeToRun|Hidden)>1<", "<$1>true<"), ("<(WakeToRun|Hidden)>0<", "<$1>false<"))
    ),
    "booleans as numbers": Switch(_PLAUSIBLE, ((">true<", ">1<"), (">false<", ">0<"))),
    "no fraction of a second": Switch(_SEEN, (("(:\\d\\d)\\.0+(?=Z?<)", "$1"),)),
    "a fraction of a second": Switch(_SEEN, (("(T\\d\\d:\\d\\d:\\d\\d)(?=Z?<)", "$1.0000000"),)),
    "no defaults": Switch(
        _FORM,
        (
            ("\\s*<(Hidden|WakeToRun|RunOnlyIfIdle)>false</\\w+>", ""),
            ("\\s*<(AllowHardTerminate|AllowStartOnDemand)>true</\\w+>", ""),
            ("\\s*<Priority>7</Priority>", ""),
        ),
    ),
    "how it is scheduled": Switch(
        _SEEN,
        (
            ("<UseUnifiedSchedulingEngine>[^<]*</UseUnifiedSchedulingEngine>", ""),
            (
                "</Settings>",
                "<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine></Settings>",
            ),
        ),
    ),
    "settings in another order": Switch(
        _FORM,
        (("(<Settings>)(\\s*<Mult[^>]*>[^<]*</Mult[^>]*>)([\\s\\S]*)(</Settings>)", "$1$3$2$4"),),
    ),
    "parts in another order": Switch(
        _FORM, (("(<Triggers>[\\s\\S]*</Triggers>)([\\s\\S]*</Settings>)", "$2$1"),)
    ),
    "who may change it is said": Switch(
        _SEEN,
        (
            (
                "(?<!Descriptor>)</RegistrationInfo>",
                "<SecurityDescriptor>D:(A;;FA;;;BA)</SecurityDescriptor></RegistrationInfo>",
            ),
        ),
    ),
    "lines of another kind": Switch(_SEEN, (("\\r\\n", "\n"),)),
}
"""What a Windows may make of a definition that it saves, which means the same."""

DAMAGING: dict[str, Switch] = {
    "the start with Windows is lost": Switch(
        _PLAUSIBLE, (("<BootTrigger>[\\s\\S]*?</BootTrigger>|<BootTrigger */>", ""),)
    ),
    "a trigger is lost": Switch(
        _PLAUSIBLE, (("<(\\w+Trigger)>[\\s\\S]*?</\\1>|<\\w+Trigger */>", ""),)
    ),
    "a trigger is added": Switch(
        _PLAUSIBLE,
        (
            ("<Triggers */>", "<Triggers></Triggers>"),
            ("</Triggers>", "<LogonTrigger /></Triggers>"),
        ),
    ),
    "a trigger becomes another": Switch(
        _PLAUSIBLE,
        (
            (
                "<(Boot|Time|Calendar|Logon)Trigger>[\\s\\S]*?</\\1Trigger>|<BootTrigger */>",
                "<SessionStateChangeTrigger><Enabled>true</Enabled></SessionStateChangeTrigger>",
            ),
        ),
    ),
    "another command": Switch(_PLAUSIBLE, (("(?<=<Command>)[^<]*", "calc.exe"),)),
    "an action is added": Switch(
        _PLAUSIBLE, (("</Actions>", "<Exec><Command>calc.exe</Command></Exec></Actions>"),)
    ),
    "another account": Switch(_PLAUSIBLE, (("(?<=<UserId>)[^<]*", "S-1-5-20"),)),
    "more rights": Switch(
        _PLAUSIBLE,
        (
            ("\\s*<RunLevel>[^<]*</RunLevel>", ""),
            ("</Principal>", "<RunLevel>HighestAvailable</RunLevel></Principal>"),
        ),
    ),
    "another setting": Switch(
        _PLAUSIBLE,
        (
            ("\\s*<Priority>[^<]*</Priority>", ""),
            ("</Settings>", "<Priority>4</Priority></Settings>"),
        ),
    ),
    "it is off": Switch(
        _PLAUSIBLE,
        (
            ("(<Settings>[\\s\\S]*?)<Enabled>[^<]*</Enabled>", "$1"),
            ("</Settings>", "<Enabled>false</Enabled></Settings>"),
        ),
    ),
}
"""What no Windows should make of one."""

# What is no element although it may look like one, with as many characters as it has.
_NO_ELEMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_ATTRIBUTES = r"""(?:[^>"']|"[^"]*"|'[^']*')*"""
_SETTINGS = re.compile(rf"<Settings\b{_ATTRIBUTES}(?<!/)>(?P<inside>.*?)</Settings\s*>", re.DOTALL)
_ELEMENT = rf"<{{0}}\b{_ATTRIBUTES}(?<!/)>(?P<text>[^<]*)</{{0}}\s*>"


class _Short(Model):
    """A task.

    Args:
        name: its name in the folder.
        folder: its folder, beginning and ending with a backslash.
        policy: its multiple-instance policy, as in XML; None leaves the element out.
        enabled: it may be started.
        stored_password: it logs on as an account whose password is stored, not as SYSTEM.
        state: what it is doing.
        count: so many such tasks, with a number after the name.
        triggers: what starts it, as in XML; daily in the evening when not said.
        xml: its whole definition; the policy is as it says, then.
    """

    name: str
    folder: str = FOLDER
    policy: str | None = "IgnoreNew"
    enabled: bool = True
    stored_password: bool = False
    state: int = READY
    count: int = 0
    triggers: str | None = None
    xml: str | None = None


_SHORT = TypeAdapter(list[_Short])


def state(host: HostState, short: object) -> None:
    """These tasks and no others."""
    host.windows["scheduled_tasks"] = [
        _task(one, name)
        for one in short_form(_SHORT, short)
        for name in ([f"{one.name} {n}" for n in range(1, one.count + 1)] or [one.name])
    ]


def _task(short: _Short, name: str) -> Record:
    if short.policy is not None and short.policy not in POLICIES:
        raise ValueError(f"{name}: there is no policy {short.policy}")
    task = make_task(
        name,
        POLICIES[short.policy or "IgnoreNew"],
        folder=short.folder,
        stored_password=short.stored_password,
    )
    if short.policy is None:
        line = "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\r\n"
        task["xml"] = task["xml"].replace(line, "")
    if short.triggers is not None:
        start, rest = task["xml"].split("<Triggers>")
        task["xml"] = (
            f"{start}<Triggers>{short.triggers}</Triggers>{rest.partition('</Triggers>')[2]}"
        )
    task.update(state=short.state, xml=short.xml or task["xml"])
    if not short.enabled:
        _turn(task, on=False)
    return task


def make_task(
    name: str,
    policy: MultipleInstances = MultipleInstances.IGNORE_NEW,
    *,
    folder: str = FOLDER,
    stored_password: bool = False,
    chance: random.Random | None = None,
) -> Record:
    """One backup task, as Windows' state has it.

    Args:
        name: its name.
        policy: its multiple-instance policy.
        folder: its folder, beginning and ending with a backslash.
        stored_password: it logs on as an account whose password is stored, not as SYSTEM.
        chance: decides what does not matter; not when it starts, which the agent knows, too.
    """
    own = random.Random(name)  # noqa: S311 - no secret
    xml = _XML.format(
        uri=folder + name,
        hour=own.randrange(18, 24),
        minute=own.choice((0, 15, 30, 45)),
        principal=_STORED if stored_password else _SYSTEM,
        id=uuid.UUID(int=(chance or own).getrandbits(128), version=4),
    ).replace("\n", "\r\n")
    return {"path": folder, "name": name, "state": READY, "xml": with_policy(xml, policy)}


def read(host: HostState, folder: str | None = None) -> Iterator[Record]:
    """Those right in a folder; or all."""
    for task in host.windows.get("scheduled_tasks", []):
        if folder is None or same(task["path"], folder):
            try:
                policy, on, logon = _said(task["xml"])
            except ValueError as error:
                raise ValueError(f"task {task['path']}{task['name']}: {error}") from error
            yield {
                "path": task["path"],
                "name": task["name"],
                "multiple_instances": int(policy),
                "enabled": on,
                "logon_type": int(logon),
                "state": task["state"],
                "xml": task["xml"],
            }


def write(host: HostState, record: Record, after: Record) -> None:
    """The XML says it afterwards; Task Scheduler wants stored passwords again to save a task."""
    if "multiple_instances" in after and LogonType(record["logon_type"]).stores_password:
        raise refuse(
            "The task stores a password, or runs as a managed service account; Windows would want "
            "that again to save the task."
        )
    if unsavable_trigger(record["xml"]):
        raise refuse("Windows would not save the task's triggers as they are.")
    may_write(host, KIND)
    task = _find(host, record)
    if "multiple_instances" in after:
        xml = with_policy(task["xml"], MultipleInstances(after["multiple_instances"]))
        task["xml"] = host.saved_text(KIND, xml)
    if "enabled" in after:
        _turn(task, on=after["enabled"])
        task["xml"] = host.saved_text(KIND, task["xml"])


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """One of the other policies; a task is on or off, and nothing else."""
    if change.property == "enabled":
        if change.after is (not change.before):
            return None
        _turn(_find(host, record), on=not change.before)
        return not change.before
    known = (change.before, change.after)
    value = next(int(policy) for policy in MultipleInstances if policy not in known)
    task = _find(host, record)
    task["xml"] = with_policy(task["xml"], MultipleInstances(value))
    return value


def with_policy(xml: str, policy: MultipleInstances) -> str:
    """A task's XML with this policy and every other character as it was.

    An absent element means IgnoreNew, and stays absent then.

    Raises:
        ValueError: it has no settings.
    """
    name = next(name for name, known in POLICIES.items() if known is policy)
    default = policy is MultipleInstances.IGNORE_NEW
    return _with_setting(xml, "MultipleInstancesPolicy", name, default=default)


def _turn(task: Record, *, on: bool) -> None:
    """What Enable-ScheduledTask and its opposite do."""
    task["xml"] = _with_setting(task["xml"], "Enabled", "true" if on else "false", default=on)
    if not on:
        task["state"] = DISABLED
    elif task["state"] == DISABLED:
        task["state"] = READY


def _with_setting(xml: str, element: str, text: str, *, default: bool) -> str:
    bare = _NO_ELEMENT.sub(lambda found: " " * len(found[0]), xml)
    settings = _SETTINGS.search(bare)
    if settings is None:
        raise ValueError("a task's definition has no Settings element with something in it")
    there = re.compile(_ELEMENT.format(element)).search(bare, *settings.span("inside"))
    if there is not None:
        start, end = there.span("text")
        return xml[:start] + text + xml[end:]
    if default:
        return xml
    start = settings.start("inside")
    indent = re.search(r"(\r?\n?)([ \t]*)$", bare[: settings.start()])
    line = f"{indent[1]}{indent[2]}  " if indent else ""
    return f"{xml[:start]}{line}<{element}>{text}</{element}>{xml[start:]}"


def _find(host: HostState, record: Record) -> Record:
    tasks = host.windows["scheduled_tasks"]
    return next(
        task
        for task in tasks
        if same(task["path"], record["path"]) and same(task["name"], record["name"])
    )


@lru_cache(maxsize=2_000)
def _said(xml: str) -> tuple[MultipleInstances, bool, LogonType]:
    """The policy of a definition, whether it is on, and its logon type.

    Raises:
        ValueError: Windows would refuse such a definition.
    """
    text = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", xml).removeprefix("\ufeff")
    try:
        root = ET.fromstring(text)  # noqa: S314 - the lab's own file
    except ET.ParseError as error:
        raise ValueError(f"its definition is not XML: {error}") from error
    policy = _text(root, "Settings/MultipleInstancesPolicy") or "IgnoreNew"
    if policy not in POLICIES:
        raise ValueError(f"Windows would refuse its policy {policy!r}")
    return POLICIES[policy], is_on(text), _logon(root)


def _logon(root: ET.Element) -> LogonType:
    text = _text(root, "Principals/Principal/LogonType")
    if text and text not in _LOGONS:
        raise ValueError(f"Windows would refuse its logon type {text!r}")
    if text:
        return _LOGONS[text]
    if _text(root, "Principals/Principal/GroupId"):
        return LogonType.GROUP
    user = _AUTHORITY.sub("", _text(root, "Principals/Principal/UserId") or "").casefold()
    return LogonType.SERVICE_ACCOUNT if user in _SERVICES else LogonType.NONE


def _text(root: ET.Element, path: str) -> str | None:
    return root.findtext("/".join(_NAMESPACE + step for step in path.split("/")))
