"""`remediate rollback`: undo a run, property by property."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import playbooks, targets
from remediate.cli.asking import SAFETY, confirm, require_person, writing_options
from remediate.cli.following import Following, format_option
from remediate.cli.lazy import Command, Option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts, operator, settings

if TYPE_CHECKING:
    from remediate.model.host import Host
    from remediate.model.run import RunRecord
    from remediate.store.protocol import Store


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    parts: Parts = ctx.obj
    if not options["dry_run"]:
        require_person(parts.terminal, yes=options["yes"])
    with parts.store() as store:
        return _rollback(parts, store, options)


def _rollback(parts: Parts, store: "Store", options: dict[str, Any]) -> int:
    from remediate.model.run import Run, RunKind, new_run_id
    from remediate.report.reporter import Subject

    record = _reached(store.run(options["run"]), options)
    hosts = _to_undo(record, options["hosts"])
    playbooks.know_resources(((record.run, host) for host in record.hosts), options["folders"])
    started = datetime.now(UTC)
    run = Run(
        id=new_run_id(started),
        kind=RunKind.ROLLBACK,
        playbooks=record.run.playbooks,
        operator=operator(),
        started=started,
        undoes=record.run.id,
    )
    dry_run: bool = options["dry_run"]
    subject = Subject(
        command="rollback --dry-run" if dry_run else "rollback",
        hosts=[host.name for host in hosts],
        run=None if dry_run or not hosts else run.id,
        undone=record.run.id,
        proceed=_without_dry_run(parts.arguments),
        needed=playbooks.needed(options["folders"]),
    )
    following = Following(parts.terminal, options["form"], subject, writes=not dry_run)
    if not hosts:
        parts.terminal.say(f"Run {record.run.id} has changed nothing that is still to be undone.")
        return following.finish(())
    accepted: bool = options["accept_irreversible"]
    pace = settings(
        timeout=options["timeout"], workers=options["workers"], accept_irreversible=accepted
    )
    engine = parts.engine(hosts, pace, store=store, emit=following.emit)
    return following.finish(
        engine.rollback(
            record,
            run,
            hosts={host.name for host in hosts},
            force=options["force"],
            dry_run=dry_run,
            confirm=None
            if dry_run
            else confirm(parts.terminal, subject, yes=options["yes"], accepted=accepted),
        )
    )


def _reached(record: "RunRecord", options: dict[str, Any]) -> "RunRecord":
    """The record, with its hosts reached as the options say."""
    said = {"user": options["user"], "password": targets.reference(options)}
    update = {name: value for name, value in said.items() if value is not None}
    hosts = tuple(
        host.model_copy(update={"host": host.host.model_copy(update=update)})
        for host in record.hosts
    )
    return record.model_copy(update={"hosts": hosts})


def _to_undo(record: "RunRecord", names: Collection[str]) -> "tuple[Host, ...]":
    from remediate.engine.recorded import perhaps_changed

    known = {host.host.name for host in record.hosts}
    for name in names:
        if name not in known:
            raise Stop(
                f"run {record.run.id} has no host {name!r}",
                f"It has {', '.join(sorted(known))}.",
            )
    return tuple(
        host.host
        for host in record.hosts
        if perhaps_changed(host) and (not names or host.host.name in names)
    )


def _without_dry_run(arguments: tuple[str, ...]) -> str:
    from remediate.report.words import command_line

    words = [word for word in arguments if word not in {"--dry-run", "--debug"}]
    return command_line(["remediate", *words])


command = Command(
    "rollback",
    callback=_run,
    help="Write back what a run recorded before it changed it, wherever that is still what the "
    "run wrote. What somebody else has changed since is left alone and named. RUN may be the "
    "beginning of its id.",
    params=[
        click.Argument(["run"]),
        *writing_options(),
        Option(
            ["--force"],
            is_flag=True,
            section=SAFETY,
            help="Write back over what somebody else has changed since, too.",
        ),
        playbooks.playbooks_option(),
        Option(
            ["--host", "hosts"],
            multiple=True,
            metavar="NAME",
            section=targets.HOSTS,
            help="Only this server of the run. Repeat it for several.",
        ),
        Option(
            ["--user"],
            metavar="NAME",
            section=targets.CONNECTION,
            help="Account on the servers, when it is to be another than that of the run.",
        ),
        targets.password_option(),
        targets.open_files_option(),
        *targets.pace_options(),
        format_option(),
    ],
)
