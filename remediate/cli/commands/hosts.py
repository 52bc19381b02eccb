"""`remediate hosts`: whether hosts can be reached, and who works on them."""

from contextlib import ExitStack
from typing import Any

import click

from remediate.cli import reaching, targets
from remediate.cli.following import Following, format_option
from remediate.cli.lazy import Command, LazyGroup
from remediate.cli.wiring import Parts, settings


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.report.reporter import Subject
    from remediate.store.errors import StoreMissing

    parts: Parts = ctx.obj
    name = str(ctx.info_name)
    known = targets.inventory(options)
    hosts = targets.select_hosts(options, known, interactive=parts.terminal.interactive)
    subject = Subject(command=f"hosts {name}", hosts=[host.name for host in hosts])
    following = Following(parts.terminal, options["form"], subject, writes=False)
    pace = settings(timeout=options["timeout"], workers=options["workers"])
    if name == "check":
        return following.finish(parts.engine(hosts, pace, emit=following.emit).check(hosts))
    with ExitStack() as opened:
        store = None
        try:
            store = opened.enter_context(parts.store())
        except StoreMissing as error:
            parts.terminal.say(f"The store {error.place} does not exist yet: only hosts are asked.")
        engine = parts.engine(hosts, pace, store=store, emit=following.emit)
        return following.finish(engine.locks(hosts))


def _command(name: str, about: str) -> Command:
    return Command(
        name,
        callback=_run,
        help=about,
        params=[*targets.host_options(), *reaching.connection_options(), format_option()],
    )


check = _command("check", "Connect to hosts, and show what each says of itself. Writes nothing.")
locks = _command("locks", "Show who holds the lease of hosts, and since when. Writes nothing.")
group = LazyGroup(
    "hosts",
    help="Whether hosts can be reached, and who works on them.",
    table={
        "check": (f"{__name__}:check", "Connect to hosts, and show what each says of itself."),
        "locks": (f"{__name__}:locks", "Show who holds the lease of hosts."),
    },
)
