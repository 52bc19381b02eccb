"""How many applies a second the store takes down on a disk that needs 10 ms for each fsync.

`python benchmarks/slow_disk.py BEFORE` compares with another build: sixteen workers each take a
lease, record the intent, record the verdict and give the lease back, host after host. A library
made here with `cc` makes the disk slow. Linux only.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from compared import arguments, environment, measure

SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static void wait_for_disk(void) { struct timespec t = {0, 10000000}; nanosleep(&t, 0); }
int fsync(int f) { wait_for_disk(); return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(f); }
int fdatasync(int f) { wait_for_disk(); return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(f); }
"""
APPLIES = """
import inspect, sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from tests.store.records import NOW, RUN, TTL, a_host, a_report, a_run, an_intent

names = [f"SRV{number}" for number in range(320)]
with SqlStore(store_place(sys.argv[1])) as store, ThreadPoolExecutor(16) as workers:
    store.begin_run(a_run(), [a_host(name) for name in names])
    together = "frees" in inspect.signature(store.close_host).parameters

    def apply(name):
        store.take_lease(name, RUN, "ada@bastion", NOW, TTL)
        store.record_intent(an_intent(host=name))
        if together:
            store.close_host(RUN, name, a_report(name), frees=name)
        else:
            store.close_host(RUN, name, a_report(name))
            store.release_lease(name, RUN)

    began = perf_counter()
    list(workers.map(apply, names))
    print(len(names) / (perf_counter() - began))
    assert not store.open_intents() and not store.leases(NOW)
"""


def applies(build: Path) -> float:
    """Applies in a second."""
    with TemporaryDirectory() as folder:
        library = f"{folder}/slow.so"
        make = ["/usr/bin/cc", "-shared", "-fPIC", "-o", library, "-x", "c", "-"]
        subprocess.run(make, input=SLOW, text=True, check=True)
        done = subprocess.run(
            [sys.executable, "-c", APPLIES, f"{folder}/store/runs.db"],
            env={**environment(build), "LD_PRELOAD": library},
            stdout=subprocess.PIPE,
            check=True,
        )
    return float(done.stdout)


if __name__ == "__main__":
    measure("applies at 10 ms a fsync", applies, *arguments(__doc__, rounds=3), unit="a second")
