"""What a host is after a run, compared with what it was and what it was to be."""

from remediate.engine.effects import StoreFailed
from remediate.engine.identity import is_identity
from remediate.engine.observation import Observation, differences, missed, noted
from remediate.engine.order import Order, in_force
from remediate.engine.planning import with_left_out
from remediate.engine.restarts import left_to_do
from remediate.engine.settling import INTERRUPTED, NOT_SETTLED, given_up
from remediate.model.change import Change, Severity, at_least
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.plan import Plan
from remediate.model.problem import HALTED, Problem
from remediate.resources.base import Resource
from remediate.transport.errors import plain

AGAIN = "Resolve this, then run it again."

UNANSWERED = Problem(
    code=HALTED,
    message="the run was stopped before the question about it was answered",
    hint="Run it again for this host.",
)


def touched(changes: tuple[Change, ...], snapshot: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """The resources of a snapshot that some changes are about."""
    ids = {change.resource for change in changes}
    return tuple(resource for resource in snapshot if resource.resource_id in ids)


def verdict(
    work: Order,
    plan: Plan,
    snapshot: tuple[Resource, ...],
    seen: Observation,
    problem: Problem | None = None,
    written: tuple[Change, ...] | None = None,
) -> HostReport:
    """Judge a write by what was read back afterwards.

    Args:
        work: what was to be done.
        plan: the changes that were written, or not.
        snapshot: the resources as they were before.
        seen: the host as it is.
        problem: what went wrong on the way.
        written: the changes that were, or may have been, written; all of them when not known.
    """
    written = plan.changes if written is None else written
    ours = touched(plan.changes, snapshot)
    others = tuple(resource for resource in snapshot if resource not in ours)
    moved = tuple(differences(others, seen, ()))
    wrong = tuple(differences(ours, seen, plan.changes))
    noteworthy = tuple(noted(ours, seen, plan.changes))
    again = work.planner.plan(work.host.name, seen)
    unjudged = {name for question in again.unanswered for name in question.playbooks}
    proven = not unjudged & {change.playbook for change in plan.changes}
    if not wrong and not again.changes and proven:
        notes = (
            () if problem is None else (f"{problem.message.rstrip('.')}. Then it was read again.",)
        )
        made = in_force(written, seen)
        return HostReport(
            host=work.host.name,
            outcome=Outcome.CONFLICT if plan.conflicts else Outcome.CHANGED,
            plan=with_left_out(plan.model_copy(update=_still_said(again)), plan.left_out, plan),
            applied=made,
            meanwhile=moved,
            noted=noteworthy,
            notes=(*notes, *left_to_do(made)),
        )
    if _as_before(ours, seen, plan.changes):
        return HostReport(
            host=work.host.name,
            outcome=Outcome.FAILED_UNCHANGED,
            plan=plan,
            problem=problem or _NO_EFFECT,
            meanwhile=moved,
            noted=noteworthy,
        )
    new = (missed(change, change.before, change.before_label) for change in again.changes)
    return HostReport(
        host=work.host.name,
        outcome=Outcome.FAILED_CHANGED,
        plan=plan,
        applied=in_force(written, seen),
        differing=wrong or tuple(new),
        problem=_because(problem or _NOT_VERIFIED, given_up(plan.changes, seen)),
        meanwhile=moved,
        noted=noteworthy,
        lease_kept=True,
    )


def _still_said(again: Plan) -> dict[str, object]:
    """What a plan made after a write says beside what was written."""
    return {"advice": again.advice, "waived": again.waived, "lapsed": again.lapsed}


def _because(problem: Problem, why: str) -> Problem:
    message = f"{problem.message.rstrip('.')}: {plain(why)}" if why else problem.message
    return problem.model_copy(update={"message": message})


def _as_before(ours: tuple[Resource, ...], seen: Observation, changes: tuple[Change, ...]) -> bool:
    """Whether nothing of what was to be changed has moved, what moves by itself included."""
    if any(differences(ours, seen, ())):
        return False
    found = ((change, seen.find(change.resource)) for change in changes)
    return all(one and one.as_before(change) for change, one in found)


def nothing_written(plan: Plan) -> HostReport:
    """The report of a host that was only looked at: what its answered part says."""
    not_judged = {name for question in plan.unanswered for name in question.playbooks}
    judged = len(plan.playbooks) - len(not_judged)
    problem = None
    if plan.unanswered and not judged:
        outcome, problem = Outcome.FAILED_UNCHANGED, plan.unanswered[0].problem
    elif plan.changes:
        outcome = Outcome.WOULD_CHANGE
    elif plan.conflicts:
        outcome = Outcome.CONFLICT
    elif plan.removed:
        outcome, problem = Outcome.REFUSED, _REMOVED
    elif plan.advice:
        outcome = Outcome.ATTENTION
    elif plan.waived or len(plan.not_applicable) == judged > 0:
        outcome = Outcome.SKIPPED
    else:
        outcome = Outcome.COMPLIANT
    return HostReport(host=plan.host, outcome=outcome, plan=plan, problem=problem)


def graver(report: HostReport, least: Severity) -> HostReport:
    """The report of a host that was only looked at, without what matters less.

    Args:
        report: all that was found.
        least: the least that counts.
    """
    plan, count = report.plan, at_least(least)
    if plan is None:
        return report
    if report.since:
        report = report.model_copy(update={"since": report.since.only(count)})
    changes = tuple(one for one in plan.changes if one.severity in count)
    advice = tuple(one for one in plan.advice if one.severity in count)
    waived = tuple(one for one in plan.waived if one.finding.severity in count)
    lapsed = tuple(one for one in plan.lapsed if one.finding.severity in count)
    gone = len(plan.changes) + len(plan.advice) - len(changes) - len(advice)
    if not gone and len(waived) == len(plan.waived):
        return report
    about = {one.playbook for one in changes}
    refusals = tuple(one for one in plan.refusals if one.playbook in about)
    left = {"changes": changes, "advice": advice, "refusals": refusals}
    rest = plan.model_copy(update={**left, "waived": waived, "lapsed": lapsed})
    verb = "finding matters" if gone == 1 else "findings matter"
    note = [f"{gone} {verb} less than {least}: left out, as asked"] if gone else []
    judged = nothing_written(rest)
    return judged.model_copy(
        update={"notes": (*report.notes, *note), "since": report.since, "below": gone}
    )


def failed(work: Order, outcome: Outcome, problem: Problem, plan: Plan | None = None) -> HostReport:
    """The report of a host on which a problem ended the run before anything was in force."""
    return HostReport(host=work.host.name, outcome=outcome, plan=plan, problem=problem)


def refused(
    work: Order, plan: Plan, code: str, text: str, hint: str = AGAIN, more: str = ""
) -> HostReport:
    """The report of a host on which the plan must not, or need not, be applied."""
    then = f"{hint.removeprefix('Nothing was written. ')} {more}".strip()
    hint = f"Nothing was written. {then}" if then else ""
    return failed(work, Outcome.REFUSED, Problem(code=code, message=text, hint=hint), plan)


def held(work: Order, holder: Holder | None, plan: Plan | None) -> HostReport:
    """The report of a host that somebody else is working on."""
    if holder is None:
        text = "another run is writing there at this moment"
    else:
        text = (
            f"run {holder.run} ({holder.owner}) has held this host "
            f"since {holder.since:%Y-%m-%d %H:%M:%S} UTC; its lease ends by "
            f"{holder.until:%Y-%m-%d %H:%M:%S} UTC"
        )
    problem = Problem(
        code="lease_held",
        message=text,
        hint="Wait for it to end, or for its lease to expire. "
        "If it was killed: remediate runs reconcile.",
    )
    return failed(work, Outcome.REFUSED, problem, plan).model_copy(update={"holder": holder})


def not_leased(work: Order, lease: Holder | StoreFailed, plan: Plan | None = None) -> HostReport:
    """The report of a host whose lease could not be had in the store."""
    if isinstance(lease, Holder):
        return held(work, lease, plan)
    return failed(work, Outcome.REFUSED, lease.problem, plan)


def unknown(work: Order, plan: Plan, problem: Problem) -> HostReport:
    """The report of a host that cannot be asked what a write did."""
    then = "When the host answers again: remediate runs reconcile"
    if is_identity(problem) or problem.code in {NOT_SETTLED, INTERRUPTED}:
        then = problem.hint
    problem = problem.model_copy(update={"hint": f"Something may have been written. {then}"})
    report = failed(work, Outcome.INDETERMINATE, problem, plan)
    return report.model_copy(update={"lease_kept": True})


def internal_error(host: str) -> HostReport:
    """The report of a host on which this program failed."""
    problem = Problem(
        code="internal_error",
        message="remediate itself failed here, in a way that nobody foresaw",
        hint="Run it again with --debug, and report what that shows; remediate runs reconcile "
        "tells whether something was written.",
    )
    return HostReport(host=host, outcome=Outcome.INTERNAL_ERROR, problem=problem)


_REMOVED = Problem(
    code="irreversible",
    message="this can no longer be undone, as what that needs was removed for good",
    hint="What is to be as it was has to come from a backup.",
)
_NOT_VERIFIED = Problem(
    code="not_verified",
    message="verification failed: the host does not read back as planned",
    hint="Check the host, then roll back or apply again.",
)
BROKEN_OFF = Problem(
    code="broken_off",
    message="the run broke off before it was done",
    hint="Run it again. What of it is in force can be rolled back.",
)
_NO_EFFECT = Problem(
    code="no_effect",
    message="the host reported success, but nothing changed",
    hint="Something on the host may put the old value back, such as a policy.",
)
