"""`remediate rollback`: undo a run, property by property."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import hosting, jobs, playbooks, recorded, run_ids, targets
from remediate.cli.asking import SAFETY, confirm, require_person, writing_options
from remediate.cli.following import OF_HOSTS, format_option
from remediate.cli.lazy import Command, Option
from remediate.cli.reports import report_option
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.cli.terminal import Terminal
    from remediate.engine.engine import Engine
    from remediate.model.outcome import HostReport
    from remediate.model.run import RunRecord
    from remediate.store.protocol import Store


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    parts: Parts = ctx.obj
    if options["run"] and not options["dry_run"]:
        require_person(parts.terminal, yes=options["yes"])
    with parts.store() as store:
        return _rollback(parts, store, options)


def _rollback(parts: Parts, store: "Store", options: dict[str, Any]) -> int:
    from remediate.model.run import RunKind
    from remediate.report.reporter import Subject

    asks = not options["dry_run"]
    wanted = options["run"] or run_ids.to_undo(store, parts.terminal, asks=asks)
    record, refused = _reached(run_ids.recorded(store, wanted), options, parts.terminal)
    chosen = hosting.Chosen([host.host for host in record.hosts])
    run = hosting.begun(RunKind.ROLLBACK, record.run.playbooks, undoes=record.run.id)
    dry_run: bool = options["dry_run"]
    subject = Subject(
        command="rollback --dry-run" if dry_run else "rollback",
        hosts=[*(report.host for report in refused), *chosen.names],
        run=None if dry_run or not chosen.hosts else run.id,
        undone=record.run.id,
        proceed=lambda _: hosting.proceed(
            parts.arguments, () if options["run"] else (record.run.id,)
        ),
        **hosting.later(options, chosen.hosts),
    )
    if not (chosen.hosts or refused):
        parts.terminal.say(f"Run {record.run.id} has changed nothing that is still to be undone.")
    ask = None if dry_run else confirm(parts.terminal, subject, options)

    def undo(engine: "Engine") -> "Iterator[HostReport]":
        told = map(parts.redaction.masked, refused)
        if not chosen.hosts:
            return told
        reports = engine.rollback(
            record,
            run,
            force=options["force"],
            dry_run=dry_run,
            job=jobs.recorded_job(record.run, options["folders"]),
            confirm=ask,
        )
        return chain(told, reports)

    return hosting.over_hosts(parts, options, subject, chosen, undo, store, writes=not dry_run)


def _reached(
    record: "RunRecord", options: dict[str, Any], terminal: "Terminal"
) -> "tuple[RunRecord, list[HostReport]]":
    """The record of what is to be undone, with hosts as they are reached now; and refusals."""
    from remediate.engine.recorded import perhaps_changed
    from remediate.model.outcome import HostReport
    from remediate.model.run import HostRecord

    names = {host.host.name for host in record.hosts}
    reaching = recorded.Reaching(options, names, f"run {record.run.id} has", terminal)
    to_undo = [
        host for host in record.hosts if perhaps_changed(host) and reaching.chosen(host.host)
    ]
    jobs.know_resources(((record.run, host) for host in to_undo), options["folders"])
    reached = reaching(to_undo)
    hosts = tuple(each for each in reached if isinstance(each, HostRecord))
    targets.each_once([host.host for host in hosts])
    refused = [each for each in reached if isinstance(each, HostReport)]
    return record.model_copy(update={"hosts": hosts}), refused


command = Command(
    "rollback",
    callback=_run,
    help="Restore the values a run recorded, wherever its changes are still in place. Anything "
    "changed since is left alone and listed. RUN may be the beginning of its id; without one the "
    "newest run that is not undone yet is offered.",
    params=[
        run_ids.run_argument(),
        *writing_options(),
        Option(
            ["--force"],
            is_flag=True,
            section=SAFETY,
            help="Also overwrite what somebody else has changed since.",
        ),
        playbooks.playbooks_option(),
        *recorded.options(),
        format_option(*OF_HOSTS),
        report_option(),
    ],
)
