"""Carries a saved plan out: `apply --plan`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import advancing, hosting, jobs, playbooks, recorded, saved_plans, targets
from remediate.cli.asking import confirm, require_person
from remediate.cli.stop import NOTHING_SENT, Stop
from remediate.cli.waiving import waivers, with_planned
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.engine.engine import Engine
    from remediate.model.host import Host
    from remediate.model.outcome import HostReport
    from remediate.model.saved_plan import PlannedHost, SavedPlan

_SAID_BY_THE_PLAN = {
    "playbooks": "a playbook is named",
    "all_safe": "--all-safe is given",
    "found_by": "--found-by is given",
    "topics": "a topic is named",
    "excepted": "a playbook is left out",
    "deep": "--deep is given",
    "partial": "--partial is given",
    "groups": "a group is named",
}
_AS_IT_IS = (
    "Leave it out: a plan is applied as it is, on fewer of its hosts at most (--host, --limit). "
    f"{NOTHING_SENT}"
)


def carry_out(ctx: click.Context) -> int:
    """Apply exactly what a saved plan says, on its hosts or some of them.

    Args:
        ctx: what click has read; the plan among it.

    Returns:
        The exit code.

    Raises:
        Stop: the plan does not count, or the command line says what a plan says.
    """
    from remediate.model.run import RunKind
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options = ctx.params
    plan: SavedPlan = ctx.meta["plan"]
    path, dry_run = options["plan"], options["dry_run"]
    for name, given in _SAID_BY_THE_PLAN.items():
        if options[name]:
            raise Stop(f"{given}, and a plan, too", _AS_IT_IS)
    saved_plans.require_in_force(plan, path, options["digest"], parts.now())
    if not dry_run:
        require_person(parts.terminal, yes=options["yes"])
    reaching = recorded.Reaching(
        options,
        [one.host.name for one in plan.hosts],
        f"the plan {path} has",
        parts.terminal,
        record="plan",
        vouched=options["digest"] is not None,
    )
    wanted = [one for one in _limited(plan, options) if reaching.chosen(one.host)]
    if not wanted:
        raise Stop("no host of the plan is chosen by --host and --limit together", NOTHING_SENT)
    planned = _with_changes(parts, wanted)
    job = saved_plans.job_of(ctx, plan, planned, path)
    waves = None if dry_run else advancing.asked_waves(ctx)
    saved = {one.host.name: saved_plans.saved(one, path) for one in planned}
    hosts, refused = _reached(reaching, planned)
    known = targets.inventory(options)
    peers = targets.peers(
        options, known, jobs.copied_from(job), interactive=parts.terminal.interactive
    )
    chosen = hosting.Chosen(hosts, peers, work=job)
    run = hosting.begun(RunKind.APPLY, job.uses, plan=plan.digest)
    subject = Subject(
        command="apply --dry-run" if dry_run else "apply",
        hosts=[*(report.host for report in refused), *chosen.names],
        run=run.id if hosts and not dry_run else None,
        titles=playbooks.titles(ctx),
        sources=playbooks.sources(ctx),
        proceed=lambda _: hosting.proceed(parts.arguments),
        waivers=with_planned(plan, waivers(parts, options, chosen, playbooks.titles(ctx))),
        waves=advancing.in_waves(hosts, waves),
        **hosting.later(options, hosts),
    )
    with ExitStack() as stack:
        store = stack.enter_context(parts.store_if_there() if dry_run else parts.store(make=True))
        ask = None if dry_run else confirm(parts.terminal, subject, options)

        def do(engine: "Engine") -> "Iterator[HostReport]":
            told = map(parts.redaction.masked, refused)
            if not hosts:
                return told
            if dry_run:
                return chain(told, engine.audit(hosts, job, saved=saved))
            return chain(told, engine.apply(hosts, job, run, ask, saved=saved, waves=waves))

        return hosting.over_hosts(parts, options, subject, chosen, do, store, writes=not dry_run)


def _limited(plan: "SavedPlan", options: Mapping[str, Any]) -> "list[PlannedHost]":
    """The hosts of a plan that `--limit` chooses.

    Raises:
        Stop: it chooses none.
    """
    limits = options["limits"]
    found = [one for one in plan.hosts if targets.is_within(limits, one.host.name)]
    if limits and not found:
        raise Stop("no host of the plan is chosen by --limit", NOTHING_SENT)
    return found


def _with_changes(parts: Parts, wanted: "Sequence[PlannedHost]") -> "list[PlannedHost]":
    """The hosts that a plan changes; that it says nothing of others is told."""
    from remediate.model.text import count

    planned = [one for one in wanted if one.has_changes]
    if rest := len(wanted) - len(planned):
        verb = "is" if rest == 1 else "are"
        parts.terminal.say(
            f"The plan changes nothing on {count(rest, 'host')}, which {verb} not asked."
        )
    return planned


def _reached(
    reaching: recorded.Reaching, planned: "Sequence[PlannedHost]"
) -> "tuple[list[Host], list[HostReport]]":
    """The hosts as they are reached now, and the reports that refuse some."""
    from remediate.model.outcome import HostReport
    from remediate.model.run import HostRecord

    reached = reaching([HostRecord(host=one.host) for one in planned])
    hosts = [each.host for each in reached if isinstance(each, HostRecord)]
    targets.each_once(hosts)
    return hosts, [each for each in reached if isinstance(each, HostReport)]
