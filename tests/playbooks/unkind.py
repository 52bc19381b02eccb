"""Definitions of tasks in the forms that Windows has, and hosts that write or damage them."""

from collections.abc import Iterator
from contextlib import contextmanager

from remediate.lab.kinds import everything, turn_on
from remediate.lab.kinds.scheduled_task import KIND as TASK
from remediate.lab.kinds.service import KIND as SERVICE
from remediate.lab.kinds.shadow_storage import KIND as STORAGE
from remediate.lab.state import HostState
from remediate.model.outcome import ExitCode, Outcome
from remediate.testing import Case
from remediate.testing.states import unlike
from remediate.testing.story import Teller
from tests.playbooks.known import BY_ID

Switched = tuple[str, str]
LOST = "the start with Windows is lost"
ODD = 2_000_000_001
"""Bytes."""


@contextmanager
def told(what: object) -> Iterator[None]:
    """A failure says what was tried."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(f"with {what}")
        raise


# --- definitions, in the forms that Windows has them in ------------------------------------------

TRIGGERS = (
    "<Triggers><BootTrigger>{on}</BootTrigger><TimeTrigger>"
    "<StartBoundary>2026-01-01T00:00:00</StartBoundary>{on}</TimeTrigger></Triggers>"
)
POLICY = "<MultipleInstancesPolicy>StopExisting</MultipleInstancesPolicy>"
FLAGS = (
    "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>"
    "<StopIfGoingOnBatteries>true</StopIfGoingOnBatteries>"
)
WHOLE = (
    f"<Settings>{POLICY}{FLAGS}<AllowHardTerminate>true</AllowHardTerminate><IdleSettings>"
    "<StopOnIdleEnd>true</StopOnIdleEnd><RestartOnIdle>false</RestartOnIdle></IdleSettings>"
    "<AllowStartOnDemand>true</AllowStartOnDemand><Enabled>true</Enabled><Hidden>false</Hidden>"
    "<WakeToRun>false</WakeToRun><ExecutionTimeLimit>PT72H</ExecutionTimeLimit>"
    "<Priority>7</Priority></Settings>"
)
REGISTRATION = "<RegistrationInfo><URI>\\Backup</URI></RegistrationInfo>"
PRINCIPALS = (
    '<Principals><Principal id="Author"><UserId>S-1-5-18</UserId>{more}</Principal></Principals>'
)
ACTIONS = '<Actions Context="Author"><Exec><Command>cmd.exe</Command></Exec></Actions>'
LEVEL = "<RunLevel>LeastPrivilege</RunLevel>"
LEVEL_FIRST = PRINCIPALS.format(more="").replace("<UserId>", f"{LEVEL}<UserId>")


def definition(*parts: str, version: str = ' version="1.2"') -> str:
    space = "http://schemas.microsoft.com/windows/2004/02/mit/task"
    return f'<Task{version} xmlns="{space}">{"".join(parts)}</Task>'


ON, FEW = "<Enabled>true</Enabled>", f"<Settings>{FLAGS}{POLICY}</Settings>"
FORMS = {
    "saved": definition(
        REGISTRATION, TRIGGERS.format(on=ON), PRINCIPALS.format(more=LEVEL), WHOLE, ACTIONS
    ),
    "of few words": definition(
        REGISTRATION, PRINCIPALS.format(more=""), FEW, TRIGGERS.format(on=""), ACTIONS
    ),
    "a manifest's": definition(
        *(REGISTRATION, PRINCIPALS.format(more=""), FEW, TRIGGERS.format(on=""), ACTIONS),
        version="",
    ),
    "a program's": definition(
        REGISTRATION, TRIGGERS.format(on=ON), WHOLE, ACTIONS, PRINCIPALS.format(more=LEVEL)
    ),
    "a person's": definition(LEVEL_FIRST, WHOLE, TRIGGERS.format(on=ON), ACTIONS, REGISTRATION),
}


def case_of(xml: str, *beside: str) -> Case:
    tasks = [{"name": f"Backup {n}", "xml": one} for n, one in enumerate((xml, *beside))]
    return Case(
        playbook="schedule-fix",
        name="t",
        title="t",
        host={TASK: tasks},
        audit=Outcome.WOULD_CHANGE,
        changes=("StopExisting -> IgnoreNew",),
    )


def storage(limit: int) -> Case:
    return Case(
        playbook="shadow-storage",
        name="s",
        title="s",
        host={STORAGE: {"C:": {"limit": ODD}}},
        parameters={"size": limit},
        accept_irreversible=True,
        audit=Outcome.WOULD_CHANGE,
    )


def service(**short: object) -> Case:
    """One that has run for long, or as is said."""
    return Case(
        playbook="iscsi-restart",
        name="i",
        title="i",
        host={SERVICE: {"MSiSCSI": short}},
        accept_irreversible=True,
        audit=Outcome.WOULD_CHANGE,
    )


def named(playbook: str, name: str) -> Case:
    """A case of a playbook."""
    return BY_ID[f"{playbook}/{name}"]


def teller(case: Case, *on: Switched) -> Teller:
    one = Teller.in_memory(case)
    turn_on(one.state, *on)
    return one


def rewritten(case: Case, *on: Switched) -> bool:
    """Whether switches make another text of what a case saves."""
    kind, unkind = teller(case), teller(case, *on)
    kind.apply()
    unkind.apply()
    return kind.resources() != unkind.resources()


def damaged(one: Teller) -> list[str]:
    """Apply to a Windows that damages; the names of what is told, which has to be all there is."""
    start = HostState("before", one.windows())
    report = one.apply()
    assert (report.outcome, report.exit_code) == (Outcome.FAILED_CHANGED, ExitCode.NEEDS_PERSON)
    names = sorted(found.property for found in report.differing)
    now, then = one.resources(), everything(start)
    about = [{kind: said[kind] for kind in one.case.host} for said in (now, then)]
    assert names == sorted(name for _, name in unlike(*about))
    one.state.edits = {}
    back = one.rollback(one.applied_run)
    assert (back.outcome, back.exit_code) == (Outcome.CONFLICT, ExitCode.NEEDS_PERSON)
    assert back.plan
    assert sorted(each.change.property for each in back.plan.conflicts) == names
    return names
