"""Measures how long a host is worked on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from remediate.model.outcome import HostReport, Worked


class Stopwatch:
    """Runs from when it is made until a verdict is known.

    Args:
        now: the time in UTC.
        clock: monotonic seconds.
        gone: seconds of the work that have gone before.
    """

    def __init__(
        self, now: Callable[[], datetime], clock: Callable[[], float], gone: float = 0.0
    ) -> None:
        self._clock = clock
        self._began = now() - timedelta(seconds=gone)
        self._start = clock() - gone
        self._asked = self._rested = 0.0
        self._worked: Worked | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a person is asked."""
        start = self._clock()
        try:
            yield
        finally:
            self._asked += self._clock() - start

    @contextmanager
    def resting(self) -> Iterator[None]:
        """While the host is left alone."""
        start = self._clock()
        try:
            yield
        finally:
            self._rested += self._clock() - start

    def told(self, report: HostReport) -> HostReport:
        """A verdict, with when and how long it was worked for; the first one ends that."""
        if self._worked is None:
            self._worked = Worked(
                began=self._began,
                seconds=_thousandths(self._clock() - self._start),
                asked=_thousandths(self._asked),
                rested=_thousandths(self._rested),
            )
        return report.model_copy(update={"worked": self._worked})


def _thousandths(seconds: float) -> float:
    return round(max(0.0, seconds), 3)
