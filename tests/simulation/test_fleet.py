"""A whole fleet under one seed: whatever goes wrong, what is said is so, and all ends."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.breaks.breaking import ROOT, Break
from tests.drawn import chance
from tests.simulation.breaks import BREAKS, found
from tests.simulation.fleet import simulate

SHORT = 1200.0
FLEETS = 18
"""Fleets of the slow run: some forty seconds of CPU."""
SEED = chance("fleet").randrange(1, 10**9)
FOUND = {
    1: "of two runs on one host a reconcile left one open: each took the lease from the other",
    3: "a write that came late was let in after the verdict, where the store had failed",
    6: "somebody wrote what we were to write, while nobody knew what had become of our write",
    100: "a write that came late was let in after a rollback, which had held the lease since",
    124: "somebody wrote what we were to, and that we were refused was taken for our write",
    174: "a computer whose GUID could not be read was taken for another one",
    245892941: "a lease ran out while the host was looked at again, and what undid it was sent",
    245892949: "of several spilled verdicts an earlier one stayed: the store failed between them",
}
"""Seeds under which something was found that is put right, and what."""


def test_whatever_goes_wrong_what_is_said_is_so_and_all_comes_to_its_end() -> None:
    seen = simulate(SEED, SHORT)
    assert seen.writes
    assert seen.verdicts


@pytest.mark.slow
def test_one_seed_is_one_story_in_each_process() -> None:
    """Though texts have other hashes there, and sets another order."""
    program = [sys.executable, "-m", "tests.simulation", "--story", str(SEED)]
    told = {
        subprocess.check_output(program, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes})
        for hashes in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", FOUND, ids=FOUND.get)
def test_what_was_found_once_stays_put_right(seed: int) -> None:
    simulate(seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fleets_for_a_while(record_property: Callable[[str, object], None]) -> None:
    begun, hosts = time.process_time(), 0
    for seed in range(SEED, SEED + FLEETS):
        hosts += simulate(seed).host_runs
    took = time.process_time() - begun
    rate = f"{hosts} host-runs under {FLEETS} seeds, {hosts / took * 60:,.0f} a minute"
    record_property("simulation", rate)


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_break_names_a_place_that_is_there_once(one: Break) -> None:
    text = (ROOT / one.file).read_text(encoding="utf-8")
    assert text.count(one.before) == 1


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_broken_engine_is_found_out(one: Break) -> None:
    said = found(one)
    assert "python -m tests.simulation " in said, f"{one.promise}: nobody has noticed"
