"""`remediate report`: a recorded run as a file that other programs show."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli import playbooks, recorded, run_ids
from remediate.cli.following import OUTPUT
from remediate.cli.lazy import Command, FileName, Option
from remediate.cli.reports import NAMES, require_unused, writable
from remediate.cli.settings_file import config_option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts
from remediate.model.exit_code import ExitCode

if TYPE_CHECKING:
    from remediate.model.audit import AuditRecord
    from remediate.model.host import Host
    from remediate.model.run import RunRecord
    from remediate.playbook.catalogue import PlaybookEntry
    from remediate.report.account import Account
    from remediate.report.files import Gathering
    from remediate.report.reporter import Subject


@click.pass_obj
def _run(
    parts: Parts, runs: tuple[str, ...], form: str, out: Path | None, folders: tuple[Path, ...]
) -> int:
    from remediate.report.files import put

    path = None
    if out and out != Path("-"):
        path = writable(Path.cwd() / out, otherwise="")
    with parts.store() as store:
        found = [run_ids.any_recorded(store, run) for run in runs or (None,)]
    records = list({record.run.id: record for record in found}.values())
    if path:
        hosts = [host for record in records for host in _described(record)]
        said = parts.settings.options if parts.settings else {}
        require_unused([path], parts, said, hosts, otherwise="")
    gathering = _gathered(records, form, folders)
    pieces = gathering.drafts[form].whole(gathering.totals)
    try:
        if path is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()
        else:
            put(path, pieces)
    except OSError as error:
        raise Stop(
            f"the report {path} was not written: {error.strerror or error}",
            "What was there is as it was.",
            ExitCode.INTERNAL_ERROR,
        ) from error
    finally:
        gathering.close()
    return ExitCode.OK


def _gathered(
    records: "Sequence[RunRecord | AuditRecord]", form: str, folders: tuple[Path, ...]
) -> "Gathering":
    """All that is recorded of the hosts of some runs, on its way into a report."""
    from remediate.model.exit_code import gravest
    from remediate.report.account import NO_VERDICT
    from remediate.report.files import Gathering

    known = playbooks.catalogue(folders).entries
    subjects = [_subject(record, known, folders) for record in records]
    several = Counter(name for subject in subjects for name in subject.hosts)
    hosts = [
        told.of_run(record.run.id, again=several[told.host] > 1) if len(records) > 1 else told
        for record, subject in zip(records, subjects, strict=True)
        for told in _accounts(record, subject)
    ]
    gathering = Gathering(_together(records, subjects, [told.host for told in hosts]), [form])
    for told in hosts:
        gathering.account(told)
    broke_off = any(told.outcome == NO_VERDICT for told in hosts)
    gathering.finish(ExitCode.INTERRUPTED if broke_off else gravest(told.code for told in hosts))
    return gathering


def _together(
    records: "Sequence[RunRecord | AuditRecord]", subjects: "Sequence[Subject]", hosts: list[str]
) -> "Subject":
    """What a report about some runs is about."""
    first, *others = subjects
    if not others:
        return first
    kinds = {record.run.kind.value for record in records}
    names = ", ".join(record.run.id for record in records)
    return replace(
        first,
        command=kinds.pop() if len(kinds) == 1 else "report",
        hosts=hosts,
        run=None,
        undone=None,
        told=(f"Runs: {names}",),
        waves={},
    )


def _subject(
    record: "RunRecord | AuditRecord", known: "Mapping[str, PlaybookEntry]", folders: Sequence[Path]
) -> "Subject":
    from remediate.model.audit import AuditRecord
    from remediate.model.waves import in_waves
    from remediate.report.reporter import Subject

    run = record.run
    names = (
        [*(found.host for found in record.hosts), *record.no_verdict]
        if isinstance(record, AuditRecord)
        else [host.host.name for host in record.hosts]
    )
    hosts = _described(record)
    return Subject(
        command=run.kind.value,
        hosts=names,
        run=run.id,
        undone=run.undoes,
        titles={name: entry.title for name, entry in known.items()},
        sources={name: entry.source for name, entry in known.items()},
        needed=[*playbooks.needed(folders), *recorded.needed(hosts)],
        by_name=recorded.to_be_named(hosts),
        recorded=True,
        waves=in_waves(names, run.waves),
    )


def _described(record: "RunRecord | AuditRecord") -> "list[Host]":
    """The hosts of a record that says how they are reached, as none of an audit does."""
    from remediate.model.run import RunRecord

    return [host.host for host in record.hosts] if isinstance(record, RunRecord) else []


def _accounts(record: "RunRecord | AuditRecord", subject: "Subject") -> "Iterator[Account]":
    from remediate.engine.recorded import shown
    from remediate.model.audit import AuditRecord
    from remediate.report import account

    if isinstance(record, AuditRecord):
        asked = [use.id for use in record.run.playbooks]
        for found in record.hosts:
            yield account.of_record(found, asked, subject, record.run.least)
        for name in record.no_verdict:
            yield account.of_nobody(name, account.UNTOUCHED)
    else:
        for host in record.hosts:
            yield account.of_recorded(shown(host), subject)


command = Command(
    "report",
    callback=_run,
    help="Write what is recorded of a run or an audit as a report for other programs. RUN may be "
    "the beginning of its id; without one it is the newest of both, and of several each host is "
    "told for each of them. The exit code is 0 once it is written, whatever became of the runs.",
    params=[
        run_ids.runs_argument(),
        Option(
            ["--format", "form"],
            type=click.Choice(NAMES),
            required=True,
            section=OUTPUT,
            help="What the report is written as.",
        ),
        Option(
            ["-o", "--out"],
            type=FileName(path_type=Path),
            metavar="FILE",
            section=OUTPUT,
            help="Where it is written to, instead of stdout (-).",
        ),
        playbooks.playbooks_option(),
        config_option(exposed=False),
    ],
)
