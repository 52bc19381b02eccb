"""What a killed run leaves in the store for hosts that it had written nothing to."""

from collections.abc import Iterator

from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import Problem
from remediate.store.protocol import Store, lease_key

_PROBLEM = Problem(
    code="halted",
    message="the run broke off before anything was written",
    hint="Run it again.",
)


def give_free(store: Store, run: str) -> Iterator[HostReport]:
    """Close the hosts that have neither intent nor verdict, and give back what leases there are.

    A host whose intent is open, or of which nobody knows, keeps its lease: it has to be looked at.

    Args:
        store: where they are recorded.
        run: id of a run that does not go on.

    Yields:
        A report for each host that is closed by this.

    Raises:
        StoreError: it cannot be recorded.
    """
    for record in store.run(run).hosts:
        if record.intent is not None and record.outcome in {None, Outcome.INDETERMINATE}:
            continue
        store.release_lease(lease_key(record.host), run)
        if record.report is None:
            report = HostReport(host=record.host.name, outcome=Outcome.SKIPPED, problem=_PROBLEM)
            store.close_host(run, record.host.name, report)
            yield report
