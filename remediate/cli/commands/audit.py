"""`remediate audit`: what playbooks would change."""

from typing import Any

import click

from remediate.cli import playbooks, reaching, targets
from remediate.cli.following import Following, format_option
from remediate.cli.wiring import Parts, settings


def audit(ctx: click.Context, names: tuple[str, ...], *, dry_run_of: str = "") -> int:
    """Look at hosts and say what would be changed; also what `apply --dry-run` does.

    Args:
        ctx: what click has read.
        names: ids of playbooks; all when empty.
        dry_run_of: the command whose dry run it is.

    Returns:
        The exit code.
    """
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options = ctx.params
    job = playbooks.selected_job(ctx, names)
    known = targets.inventory(options)
    hosts = targets.select_hosts(options, known, interactive=parts.terminal.interactive)
    copied = playbooks.copied_from(job)
    peers = targets.peers(options, known, copied, interactive=parts.terminal.interactive)
    subject = Subject(
        command=f"{dry_run_of} --dry-run" if dry_run_of else "audit",
        hosts=[host.name for host in hosts],
        titles=playbooks.titles(ctx),
        proceed=_apply_command(parts.arguments) if names else None,
    )
    following = Following(parts.terminal, options["form"], subject, writes=False)
    pace = settings(timeout=options["timeout"], workers=options["workers"])
    engine = parts.engine(hosts, pace, emit=following.emit, peers=peers)
    return following.finish(engine.audit(hosts, job))


def _apply_command(arguments: tuple[str, ...]) -> str:
    """The command that does what this one has announced."""
    from remediate.report.words import command_line

    words = [word for word in arguments if word not in {"--dry-run", "--debug"}]
    if words and words[0] == "audit":
        words[0] = "apply"
    return command_line(["remediate", *words])


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - read from the context
    return audit(ctx, options["playbooks"])


command = playbooks.PlaybookCommand(
    "audit",
    callback=_run,
    help="See what playbooks would change on hosts. Nothing is written. "
    "Without a PLAYBOOK all are looked at, in one round of questions to each host, but for those "
    "that are about an event and not a state.",
    params=[
        playbooks.playbook_argument(many=True, required=False),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *reaching.connection_options(),
        format_option(),
    ],
)
