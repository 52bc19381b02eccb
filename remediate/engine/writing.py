"""What a write comes to: it is looked at again, gone on with while it needs time, or given up.

Steps of the state machine in `host_run`. A write with an unknown result is never repeated.
"""

from dataclasses import dataclass, replace

from remediate.engine.effects import (
    Ask,
    Granted,
    Park,
    Parked,
    Part,
    Pause,
    Settle,
    TakeLease,
    Write,
    ask,
)
from remediate.engine.observation import Observation, read_observation
from remediate.engine.order import (
    Order,
    first_problem,
    held_by_us,
    perhaps_written,
    still_writing,
    succeeded,
)
from remediate.engine.settling import Pace, among, interrupted, moved, not_settled, rest_of
from remediate.engine.verdict import not_leased
from remediate.model.change import Change
from remediate.model.event import Phase
from remediate.model.plan import Plan
from remediate.model.problem import Problem
from remediate.powershell.messages import Reply
from remediate.transport.errors import AuthenticationFailed, TransportError

RECOVERY_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds to wait before each new try to see what became of a write."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a pipeline that writes came to.

    Args:
        fence: of the lease under which it wrote.
        problem: what went wrong on the way.
        changes: those that were, or may have been, written.
        seen: what was read back, or why nothing was.
        unlocked: the host's lease is given back.
        failed: the host said that a write failed, so that nothing is gone on with.
        final: looking again is of no use, or could lock the account.
        unsettled: why something is still under way, and is not waited for any longer.
    """

    fence: int
    problem: Problem | None
    changes: tuple[Change, ...]
    seen: Observation | Problem
    unlocked: bool = False
    failed: bool = False
    final: bool = False
    unsettled: Problem | None = None


def came_to(
    work: Order,
    fence: int,
    plan: Plan,
    changes: tuple[Change, ...],
    answer: Reply | TransportError,
) -> Written:
    """What a write came to, by its answer.

    Args:
        work: what is to be done.
        fence: of the lease under which it was sent.
        plan: what all is to be written.
        changes: those that this write was to make.
        answer: what it was answered.
    """
    if isinstance(answer, TransportError):
        perhaps = changes if answer.after_send else ()
        final = isinstance(answer, AuthenticationFailed)
        return Written(fence, answer.problem(), perhaps, answer.problem(), final=final)
    another = work.another(answer.host.computer)
    if another is not None:
        refused_there = not succeeded(answer, "lease")
        return Written(fence, another, () if refused_there else changes, another)
    seen = read_observation(work.planner.queries(), answer, here=work.host.here)
    problem = first_problem(answer, here=work.host.here)
    return Written(
        fence,
        problem,
        perhaps_written(answer, changes),
        work.planner.missing(seen, plan.changes) or seen,
        unlocked=succeeded(answer, "unlock"),
        failed=problem is not None,
    )


def looked(work: Order, plan: Plan, done: Written) -> Part[Written]:
    """What a write did, seen in a new session when it could not be read back."""
    if done.final or not isinstance(done.seen, Problem):
        return done
    return (yield from look_again(work, plan, done))


def settled(
    work: Order,
    plan: Plan,
    changes: tuple[Change, ...],
    done: Written,
    phase: Phase,
    seconds: float,
) -> Part[Written]:
    """Go on with what is under way until it holds, has failed, or is not to be gone on with.

    What is written in parts is written from what was read; anything else is looked at again, and
    so is all that is only to be found out about.
    """
    if not seconds:
        return done
    yield from ask(Settle(seconds))
    pace = Pace()
    while not (done.failed or done.final):
        rest = rest_of(changes, done.seen, done.changes)
        if rest is None or (rest.write and phase is Phase.RECOVER):
            break
        parked = yield from ask(Park(pace.wait(rest), phase, rest.progress))
        if parked is Parked.INTERRUPTED:  # what is seen on the way is no verdict
            problem = interrupted(rest.progress)
            return replace(done, seen=problem, unsettled=problem)
        if parked is Parked.TIME_IS_UP:
            return replace(done, unsettled=not_settled(rest.progress, seconds))
        if rest.write:
            done = yield from _part(work, plan, changes, done, rest.write, phase)
        else:
            done = yield from look_again(work, plan, done, once=rest.settling.away)
    return done


def _part(
    work: Order,
    plan: Plan,
    changes: tuple[Change, ...],
    done: Written,
    write: tuple[Change, ...],
    phase: Phase,
) -> Part[Written]:
    """Write the next part, under a lease that is renewed."""
    lease = yield from ask(TakeLease(work.takes_over))
    if not isinstance(lease, Granted):
        lost = not_leased(work, lease, plan).problem
        return replace(done, failed=True, unsettled=lost)
    undoing = phase is Phase.ROLLBACK
    fence = max(lease.fence, done.fence)
    request = work.write(fence, write, undoing=undoing, whole=changes)
    part = came_to(work, fence, plan, write, (yield from ask(Write(request, phase))))
    part = yield from looked(work, plan, part)
    made = part.changes if part.failed or not part.problem else moved(part.changes, part.seen)
    return replace(part, changes=among(changes, done.changes, made))


def look_again(work: Order, plan: Plan, done: Written, *, once: bool = False) -> Part[Written]:
    """Observe after a write of unknown result, once no pipeline of ours can still be writing.

    Taking the lease on the host again, with a higher fence, waits for the pipeline that may
    still be at work there and keeps it out if it has not begun; see `lease.read.ps1`.
    """
    text, then = "there was no time left to look again", "To find out: remediate runs reconcile"
    problem = Problem(code="timed_out", message=text, hint=then)
    fence, final = done.fence, False
    for seconds in RECOVERY_PAUSES[:1] if once else RECOVERY_PAUSES:
        if not (yield from ask(Pause(seconds))):
            break
        fence += 1  # also where the store does not give one
        renewed = yield from ask(TakeLease(work.takes_over))  # all looks may outlast a lease
        if isinstance(renewed, Granted):
            fence = max(fence, renewed.fence)
        answer = yield from ask(Ask(work.look_again(fence), Phase.RECOVER))
        if isinstance(answer, TransportError):
            problem = answer.problem()
            final = isinstance(answer, AuthenticationFailed)  # once more could lock the account
            if final:
                break
            continue
        another = work.another(answer.host.computer)
        if another is not None:
            return replace(done, fence=fence, seen=another, unlocked=False)
        behind = held_by_us(answer["lease"].error, work.run)
        if behind is not None:  # by another address, whose fences are others
            fence = behind
            continue
        if still_writing(answer["lease"].error):
            text = "the host is still at work on it"
            problem = Problem(code="still_writing", message=text, hint=then)
            continue
        seen = read_observation(work.planner.queries(), answer, here=work.host.here)
        missing = work.planner.missing(seen, plan.changes)
        if missing is None:
            return replace(done, fence=fence, seen=seen, unlocked=False)
        problem = missing
    return replace(done, fence=fence, seen=problem, unlocked=False, final=final)
