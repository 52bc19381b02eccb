"""`remediate report`: a recorded run as a file that other programs show."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli import playbooks, recorded, run_ids
from remediate.cli.following import OUTPUT
from remediate.cli.lazy import Command, Option
from remediate.cli.reports import NAMES, require_unused, writable
from remediate.cli.settings_file import config_option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts
from remediate.model.exit_code import ExitCode

if TYPE_CHECKING:
    from remediate.model.audit import AuditRecord
    from remediate.model.run import RunRecord
    from remediate.report.files import Gathering


@click.pass_obj
def _run(
    parts: Parts, run: str | None, form: str, out: Path | None, folders: tuple[Path, ...]
) -> int:
    from remediate.report.files import put

    path = None
    if out and out != Path("-"):
        path = writable(Path.cwd() / out, otherwise="")
        require_unused([path], parts, {}, (), otherwise="")
    with parts.store() as store:
        record = run_ids.any_recorded(store, run)
    gathering = _gathered(record, form, folders)
    pieces = gathering.drafts[form].whole(gathering.totals)
    try:
        if path is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()
        else:
            put(path, pieces)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Stop(
            f"the report {path or 'on stdout'} was not written: {error.strerror or error}",
            "What was there is as it was.",
            ExitCode.INTERNAL_ERROR,
        ) from error
    finally:
        gathering.close()
    return ExitCode.OK


def _gathered(
    record: "RunRecord | AuditRecord", form: str, folders: tuple[Path, ...]
) -> "Gathering":
    """All that is recorded of the hosts of a run, on its way into a report."""
    from remediate.engine.recorded import shown
    from remediate.model.audit import AuditRecord, HostFindings
    from remediate.model.outcome import gravest
    from remediate.report import account
    from remediate.report.files import Gathering
    from remediate.report.reporter import Subject

    run = record.run
    hosts = [] if isinstance(record, AuditRecord) else [host.host for host in record.hosts]
    known = playbooks.catalogue(folders).entries
    subject = Subject(
        command=run.kind.value,
        hosts=[found.host for found in record.hosts]
        if isinstance(record, AuditRecord)
        else [host.name for host in hosts],
        run=run.id,
        undone=run.undoes,
        titles={name: entry.title for name, entry in known.items()},
        sources={name: entry.source for name, entry in known.items()},
        needed=[*playbooks.needed(folders), *recorded.needed(hosts)],
        by_name=recorded.to_be_named(hosts),
        recorded=True,
    )
    gathering = Gathering(subject, [form])
    asked = [use.id for use in run.playbooks]
    codes = []
    for one in record.hosts:
        told = (
            account.of_record(one, asked, subject, run.least)
            if isinstance(one, HostFindings)
            else account.of_recorded(shown(one), subject)
        )
        codes.append(told.code)
        gathering.account(told)
    gathering.finish(gravest(codes))
    return gathering


command = Command(
    "report",
    callback=_run,
    help="Write what is recorded of a run or an audit as a report for other programs. RUN may be "
    "the beginning of its id; without one it is the newest of both. The exit code is 0 once it is "
    "written, whatever became of the run.",
    params=[
        run_ids.run_argument(),
        Option(
            ["--format", "form"],
            type=click.Choice(NAMES),
            required=True,
            section=OUTPUT,
            help="What the report is written as.",
        ),
        Option(
            ["-o", "--out"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            section=OUTPUT,
            help="Where it is written to, instead of stdout (-).",
        ),
        playbooks.playbooks_option(),
        config_option(exposed=False),
    ],
)
