"""`remediate runs reconcile`: find out what became of what broke off."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import jobs, playbooks, recorded, settings_file
from remediate.cli.following import format_option
from remediate.cli.interruption import CtrlC
from remediate.cli.lazy import Command
from remediate.cli.reports import report_option, require_unused
from remediate.cli.stop import Interrupted
from remediate.cli.wiring import Parts, settings

if TYPE_CHECKING:
    from remediate.model.document import Closed
    from remediate.model.exit_code import ExitCode
    from remediate.report.reporter import Subject
    from remediate.store.protocol import Store


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.model.document import Reconciliation
    from remediate.model.exit_code import ExitCode
    from remediate.model.outcome import exit_code
    from remediate.report.machine import as_json
    from remediate.store.errors import JournalIncomplete

    parts: Parts = ctx.obj
    form: str = options["form"]
    needed = [
        *playbooks.needed(options["folders"]),
        *(["--insecure"] if options["insecure"] else []),
        *settings_file.needed(options),
        *(["--transport", "local"] if options["transport"] == "local" else []),
    ]
    closed: list[Closed] = []
    with parts.store() as store:
        incomplete = None
        stop = CtrlC(parts.terminal.interrupted)
        reports = _reconcile(parts, store, options)
        with stop:
            try:
                for each in stop.during(reports):
                    closed.append(each)
                    if form == "ndjson":
                        print(as_json(each), flush=True)
                    elif form == "console":
                        _print(each, needed)
            except JournalIncomplete as error:
                incomplete = error
    if parts.terminal.interrupted.is_set():
        _report(parts, options, closed, needed, ExitCode.INTERRUPTED)
        raise Interrupted("interrupted; what was not looked at stays open", "Run it again later.")
    told = (each.report for each in closed)
    code = exit_code(one for one in told if one.exit_code is not ExitCode.INTERRUPTED)  # not now
    if incomplete:
        parts.terminal.complain(incomplete.message, incomplete.hint)
        if code in {ExitCode.OK, ExitCode.PENDING, ExitCode.UNREACHABLE}:
            code = ExitCode.REFUSED
    elif not closed:
        place = parts.place()
        parts.terminal.say(f"No intent is open in the store {place}: the journal is complete.")
    _report(parts, options, closed, needed, code)
    if form == "json":
        print(as_json(Reconciliation(closed=tuple(closed), exit_code=code), indent=2))
    return int(code)


def _reconcile(parts: Parts, store: "Store", options: dict[str, Any]) -> "Iterator[Closed]":
    """What became of each open intent that is chosen; those first that may not be looked at."""
    from remediate.model.document import Closed
    from remediate.model.outcome import HostReport
    from remediate.model.run import HostRecord

    found = store.open_intents(indeterminate=True)
    names = {record.host.name for _, record in found}
    reaching = recorded.Reaching(options, names, "among what is open there is", parts.terminal)
    chosen = [(run, record) for run, record in found if reaching.chosen(record.host)]
    jobs.know_resources(chosen, options["folders"])
    reached = reaching([record for _, record in chosen])
    pairs = [(run, each) for (run, _), each in zip(chosen, reached, strict=True)]
    to_see = [(run, each) for run, each in pairs if isinstance(each, HostRecord)]
    refused = [(run, each) for run, each in pairs if isinstance(each, HostReport)]
    if left := names - {record.host.name for _, record in chosen}:
        parts.terminal.say(f"Not looked at, and still open: {', '.join(sorted(left))}.")
    hosts = [record.host for _, record in to_see]
    require_unused(options["reports"], parts, options, hosts)
    engine = parts.engine(hosts, settings(options), store=store)
    masked = ((run, parts.redaction.masked(report)) for run, report in refused)
    ended = chain(masked, engine.reconcile(to_see))
    return (Closed(run=run, report=report) for run, report in ended)


def _print(closed: "Closed", needed: list[str]) -> None:
    from remediate.report.console import print_lines
    from remediate.report.lines import DIM, host_lines, line

    run = closed.run.id
    about = host_lines(closed.report, _subject(closed, needed))
    print_lines([*about, line(2, ("run: ", DIM), run)], sys.stdout)


def _subject(closed: "Closed", needed: list[str]) -> "Subject":
    from remediate.report.reporter import Subject

    return Subject(
        command="runs reconcile",
        hosts=[closed.report.host],
        run=closed.run.id,
        undone=closed.run.undoes,
        needed=needed,
        by_name=True,
    )


def _report(
    parts: Parts,
    options: dict[str, Any],
    closed: "Sequence[Closed]",
    needed: list[str],
    code: "ExitCode",
) -> None:
    """Write the reports that are asked for."""
    if not options["reports"]:
        return
    from remediate.report.account import of_report
    from remediate.report.files import ReportFiles
    from remediate.report.reporter import Subject

    times = Counter(each.report.host for each in closed)
    told = [
        of_report(each.report, _subject(each, needed)).of_run(
            each.run.id, again=times[each.report.host] > 1
        )
        for each in closed
    ]
    subject = Subject(command="runs reconcile", hosts=[one.host for one in told])
    files = ReportFiles(subject, options["reports"], parts.terminal.complain)
    for one in told:
        files.account(one)
    files.finish(code)


command = Command(
    "reconcile",
    callback=_run,
    help="Find out what became of hosts whose run ended without a verdict, and record it. "
    "On the host it only takes and returns the lease.",
    params=[playbooks.playbooks_option(), *recorded.options(), format_option(), report_option()],
)
