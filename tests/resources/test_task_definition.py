"""Two definitions of a task that mean the same are equal, and no others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.lab.kinds.scheduled_task import make_task
from remediate.resources.scheduled_task import LogonType, MultipleInstances, ScheduledTask
from remediate.resources.task_definition import parts_of, unsavable_trigger
from tests.resources.bare_task import BOOT, EXEC, SYSTEM, bare

TIME = "<TimeTrigger><StartBoundary>2026-01-01T00:00:00</StartBoundary></TimeTrigger>"


def task(xml: str, logon: LogonType = LogonType.SERVICE_ACCOUNT) -> ScheduledTask:
    return ScheduledTask(
        path="\\",
        name="t",
        multiple_instances=MultipleInstances.QUEUE,
        logon_type=logon,
        state=3,
        xml=xml,
    )


def moved(one: ScheduledTask, other: ScheduledTask) -> dict[str, bool | None]:
    """The parts that are not the same, but for what Windows keeps for itself, and what is said."""
    was, now = one.compared(), other.compared()
    said = {name: one.same(name, was.get(name), now.get(name)) for name in was.keys() | now.keys()}
    for name, same in said.items():
        assert one.same(name, now.get(name), was.get(name)) is same, name
    return {name: same for name, same in said.items() if not same and not one.bookkeeping(name)}


def repeated(pattern: str) -> str:
    return f"<TimeTrigger><Repetition>{pattern}</Repetition></TimeTrigger>"


SAME = {
    "all that the schema says of an absent setting": (
        bare(
            settings="<AllowHardTerminate>true</AllowHardTerminate>"
            "<AllowStartOnDemand>true</AllowStartOnDemand>"
            "<DisallowStartIfOnBatteries>true</DisallowStartIfOnBatteries>"
            "<StopIfGoingOnBatteries>true</StopIfGoingOnBatteries><Enabled>true</Enabled>"
            "<ExecutionTimeLimit>P3D</ExecutionTimeLimit><Hidden>false</Hidden>"
            "<IdleSettings><Duration>PT10M</Duration><WaitTimeout>PT1H</WaitTimeout>"
            "<StopOnIdleEnd>true</StopOnIdleEnd><RestartOnIdle>false</RestartOnIdle>"
            "</IdleSettings><Priority>7</Priority><RunOnlyIfIdle>false</RunOnlyIfIdle>"
            "<RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>"
            "<StartWhenAvailable>false</StartWhenAvailable><WakeToRun>false</WakeToRun>"
        ),
        bare(),
    ),
    "a duration in other units": (
        bare(repeated("<Interval>PT1320M</Interval>")),
        bare(repeated("<Interval>PT22H</Interval>")),
    ),
    "a day of 24 hours": (
        bare(repeated("<Interval>PT24H</Interval>")),
        bare(repeated("<Interval>P1D</Interval>")),
    ),
    "a year of 12 months": (
        bare(settings="<DeleteExpiredTaskAfter>P1Y</DeleteExpiredTaskAfter>"),
        bare(settings="<DeleteExpiredTaskAfter>P12M</DeleteExpiredTaskAfter>"),
    ),
    "a setting's default": (
        bare(settings="<ExecutionTimeLimit>PT72H</ExecutionTimeLimit><Hidden>0</Hidden>"),
        bare(),
    ),
    "idle settings that say nothing": (bare(settings="<IdleSettings>\n</IdleSettings>"), bare()),
    "each day, over two lines": (
        bare("<CalendarTrigger><ScheduleByDay>\n</ScheduleByDay></CalendarTrigger>"),
        bare("<CalendarTrigger><ScheduleByDay /></CalendarTrigger>"),
    ),
    "settings in another order": (
        bare(settings="<Priority>4</Priority><Hidden>true</Hidden>"),
        bare(settings="<Hidden>true</Hidden><Priority>4</Priority>"),
    ),
    "a boolean as a number": (
        bare(settings="<WakeToRun>1</WakeToRun>"),
        bare(settings="<WakeToRun>true</WakeToRun>"),
    ),
    "triggers in another order": (bare(TIME + BOOT), bare(BOOT + TIME)),
    "triggers that are absent": (bare(), bare().replace("<Triggers></Triggers>", "")),
    "days in another order": (
        bare(
            "<CalendarTrigger><ScheduleByWeek><DaysOfWeek><Sunday /><Monday /></DaysOfWeek>"
            "</ScheduleByWeek></CalendarTrigger>"
        ),
        bare(
            "<CalendarTrigger><ScheduleByWeek><WeeksInterval>1</WeeksInterval><DaysOfWeek>"
            "<Monday /><Sunday /></DaysOfWeek></ScheduleByWeek></CalendarTrigger>"
        ),
    ),
    "a time at its own zone": (
        bare(TIME.replace("00:00:00", "00:00:00.0000000+02:00")),
        bare(TIME.replace("2026-01-01T00:00:00", "2025-12-31T22:00:00Z")),
    ),
    "an account by its SID": (
        bare(principal="<UserId>nt authority\\SYSTEM</UserId>"),
        bare(principal="<RunLevel>LeastPrivilege</RunLevel><UserId>S-1-5-18</UserId>"),
    ),
    "a group by its SID": (
        bare(principal="<GroupId>BUILTIN\\Administrators</GroupId>"),
        bare(principal="<GroupId>S-1-5-32-544</GroupId>"),
    ),
    "an id and the context that names it": (
        bare(),
        bare()
        .replace("<Principal>", '<Principal id="Author">')
        .replace("<Actions>", '<Actions Context="Author">'),
    ),
    "a class in capitals": (
        bare(actions="<ComHandler><ClassId>{ab}</ClassId></ComHandler>"),
        bare(actions="<ComHandler><ClassId>{AB}</ClassId></ComHandler>"),
    ),
    "text in CDATA": (
        bare(actions="<ComHandler><Data>a&amp;b</Data></ComHandler>"),
        bare(actions="<ComHandler><Data><![CDATA[a&b]]></Data></ComHandler>"),
    ),
    "an argument that is none": (
        bare(actions="<Exec><Command>c</Command><Arguments /></Exec>"),
        bare(actions="<Exec><Command>c</Command></Exec>"),
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_what_means_the_same_is_equal(one: str, other: str) -> None:
    assert moved(task(one), task(other)) == {}


DAILY = "<CalendarTrigger><ScheduleByDay /></CalendarTrigger>"
DIFFERENT = {
    "a task that is off": (
        bare(),
        bare(settings="<Enabled>false</Enabled>"),
        {"enabled"},
    ),
    "a task that is hidden": (
        bare(),
        bare(settings="<Hidden>true</Hidden>"),
        {"Settings/Hidden"},
    ),
    "a task that does not stop on batteries": (
        bare(),
        bare(settings="<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>"),
        {"Settings/StopIfGoingOnBatteries"},
    ),
    "a trigger that is lost": (bare(TIME + BOOT), bare(TIME), {"Triggers/BootTrigger"}),
    "the only trigger that is lost": (bare(BOOT), bare(), {"Triggers/BootTrigger"}),
    "one of two such triggers": (bare(BOOT + BOOT), bare(BOOT), {"Triggers/BootTrigger"}),
    "a trigger of another kind": (
        bare(TIME),
        bare(BOOT),
        {"Triggers/BootTrigger", "Triggers/TimeTrigger StartBoundary 2026-01-01T00:00:00"},
    ),
    "a trigger that is off": (
        bare(BOOT),
        bare(BOOT.replace("true", "0")),
        {"Triggers/BootTrigger", "Triggers/BootTrigger Enabled false"},
    ),
    "every day, and every second": (
        bare(DAILY),
        bare(DAILY.replace(" />", "><DaysInterval>2</DaysInterval></ScheduleByDay>", 1)),
        {
            "Triggers/CalendarTrigger ScheduleByDay/DaysInterval 1",
            "Triggers/CalendarTrigger ScheduleByDay/DaysInterval 2",
        },
    ),
    "a month, and 30 days": (
        bare(settings="<DeleteExpiredTaskAfter>P1M</DeleteExpiredTaskAfter>"),
        bare(settings="<DeleteExpiredTaskAfter>P30D</DeleteExpiredTaskAfter>"),
        {"Settings/DeleteExpiredTaskAfter"},
    ),
    "no limit, and the default": (
        bare(settings="<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>"),
        bare(),
        {"Settings/ExecutionTimeLimit"},
    ),
    "local time, and UTC": (
        bare(TIME),
        bare(TIME.replace("00:00:00", "00:00:00Z")),
        {
            "Triggers/TimeTrigger StartBoundary 2026-01-01T00:00:00",
            "Triggers/TimeTrigger StartBoundary 2026-01-01T00:00:00Z",
        },
    ),
    "another command": (
        bare(),
        bare(actions=EXEC.replace("cmd", "evil")),
        {"Actions[1]/Exec/Command"},
    ),
    "a duration that is an argument": (
        bare(actions="<Exec><Command>c</Command><Arguments>PT24H</Arguments></Exec>"),
        bare(actions="<Exec><Command>c</Command><Arguments>P1D</Arguments></Exec>"),
        {"Actions[1]/Exec/Arguments"},
    ),
    "actions in another order": (
        bare(actions=EXEC + "<Exec><Command>d</Command></Exec>"),
        bare(actions="<Exec><Command>d</Command></Exec>" + EXEC),
        {"Actions[1]/Exec/Command", "Actions[2]/Exec/Command"},
    ),
    "an action that is lost": (
        bare(actions=EXEC + "<ShowMessage />"),
        bare(),
        {"Actions[2]/ShowMessage"},
    ),
    "another account": (
        bare(),
        bare(principal="<UserId>S-1-5-20</UserId>"),
        {"Principals/Principal/UserId"},
    ),
    "more rights": (
        bare(),
        bare(principal=f"{SYSTEM}<RunLevel>HighestAvailable</RunLevel>"),
        {"Principals/Principal/RunLevel"},
    ),
    "a context that names nobody": (
        bare(),
        bare().replace("<Actions>", '<Actions Context="Other">'),
        {"Actions/principal"},
    ),
    "a setting nobody knows": (
        bare(),
        bare(settings="<Unheard>of</Unheard>"),
        {"Settings/Unheard"},
    ),
}


@pytest.mark.parametrize(("one", "other", "names"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_what_means_something_else_is_a_difference_with_a_name(
    one: str, other: str, names: set[str]
) -> None:
    assert moved(task(one), task(other)) == dict.fromkeys(names, False)


def user(text: str) -> str:
    return bare(principal=f"<UserId>{text}</UserId>")


def by(account: str) -> str:
    return bare(f"<LogonTrigger><UserId>{account}</UserId></LogonTrigger>")


ADA, BOB = "S-1-5-21-1-2-3-1105", "S-1-5-21-1-2-3-1106"
SECURED = "<RegistrationInfo><SecurityDescriptor>D:(A;;FA;;;SY)</SecurityDescriptor>"
UNTOLD = {
    "whose name it is": (user("CONTOSO\\ada"), user(ADA), None),
    "whose name it is in a trigger": (by("CONTOSO\\ada"), by(ADA), None),
    "an account of a Windows in another language": (user("AUTORITE NT\\Système"), bare(), None),
    "two names": (user("CONTOSO\\ada"), user("CONTOSO\\bob"), False),
    "two SIDs": (user(ADA), user(BOB), False),
    "two SIDs in a trigger": (by(ADA), by(BOB), False),
    "a security descriptor that comes": (
        bare(),
        bare().replace("<Triggers>", f"{SECURED}</RegistrationInfo><Triggers>"),
        None,
    ),
}


@pytest.mark.parametrize(("one", "other", "said"), UNTOLD.values(), ids=UNTOLD.keys())
def test_what_cannot_be_told_is_neither_the_same_nor_a_difference(
    one: str, other: str, said: bool | None
) -> None:
    assert set(moved(task(one), task(other)).values()) == {said}


def test_how_a_task_logs_on_is_told_by_its_account_where_that_says_it() -> None:
    by_system = [task(bare(), logon) for logon in (LogonType.NONE, LogonType.INTERACTIVE_TOKEN)]
    assert moved(*by_system) == {}
    ada = [task(user(ADA), logon) for logon in (LogonType.NONE, LogonType.S4U, LogonType.PASSWORD)]
    assert moved(ada[0], ada[1]) == {"logon_type": None}
    assert moved(ada[1], ada[2]) == {"logon_type": False}


BOOKKEEPING = {
    "version": (bare(), bare().replace("<Task ", '<Task version="1.4" '), "@version"),
    "where it is registered": (
        bare(),
        bare().replace(
            "<Triggers>", "<RegistrationInfo><URI>\\t</URI></RegistrationInfo><Triggers>"
        ),
        "RegistrationInfo/URI",
    ),
    "an account's spelling": (
        user("System"),
        bare(),
        "Principals/Principal/UserId as written",
    ),
    "a trigger's id": (
        bare("<BootTrigger />"),
        bare('<BootTrigger id="1" />'),
        "Triggers@id as written",
    ),
    "how it is scheduled": (
        bare(),
        bare(settings="<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine>"),
        "Settings/UseUnifiedSchedulingEngine",
    ),
}


@pytest.mark.parametrize(("one", "other", "name"), BOOKKEEPING.values(), ids=BOOKKEEPING.keys())
def test_what_windows_keeps_for_itself_is_there_to_be_noted(
    one: str, other: str, name: str
) -> None:
    was, now = task(one).compared(), task(other).compared()
    assert [part for part in was.keys() | now.keys() if was.get(part) != now.get(part)] == [name]
    assert ScheduledTask.bookkeeping(name)


LENGTH = st.builds("P{}Y{}M{}DT{}H{}M{}S".format, *[st.integers(0, 99) for _ in range(6)])


@given(LENGTH, LENGTH)
def test_durations_are_equal_when_they_are_as_long(one: str, other: str) -> None:
    def length(text: str) -> tuple[int, int]:
        years, months, days, hours, minutes, seconds = map(int, re.findall(r"\d+", text))
        return years * 12 + months, ((days * 24 + hours) * 60 + minutes) * 60 + seconds

    def said(text: str) -> object:
        xml = bare(settings=f"<ExecutionTimeLimit>{text}</ExecutionTimeLimit>")
        return parts_of(xml)["Settings/ExecutionTimeLimit"]

    assert (said(one) == said(other)) is (length(one) == length(other))
    assert said(str(said(one))) == said(one)


@pytest.mark.parametrize(
    ("triggers", "known"),
    [
        (BOOT + TIME + DAILY, True),
        ("<EventTrigger><Subscription>x</Subscription></EventTrigger>", True),
        ("<CalendarTrigger><ScheduleByMonth /></CalendarTrigger>", False),
        ("<CalendarTrigger><ScheduleByMonthDayOfWeek /></CalendarTrigger>", False),
        (BOOT + "<WnfStateChangeTrigger />", False),
        ("<RegistrationTrigger />", False),
    ],
)
def test_a_trigger_that_would_not_be_saved_as_it_is_is_known(triggers: str, known: bool) -> None:
    assert (unsavable_trigger(bare(triggers)) is None) is known
    assert (task(bare(triggers)).unsavable is None) is known


def test_a_password_that_would_be_wanted_is_known() -> None:
    xml = make_task("t", stored_password=True)["xml"]
    assert task(xml, LogonType.PASSWORD).unsavable == (
        "stores a password, or runs as a managed service account"
    )
