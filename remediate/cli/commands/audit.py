"""`remediate audit`: what playbooks would change."""

from typing import TYPE_CHECKING, Any

import click

from remediate.cli import hosting, playbooks, reaching, targets
from remediate.cli.following import format_option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.store.protocol import Store


def audit(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    command: str = "audit",
    store: "Store | None" = None,
) -> int:
    """Look at hosts and say what would be changed; also what `apply --dry-run` does.

    Args:
        ctx: what click has read.
        names: ids of playbooks; all when empty.
        command: what was typed.
        store: the journal, for what an apply would find in it; nothing is recorded.

    Returns:
        The exit code.
    """
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options = ctx.params
    job = playbooks.selected_job(ctx, names)
    chosen = hosting.choose(parts, options, job)
    subject = Subject(
        command=command,
        hosts=chosen.names,
        titles=playbooks.titles(ctx),
        proceed=lambda wanted: hosting.proceed(
            parts.arguments, () if names else playbooks.with_given(ctx, wanted)
        ),
    )
    return hosting.over_hosts(
        parts, options, subject, chosen, lambda engine: engine.audit(chosen.hosts, job), store
    )


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - read from the context
    if options["playbooks"] and options["topics"]:
        raise Stop("a playbook is named, and a topic too", "Give one of both.")
    return audit(ctx, options["playbooks"])


command = playbooks.PlaybookCommand(
    "audit",
    callback=_run,
    help="See what playbooks would change on hosts. Nothing is written. "
    "With no PLAYBOOK, checks all of them in one round trip per host, except those you must name, "
    "such as iscsi-restart, and slow ones (--deep).",
    params=[
        playbooks.playbook_argument(many=True, required=False),
        *playbooks.selection_options(),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *reaching.connection_options(),
        format_option(),
    ],
)
