"""Practice hosts out of a seed: small backup servers with tasks as the MARS agent leaves them."""

import random
import uuid

from remediate.lab.behaviour import with_policy
from remediate.lab.state import HostState, Record
from remediate.resources.scheduled_task import LogonType, MultipleInstances

FOLDER = "\\Microsoft\\OnlineBackup\\"
READY = 3
"""TASK_STATE_READY."""

_NAMES = (
    "Microsoft-OnlineBackup",
    "Microsoft-OnlineBackup-SystemStateBackup",
    "Microsoft-OnlineBackup-RetryFailedJobs",
)
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


def make_task(
    name: str,
    policy: MultipleInstances = MultipleInstances.IGNORE_NEW,
    *,
    folder: str = FOLDER,
    logon_type: LogonType = LogonType.SERVICE_ACCOUNT,
    chance: random.Random | None = None,
) -> Record:
    """One backup task.

    Args:
        name: its name.
        policy: its multiple-instance policy.
        folder: its folder, as in `ScheduledTask.path`.
        logon_type: SYSTEM, or an account whose password is stored.
        chance: decides what does not matter.
    """
    chance = chance or random.Random(name)  # noqa: S311 - no secret
    xml = _XML.format(
        uri=folder + name,
        hour=chance.randrange(18, 24),
        minute=chance.choice((0, 15, 30, 45)),
        principal=_STORED if logon_type.stores_password else _SYSTEM,
        id=uuid.UUID(int=chance.getrandbits(128), version=4),
    ).replace("\n", "\r\n")
    return {
        "path": folder,
        "name": name,
        "multiple_instances": int(policy),
        "logon_type": int(logon_type),
        "state": READY,
        "xml": with_policy(xml, policy),
    }


def make_state(name: str = "SRV01", seed: int = 0) -> HostState:
    """An ordinary practice host: of its three backup tasks two are wrong.

    Args:
        name: of the host.
        seed: decides what does not matter.
    """
    wrong = (MultipleInstances.PARALLEL, MultipleInstances.STOP_EXISTING)
    return _host(name, (*wrong, MultipleInstances.IGNORE_NEW), random.Random(seed))  # noqa: S311 - no secret


def make_states(number: int, seed: int = 0) -> list[HostState]:
    """Several hosts: an ordinary one first, then all sorts.

    Args:
        number: how many.
        seed: the same seed makes the same hosts.
    """
    width = max(2, len(str(number)))
    chance = random.Random(seed)  # noqa: S311 - no secret
    states = [make_state(f"SRV{1:0{width}}", seed)] if number else []
    for index in range(2, number + 1):
        right = MultipleInstances.IGNORE_NEW
        policies = tuple(
            right if chance.random() < 0.6 else chance.choice(list(MultipleInstances))  # noqa: PLR2004 - most are right
            for _ in range(chance.choice((0, 1, 2, 3, 3, 3)))
        )
        states.append(_host(f"SRV{index:0{width}}", policies, chance))
    return states


def _host(name: str, policies: tuple[MultipleInstances, ...], chance: random.Random) -> HostState:
    tasks = [
        make_task(task, policy, chance=chance)
        for task, policy in zip(_NAMES, policies, strict=False)
    ]
    other = make_task("ScheduledDefrag", folder="\\Microsoft\\Windows\\Defrag\\", chance=chance)
    return HostState(name=name, resources={"scheduled_task": [*tasks, other]})
