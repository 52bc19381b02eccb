"""What processes see of each other's records, however they end."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from remediate.model.outcome import Outcome
from remediate.model.run import RunRecord
from remediate.store.place import StorePlace
from remediate.store.run_lock import is_running
from remediate.store.sql import SqlStore
from tests.store import processes
from tests.store.records import NOW, RUN, TTL, a_report, a_run, an_intent

ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as ends:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.store.processes", *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            ends.enter_context(process)
            ends.callback(process.kill)
            return process

        yield start


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(steps, marks=[] if steps in {1, processes.STEPS} else [pytest.mark.slow])
        for steps in range(1, processes.STEPS + 1)
    ],
)
def test_what_a_method_recorded_survives_the_death_of_the_process(
    start: Start, place: StorePlace, steps: int
) -> None:
    process = start("record", str(place.file), str(steps))
    assert process.stdout.readline() == "done\n"
    process.kill()
    process.wait(timeout=60)
    with SqlStore(place) as store:
        record = store.run(RUN)
        [host] = record.hosts
        assert RunRecord(run=a_run(), finished=record.finished, hosts=(host,)) == record
        assert (an_intent() if steps >= 3 else None) == host.intent
        reports = {4: a_report(outcome=Outcome.INDETERMINATE)}
        assert reports.get(steps, a_report() if steps >= 5 else None) == host.report
        assert len(store.leases(NOW)) == (1 if 2 <= steps < 6 else 0)
        assert (NOW + TTL if steps == 7 else None) == record.finished
        assert len(store.open_intents()) == (1 if steps == 3 else 0)


def test_what_any_of_many_threads_was_told_survives_the_death_of_the_process(
    start: Start, place: StorePlace
) -> None:
    """Most of them share a COMMIT with others when it comes."""
    process = start("crowd", str(place.file))
    told = {process.stdout.readline().strip() for _ in range(100)}
    process.kill()
    told |= {line.strip() for line in process.stdout}
    with SqlStore(place) as store:
        recorded = {host.host.name for _, host in store.open_intents()}
    assert told <= recorded
    assert len(told) < processes.CROWD, "it was killed while it worked"


@pytest.mark.slow
def test_of_several_processes_one_gets_each_lease(start: Start, place: StorePlace) -> None:
    """They also make the store together: each must find it whole."""
    racers = [start("race", str(place.file), f"run{number}") for number in range(3)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert sorted(map(str, range(processes.RACES))) == sorted(sum(won, []))  # noqa: RUF017 - three short lists


def test_a_killed_run_is_told_from_a_living_one(start: Start, place: StorePlace) -> None:
    process = start("hold", str(place.file), RUN)
    assert process.stdout.readline() == "held\n"
    assert is_running(RUN, place.locks)
    process.kill()
    process.wait(timeout=60)
    assert not is_running(RUN, place.locks)
    assert list(place.locks.iterdir()) == [], "what the killed run left is removed"
