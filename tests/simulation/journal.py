"""A store as a process has it: each call takes its time, and may fail; nothing is recorded then."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from remediate.model.outcome import HostReport
from remediate.store.errors import StoreUnavailable
from remediate.testing.store import MemoryStore
from tests.simulation.virtual_time import Process

if TYPE_CHECKING:
    from tests.simulation.fleet import Fleet


class Journal:
    """A `Store`.

    Args:
        fleet: whose truth hears of what is recorded.
        process: that uses it.
        inner: what keeps it, for several controllers or one.
    """

    def __init__(self, fleet: "Fleet", process: Process, inner: MemoryStore) -> None:
        self._fleet = fleet
        self._process = process
        self.inner = inner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self.inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._take_time()
            result = method(*arguments, **named)
            self._take_time(failing=False)
            return result

        return call

    def close_host(self, run: str, host: str, report: HostReport, **more: Any) -> None:
        self._take_time()
        self.inner.close_host(run, host, report, **more)
        self._fleet.truth.verdict(self.inner, run, host, report)
        self._take_time(failing=False)

    def _take_time(self, *, failing: bool = True) -> None:
        chance, weather = self._fleet.chance, self._fleet.weather
        self._process.sleep(chance.random() * 0.01)
        if failing and chance.random() < weather.store:
            raise StoreUnavailable("simulated", "it does not answer", "Look at it.")
