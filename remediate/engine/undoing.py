"""What there is to undo of a recorded run, host by host."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from remediate.engine.job import Job
from remediate.engine.planning import PlaybookPlanner
from remediate.engine.reconciling import Ongoing
from remediate.engine.recorded import (
    Writes,
    changes_to_undo,
    perhaps_half_way,
    removals,
    restarts_of,
    writes_of,
)
from remediate.engine.rollback import UndoPlanner
from remediate.model.run import HostRecord, RunRecord
from remediate.store.protocol import Store

_NEWEST = 100  # runs among which those are looked for that have removed what others had left


@dataclass(frozen=True)
class Undoing:
    """The undoing of one run.

    Args:
        record: the run.
        store: has those that have tried before, and those that have removed what it needs.
        ongoing: tells runs that go on.
        job: the run's playbooks, whose guards are asked before something is stopped or restarted;
            None when they cannot be had.
        force: also undo what somebody else has changed since.
    """

    record: RunRecord
    store: Store
    ongoing: Ongoing
    job: Job | None = None
    force: bool = False

    def planner(self, host: HostRecord) -> UndoPlanner | None:
        """What there is to undo on a host; None when that is nothing.

        Raises:
            RecordRefusedError: its record cannot be used.
        """
        changes = changes_to_undo(host, self._writes)
        restarts = restarts_of(self._tried, host.host.name, self._writes)
        if not changes:
            return None
        cut_off = perhaps_half_way(host)
        return UndoPlanner(
            self.record.run.playbooks,
            changes,
            host.intent.snapshot if host.intent else (),
            force=self.force,
            guards=PlaybookPlanner(self.job) if self.job is not None else None,
            cut_off=cut_off,
            restarts=restarts,
            harmed=cut_off or any(map(perhaps_half_way, self._tries(host))),
            removals=removals(self._removing, host.computer),
        )

    def keeps_lease(self, host: HostRecord) -> bool:
        """Whether the run goes on there, and keeps its lease: by the address of then."""
        if host.intent is None or host.report is not None:
            return False
        return self.ongoing.goes_on(self.record.run, host.intent.host)

    @cached_property
    def _writes(self) -> Writes | None:
        return writes_of(self.job) if self.job is not None else None

    def _tries(self, host: HostRecord) -> Iterator[HostRecord]:
        name = host.host.name
        return (one for run in self._tried for one in run.hosts if one.host.name == name)

    @cached_property
    def _tried(self) -> list[RunRecord]:
        """The runs that were to undo it before."""
        return [self.store.run(each.run.id) for each in self.ongoing.tries(self.record.run.id)]

    @cached_property
    def _removing(self) -> list[RunRecord]:
        """The later runs that have removed what others had left."""
        from remediate.resources.leftover import REMOVING  # noqa: PLC0415 - for rollbacks only

        return [
            self.store.run(each.run.id)
            for each in self.store.runs(_NEWEST)
            if each.run.started > self.record.run.started
            and REMOVING in {use.id for use in each.run.playbooks}
        ]
