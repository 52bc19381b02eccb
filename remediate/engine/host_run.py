"""The life of one host in a run: a state machine that asks for effects and does none itself.

Each function is a generator: it asks for what it needs (`effects.py`) and is sent the answer.
The rules it keeps: every answer is of the computer that is meant, or does not count; nothing is
written before the intent is durable, and nothing that can fail stands between the two; a write
with an unknown result is never repeated, the host is observed instead; "changed" is only said of
what was read back; whatever was written and does not hold is undone, or named.
"""

from dataclasses import replace

from remediate.engine import questions
from remediate.engine.effects import (
    Ask,
    Close,
    Confirm,
    FreeLease,
    GiveAway,
    Granted,
    Part,
    RecordIntent,
    Screen,
    StoreFailed,
    TakeLease,
    Write,
    ask,
)
from remediate.engine.identity import is_identity
from remediate.engine.observation import (
    Observation,
    call_problem,
    differences,
    noted,
    read_observation,
    records,
)
from remediate.engine.order import (
    Order,
    failed_with,
    holder_in,
    holder_of,
    in_force,
    refused_by_host,
    succeeded,
)
from remediate.engine.planning import Planner, reasons, stands, with_left_out
from remediate.engine.recorded import as_resource
from remediate.engine.rollback import RecordPlanner, UndoPlanner, put_back
from remediate.engine.saved import other_computer
from remediate.engine.settling import among, given_up, most
from remediate.engine.staging import Staging, folders, stage
from remediate.engine.verdict import (
    AGAIN,
    BROKEN_OFF,
    UNANSWERED,
    failed,
    held,
    not_leased,
    nothing_written,
    refused,
    touched,
    unknown,
    verdict,
)
from remediate.engine.writing import Written, came_to, look_again, looked, settled
from remediate.model.change import Change
from remediate.model.event import Phase
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Plan, Refusal
from remediate.model.problem import STALE, Problem
from remediate.powershell.messages import MAX_REQUEST, Reply, Request, Status
from remediate.resources.base import Resource
from remediate.transport.errors import AuthenticationFailed, TimedOut, TransportError

Steps = Part[HostReport]


def audit(work: Order) -> Steps:
    """Observe and plan; change nothing, record nothing."""
    seen = yield from _observe(work)
    if isinstance(seen, HostReport):
        return seen
    work = work.about(seen.facts.computer)
    plan = yield from _screened(work, seen)
    stale = None if plan.unanswered else (yield from _stale(work, plan, seen))
    return _noted(work, stale or nothing_written(plan))


def apply(work: Order) -> Steps:
    """Observe, plan, write, verify; an apply and a rollback differ in their planner only."""
    lease = yield from ask(TakeLease(work.takes_over))
    if not isinstance(lease, Granted):
        report = not_leased(work, lease)
        return report if isinstance(lease, StoreFailed) else (yield from _end(report, free=False))
    if lease.note:
        work = replace(work, notes=(lease.note,))
    seen = yield from _observe(work)
    if isinstance(seen, HostReport):
        return (yield from _end(_noted(work, seen)))
    work = work.about(seen.facts.computer)
    report = _noted(work, (yield from _apply(work, lease.fence, seen)))
    open_ended = report.outcome in {Outcome.FAILED_CHANGED, Outcome.INDETERMINATE}
    return (yield from _end(report, free=not (open_ended and report.lease_kept)))


def reconcile(work: Order) -> Steps:
    """See what became of an intent whose run never said, and close it with what is seen.

    What goes on by itself is waited for, as the run would have; nothing is written.

    A host that cannot be looked at, or another computer in its place, leaves the intent open; so
    does a person who does not wait.
    """
    plan, snapshot = _on_record(work.host.name, work.planner)
    lease = yield from ask(TakeLease(work.takes_over))
    if not isinstance(lease, Granted):
        return not_leased(work, lease, plan)
    done = Written(lease.fence, BROKEN_OFF, plan.changes, BROKEN_OFF)
    done = yield from look_again(work, plan, done)
    done = yield from settled(work, plan, plan.changes, done, Phase.RECOVER, work.settling)
    if isinstance(done.seen, Problem):
        yield from ask(FreeLease())
        return unknown(work, plan, done.seen)
    work = work.about(done.seen.facts.computer)
    report = verdict(work, plan, snapshot, done.seen, BROKEN_OFF)
    report = yield from _unlock(work, report)
    return (yield from _end(_noted(work, report)))


def locks(work: Order) -> Steps:
    """Ask who holds the host's lease."""
    answer = yield from ask(Ask(work.lease(), Phase.OBSERVE))
    if isinstance(answer, TransportError):
        return failed(work, answer.outcome, answer.problem())
    lease = answer["lease"]
    if lease.status is Status.ERROR:
        problem = call_problem(lease.error, "reading the lease failed", here=work.host.here)
        return failed(work, Outcome.FAILED_UNCHANGED, problem)
    holder = holder_in(lease.value[0]) if lease.value else None
    return HostReport(host=work.host.name, outcome=Outcome.COMPLIANT, holder=holder)


def _on_record(host: str, planner: Planner) -> tuple[Plan, tuple[Resource, ...]]:
    """What a run was going to change on a host, and these resources as they were before."""
    if not isinstance(planner, RecordPlanner):
        raise TypeError("there is a record of what is to be reconciled")
    plan = Plan(host=host, playbooks=planner.uses, changes=planner.changes)
    ours = {change.resource for change in planner.changes}
    before = tuple(as_resource(one) for one in planner.snapshot if one.resource in ours)
    return plan, before


def _end(report: HostReport, *, free: bool = True) -> Steps:
    yield from ask(Close(report, free=free))
    return report


def _noted(work: Order, report: HostReport) -> HostReport:
    return report.model_copy(update={"notes": (*report.notes, *work.notes)})


def _apply(work: Order, fence: int, seen: Observation) -> Steps:
    planned = yield from _planned(work, seen)
    if isinstance(planned, HostReport):
        return planned
    work, plan = planned
    seen = seen.to(work.planner.queries())
    stale = yield from _stale(work, plan, seen)
    if stale is not None:
        return stale
    if not plan.changes:
        if work.takes_over:  # a run that is undone may have kept the host's lease
            yield from ask(Ask(work.unlock(), Phase.ROLLBACK))
        return nothing_written(plan)
    if work.ask:
        agreed = yield from _agreed(work, plan)
        if isinstance(agreed, HostReport):
            return agreed
        fence, plan, seen = agreed
    snapshot = seen.before(plan.changes)
    staging = folders(work, plan.changes)
    work = replace(work, secrets=work.planner.secrets(seen))
    request = work.write(fence, plan.changes)
    if len(request.encode()) > MAX_REQUEST:
        text = f"the {len(plan.changes)} changes do not fit into one request to Windows PowerShell"
        return refused(
            work, plan, "too_many", text, "Apply fewer playbooks, or less of one, at once."
        )
    computer, seconds = seen.facts.computer, most(plan.changes)
    intent = RecordIntent(plan.changes, records(snapshot), computer, seconds)
    not_recorded = yield from ask(intent)
    if not_recorded is not None:
        return failed(work, Outcome.REFUSED, not_recorded.problem, plan)
    return (yield from _write(work, fence, plan, snapshot, staging, request))


def _planned(work: Order, seen: Observation) -> Part[tuple[Order, Plan] | HostReport]:
    """Plan what is to be applied; what may be left out of it is none of the order any more.

    A playbook whose part must not be applied takes with it those that come after it. What is left
    is planned anew: another playbook may want the same. A person is asked about it, or nobody,
    where that was said beforehand.
    """
    plan = yield from _screened(work, seen)
    rest, part, left = work, plan, tuple[Refusal, ...]()
    while work.saved is None and (part.refusals or part.unanswered):
        planner, more = rest.planner.without(reasons(part))
        if not more:
            break
        rest, left = replace(rest, planner=planner), (*left, *more)
        part = yield from _screened(rest, seen)
    hint = ""
    if left and part.changes and not (part.refusals or part.unanswered):
        if work.ask or work.settings.partial:
            work, plan = rest, with_left_out(part, left, plan)
        elif _against(rest, part) is None:
            names = " and ".join(refusal.playbook for refusal in left)
            hint = f"--partial leaves out {names} and applies the rest."
    return _against(work, plan, hint) or (work, plan)


def _stale(work: Order, plan: Plan, seen: Observation) -> Part[HostReport | None]:
    """Refuse a host on which a saved plan cannot be applied exactly; one that it suits is none."""
    if work.saved is None or work.saved.made(plan, seen):
        return None
    changed = frozenset(change.resource for change in work.saved.plan.changes)
    departures = work.saved.departures(seen, (yield from ask(GiveAway(seen, changed))))
    problem = work.saved.problem(departures, plan)
    if problem is None:
        return None
    report = failed(work, Outcome.REFUSED, problem, plan)
    return report.model_copy(update={"meanwhile": departures})


def _screened(work: Order, seen: Observation) -> Part[Plan]:
    """A plan of what was seen, which refuses what would be recorded with a secret in clear."""
    plan = work.planner.plan(work.host.name, seen)
    found = yield from ask(Screen(plan.changes, work.planner.secrets(seen)))
    return plan.model_copy(update={"refusals": (*plan.refusals, *found)})


def _agreed(work: Order, plan: Plan) -> Part[tuple[int, Plan, Observation] | HostReport]:
    """Ask a person, who may take longer than a lease lasts, or than the host stays as it was."""
    agreed = yield from ask(Confirm(plan))
    if agreed is None:
        return failed(work, Outcome.SKIPPED, UNANSWERED, plan)
    if not agreed:
        return refused(work, plan, "declined", "the plan was not agreed to", "")
    lease = yield from ask(TakeLease(work.takes_over))
    if not isinstance(lease, Granted):
        return not_leased(work, lease, plan)
    seen = yield from _observe(work)
    if isinstance(seen, HostReport):
        return seen
    again = yield from _screened(work, seen)
    against = _against(work, again)
    if against is not None:
        return against
    if not stands(plan.changes, again.changes):
        text = "the host moved while a person looked at the plan"
        return refused(work, again, STALE, text, "Run it again, and look at the new plan.")
    return lease.fence, with_left_out(again, plan.left_out, plan), seen


def _write(
    work: Order,
    fence: int,
    plan: Plan,
    snapshot: tuple[Resource, ...],
    staging: Staging,
    request: Request,
) -> Steps:
    """Bring the files that are needed to the host, then change it."""
    problem = yield from stage(work, staging)
    if problem is not None:
        outcome = Outcome.REFUSED if is_identity(problem) else Outcome.FAILED_UNCHANGED
        return failed(work, outcome, problem, plan)
    answer = yield from ask(Write(request, Phase.APPLY))
    done = came_to(work, fence, plan, plan.changes, answer)
    if done.problem and not done.changes:
        return (yield from _nothing_done(work, plan, answer, done.problem))
    done = yield from looked(work, plan, done)
    done = yield from settled(work, plan, plan.changes, done, Phase.APPLY, most(plan.changes))
    return (yield from _judge(work, plan, snapshot, done))


def _against(work: Order, plan: Plan, hint: str = "") -> HostReport | None:
    """Why a plan must not be applied, before anybody is asked.

    Args:
        work: what is to be done.
        plan: the plan.
        hint: how the rest of it could be applied.
    """
    if plan.unanswered:
        first = plan.unanswered[0].problem
        return refused(work, plan, first.code, first.message, first.hint, hint)
    if not plan.changes:
        return None
    if plan.refusals:
        reason = plan.refusals[0]
        return refused(work, plan, reason.code, reason.text, reason.hint or AGAIN, hint)
    if plan.irreversible and not (work.ask or work.settings.accept_irreversible):
        text = f"this cannot be undone and was not accepted: {'; '.join(plan.irreversible)}"
        return refused(work, plan, "irreversible", text, "--accept-irreversible accepts it.")
    return None


def _judge(work: Order, plan: Plan, snapshot: tuple[Resource, ...], done: Written) -> Steps:
    """Say what a write did, and undo it when it is not what was planned."""
    if done.unsettled is not None:
        return unknown(work, plan, done.unsettled)
    if isinstance(done.seen, Problem):
        why = done.seen if is_identity(done.seen) else done.problem or done.seen
        return unknown(work, plan, why)
    report = verdict(work, plan, snapshot, done.seen, done.problem, done.changes)
    if report.outcome is not Outcome.FAILED_CHANGED:
        return report if done.unlocked else (yield from _unlock(work, report))
    report = report.model_copy(update={"lease_kept": not done.unlocked})
    if not work.settings.auto_rollback:
        return report
    return (yield from _undo(work, done.fence, report, done.changes, snapshot, done.seen))


def _nothing_done(
    work: Order, plan: Plan, answer: Reply | TransportError, problem: Problem
) -> Steps:
    """End a run whose write did not happen."""
    if isinstance(answer, TransportError):
        return failed(work, Outcome.FAILED_UNCHANGED, problem, plan)
    if failed_with(answer["lease"].error, "RemediateLeaseHeld"):
        return held(work, holder_of(answer["lease"].error), plan)
    outcome = Outcome.REFUSED if refused_by_host(answer) else Outcome.FAILED_UNCHANGED
    report = failed(work, outcome, problem, plan)
    return (yield from _unlock(work, report)) if succeeded(answer, "lease") else report


def _undo(
    work: Order,
    fence: int,
    report: HostReport,
    written: tuple[Change, ...],
    snapshot: tuple[Resource, ...],
    found: Observation,
) -> Steps:
    """Write the recorded values back over what is still ours, and see whether that did it.

    A resource whose writing failed half-way counts too: `written` has all that may be written.
    What would stop or restart something that is in use is left to a person.
    """
    plan = report.plan
    if plan is None:
        raise ValueError("what has no plan cannot be undone")
    undo = replace(work, planner=UndoPlanner(plan.playbooks, plan.changes))
    back, objections = put_back(work.planner, report.applied, written, snapshot, found)
    notes = (f"{each.playbook} objects to undoing the rest now: {each.text}" for each in objections)
    report = report.model_copy(update={"notes": (*report.notes, *notes)})
    if not back:
        return report
    answer = yield from ask(Write(undo.write(fence, back, undoing=True), Phase.ROLLBACK))
    if isinstance(answer, AuthenticationFailed) and not answer.after_send:
        return report
    done = yield from looked(undo, plan, came_to(undo, fence, plan, back, answer))
    done = yield from settled(undo, plan, back, done, Phase.ROLLBACK, most(back))
    seen, unlocked = done.seen, done.unlocked
    if done.unsettled is not None:
        return unknown(work, plan, done.unsettled)
    if isinstance(seen, Problem):
        return unknown(work, plan, seen)
    before = touched((*written, *back), snapshot)
    left = tuple(one for one in report.applied if not among([one], back))
    wrong = tuple(differences(before, seen, (*left, *(one for one in back if one.renews))))
    applied = in_force(written, seen)
    report = report.model_copy(update={"noted": tuple(noted(before, seen, left))})
    if wrong or any(change.reversible for change in left):
        failed_by = done.problem.message if done.problem else given_up(back, seen)
        why = (f"Undoing it failed: {failed_by}",) if failed_by and wrong else ()
        now = {
            "applied": applied,
            "differing": wrong or tuple(differences(before, seen, ())),
            "notes": (*report.notes, *why),
            "lease_kept": not unlocked,
        }
        return report.model_copy(update=now)
    undone = {"outcome": Outcome.ROLLED_BACK, "applied": applied, "lease_kept": False}
    report = report.model_copy(update=undone)
    return report if unlocked else (yield from _unlock(work, report))


def _observe(work: Order) -> Part[Observation | HostReport]:
    """Ask the planner's questions."""
    answer = yield from questions.put(work)
    if isinstance(answer, TransportError):
        reached = isinstance(answer, TimedOut) and answer.after_send
        outcome = Outcome.FAILED_UNCHANGED if reached else answer.outcome
        return failed(work, outcome, answer.problem())
    if isinstance(answer, Problem):
        return failed(work, Outcome.REFUSED, answer)
    another = work.another(answer.host.computer)
    if another is not None and work.saved is not None:
        another = other_computer(another)
    if another is not None:
        return failed(work, Outcome.REFUSED, another)
    return read_observation(work.planner.queries(), answer, here=work.host.here)


def _unlock(work: Order, report: HostReport) -> Steps:
    """Give the host's lease back in a pipeline of its own; else it expires."""
    answer = yield from ask(Ask(work.unlock(), Phase.RECOVER))
    freed = isinstance(answer, Reply) and all(succeeded(answer, one.id) for one in answer.calls)
    return report.model_copy(update={"lease_kept": not freed})
