"""What is under way on a host after a write, and what is to be done next about it. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from remediate.engine.identity import is_identity
from remediate.engine.observation import Observation
from remediate.model.change import Change, ResourceId
from remediate.model.problem import Problem
from remediate.model.settling import Progress, Settling

LONGEST_PAUSE = 60.0
"""Seconds between two looks at a host, at most."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to do of changes that need time.

    Args:
        progress: how far they are; None when only what comes after them is left.
        settling: how they come about.
        write: what is to be written next, from what was read; nothing where looking again will do.
    """

    progress: Progress | None
    settling: Settling
    write: tuple[Change, ...]


def most(changes: Iterable[Change]) -> float:
    """Seconds that changes may need after their writes, one after the other."""
    return sum(change.settling.most for change in changes if change.settling is not None)


def rest_of(
    changes: Collection[Change], seen: Observation | Problem, written: Collection[Change]
) -> Rest | None:
    """What is left to do on a host, or None: all has come about, or nothing is under way.

    Only where each open change is under way or still as it was before: what somebody else has
    changed, or what has failed, is judged and not gone on with.

    Args:
        changes: what is to come about, in order.
        seen: the host as it is, or why it could not be looked at.
        written: those that were, or may have been, written.
    """
    if isinstance(seen, Problem):
        away = next((one.settling for one in changes if one.settling and one.settling.away), None)
        return None if away is None or is_identity(seen) else Rest(None, away, ())
    write: list[Change] = []
    moving: list[tuple[Settling, Progress]] = []
    begun = _ids(written)
    for change in changes:
        resource = seen.find(change.resource)
        if resource is None:
            return None
        if resource.holds(change):
            continue
        write.append(change.model_copy(update={"before": resource.recorded(change.property)}))
        progress = resource.progress(change)
        if progress is not None and change.settling is not None and not progress.failed:
            moving.append((change.settling, progress))
        elif progress is not None or not resource.as_before(change):
            return None
    if moving:
        settling, progress = moving[0]
        by_parts = all(each.again for each, _ in moving)
        return Rest(progress, settling, tuple(write) if by_parts else ())
    settlings = [change.settling for change in changes if change.settling is not None]
    if write and settlings and begun.isdisjoint(_ids(write)):  # what comes after them
        return Rest(None, settlings[0], tuple(write))
    return None


def _ids(changes: Iterable[Change]) -> set[tuple[ResourceId, str]]:
    return {(change.resource, change.property) for change in changes}


def among(changes: Iterable[Change], *some: Collection[Change]) -> tuple[Change, ...]:
    """Those of some changes that others are about, too, in their order."""
    ids = {one for others in some for one in _ids(others)}
    return tuple(change for change in changes if (change.resource, change.property) in ids)


def moved(changes: tuple[Change, ...], seen: Observation | Problem) -> tuple[Change, ...]:
    """Those of some changes whose writing is seen, or cannot be told; none else was written.

    What has begun is seen by its progress, also where the value is still the one before.
    """
    if isinstance(seen, Problem):
        return changes
    found = ((change, seen.find(change.resource)) for change in changes)
    return tuple(
        change
        for change, now in found
        if now is None or not now.as_before(change) or now.progress(change) is not None
    )


@dataclass
class Pace:
    """How long to wait before each next step: not at all while parts move something."""

    _last: tuple[Progress | None] | None = None
    _pauses: Iterator[float] | None = field(default=None, repr=False)

    def wait(self, rest: Rest) -> float:
        """Seconds to wait before it is gone on with."""
        if rest.write and (rest.progress,) != self._last:
            self._last, self._pauses = (rest.progress,), None
            return 0.0
        if self._pauses is None:
            self._pauses = _doubling(rest.settling.pause)
        return next(self._pauses)


def _doubling(seconds: float) -> Iterator[float]:
    while True:
        yield min(seconds, LONGEST_PAUSE)
        seconds *= 2


def given_up(changes: Iterable[Change], seen: Observation) -> str:
    """Why changes that were under way will not come about any more; empty when none says so."""
    found = ((change, seen.find(change.resource)) for change in changes)
    said = (now.progress(change) for change, now in found if now is not None)
    return next((progress.failed for progress in said if progress and progress.failed), "")


NOT_SETTLED = "not_settled"
"""Code of the problem that something is still under way when its time is up."""


INTERRUPTED = "interrupted"
"""Code of the problem that something is still under way when nobody waits for it any more."""


def not_settled(progress: Progress | None, seconds: float) -> Problem:
    """What is said of a host whose time is up."""
    text = f"it has not come about within {seconds:g} s"
    return _under_way(NOT_SETTLED, text, progress)


def interrupted(progress: Progress | None) -> Problem:
    """What is said of a host that is left to itself when the run is interrupted."""
    text = "it was still coming about when the run was interrupted"
    return _under_way(INTERRUPTED, text, progress)


def _under_way(code: str, text: str, progress: Progress | None) -> Problem:
    far = f", {progress} done" if progress is not None else ""
    hint = "It may go on there. To find out: remediate runs reconcile"
    return Problem(code=code, message=f"{text}{far}", hint=hint)
