"""`remediate plan`: what an apply would change, in a file; and `plan show`, for people."""

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import connecting, hosting, jobs, playbooks, saved_plans, targets, values
from remediate.cli.following import OF_HOSTS, OUTPUT, format_option, verbose_option
from remediate.cli.lazy import Command, FileName, Option
from remediate.cli.reports import report_option, require_unused, writable
from remediate.cli.settings_file import config_option
from remediate.cli.stop import Stop
from remediate.cli.waiving import waiver_options, waivers
from remediate.cli.wiring import Parts, operator
from remediate.model.exit_code import ExitCode

MOST = 900_000
"""Bytes of Markdown, when nobody says fewer; see `remediate.report.markdown`."""

if TYPE_CHECKING:
    from datetime import datetime

    from remediate.engine.engine import Engine
    from remediate.model.outcome import HostReport
    from remediate.model.saved_plan import SavedPlan
    from remediate.report.lines import Line
    from remediate.report.reporter import Subject


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - read from the context
    from remediate.model.saved_plan import PlannedHost
    from remediate.report.reporter import Subject
    from remediate.store.protocol import kept

    parts: Parts = ctx.obj
    path = writable(Path.cwd() / options["out"], what="plan")
    chosen = hosting.choose(parts, options, partial(jobs.selected_job, ctx, options["playbooks"]))
    require_unused([path], parts, options, [*chosen.hosts, *chosen.peers.values()], what="plan")
    if path in options["reports"]:
        raise Stop(f"the plan {path} and a report have one name", "Give each its own.")
    subject = Subject(
        command="plan",
        hosts=chosen.names,
        titles=playbooks.titles(ctx),
        sources=playbooks.sources(ctx),
        verbose=options["verbose"],
        waivers=waivers(parts, options, chosen, playbooks.titles(ctx)),
    )
    created = parts.now()
    planned: dict[str, PlannedHost] = {}
    as_kept = {host.name: kept(host) for host in chosen.hosts}

    def look(engine: "Engine") -> "Iterator[HostReport]":
        for report, seen in engine.plan(chosen.hosts, chosen.job):
            host = as_kept[report.host]
            planned[report.host] = PlannedHost(
                host=host, report=report.model_copy(update={"worked": None}), seen=seen
            )
            yield report

    with parts.store_if_there() as store:  # what is left undone is in a plan, too
        code = hosting.over_hosts(parts, options, subject, chosen, look, store)
    hosts = [planned[name] for name in chosen.names]
    time = created, created + (options["valid"] or saved_plans.parse_valid(saved_plans.VALID))
    plan = saved_plans.made(
        chosen.job, ctx.meta["catalogue"], hosts, operator(), time, subject.waivers
    )
    _save(plan, path)
    told = hosting.later(options, [one.host for one in hosts])["needed"]
    for text in _about(plan, options["out"], told, parts.now()):
        parts.terminal.say(text)
    return code


def _save(plan: "SavedPlan", path: Path) -> None:
    from remediate.files import write_ours
    from remediate.model.saved_plan import SavedPlanRefused, written

    try:
        write_ours(path, written(plan))
    except SavedPlanRefused as error:
        raise Stop(f"the plan is not saved: {error.message}", error.hint) from None
    except OSError as error:
        raise Stop(
            f"the plan {path} was not saved: {error.strerror or error}",
            "What was there is as it was. Nothing was written to any host.",
            ExitCode.INTERNAL_ERROR,
        ) from error


def _about(plan: "SavedPlan", path: str, needed: Iterable[str], now: "datetime") -> "Iterator[str]":
    """What a person has to know of a plan, a line each."""
    from remediate.model.text import count
    from remediate.report.words import command_line, moment

    changed = [one for one in plan.hosts if one.has_changes]
    changes = sum(len(one.report.plan.changes) for one in changed if one.report.plan)
    where = f"{len(changed):,} of {count(len(plan.hosts), 'host')}"
    expired = now >= plan.expires
    until = f"{'expired' if expired else 'good until'} {moment(plan.expires)}"
    yield f"plan {path}: {count(changes, 'change')} on {where}, {until}"
    if expired:
        yield "It has expired: make a new plan."
        return
    try:
        saved_plans.require_in_force(plan, path, None, now)
    except Stop as refused:
        yield f"{refused.message}."
        return
    if changed:
        words = ["remediate", "apply", "--plan", path, "--digest", plan.digest, *needed]
        yield f"to do it: {command_line(words)}"


@click.pass_obj
def _show(
    parts: Parts, file: str, form: str, folders: tuple[Path, ...], most: int, *, verbose: bool
) -> int:
    plan = saved_plans.read(file)
    saved_plans.require_plain(plan, file)
    if form == "json":
        from remediate.report.machine import as_json

        print(as_json(plan, indent=2))
        return ExitCode.OK
    known = playbooks.catalogue(folders).entries
    from remediate.model.waiver import Waivers
    from remediate.report.reporter import Subject
    from remediate.report.words import moment

    by = f"made {moment(plan.created)} by {plan.operator} with remediate {plan.tool}"
    about = list(_about(plan, file, playbooks.needed(folders), parts.now()))
    told = [about[0], by, f"digest {plan.digest}", *about[1:]]
    subject = Subject(
        command="plan",
        hosts=[one.host.name for one in plan.hosts],
        titles={name: entry.title for name, entry in known.items()},
        sources={name: entry.source for name, entry in known.items()},
        told=told,
        waivers=Waivers.at(plan.waivers, plan.created),
        recorded=True,
        verbose=verbose,
        most=most,
    )
    _print(plan, subject, form)
    return ExitCode.OK


def _print(plan: "SavedPlan", subject: "Subject", form: str) -> None:
    from remediate.model.outcome import exit_code

    reports = [one.report for one in plan.hosts]
    code = exit_code(reports)
    if form == "markdown":
        from remediate.report.files import Gathering

        gathering = Gathering(subject, [form])
        for report in reports:
            gathering.report(report)
        for piece in gathering.finish(code)[form].whole(gathering.totals):
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
        gathering.close()
        return
    from remediate.report.console import ConsoleReporter, print_lines

    print_lines(_lines(plan, subject), sys.stdout)
    reporter = ConsoleReporter(subject, sys.stdout)
    for report in reports:
        reporter.host(report)
    reporter.finish(code)


def _lines(plan: "SavedPlan", subject: "Subject") -> "Iterator[Line]":
    from remediate.report.lines import STRONG, line

    for text in subject.told:
        yield line(0, text)
    for playbook in plan.playbooks:
        asks = f"  give again: {', '.join(playbook.secrets)}" if playbook.secrets else ""
        yield line(2, (playbook.id, STRONG), f"  {playbook.code}{asks}")
    yield line(0)


show_command = Command(
    "show",
    callback=_show,
    help="Show what a saved plan would change, for people; as Markdown for a merge request.",
    params=[
        click.Argument(["file"], type=FileName(), metavar="FILE"),
        playbooks.playbooks_option(),
        format_option("console", "json", "markdown"),
        Option(
            ["--at-most", "most"],
            type=click.IntRange(8000, MOST),
            default=MOST,
            metavar="BYTES",
            section=OUTPUT,
            help="Of Markdown: what there is no room for is counted. A comment on GitHub holds "
            f"65536 characters.  [default: {MOST}]",
        ),
        verbose_option(),
        config_option(exposed=False),
    ],
)


class PlanCommand(playbooks.PlaybookCommand):
    """`plan`, whose first word may be `show`; a playbook of that name comes after an option."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - passed on to click
    ) -> click.Context:
        """Read the command line."""
        if args[:1] == [show_command.name]:
            name = f"{info_name} {show_command.name}"
            return show_command.make_context(name, args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


command = PlanCommand(
    "plan",
    callback=_run,
    help="See what playbooks would change on hosts, and save that as a plan, which apply --plan "
    "carries out later, exactly so or not at all. Nothing is written to hosts. "
    "remediate plan show FILE shows a plan.",
    params=[
        playbooks.playbook_argument(many=True, required=True),
        Option(
            ["-o", "--out"],
            required=True,
            type=FileName(),
            metavar="FILE",
            section=OUTPUT,
            help="Where the plan is saved.",
        ),
        Option(
            ["--valid"],
            metavar="TIME",
            callback=values.read_by(saved_plans.parse_valid),
            section=OUTPUT,
            help=f"How long it is good for, such as 90m or 7d.  [default: {saved_plans.VALID}]",
        ),
        *waiver_options(),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *connecting.connection_options(),
        format_option(*OF_HOSTS),
        report_option(),
        verbose_option(),
    ],
)
