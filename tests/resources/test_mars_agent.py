"""A task that backs up the system state is known whatever its name is."""

import pytest

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import records
from remediate.resources.mars_agent import backs_up_system_state
from remediate.resources.scheduled_task import ScheduledTask


@pytest.mark.parametrize(
    ("name", "command", "told"),
    [
        ("Microsoft-OnlineBackup-SystemStateBackup", "Start-OBBackup", True),
        ("Weekly", "Start-OBSystemStateBackup", True),
        ("Weekly", "START-OBSYSTEMSTATEBACKUP", True),
        ("Microsoft-OnlineBackup", "Start-OBBackup", False),
    ],
)
def test_a_task_that_backs_up_the_system_state_is_told_by_name_or_command(
    name: str, command: str, *, told: bool
) -> None:
    host = healthy_host(resources={"scheduled_task": [{"name": name}]})
    task = ScheduledTask.model_validate(records(host, "scheduled_task")[0])
    xml = task.xml.replace("Start-OBBackup", command)
    assert command in xml
    assert backs_up_system_state(task.model_copy(update={"xml": xml})) is told
