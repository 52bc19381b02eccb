"""All repairs in one run, on one host that needs them all, and one rollback of it.

A playbook joins by its own cases: with the first whose host can be that of the others, too.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from remediate.engine.job import Job
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import kind_of
from remediate.lab.state import HostState, Record
from remediate.model.outcome import Outcome
from remediate.testing import Case, cases
from remediate.testing.case import catalogue
from remediate.testing.reports import explain, plan_of
from remediate.testing.story import HOST, Teller
from remediate.testing.transport import MemoryTransport

CASES = [
    case
    for case in cases(Path(__file__).parent)
    if case.changes_something
    and case.goes_back
    and not (case.culture or case.os or case.denied or case.lacks or case.meanwhile)
]
KEPT = ".remediate-"
LAST = ("proxy-settings", "module-restore")
"""What asks the agent's module, then the one whose hosts may have a module that does not load."""
ENTRIES = sorted(
    catalogue().entries, key=lambda name: (name in LAST and LAST.index(name) + 1, name)
)
ALONE = {"scratch-move"}
"""What is a run of its own, as its page says: others judge by the folder that it moves."""
WRITING = [name for name in ENTRIES if name not in ALONE and not catalogue().load(name).only_looks]


class Together:
    """Some cases, all of one host.

    Args:
        chosen: one case of each playbook.
        hosts: the cases whose host it is; theirs when not given.
    """

    def __init__(self, *chosen: Case, hosts: tuple[Case, ...] = ()) -> None:
        self.chosen, self.hosts = chosen, hosts or chosen
        peers = (case.peer for case in chosen if case.peer is not None)
        transport = MemoryTransport({HOST.address: self.host()})
        self.teller = Teller(
            chosen[0].model_copy(update={"peer": next(peers, None)}),
            transport,
            HOST,
            transport.states[HOST.address],
            Job.of(task for case in chosen for task in case.job().tasks),
        )

    def host(self) -> HostState:
        """A healthy one, but for what any of the cases says."""
        short: dict[str, Any] = {}
        for case in self.hosts:
            for kind, said in case.host.items():
                there = short.get(kind, kind_of(kind).healthy) if said else None
                both = isinstance(there, dict) and isinstance(said, dict)
                short[kind] = {**there, **said} if both else said
        return healthy_host("SRV01", short)

    @property
    def fits(self) -> bool:
        """Whether each has something to change, all of which can be put back."""
        plan = plan_of(self.teller.audit("audit"))
        repaired = {change.playbook for change in plan.changes}
        return (
            repaired == {case.playbook for case in self.chosen}
            and not plan.refusals
            and not plan.irreversible
            and all(change.reversible for change in plan.changes)
        )


def can_be_undone(playbook: str) -> bool:
    """Whether a case of it changes only what can be put back."""
    own = (case for case in CASES if case.playbook == playbook)
    return any(Together(case).fits for case in own)


def joined() -> tuple[tuple[Case, ...], list[str]]:
    """A case of each playbook that fits, and the playbooks of which none does."""
    chosen: tuple[Case, ...] = ()
    left = []
    for playbook in WRITING:
        own = (case for case in CASES if case.playbook == playbook)
        new = next((case for case in own if Together(*chosen, case).fits), None)
        if new is None:
            left.append(playbook)
        else:
            chosen = (*chosen, new)
    return chosen, left


def test_one_rollback_of_all_repairs_brings_the_host_back_byte_for_byte() -> None:
    """But for what a run may leave, and says that it does; see `lasting`."""
    chosen, left = joined()
    assert [playbook for playbook in left if can_be_undone(playbook)] == []
    assert len(chosen) >= 10
    together = Together(*chosen)
    teller, start = together.teller, lasting(together.host())
    assert lasting(teller.state) == start
    report = teller.apply()
    assert report.outcome is Outcome.CHANGED, explain(report)
    assert {change.playbook for change in report.applied} == {case.playbook for case in chosen}
    assert lasting(teller.state) != start
    report = teller.rollback(teller.applied_run)
    assert report.outcome is Outcome.CHANGED, explain(report)
    assert lasting(teller.state) == start
    teller.is_free()


def lasting(host: HostState) -> Record:
    """The state of a host's Windows without what a run may leave in it.

    These are its receipts, processes of its own, folders that were copied and are kept beside the
    one in use, and keys of the registry in which it had to make a value.
    """
    windows = copy.deepcopy(host.without_traces())
    windows["files"] = {path: told for path, told in windows["files"].items() if KEPT not in path}
    windows["registry"] = list(with_values(windows["registry"]))
    for service in windows["services"]:
        service["process"] = service["process"] is not None
    return windows


def with_values(keys: list[Record]) -> Iterator[Record]:
    """The keys that have any, each with its values by name, as they have no order."""
    for key in keys:
        if key["values"]:
            yield {**key, "values": sorted(key["values"], key=lambda value: str(value["name"]))}
