"""List what runs have left on a host, and remove what one of them has left."""

from datetime import datetime

from remediate.model.size import size_text
from remediate.model.text import count
from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.leftover import Hold, Leftover, Leftovers, LeftoverSort

SHOWN = 20
"""Things that are named of each run."""


class Params(PlaybookParams):
    run: str = Field(
        "",
        pattern=r"^[0-9A-Za-z-]{0,64}$",
        description="Run of which to remove what it has left; else all is listed",
    )


class LeftoversPlaybook(Playbook[Params]):
    """Runs leave receipts, files that they have moved aside, copies of what they have replaced.

    Only what the receipt of a run names is removed, and nothing that a later run has written to,
    too. What no receipt names is told, and left.

    A folder that the agent has worked in before its scratch folder was moved is removed only while
    both values ScratchLocation name another one, which has its key file, and while no files are in
    it but those that the agent has left: the server looks at that when it removes it, too. Wait for
    a backup that has succeeded there, as the source says.
    """

    id = "leftovers"
    title = "List, and remove, what runs have left on a host"
    topic = "platform"
    symptoms = ("disk-full",)
    source = (
        "https://learn.microsoft.com/powershell/module/microsoft.powershell.management/remove-item"
    )
    rules = ("left", "receipts", "unclaimed", "claimed", "present")
    on_demand = True
    writes = (Leftover,)
    risk = "The run whose leftovers are removed can no longer be rolled back."
    rollback = "What was removed cannot be put back."

    def observe(self, params):
        return [Leftovers()]

    def not_applicable(self, seen, params):
        if not params.run or params.run in _receipts(seen):
            return None
        return f"no receipt of run {params.run} is here: it wrote nothing here, or that was removed"

    def decide(self, seen, params):
        receipts = _receipts(seen)
        owned, unclaimed = _by_run(seen)
        for one in _left(seen):
            owners = _owners(receipts, one)
            if params.run in owners[1:]:
                yield Advice(
                    f"{one.path} is kept",
                    f"Run {owners[0]} has written to the same thing later: remove what that "
                    "has left.",
                    rule="claimed",
                    resource=one.resource_id,
                )
        if params.run:
            if params.run in receipts:
                for one in (*owned[params.run], receipts[params.run]):
                    yield one.should(
                        present=False,
                        irreversible=True,
                        why=_WHY.get(one.sort, ""),
                        evidence=_evidence([one] if one.files else []),
                    )
        else:
            yield from _listed(seen, receipts, owned, unclaimed)

    def guard(self, seen, params):
        owned, _ = _by_run(seen)
        for one in owned.get(params.run, ()):
            if one.hold:
                yield f"{one.path} cannot be removed: {one.reason}"


_WHY = {
    LeftoverSort.OLD_SCRATCH: "Until a backup has succeeded in the new folder, it is the way back.",
    LeftoverSort.KEPT_SCRATCH: "The agent has written to it what is in no other folder.",
}


def _by_run(seen):
    """What each run has left, newest first, and what none has by its receipt."""
    receipts = _receipts(seen)
    owned = {run: [] for run in sorted(receipts, reverse=True)}
    unclaimed = []
    for one in _left(seen):
        owners = _owners(receipts, one)
        (owned[owners[0]] if owners else unclaimed).append(one)
    return owned, unclaimed


def _left(seen):
    """What runs have left besides receipts; a folder that the agent works in again is none."""
    for one in seen.all(Leftover):
        if one.sort is not LeftoverSort.RECEIPT and one.hold is not Hold.IN_USE:
            yield one


def _receipts(seen):
    return {one.run: one for one in seen.all(Leftover) if one.sort is LeftoverSort.RECEIPT}


def _owners(receipts, one):
    """The runs whose receipts name what something stands beside, newest first."""
    return [run for run in sorted(receipts, reverse=True) if _names(receipts[run], one)]


def _names(receipt, one):
    return any(named.is_of(beside) for named in receipt.beside for beside in one.beside)


def _listed(seen, receipts, owned, unclaimed):
    bare = [run for run, left in owned.items() if not left]
    for run, left in owned.items():
        if left:
            size = size_text(sum(one.size for one in left))
            yield Advice(
                f"Run {run} left {size} in {count(len(left), 'place')}{_age(seen, receipts[run])}",
                f"Where nobody needs it any more: remediate hosts leftovers --remove {run} removes "
                "it for good, and its receipt.",
                Severity.NOTICE,
                rule="left",
                resource=receipts[run].resource_id,
                evidence=_evidence(left),
            )
    if bare:
        yield Advice(
            f"{count(len(bare), 'run')} left nothing but receipts",
            "They are small, and say who has changed what. The newest are shown.",
            Severity.NOTICE,
            rule="receipts",
            evidence=[Evidence(f"receipt of run {run}") for run in bare[:SHOWN]],
        )
    if unclaimed:
        yield Advice(
            f"No receipt names {len(unclaimed)} of the things that runs have left",
            "Their runs were cut off, are of an older version, or their receipts were removed. "
            "Look at them, and remove them by hand.",
            Severity.NOTICE,
            rule="unclaimed",
            evidence=_evidence(unclaimed),
        )


def _age(seen, receipt):
    """How long ago a run ended, by the server's own clock."""
    if receipt.written is None:
        return ""
    now, then = map(datetime.fromisoformat, (seen.facts.utc, receipt.written))
    days = (now - then).days
    return f", {count(days, 'day')} ago" if days > 0 else ", today"


def _evidence(left):
    return [Evidence(_told(one), where=one.path) for one in left[:SHOWN]]


def _told(one):
    held = f"; not to be removed now: {one.reason}" if one.hold else ""
    return f"{one.sort}: {count(one.files, 'file')}, {size_text(one.size)}{held}"
