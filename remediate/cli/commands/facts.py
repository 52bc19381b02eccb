"""`remediate facts`: what a server answers to all that an audit asks, to be given away."""

from functools import partial
from typing import Any

import click

from remediate.cli import connecting, hosting, jobs, playbooks, targets
from remediate.cli.commands.audit import one_selection
from remediate.cli.wiring import Parts


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.report.machine import as_json

    one_selection(options)
    parts: Parts = ctx.obj
    facts = hosting.of_one_host(
        parts,
        options,
        "facts are",
        partial(jobs.selected_job, ctx, options["playbooks"]),
        lambda engine, host, job: engine.facts(host, job),
    )
    print(as_json(facts, indent=2))
    return facts.exit_code


command = playbooks.PlaybookCommand(
    "facts",
    callback=_run,
    help="Print what a server answers to the questions of an audit, as one JSON document to attach "
    "to a support case. Nothing is written there. Content of files, command lines, keys and "
    "passwords are not in it; names of servers, accounts and folders are: read it before you "
    "send it.",
    params=[
        playbooks.playbook_argument(many=True, required=False),
        *playbooks.selection_options(),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *connecting.connection_options(),
    ],
)
