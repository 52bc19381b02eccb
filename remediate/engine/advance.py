"""Decides whether a run goes on to hosts that have not begun, by what became of those before."""

from collections import Counter
from enum import StrEnum

from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import STOPPED, Problem
from remediate.model.text import count
from remediate.model.waves import Share, Waves

_HINT = (
    "See what became of the others first. Then run it again: it goes on with this one, and finds "
    "done what is done."
)
_THROUGH = {Outcome.COMPLIANT, Outcome.ATTENTION, Outcome.CHANGED}


class _Came(StrEnum):
    """What became of a host, as far as it counts; in the words of a sentence about it."""

    FAILED = "failed"
    UNREACHABLE = "could not be reached"
    INDETERMINATE = "may be in the middle of a change"
    THROUGH = "came through"


class Advance:
    """Counts verdicts as they come; each as soon as it is known, so that no host begins after it.

    Args:
        waves: what was asked for.
        hosts: how many hosts the run has.

    Attributes:
        sizes: how many of them each wave has.
        stopped: why no other host is to begin; None as long as that is not so.
    """

    def __init__(self, waves: Waves, hosts: int) -> None:
        self.sizes = waves.sizes(hosts)
        self.stopped: Problem | None = None
        self._waves = waves
        self._hosts = hosts
        self._first = waves.canary is not None
        self._seen: Counter[_Came] = Counter()

    def saw(self, report: HostReport) -> None:
        """A host has its verdict."""
        came = _came(report)
        if came is None:
            return
        self._seen[came] += 1
        waves = self._waves
        limits = {
            _Came.FAILED: Share(0) if self._first else waves.max_failed,
            _Came.UNREACHABLE: waves.max_unreachable,
            _Came.INDETERMINATE: waves.max_indeterminate,
        }
        limit = limits.get(came)
        if limit is None:
            return
        most, many = limit.limit(self._hosts), self._seen[came]
        if many > most:
            of = f"the {count(self.sizes[0], 'host')} that went first" if self._first else ""
            told = f"{many:,} of {of or count(self._hosts, 'host')} {came}"
            self._stop(f"{told} ({f'{most:,}' if most else 'none'} allowed)")

    def ended(self) -> None:
        """All hosts of a wave have their verdicts."""
        if self._first and not self._seen[_Came.THROUGH]:
            first = count(self.sizes[0], "host")
            self._stop(f"of the {first} that went first none was changed, or found to be as wanted")
        self._first = False

    def _stop(self, why: str) -> None:
        if self.stopped is None:
            text = f"the run stopped before its turn came: {why}"
            self.stopped = Problem(code=STOPPED, message=text, hint=_HINT)


def _came(report: HostReport) -> _Came | None:
    if report.outcome is Outcome.INDETERMINATE:
        return _Came.INDETERMINATE
    if report.exit_code is ExitCode.UNREACHABLE:
        return _Came.UNREACHABLE
    if report.exit_code in {ExitCode.FAILED, ExitCode.NEEDS_PERSON, ExitCode.INTERNAL_ERROR}:
        return _Came.FAILED
    return _Came.THROUGH if report.outcome in _THROUGH else None
