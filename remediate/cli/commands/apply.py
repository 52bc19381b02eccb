"""`remediate apply`: make the changes, and prove them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import (
    advancing,
    connecting,
    hosting,
    jobs,
    pace,
    playbooks,
    run_ids,
    saved_plans,
    targets,
    values,
)
from remediate.cli.asking import SAFETY, confirm, require_person, writing_options
from remediate.cli.carrying_out import carry_out
from remediate.cli.commands.audit import audit, one_selection
from remediate.cli.following import OF_HOSTS, format_option
from remediate.cli.lazy import FileName, Option
from remediate.cli.reports import report_option
from remediate.cli.stop import Stop
from remediate.cli.waiving import waiver_options, waivers
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.engine.job import Job
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.audit import AuditRecord


def apply(ctx: click.Context) -> int:
    """Change what differs on hosts.

    Returns:
        The exit code.
    """
    from remediate.model.run import RunKind
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options = ctx.params

    def asked(hosts: "Sequence[InventoryHost]") -> "Job":
        job = jobs.selected_job(ctx, options["playbooks"], hosts)
        require_person(parts.terminal, yes=options["yes"])
        return job

    waves = advancing.asked_waves(ctx)
    chosen = hosting.choose(parts, options, asked)
    job = chosen.job
    run = hosting.begun(RunKind.APPLY, job.uses)
    subject = Subject(
        command="apply",
        hosts=chosen.names,
        run=run.id,
        titles=playbooks.titles(ctx),
        sources=playbooks.sources(ctx),
        waivers=waivers(parts, options, chosen, playbooks.titles(ctx)),
        waves=advancing.in_waves(chosen.hosts, waves),
        **hosting.later(options, chosen.hosts),
    )
    with parts.store(make=True) as store:
        ask = confirm(parts.terminal, subject, options)
        return hosting.over_hosts(
            parts,
            options,
            subject,
            chosen,
            lambda engine: engine.apply(chosen.hosts, job, run, ask, chosen.only, waves=waves),
            store,
            writes=True,
        )


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - read from the context
    names = options["playbooks"]
    if options["plan"]:
        return carry_out(ctx)
    if options["digest"]:
        raise Stop("--digest is that of a plan", "Name the plan with --plan FILE.")
    if options["found_by"]:
        ctx.params["all_safe"] = True
        record = _audited(ctx.obj, options["found_by"])
        ctx.params["found"] = _found(record)
        ctx.params["as_then"] = {use.id: use for use in record.run.playbooks}
    if not ctx.params["all_safe"]:
        _require_only_named(ctx)
    elif names:
        raise Stop("a playbook is named, and all are asked for", "Give one of both.")
    elif options["although_waived"]:
        raise Stop(
            "--although-waived is for playbooks that are named", "Name them, or leave it out."
        )
    else:
        ctx.params["partial"] = True  # what is not safe is left out
    looking = jobs.only_look(ctx, names)
    if looking and not options["dry_run"]:
        verb = "only looks" if len(looking) == 1 else "only look"
        ctx.obj.terminal.say(f"{', '.join(looking)} {verb}: there is nothing to apply.")
    if options["dry_run"]:
        with ctx.obj.store_if_there() as store:  # what is left undone is in a plan, too
            return audit(ctx, names, command="apply --dry-run", store=store)
    if names and len(looking) == len(set(names)):
        return audit(ctx, names, command="apply")
    return apply(ctx)


def _audited(parts: Parts, run: str) -> "AuditRecord":
    with parts.store() as store:
        return run_ids.audited(store, run)


def _found(record: "AuditRecord") -> dict[str, set[str]]:
    """The playbooks that found something to change in an audit, by the names of its hosts."""
    return {
        host.host: {one.playbook for one in host.findings if not one.advice}
        for host in record.hosts
    }


def _require_only_named(ctx: click.Context) -> None:
    """Make sure that nothing is said of playbooks that are not named.

    Raises:
        Stop: something is.
    """
    one_selection(ctx.params)
    if ctx.params["deep"]:
        raise Stop("a playbook is named, and --deep is about those that are not", "Leave it out.")


command = playbooks.PlaybookCommand(
    "apply",
    callback=_run,
    instead=("all_safe", "found_by", "plan"),
    help="Make the changes of playbooks on hosts, prove them by reading back, and record them "
    "so that they can be undone. Shows the plan of each host and asks first, unless --yes.",
    params=[
        playbooks.playbook_argument(many=True, required=False),
        Option(
            ["--all-safe"],
            is_flag=True,
            section=playbooks.PLAYBOOKS,
            help="Instead of naming playbooks: all that an audit of everything finds something by, "
            "but for those whose changes no rollback could take back, or make a host less safe. "
            "What must not be applied is left out.",
        ),
        Option(
            ["--found-by"],
            metavar="RUN",
            section=playbooks.PLAYBOOKS,
            help="Like --all-safe, but on each host only what a recorded audit found to change "
            "there.",
        ),
        Option(
            ["--plan"],
            type=FileName(),
            metavar="FILE",
            section=playbooks.PLAYBOOKS,
            help="Instead of naming playbooks: a saved plan, exactly so; a host that moved since "
            "is refused as stale. --host and --limit choose some of its hosts.",
        ),
        Option(
            ["--digest"],
            metavar="sha256:HEX",
            callback=values.read_by(saved_plans.parse_digest),
            section=playbooks.PLAYBOOKS,
            help="Apply no other plan than the one with this digest, as remediate plan has "
            "printed it. What that says of passwords, keys and authorities is then agreed to.",
        ),
        *playbooks.selection_options(),
        *writing_options(),
        Option(
            ["--partial"],
            is_flag=True,
            section=SAFETY,
            help="Where a playbook must not be applied, leave it out with those that come after "
            "it, and apply the rest. Without --yes you are asked about that anyway.",
        ),
        Option(
            ["--no-auto-rollback", "auto_rollback"],
            is_flag=True,
            flag_value=False,
            default=True,
            section=SAFETY,
            help="If verification fails, leave the host as it is instead of rolling back.",
        ),
        *advancing.waves_options(),
        *waiver_options(),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *connecting.connection_options(),
        pace.processes_option(),
        format_option(*OF_HOSTS),
        report_option(),
    ],
)
