"""`remediate runs`: what has been run, and finding out what became of it."""

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from remediate.cli import recorded, run_ids
from remediate.cli.following import format_option
from remediate.cli.lazy import Command, LazyGroup, Option
from remediate.cli.settings_file import config_option
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.model.audit import AuditRecord
    from remediate.model.plan import PlaybookUse
    from remediate.model.run import RunRecord, RunSummary
    from remediate.report.lines import Line

MANY = 4
"""Playbooks of an audit that are named in a list; of more only the number is told."""


@click.pass_obj
def _list(parts: Parts, limit: int, form: str, *, audits: bool) -> int:
    from remediate.model.document import RunListing
    from remediate.report.machine import as_json
    from remediate.store.errors import StoreMissing

    found: list[RunSummary] = []
    noun = "audit" if audits else "run"
    nothing = f"No {noun} is recorded in the store {parts.place()} yet."
    try:
        with parts.store() as store:
            found = store.audits(limit) if audits else store.runs(limit)
    except StoreMissing as error:
        nothing = f"No {noun} is recorded: the store {error.place} does not exist yet."
    if not found and form != "console":
        parts.terminal.say(nothing)
    if form == "json":
        print(as_json(RunListing(runs=tuple(found)), indent=2))
    elif form == "ndjson":
        for summary in found:
            print(as_json(summary))
    else:
        from remediate.report.console import print_lines
        from remediate.report.lines import line

        print_lines(_run_lines(found) if found else [line(0, nothing)], sys.stdout)
    return 0


def _run_lines(found: "list[RunSummary]") -> "Iterator[Line]":
    from remediate.model.run import RunKind
    from remediate.model.text import count
    from remediate.report.lines import BAD, DIM, STRONG, WARN, line
    from remediate.report.words import VERDICTS, hosts_with, moment

    for summary in found:
        run = summary.run
        names = [use.id for use in run.playbooks]
        many = run.kind is RunKind.AUDIT and len(names) > MANY
        what = f"{run.kind} {f'of {len(names)} playbooks' if many else ' '.join(names)}"
        if run.undoes:
            what = f"rollback of {run.undoes}"
        yield line(0, (run.id, STRONG), f"  {what}", (f"  {run.operator}", DIM))
        verdicts = ", ".join(
            hosts_with(VERDICTS[outcome][0], number) for outcome, number in summary.outcomes.items()
        )
        parts: list[str | tuple[str, str]] = [f"{count(summary.hosts, 'host')}: {verdicts or '-'}"]
        if summary.open:
            text = f"  {summary.open} open: remediate runs reconcile"
            parts.append((text, BAD))
        elif summary.finished is None:
            parts.append(("  not finished", WARN))
        yield line(4, f"{moment(run.started)}  ", *parts)


@click.pass_obj
def _show(parts: Parts, run: str | None, form: str) -> int:
    with parts.store() as store:
        record = run_ids.any_recorded(store, run)
    if form == "json":
        from remediate.report.machine import as_json

        print(as_json(record, indent=2))
        return 0
    from remediate.model.audit import AuditRecord
    from remediate.report.console import print_lines
    from remediate.report.lines import recorded_lines

    print_lines(_begun_lines(record, str(parts.place())), sys.stdout)
    if isinstance(record, AuditRecord):
        print_lines(chain.from_iterable(map(recorded_lines, record.hosts)), sys.stdout)
        print_lines(map(_no_verdict, record.no_verdict), sys.stdout)
    else:
        print_lines(_record_lines(record), sys.stdout)
    return 0


def _begun_lines(record: "RunRecord | AuditRecord", store: str) -> "Iterator[Line]":
    from remediate.report.lines import DIM, STRONG, line
    from remediate.report.words import moment

    run = record.run
    yield line(0, (f"run {run.id}", STRONG), f"  {run.kind.value} by {run.operator}")
    ended = moment(record.finished) if record.finished else "has no end yet"
    yield line(2, ("from ", DIM), moment(run.started), ("  to ", DIM), ended)
    yield line(2, ("as recorded in ", DIM), store)
    for use in run.playbooks:
        yield line(2, (use.id, STRONG), f"  {', '.join(_given(use))}")
    if run.undoes:
        yield line(2, f"undoes run {run.undoes}")
    if run.plan:
        yield line(2, ("applies the plan ", DIM), run.plan)


def _record_lines(record: "RunRecord") -> "Iterator[Line]":
    from remediate.engine.recorded import shown
    from remediate.model.exit_code import ExitCode
    from remediate.model.waves import in_waves
    from remediate.report.lines import BAD, STRONG, host_lines, line, to_find_out
    from remediate.report.reporter import Subject
    from remediate.report.waves import WaveTally
    from remediate.report.words import verdict

    run = record.run
    hosts = [host.host for host in record.hosts]
    subject = Subject(
        command=run.kind.value,
        hosts=[host.name for host in hosts],
        run=run.id,
        undone=run.undoes,
        needed=recorded.needed(hosts),
        by_name=recorded.to_be_named(hosts),
        recorded=True,
    )
    tally = WaveTally(in_waves(subject.hosts, run.waves))
    for host in map(shown, record.hosts):
        if host.report:
            tally.add(host.host.name, verdict(subject.view, host.report)[0], host.report.exit_code)
            yield from host_lines(host.report, subject)
            continue
        name = host.host.name
        if host.intent is None:
            yield _no_verdict(name)
        else:
            yield line(
                0, (name, STRONG), ("  OPEN", BAD), "  it may have been changed, nobody has looked"
            )
            yield to_find_out(name, subject)
        tally.add(name, "no verdict", ExitCode.NEEDS_PERSON)
    yield from tally.lines()


def _no_verdict(host: str) -> "Line":
    from remediate.report.lines import STRONG, line

    return line(0, (host, STRONG), "  no verdict; nothing was written")


def _given(use: "PlaybookUse") -> "Iterator[str]":
    """The parameters that say something, by name."""
    from remediate.report.words import parameter

    for name, given in use.parameters.items():
        if given not in (None, "", []):
            yield parameter(use, name)


list_command = Command(
    "list",
    callback=_list,
    help="List the newest runs, newest first.",
    params=[
        Option(
            ["--limit"],
            type=click.IntRange(1, 10000),
            default=20,
            show_default=True,
            help="How many.",
        ),
        Option(["--audits"], is_flag=True, help="List recorded audits, which changed nothing."),
        format_option(),
        config_option(exposed=False),
    ],
)
show_command = Command(
    "show",
    callback=_show,
    help="Show all that is recorded of a run or an audit. RUN may be the beginning of its id; "
    "without one, the newest of both is shown.",
    params=[
        run_ids.run_argument(),
        format_option("console", "json"),
        config_option(exposed=False),
    ],
)
group = LazyGroup(
    "runs",
    help="What has been run, and finding out what became of it.",
    table={
        "list": (f"{__name__}:list_command", "List the newest runs."),
        "show": (f"{__name__}:show_command", "Show all that is recorded of a run or an audit."),
        "reconcile": (
            "remediate.cli.commands.reconcile:command",
            "Find out what became of hosts whose run broke off.",
        ),
    },
)
