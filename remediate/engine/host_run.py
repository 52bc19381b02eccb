"""The life of one host in a run: a state machine that asks for effects and does none itself.

Each function is a generator: it yields what it needs (`effects.py`) and is sent the answer.
The rules it keeps: nothing is written before the intent is durable; a write with an unknown
result is never repeated, the host is observed instead; "changed" is only said of what was read
back; whatever was written and does not hold is undone, or named.
"""

from collections.abc import Generator
from dataclasses import replace

from remediate.engine.assignment import (
    Assignment,
    failed_with,
    first_problem,
    holder_of,
    in_force,
    perhaps_written,
    refused_by_host,
    still_writing,
    succeeded,
)
from remediate.engine.effects import (
    Answer,
    Ask,
    Close,
    Confirm,
    Effect,
    FreeLease,
    Granted,
    Pause,
    RecordIntent,
    StoreFailed,
    TakeLease,
    Write,
)
from remediate.engine.observation import Observation, differences, read_observation
from remediate.engine.planning import UndoPlanner
from remediate.engine.staging import stage
from remediate.engine.verdict import (
    failed,
    held,
    nothing_written,
    refused,
    touched,
    unknown,
    verdict,
)
from remediate.model.event import Phase
from remediate.model.outcome import Holder, HostReport, Outcome, Problem
from remediate.model.plan import Plan
from remediate.powershell.messages import Reply
from remediate.resources.base import Resource
from remediate.transport.errors import AuthenticationFailed, TransportError

Steps = Generator[Effect, Answer, HostReport]

RECOVERY_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds to wait before each new try to see what became of a write."""


def audit(work: Assignment) -> Steps:
    """Observe and plan; change nothing, record nothing."""
    seen = yield from _observe(work)
    if isinstance(seen, HostReport):
        return seen
    return nothing_written(work.planner.plan(work.host, seen))


def apply(work: Assignment) -> Steps:
    """Observe, plan, write, verify; an apply and a rollback differ in their planner only."""
    lease = yield TakeLease(undoes=work.undoes)
    if isinstance(lease, Holder):
        return (yield from _end(held(work, lease, None), free=False))
    if isinstance(lease, StoreFailed):
        return failed(work, Outcome.REFUSED, lease.problem)
    assert isinstance(lease, Granted)
    report = yield from _apply(work, lease.fence)
    if lease.note:
        report = report.model_copy(update={"notes": (*report.notes, lease.note)})
    open_ended = report.outcome in {Outcome.FAILED_CHANGED, Outcome.INDETERMINATE}
    return (yield from _end(report, free=not (open_ended and report.lease_kept)))


def reconcile(work: Assignment, plan: Plan, snapshot: tuple[Resource, ...]) -> Steps:
    """See what became of an intent whose run never said, and close it with what is seen.

    A host that cannot be looked at leaves the intent open.
    """
    lease = yield TakeLease(undoes=work.undoes)
    if isinstance(lease, Holder):
        return held(work, lease, plan)
    if isinstance(lease, StoreFailed):
        return failed(work, Outcome.REFUSED, lease.problem, plan)
    assert isinstance(lease, Granted)
    look = yield from _look_again(work, lease.fence)
    if isinstance(look, Problem):
        yield FreeLease()
        return unknown(work, plan, look)
    report = verdict(work, plan, snapshot, look)
    report = yield from _unlock(work, report)
    return (yield from _end(report, free=True))


def _end(report: HostReport, *, free: bool) -> Steps:
    yield Close(report)
    if free:
        yield FreeLease()
    return report


def _apply(work: Assignment, fence: int) -> Steps:
    seen = yield from _observe(work)
    if isinstance(seen, HostReport):
        return seen
    plan = work.planner.plan(work.host, seen)
    if not plan.changes:
        if work.undoes:  # a run that is undone may have kept the host's lease
            yield Ask(work.unlock(work.undoes), Phase.ROLLBACK)
        return nothing_written(plan)
    against = _against(work, plan)
    if against is not None:
        return against
    if work.ask:
        agreed = yield from _agreed(work, plan)
        if isinstance(agreed, HostReport):
            return agreed
        fence, seen = agreed
    snapshot = tuple(seen.resources.values())
    not_recorded = yield RecordIntent(plan.changes, seen.snapshot())
    if isinstance(not_recorded, StoreFailed):
        return failed(work, Outcome.REFUSED, not_recorded.problem, plan)
    return (yield from _write(work, fence, plan, snapshot))


def _agreed(
    work: Assignment, plan: Plan
) -> Generator[Effect, Answer, tuple[int, Observation] | HostReport]:
    """Ask a person, who may take longer than a lease lasts, or than the host stays as it was."""
    agreed = yield Confirm(plan)
    if not agreed:
        return refused(work, plan, "declined", "the plan was not agreed to")
    lease = yield TakeLease(undoes=work.undoes)
    if isinstance(lease, Holder):
        return held(work, lease, plan)
    if isinstance(lease, StoreFailed):
        return failed(work, Outcome.REFUSED, lease.problem, plan)
    assert isinstance(lease, Granted)
    seen = yield from _observe(work)
    if isinstance(seen, HostReport):
        return seen
    again = work.planner.plan(work.host, seen)
    if again.changes != plan.changes or again.refusals:
        return refused(work, again, "stale", "the host moved while a person looked at the plan")
    return lease.fence, seen


def _write(work: Assignment, fence: int, plan: Plan, snapshot: tuple[Resource, ...]) -> Steps:
    """Bring the files that are needed to the host, then change it."""
    problem = yield from stage(work, plan.changes)
    if problem is not None:
        return failed(work, Outcome.FAILED_UNCHANGED, problem, plan)
    answer = yield Write(work.write(fence, plan.changes), Phase.APPLY)
    return (yield from _judge(work, fence, plan, snapshot, answer))


def _against(work: Assignment, plan: Plan) -> HostReport | None:
    """Why a plan must not be applied, before anybody is asked."""
    if plan.refusals:
        return refused(work, plan, "guarded", plan.refusals[0].text)
    if plan.irreversible and not (work.ask or work.accept_irreversible):
        text = f"nobody accepted what cannot be undone: {'; '.join(plan.irreversible)}"
        return refused(work, plan, "irreversible", text, "--accept-irreversible accepts it.")
    return None


def _judge(
    work: Assignment, fence: int, plan: Plan, snapshot: tuple[Resource, ...], answer: Answer
) -> Steps:
    """Find out what a write did, and undo it when it is not what was planned."""
    if isinstance(answer, TransportError):
        problem: Problem | None = answer.problem()
        if not answer.after_send:
            return failed(work, Outcome.FAILED_UNCHANGED, answer.problem(), plan)
        seen: Observation | Problem = answer.problem()
        unlocked, written = False, plan.changes
    else:
        assert isinstance(answer, Reply)
        if failed_with(answer["lease"].error, "RemediateLeaseHeld"):
            return held(work, holder_of(answer["lease"].error), plan)
        problem = first_problem(answer)
        written = perhaps_written(answer, plan.changes)
        if problem and not written:
            outcome = Outcome.REFUSED if refused_by_host(answer) else Outcome.FAILED_UNCHANGED
            report = failed(work, outcome, problem, plan)
            return (yield from _unlock(work, report)) if succeeded(answer, "lease") else report
        seen = read_observation(work.planner.queries(), answer)
        unlocked = succeeded(answer, "unlock")
    if isinstance(seen, Problem):
        if isinstance(answer, AuthenticationFailed):  # trying again could lock the account
            return unknown(work, plan, seen)
        looked = yield from _look_again(work, fence)
        if isinstance(looked, Problem):
            return unknown(work, plan, problem or looked)
        seen, unlocked = looked, False
    report = verdict(work, plan, snapshot, seen, problem, written)
    if report.outcome is Outcome.FAILED_CHANGED and report.applied and work.auto_rollback:
        return (yield from _undo(work, fence, report, touched(written, snapshot), seen))
    if report.outcome is not Outcome.FAILED_CHANGED and not unlocked:
        return (yield from _unlock(work, report))
    return report.model_copy(update={"lease_kept": not unlocked})


def _undo(
    work: Assignment,
    fence: int,
    report: HostReport,
    before: tuple[Resource, ...],
    found: Observation,
) -> Steps:
    """Write the recorded values back over what is still ours, and see whether that did it.

    A resource whose writing failed half-way counts too: `before` has all that may be written.
    """
    plan = report.plan
    assert plan is not None
    undo = replace(work, planner=UndoPlanner(plan.playbooks, plan.changes))
    lasting = tuple(change for change in report.applied if not change.reversible)
    back = tuple(
        change.reversed().model_copy(
            update={"before": found.resources[change.resource].recorded(change.property)}
        )
        for change in reversed(report.applied)
        if change.reversible
    )
    if not back:
        return report
    answer = yield Write(undo.write(fence, back, undoing=True), Phase.ROLLBACK)
    unlocked = isinstance(answer, Reply) and succeeded(answer, "unlock")
    if isinstance(answer, AuthenticationFailed):
        return unknown(work, plan, answer.problem()) if answer.after_send else report
    if isinstance(answer, Reply):
        seen = read_observation(undo.planner.queries(), answer)
    if not isinstance(answer, Reply) or isinstance(seen, Problem):
        looked = yield from _look_again(undo, fence)
        if isinstance(looked, Problem):
            return unknown(work, plan, looked)
        seen, unlocked = looked, False
    assert isinstance(seen, Observation)
    left = tuple(differences(before, seen, lasting))
    if left:
        now = {"applied": in_force(report.applied, seen), "differing": left}
        return report.model_copy(update={**now, "lease_kept": not unlocked})
    report = report.model_copy(
        update={
            "outcome": Outcome.ROLLED_BACK,
            "applied": lasting,
            "lease_kept": False,
            "notes": (*report.notes, *(f"not undone: {change.title}" for change in lasting)),
        }
    )
    return report if unlocked else (yield from _unlock(work, report))


def _observe(work: Assignment) -> Generator[Effect, Answer, Observation | HostReport]:
    answer = yield Ask(work.observe(), Phase.OBSERVE)
    if isinstance(answer, TransportError):
        return failed(work, Outcome.UNREACHABLE, answer.problem())
    assert isinstance(answer, Reply)
    seen = read_observation(work.planner.queries(), answer)
    if isinstance(seen, Problem):
        return failed(work, Outcome.FAILED_UNCHANGED, seen)
    return seen


def _look_again(work: Assignment, fence: int) -> Generator[Effect, Answer, Observation | Problem]:
    """Observe after a write of unknown result, once no pipeline of ours can still be writing.

    Taking the lease on the host again, with a higher fence, waits for the pipeline that may
    still be at work there and keeps it out if it has not begun; see `lease.ps1`.
    """
    problem = Problem(code="timed_out", message="there was no time left to look again")
    renewed = yield TakeLease(undoes=work.undoes)
    if isinstance(renewed, Granted):
        fence = renewed.fence
    for seconds in RECOVERY_PAUSES:
        if not (yield Pause(seconds)):
            break
        answer = yield Ask(work.look_again(fence), Phase.RECOVER)
        if isinstance(answer, TransportError):
            problem = answer.problem()
            if isinstance(answer, AuthenticationFailed):  # trying again could lock the account
                break
            continue
        assert isinstance(answer, Reply)
        if still_writing(answer["lease"].error):
            problem = Problem(code="still_writing", message="the host is still at work on it")
            continue
        seen = read_observation(work.planner.queries(), answer)
        if isinstance(seen, Observation):
            return seen
        problem = seen
    return problem


def _unlock(work: Assignment, report: HostReport) -> Steps:
    """Give the host's lease back in a pipeline of its own; else it expires."""
    answer = yield Ask(work.unlock(), Phase.RECOVER)
    freed = isinstance(answer, Reply) and succeeded(answer, "unlock")
    return report.model_copy(update={"lease_kept": not freed})
