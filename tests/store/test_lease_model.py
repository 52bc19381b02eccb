"""Leases under any sequence of calls, against a model of a few lines."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from remediate.model.outcome import Holder
from remediate.store.place import store_place
from remediate.store.protocol import LeaseGrant, Store
from remediate.store.sql import SqlStore
from remediate.testing.store import MemoryStore
from tests.store.records import NOW

HOSTS = st.sampled_from(["x:1", "y:1"])
RUNS = st.sampled_from(["a", "b", "c"])


class Leases(RuleBasedStateMachine):
    store: ClassVar[Store]
    number: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        type(self).number += 1  # one store for all examples, other hosts for each
        self.now = NOW
        self.held: dict[str, tuple[str, object]] = {}
        self.fences: dict[str, int] = {}

    def key(self, host: str) -> str:
        return f"{self.number}-{host}"

    @rule(minutes=st.integers(0, 15))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(host=HOSTS, run=RUNS, minutes=st.integers(1, 10))
    def take(self, host: str, run: str, minutes: int) -> None:
        answer = self.store.take_lease(
            self.key(host), run, f"{run}@x", self.now, timedelta(minutes=minutes)
        )
        holder, until = self.held.get(host, (None, None))
        if holder not in {None, run} and until > self.now:
            assert isinstance(answer, Holder)
            assert (holder, until) == (answer.run, answer.until)
            return
        assert isinstance(answer, LeaseGrant)
        assert answer.fence > self.fences.get(host, 0), "the fence grows for ever"
        assert (answer.took.run if answer.took else None) == (None if holder == run else holder)
        self.fences[host] = answer.fence
        self.held[host] = (run, self.now + timedelta(minutes=minutes))

    @rule(host=HOSTS, run=RUNS)
    def release(self, host: str, run: str) -> None:
        self.store.release_lease(self.key(host), run)
        if self.held.get(host, ("", None))[0] == run:
            del self.held[host]

    @invariant()
    def those_in_force_are_listed(self) -> None:
        if not hasattr(self, "held"):
            return
        prefix = self.key("")
        listed = {
            key.removeprefix(prefix): (holder.run, holder.until)
            for key, holder in self.store.leases(self.now)
            if key.startswith(prefix)
        }
        assert {h: held for h, held in self.held.items() if held[1] > self.now} == listed


@pytest.mark.parametrize("kind", ["memory", pytest.param("sql", marks=pytest.mark.slow)])
def test_a_lease_has_one_holder_and_a_growing_fence(kind: str) -> None:
    limits = settings(max_examples=40, stateful_step_count=25, database=None)
    with TemporaryDirectory() as folder:
        place = store_place(str(Path(folder) / "remediate.db"))
        store = MemoryStore() if kind == "memory" else SqlStore(place)
        machine = type("Machine", (Leases,), {"store": store})
        machine.TestCase.settings = limits
        try:
            machine.TestCase("runTest").runTest()
        finally:
            store.close()
