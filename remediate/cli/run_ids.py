"""Which run a command is about: the one that is named, or the newest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from remediate.cli.asking import agreed
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts
from remediate.model.exit_code import ExitCode

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from remediate.cli.terminal import Terminal
    from remediate.model.audit import AuditRecord
    from remediate.model.plan import PlaybookUse
    from remediate.model.run import RunRecord, RunSummary
    from remediate.store.protocol import Store

_DONE = {"changed", "compliant"}
"""Outcomes of a rollback after which nothing of the run is left on a host."""

_OFFERED = 50
"""How many runs are looked through, and offered to the shell."""


def run_argument() -> click.Argument:
    """The argument RUN, which may be left out."""
    return click.Argument(["run"], required=False, shell_complete=_complete)


def runs_argument() -> click.Argument:
    """The argument RUN, which may be left out or be several."""
    return click.Argument(
        ["runs"], nargs=-1, required=False, shell_complete=_complete, metavar="[RUN]..."
    )


def recorded(store: "Store", wanted: str) -> "RunRecord":
    """The run that is named, which may have changed something.

    Args:
        store: the journal.
        wanted: its id, or the beginning of it.

    Raises:
        Stop: it is an audit.
        UnknownRun: no run is called so, or several are.
    """
    from remediate.model.run import RunRecord

    found = any_recorded(store, wanted)
    if isinstance(found, RunRecord):
        return found
    name = found.run.id
    raise Stop(
        f"run {name} is an audit: it changed nothing, so there is nothing to undo",
        f"What it found: remediate runs show {name}",
    )


def audited(store: "Store", wanted: str) -> "AuditRecord":
    """The audit that is named.

    Args:
        store: the journal.
        wanted: its id, or the beginning of it.

    Raises:
        Stop: it is a run that is no audit.
        UnknownRun: none is called so, or several are.
    """
    from remediate.store.errors import UnknownRun

    try:
        return store.audit(wanted)
    except UnknownRun as unknown:
        try:
            run = store.run(wanted).run
        except UnknownRun:
            raise unknown from None
    raise Stop(
        f"run {run.id} is no audit, but {'an apply' if run.kind == 'apply' else 'a rollback'}",
        "remediate runs list --audits shows the audits.",
    )


def last_audit(store: "Store", hosts: "Sequence[str]", uses: "Sequence[PlaybookUse]") -> str:
    """The id of the newest audit that asked half of some playbooks or more of half of some hosts.

    Args:
        store: the journal.
        hosts: names of the hosts.
        uses: the playbooks.

    Raises:
        Stop: none did.
    """
    wanted = {use.id for use in uses}
    for summary in store.audits(_OFFERED, asked=hosts):
        known = wanted & {use.id for use in summary.run.playbooks}
        if summary.finished and 2 * len(known) >= len(wanted):
            return summary.run.id
    raise Stop(
        "no recorded audit asked most of this",
        "Name one: remediate runs list --audits. An audit of an inventory is recorded.",
    )


def any_recorded(store: "Store", wanted: str | None) -> "RunRecord | AuditRecord":
    """The run or the audit that is named; a run where one name could mean both.

    Args:
        store: the journal.
        wanted: its id, or the beginning of it; None for the newest.

    Raises:
        Stop: none is named, and nothing is recorded.
        UnknownRun: none is called so, or several are.
    """
    from remediate.store.errors import UnknownRun

    if wanted is None:
        return _newest(store)
    try:
        return store.run(wanted)
    except UnknownRun as unknown:
        try:
            return store.audit(wanted)
        except UnknownRun as error:
            raise (unknown if unknown.close else error) from None


def _newest(store: "Store") -> "RunRecord | AuditRecord":
    """The run or the audit that was begun last."""
    run, audit = (next(iter(found), None) for found in (store.runs(1), store.audits(1)))
    if audit and (run is None or audit.run.started > run.run.started):
        return store.audit(audit.run.id)
    if run is None:
        raise Stop(
            "no run and no audit is recorded yet",
            "An apply is recorded, and an audit of an inventory.",
            ExitCode.USAGE,
        )
    return store.run(run.run.id)


def to_undo(store: "Store", terminal: "Terminal", *, asks: bool) -> str:
    """The id of the newest run that changed something and was not rolled back.

    Args:
        store: the journal.
        terminal: where the person is who has to agree to it.
        asks: something will be written, so it is named and agreed to first.

    Raises:
        Stop: there is none, nobody can be asked, or the answer was no.
    """
    found = store.runs(_OFFERED)
    chosen = next((one for one in found if _writes(one) and _left(store, one, found)), None)
    if chosen is None:
        raise Stop(
            "no recent run is left to be undone",
            "Name the run: remediate runs list shows what there is.",
            ExitCode.USAGE,
        )
    if asks and not terminal.interactive:
        raise Stop(
            "without a terminal the run to undo must be named",
            f"The newest run to undo: remediate rollback {chosen.run.id}",
            ExitCode.REFUSED,
        )
    if asks and not agreed(terminal, f"The newest run to undo is {_said(store, chosen)}. Undo it?"):
        raise Stop(
            "nothing was done", "remediate runs list shows the other runs.", ExitCode.REFUSED
        )
    if not asks:
        terminal.say(f"The newest run to undo is {_said(store, chosen)}.")
    return chosen.run.id


def _writes(summary: "RunSummary") -> bool:
    """Whether a run may have left something on a host that can be undone."""
    left = {"changed", "failed_changed", "indeterminate"} & summary.outcomes.keys()
    return summary.run.undoes is None and bool(summary.open or left)


def _left(store: "Store", summary: "RunSummary", later: "Sequence[RunSummary]") -> bool:
    """Whether a host that a run may have changed has not been put back by one of these."""
    from remediate.engine.recorded import perhaps_changed

    run = summary.run.id
    undone = {
        host.host.name
        for one in later
        if one.run.undoes == run
        for host in store.run(one.run.id).hosts
        if host.outcome in _DONE
    }
    return any(perhaps_changed(h) and h.host.name not in undone for h in store.run(run).hosts)


def _said(store: "Store", summary: "RunSummary") -> str:
    """Which run it is, in a few words."""
    from remediate.model.text import count
    from remediate.report.words import join, moment

    run = summary.run
    names = [host.host.name for host in store.run(run.id).hosts]
    hosts = join(names) if len(names) <= 3 else count(len(names), "host")  # noqa: PLR2004
    what = join([use.id for use in run.playbooks])
    return f"{run.id}: {what} on {hosts}, by {run.operator} at {moment(run.started)}"


def _complete(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> "list[CompletionItem | str]":
    try:
        parts: Parts = ctx.find_root().obj or Parts()
        with parts.store() as store:
            ids = [summary.run.id for summary in store.runs(_OFFERED)]
    except Exception:  # noqa: BLE001 - a store that is not there must not break the user's shell
        return []
    return [id_ for id_ in ids if id_.startswith(incomplete)]
