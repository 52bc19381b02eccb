"""Carries out, in a process of its own, orders that another process has pickled.

Reads them from stdin, with the states of the hosts that they are about; writes what became of
them to stdout, a line each.
"""

import pickle
import sys
from functools import partial

from remediate.engine.host_worker import perform
from remediate.engine.order import Order
from remediate.engine.surroundings import Surroundings
from remediate.lab.kinds import record
from remediate.lab.state import HostState, Record
from remediate.model.outcome import HostReport
from remediate.model.run import Run
from remediate.runner import Serial
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport


def _skipped(order: Order) -> HostReport:
    raise AssertionError(order)


def carried_out(pickled: bytes, run: Run, windows: Record) -> str:
    """The outcome of an order, and what it left of the host.

    Args:
        pickled: the order.
        run: the run that it belongs to.
        windows: the host as it is found.
    """
    order: Order = pickle.loads(pickled)  # noqa: S301 - from the test
    state = HostState("SRV01", windows)
    store = MemoryStore()
    store.begin_run(run, [order.host])
    transport = MemoryTransport({order.host.address: state})
    work = partial(perform, around=Surroundings(transport, store))
    [(_, report)] = Serial().run([order], work, _skipped)
    return f"{order.verb} {report.outcome} {record(state, 'jar')['lid']}"


if __name__ == "__main__":
    for task in pickle.load(sys.stdin.buffer):  # noqa: S301 - from the test
        sys.stdout.write(carried_out(*task) + "\n")
