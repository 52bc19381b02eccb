"""How long hosts took, and whether a run waited for a few of them, counted in one place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low

from remediate.model.exit_code import ExitCode
from remediate.model.outcome import Worked
from remediate.report.words import join, took

_MANY = 10
"""Hosts of which it says something when a part of them had a verdict."""

_FEW = 8
"""Hosts, and a tenth of all, for which a run may have waited; of more it was just as slow."""

_WAITED = 10.0
"""Seconds of waiting that are worth a word."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """When a host was worked on, in seconds from when the first one of its run was.

    Args:
        host: its name.
        code: what its verdict means for the process.
        began: when its work began.
        ended: when its verdict was known.
        worked: the same as it was measured.
    """

    host: str
    code: ExitCode
    began: float
    ended: float
    worked: Worked

    @property
    def took(self) -> float:
        """Seconds that are the host's own."""
        return self.worked.own


class Times:
    """When hosts were worked on; those that nobody has worked on are none of them."""

    def __init__(self) -> None:
        self._added: list[tuple[str, str, ExitCode, Worked]] = []
        self._first: dict[str, datetime] = {}
        self._stretches: list[Stretch] = []

    def __len__(self) -> int:
        return len(self._added)

    def add(self, host: str, code: ExitCode, worked: Worked | None, run: str = "") -> None:
        """Count a host in.

        Args:
            host: its name.
            code: what its verdict means for the process.
            worked: when it was worked on; None where it was not, or nobody knows.
            run: its run, where that is not the same for all.
        """
        if worked is not None:
            self._added.append((host, run, code, worked))
            self._first[run] = min(self._first.get(run, worked.began), worked.began)

    @property
    def began(self) -> datetime | None:
        """When the first host's work began, in UTC."""
        return min(self._first.values(), default=None)

    @property
    def several(self) -> bool:
        """Whether these are hosts of several runs, each of which began when its first host did."""
        return len(self._first) > 1

    def slowest(self) -> Sequence[Stretch]:
        """All of them, those that took longest first."""
        if len(self._stretches) < len(self._added):
            self._stretches = sorted(
                map(self._stretch, self._added), key=lambda one: (-one.took, one.host)
            )
        return self._stretches

    def ends(self) -> Sequence[float]:
        """After how many seconds each had its verdict, the first one first."""
        return sorted(one.ended for one in self.slowest())

    def after(self, share: float) -> float:
        """Seconds after which so much of them, 1 being all, had their verdict."""
        ends = self.ends()
        return ends[math.ceil(share * len(ends)) - 1] if ends else 0.0

    def total(self) -> float:
        """Seconds of all of them together, which is more than the run took."""
        return round(sum(one.took for one in self.slowest()), 3)

    def half_took(self) -> float:
        """Seconds that half of them took at most."""
        return median_low(one.took for one in self.slowest()) if self._added else 0.0

    def sentence(self, hosts: int) -> str:
        """The same in words; empty where nobody has measured it.

        Args:
            hosts: how many were chosen.
        """
        if not self._added:
            return ""
        slowest = self.slowest()[0]
        if hosts == 1:
            return f"It took {took(slowest.took)}{besides(slowest.worked)}."
        of = f" of {hosts:,}" if hosts > len(self) else ""
        span = took(self.after(1))
        were = "was" if len(self) == 1 else "were"
        text = f"{len(self):,}{of} hosts {were} worked on, in {span}"
        if self.several:
            text += ", each from the start of its run"
        if len(self) >= _MANY:
            text += f": half had a verdict after {took(self.after(0.5))}, "
            text += f"nine tenths after {took(self.after(0.9))}"
        return (
            f"{text}. Half took {took(self.half_took())} at most, the slowest {took(slowest.took)}."
        )

    def waited_for(self) -> str:
        """The few for which a run has waited in the end, in words; empty where it has not."""
        ends, few = self.ends(), max(1, min(_FEW, len(self) // _MANY))
        if len(ends) <= few:
            return ""
        before_gap = max(range(few), key=lambda last: (ends[-last - 1] - ends[-last - 2], last))
        others = ends[-before_gap - 2]
        waited = ends[-1] - others
        if waited < max(_WAITED, others):
            return ""
        last = [one for one in self.slowest() if one.ended > others]
        last.sort(key=lambda one: (-one.ended, one.host))
        return f"{join(one.host for one in last)}, {took(waited)} longer than for all others"

    def _stretch(self, added: tuple[str, str, ExitCode, Worked]) -> Stretch:
        host, run, code, worked = added
        began = (worked.began - self._first[run]).total_seconds()
        return Stretch(host, code, began, began + worked.seconds, worked)


def besides(worked: Worked) -> str:
    """What else is to be known of a time: `, 5 min of it waiting for a change`; mostly nothing."""
    parts = []
    if worked.rested:
        parts.append(f"{took(worked.rested)} of it waiting for a change")
    if worked.asked:
        parts.append(f"besides {took(worked.asked)} for an answer")
    return "".join(f", {part}" for part in parts)
