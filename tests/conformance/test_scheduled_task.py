"""A task's policy is read from its definition, and nothing else of that is touched: both doors."""

from typing import Any

import pytest

from remediate.lab.kinds import everything
from remediate.lab.kinds.scheduled_task import FOLDER, make_task
from remediate.lab.state import Record
from remediate.powershell.messages import Status
from remediate.resources.scheduled_task import LogonType, MultipleInstances, ScheduledTask
from tests.conformance.doors import Asked, Door, error_of

KIND = ScheduledTask.kind
XML: str = make_task("t", MultipleInstances.STOP_EXISTING)["xml"]
POLICY = "<MultipleInstancesPolicy>StopExisting</MultipleInstancesPolicy>"
NAME = {"path": FOLDER, "name": "t"}


def asked(door: Door, *xml: str, **facts: Any) -> Asked:
    tasks = [
        {"name": "t" if not number else f"t{number}", "xml": one} for number, one in enumerate(xml)
    ]
    return Asked(door, KIND, tasks, **facts)


def written(door: Door, xml: str, policy: int = MultipleInstances.IGNORE_NEW) -> str:
    """A definition after its policy was written."""
    one = asked(door, xml)
    assert one.set(NAME, {"multiple_instances": int(policy)}).status is Status.OK
    assert one.record(**NAME)["multiple_instances"] == policy
    text: str = one.record(**NAME)["xml"]
    return text


UNUSUAL = {
    "a comment with the element": XML.replace(
        "    <Multiple", "    <!-- " + POLICY + " -->\r\n    <Multiple"
    ),
    "a comment with the settings": XML.replace(
        "  <Settings>", "  <!-- <Settings> -->\r\n  <Settings>"
    ),
    "CDATA with the element": XML.replace(
        "<Author>", f"<Description><![CDATA[{POLICY}]]></Description><Author>"
    ),
    "white space in tags": XML.replace("<Settings>", "<Settings >").replace(
        POLICY, "<MultipleInstancesPolicy >StopExisting</MultipleInstancesPolicy\r\n>"
    ),
    "a mark before the declaration": "\ufeff" + XML,
    "no declaration": XML.partition("?>")[2].lstrip(),
}


@pytest.mark.parametrize("xml", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_the_element_is_written_and_every_other_character_stays(door: Door, xml: str) -> None:
    assert xml != XML
    head, _, tail = xml.rpartition("StopExisting<")
    assert written(door, xml) == f"{head}IgnoreNew<{tail}"


@pytest.mark.parametrize("policy", list(MultipleInstances))
def test_an_absent_element_means_ignore_new_and_is_made_where_it_is_needed(
    door: Door, policy: MultipleInstances
) -> None:
    bare = XML.replace(f"    {POLICY}\r\n", "")
    after = written(door, bare, policy)
    name = policy.name.title().replace("_", "")
    line = f"    <MultipleInstancesPolicy>{name}</MultipleInstancesPolicy>\r\n"
    expected = bare.replace("<Settings>\r\n", "<Settings>\r\n" + line)
    assert after == (bare if policy is MultipleInstances.IGNORE_NEW else expected)


def principal(text: str) -> str:
    before, _, rest = XML.partition('<Principal id="Author">')
    return f'{before}<Principal id="Author">{text}</Principal>{rest.partition("</Principal>")[2]}'


LOGONS = {
    "<UserId>S-1-5-18</UserId>": LogonType.SERVICE_ACCOUNT,
    "<UserId>System</UserId>": LogonType.SERVICE_ACCOUNT,
    "<UserId>nt authority\\SYSTEM</UserId>": LogonType.SERVICE_ACCOUNT,
    "<UserId>LOCAL SERVICE</UserId>": LogonType.SERVICE_ACCOUNT,
    "<UserId>NT AUTHORITY\\NetworkService</UserId>": LogonType.SERVICE_ACCOUNT,
    "<UserId>NETWORK SERVICE</UserId>": LogonType.SERVICE_ACCOUNT,
    "<UserId>CONTOSO\\ada</UserId>": LogonType.NONE,
    "<UserId>CONTOSO\\ada</UserId><LogonType>Password</LogonType>": LogonType.PASSWORD,
    "<UserId>CONTOSO\\ada</UserId><LogonType>S4U</LogonType>": LogonType.S4U,
    "<GroupId>S-1-5-32-544</GroupId>": LogonType.GROUP,
    "": LogonType.NONE,
}


def test_how_a_task_logs_on_is_seen_from_its_principal(door: Door) -> None:
    one = asked(door, *map(principal, LOGONS))
    found = [LogonType(task["logon_type"]) for task in one.get(folder=FOLDER)]
    assert found == list(LOGONS.values())


def test_what_must_not_be_written_is_not(door: Door) -> None:
    stored = principal("<UserId>ada</UserId><LogonType>Password</LogonType>")
    unsavable = (
        "<CalendarTrigger><ScheduleByMonth /></CalendarTrigger>",
        "<CalendarTrigger><ScheduleByMonthDayOfWeek /></CalendarTrigger>",
        "<WnfStateChangeTrigger />",
        "<RegistrationTrigger />",
    )
    one = asked(
        door, XML, stored, *(XML.replace("<Triggers>", f"<Triggers>{t}") for t in unsavable)
    )
    before = everything(one.state)
    after: Record = {"multiple_instances": 2}
    for name, was, error in (
        ("t", {"multiple_instances": 1}, "RemediateStale"),
        ("t1", {}, "RemediateRefused"),
        ("t1", {"multiple_instances": 1}, "RemediateStale"),
        *((f"t{number}", {}, "RemediateRefused") for number in range(2, 2 + len(unsavable))),
        ("gone", {"multiple_instances": 3}, "RemediateMissing"),
        ("t?", {"multiple_instances": 3}, "RemediateMissing"),
    ):
        assert error_of(one.set({**NAME, "name": name}, after, **was)) == error
        assert everything(one.state) == before


def test_a_task_is_turned_off_and_on_without_its_password(door: Door) -> None:
    """The element is made where there is none; what starts it whenever it is saved is not saved."""
    stored = principal("<UserId>ada</UserId><LogonType>Password</LogonType>")
    bare = stored.replace("    <Enabled>true</Enabled>\r\n    <Hidden>", "    <Hidden>")
    assert bare != stored
    one = asked(door, bare, XML.replace("<Triggers>", "<Triggers><RegistrationTrigger />"))
    line = "<Settings>\r\n    <Enabled>false</Enabled>\r\n"
    for on, state, xml in (
        (False, 1, bare.replace("<Settings>\r\n", line)),
        (True, 3, bare.replace("<Settings>\r\n", line.replace("false", "true"))),
    ):
        assert one.set(NAME, {"enabled": on}, enabled=not on).status is Status.OK
        found = one.record(**NAME)
        assert (found["enabled"], found["state"], found["xml"]) == (on, state, xml)
    before = everything(one.state)
    assert error_of(one.set(NAME, {"enabled": False}, enabled=False)) == "RemediateStale"
    assert error_of(one.set({**NAME, "name": "t1"}, {"enabled": False})) == "RemediateRefused"
    assert everything(one.state) == before


SAVABLE = (
    "<EventTrigger><Subscription>*</Subscription></EventTrigger><IdleTrigger /><BootTrigger />"
    "<SessionStateChangeTrigger><StateChange>ConsoleConnect</StateChange>"
    "</SessionStateChangeTrigger><LogonTrigger /><TimeTrigger />"
    "<CalendarTrigger><ScheduleByWeek /></CalendarTrigger>"
)


def test_triggers_that_the_commands_know_are_no_reason_not_to_write(door: Door) -> None:
    xml = XML.replace("<Triggers>", f"<Triggers>{SAVABLE}")
    assert written(door, xml) == xml.replace("StopExisting<", "IgnoreNew<")


def test_what_is_not_there_is_known_whatever_language_windows_speaks(door: Door) -> None:
    one = asked(door, XML, culture="ko-KR")
    assert one.get(folder="\\gone\\") == []
    assert error_of(one.set({**NAME, "name": "gone"}, {"enabled": False})) == "RemediateMissing"


@pytest.mark.parametrize("access", ["read", "write"])
def test_who_may_not_is_told_so(door: Door, access: str) -> None:
    one = asked(door, XML, denied={KIND: access})
    before = everything(one.state)
    result = one.set(NAME, {"multiple_instances": 2})
    assert result.error
    assert result.error.category == "PermissionDenied"
    assert everything(one.state) == before
