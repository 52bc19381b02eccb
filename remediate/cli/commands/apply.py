"""`remediate apply`: make the changes, and prove them."""

from datetime import UTC, datetime
from typing import Any

import click

from remediate.cli import playbooks, reaching, recorded, targets
from remediate.cli.asking import SAFETY, confirm, require_person, writing_options
from remediate.cli.commands.audit import audit
from remediate.cli.following import Following, format_option
from remediate.cli.lazy import Option
from remediate.cli.wiring import Parts, operator, settings


def apply(ctx: click.Context) -> int:
    """Change what differs on hosts.

    Returns:
        The exit code.
    """
    from remediate.model.run import Run, RunKind, new_run_id
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options = ctx.params
    job = playbooks.selected_job(ctx, options["playbooks"])
    require_person(parts.terminal, yes=options["yes"])
    known = targets.inventory(options)
    hosts = targets.select_hosts(options, known, interactive=parts.terminal.interactive)
    copied = playbooks.copied_from(job)
    peers = targets.peers(options, known, copied, interactive=parts.terminal.interactive)
    started = datetime.now(UTC)
    run = Run(
        id=new_run_id(started),
        kind=RunKind.APPLY,
        playbooks=job.uses,
        operator=operator(),
        started=started,
    )
    subject = Subject(
        command="apply",
        hosts=[host.name for host in hosts],
        run=run.id,
        titles=playbooks.titles(ctx),
        needed=[*playbooks.needed(options["folders"]), *recorded.needed(hosts)],
        by_name=recorded.to_be_named(hosts),
    )
    following = Following(parts.terminal, options["form"], subject, writes=True)
    pace = settings(
        timeout=options["timeout"],
        workers=options["workers"],
        auto_rollback=options["auto_rollback"],
        accept_irreversible=options["accept_irreversible"],
        partial=options["partial"],
    )
    with parts.store(make=True) as store:
        engine = parts.engine(hosts, pace, store=store, emit=following.emit, peers=peers)
        ask = confirm(
            parts.terminal,
            subject,
            yes=options["yes"],
            accepted=options["accept_irreversible"],
            partial=options["partial"],
        )
        return following.finish(engine.apply(hosts, job, run, ask))


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - read from the context
    if options["dry_run"]:
        return audit(ctx, options["playbooks"], dry_run_of="apply")
    return apply(ctx)


command = playbooks.PlaybookCommand(
    "apply",
    callback=_run,
    help="Make the changes of playbooks on hosts, prove them by reading back, and record them "
    "so that they can be undone. Shows the plan of each host and asks first, unless --yes.",
    params=[
        playbooks.playbook_argument(many=True, required=True),
        *writing_options(),
        Option(
            ["--partial"],
            is_flag=True,
            section=SAFETY,
            help="Where a playbook must not be applied, leave out it and those that come after it, "
            "and apply the rest. Without --yes you are asked about that anyway.",
        ),
        Option(
            ["--no-auto-rollback", "auto_rollback"],
            is_flag=True,
            flag_value=False,
            default=True,
            section=SAFETY,
            help="Leave a host as it is when what was written does not read back as planned.",
        ),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *reaching.connection_options(),
        format_option(),
    ],
)
