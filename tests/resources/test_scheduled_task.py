"""A task is compared part by part, and its folder is checked before anything is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import records
from remediate.resources.scheduled_task import (
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
)

HOST = healthy_host(resources={"scheduled_task": [{"name": "Backup", "policy": "StopExisting"}]})
TASK = ScheduledTask.model_validate(records(HOST, "scheduled_task")[0])


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        (r"\Microsoft\OnlineBackup", "\\Microsoft\\OnlineBackup\\"),
        (r"Microsoft\OnlineBackup\\", "\\Microsoft\\OnlineBackup\\"),
        ("\\", "\\"),
        (r"\백업 [1]", "\\백업 [1]\\"),
        (r"\it's `$(x)", "\\it's `$(x)\\"),
    ],
)
def test_a_folder_is_brought_into_one_form(text: str, folder: str) -> None:
    assert ScheduledTasks(folder=text).folder == folder


@pytest.mark.parametrize(
    "text", ["a\0b", "a\nb", "a/b", "a*", "a?", "a:b", 'a"b', "a\\..\\b", "x" * 300, "\ud800", "|"]
)
def test_what_windows_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="Task Scheduler folder"):
        ScheduledTasks(folder=text)


@given(st.text(max_size=300))
def test_a_folder_that_is_taken_is_in_its_only_form(text: str) -> None:
    try:
        folder = ScheduledTasks(folder=text).folder
    except ValidationError:
        return
    assert ScheduledTasks(folder=folder).folder == folder
    assert folder.startswith("\\")
    assert folder.endswith("\\")


def test_the_policy_is_not_compared_twice_and_nothing_else_is_left_out() -> None:
    compared = TASK.compared()
    assert "Settings/MultipleInstancesPolicy" not in compared
    assert compared["multiple_instances"] == MultipleInstances.STOP_EXISTING
    assert "state" not in compared
    assert "Actions[1]/Exec/Command" in compared
    assert any("StartBoundary 2024" in name for name in compared)


@pytest.mark.parametrize(
    "xml", ["", "<Task>", "not xml", '<!DOCTYPE x [<!ENTITY a "b">]><Task>&a;</Task>']
)
def test_what_is_no_definition_is_refused_where_it_is_read(xml: str) -> None:
    with pytest.raises(ValidationError):
        ScheduledTask.model_validate(TASK.model_dump() | {"xml": xml})


def test_the_change_says_what_it_does_in_words() -> None:
    desire = TASK.should(multiple_instances=MultipleInstances.IGNORE_NEW)
    [change] = desire.changes("schedule-fix")
    assert (change.before, change.after) == (3, 2)
    assert (change.before_label, change.after_label) == ("StopExisting", "IgnoreNew")
    assert change.reversed().reversed() == change
    assert list(TASK.should(multiple_instances=3).changes("schedule-fix")) == []


def test_only_what_can_be_set_can_be_wished_for() -> None:
    with pytest.raises(ValueError, match="no settable property xml"):
        TASK.should(xml="")
