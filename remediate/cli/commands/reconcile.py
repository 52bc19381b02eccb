"""`remediate runs reconcile`: find out what became of what broke off."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli import playbooks, targets
from remediate.cli.following import format_option
from remediate.cli.interruption import CtrlC
from remediate.cli.lazy import Command
from remediate.cli.stop import Interrupted
from remediate.cli.wiring import Parts, settings

if TYPE_CHECKING:
    from remediate.report.document import Closed


@click.pass_obj
def _run(
    parts: Parts,
    timeout: float | None,
    workers: int | None,
    folders: tuple[Path, ...],
    form: str,
) -> int:
    from remediate.model.outcome import ExitCode, exit_code
    from remediate.report.document import Closed, Reconciliation
    from remediate.report.machine import as_json
    from remediate.store.errors import JournalIncomplete

    with parts.store() as store:
        found = store.open_intents(indeterminate=True)
        playbooks.know_resources(found, folders)
        hosts = [record.host for _, record in found]
        engine = parts.engine(hosts, settings(timeout=timeout, workers=workers), store=store)
        closed = []
        incomplete = None
        stop = CtrlC(parts.terminal.interrupted)
        with stop:
            try:
                for run, report in stop.during(engine.reconcile()):
                    closed.append(Closed(run=run, report=report))
                    if form == "ndjson":
                        print(as_json(closed[-1]), flush=True)
                    elif form == "console":
                        _print(closed[-1])
            except JournalIncomplete as error:
                incomplete = error
    if parts.terminal.interrupted.is_set():
        raise Interrupted("interrupted; what was not looked at stays open", "Run it again later.")
    code = exit_code(each.report for each in closed)
    if incomplete:
        parts.terminal.complain(incomplete.message, incomplete.hint)
        if code in {ExitCode.OK, ExitCode.PENDING, ExitCode.UNREACHABLE}:
            code = ExitCode.REFUSED
    elif not closed:
        place = parts.place()
        parts.terminal.say(f"No intent is open in the store {place}: the journal is complete.")
    if form == "json":
        print(as_json(Reconciliation(closed=tuple(closed), exit_code=code), indent=2))
    return int(code)


def _print(closed: "Closed") -> None:
    from remediate.report.console import print_lines
    from remediate.report.lines import DIM, host_lines, line
    from remediate.report.reporter import Subject

    run, name = closed.run, closed.report.host
    subject = Subject(command="runs reconcile", hosts=[name, "others"], run=run.id)
    print_lines([*host_lines(closed.report, subject), line(2, ("run: ", DIM), run.id)], sys.stdout)


command = Command(
    "reconcile",
    callback=_run,
    help="Look at every host that a run may have changed without saying so, because it broke off, "
    "and record what is seen. Writes nothing but to the journal.",
    params=[
        playbooks.playbooks_option(),
        targets.open_files_option(),
        *targets.pace_options(),
        format_option(),
    ],
)
