"""Programs that the store's tests start, race and kill: `python processes.py WHAT FILE …`."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from remediate.model.outcome import Outcome
from remediate.store.place import store_place
from remediate.store.protocol import LeaseGrant
from remediate.store.run_lock import RunLock
from remediate.store.sql import SqlStore
from tests.store.records import NOW, RUN, TTL, a_host, a_report, a_run, an_intent

STEPS = 7
RACES = 25
CROWD = 2000


def record(file: str, steps: str) -> None:
    """Call so many methods, one after the other, say so, and wait to be killed."""
    store = SqlStore(store_place(file))
    calls = (
        lambda: store.begin_run(a_run(), [a_host()]),
        lambda: store.take_lease("srv01:5985", RUN, "ada@bastion", NOW, TTL),
        lambda: store.record_intent(an_intent()),
        lambda: store.close_host(RUN, "SRV01", a_report(outcome=Outcome.INDETERMINATE)),
        lambda: store.close_host(RUN, "SRV01", a_report(), reconciled=True),
        lambda: store.release_lease("srv01:5985", RUN),
        lambda: store.finish_run(RUN, NOW + TTL),
    )
    assert len(calls) == STEPS
    for call in calls[: int(steps)]:
        call()
    sys.stdout.write("done\n")
    sys.stdout.flush()
    sys.stdin.read()


def crowd(file: str) -> None:
    """Many threads record intents, and each says so when it may send; until they are killed."""
    names = [f"SRV{number}" for number in range(CROWD)]
    with SqlStore(store_place(file)) as store, ThreadPoolExecutor(16) as pool:
        store.begin_run(a_run(), [a_host(name) for name in names])

        def intend(name: str) -> None:
            store.record_intent(an_intent(host=name))
            os.write(1, f"{name}\n".encode())  # a whole line at once, and not kept back

        list(pool.map(intend, names))


def race(file: str, run: str) -> None:
    """At a word, open the store and take many leases; print those that were got."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with SqlStore(store_place(file)) as store:
        for number in range(RACES):
            answer = store.take_lease(f"srv{number}:5985", run, run, NOW, timedelta(hours=1))
            if isinstance(answer, LeaseGrant):
                sys.stdout.write(f"{number}\n")


def hold(file: str, run: str) -> None:
    """Be a run that goes on until it is killed."""
    with RunLock(run, store_place(file).locks):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    {"record": record, "crowd": crowd, "race": race, "hold": hold}[sys.argv[1]](*sys.argv[2:])
