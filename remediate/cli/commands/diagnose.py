"""`remediate diagnose`: what an error means, and what to do about it; also what a host logs."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import connecting, hosting, jobs, playbooks, targets
from remediate.cli.following import OUTPUT, format_option
from remediate.cli.lazy import Command, FileName, Option
from remediate.cli.reports import report_option
from remediate.cli.settings_file import config_option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts
from remediate.model.exit_code import ExitCode
from remediate.report.printable import printable

if TYPE_CHECKING:
    from remediate.cli.host_logs import HostLogs
    from remediate.diagnose.entry import Entry
    from remediate.diagnose.matching import Match, Matcher
    from remediate.diagnose.scanning import Sighting
    from remediate.model.diagnosis import Diagnosis, Looked
    from remediate.model.outcome import HostReport

    Answer = tuple[Iterable[tuple[int, str]], int]

_OTHERS = 5
"""Causes that are named below the first one."""

_NEAREST = 3
_SHOWN = 5
"""Causes of files that are shown with what to do."""

_FINDINGS = 3
"""Findings of a playbook that are shown beside a cause."""

_TRUST = {"documented": "", "secondary": ", not by its maker", "inferred": ", concluded from it"}


@click.pass_context
def _run(
    ctx: click.Context,
    /,
    text: tuple[str, ...],
    files: tuple[Path, ...],
    folders: tuple[Path, ...],
    form: str,
    *,
    why: bool,
    **options: Any,  # noqa: ANN401 - by option name
) -> int:
    asked = " ".join(text)
    if odd := next((word for word in text if _is_option(word)), None):
        raise click.NoSuchOption(odd, ctx=click.get_current_context())
    if files and text:
        raise click.UsageError("give a text or --file, not both")
    of_host = any(options[name] for name in ("hosts", "inventory", "groups", "limits"))
    if options["reports"] and not of_host:
        raise click.UsageError("a report is of a server: name one with --host")
    if of_host and (files or text):
        raise click.UsageError("give a text, --file or a host, not more than one")
    if not (files or of_host) and not any(c.isalnum() for c in asked):
        raise click.UsageError(
            "there is nothing to diagnose: give a number, a message, a log with --file, "
            "or a server with --host"
        )
    from remediate.diagnose.matching import Matcher

    matcher = Matcher(_entries(folders))
    if of_host:
        lines, code = _host(ctx, matcher, form, why=why)
    elif files:
        lines, code = _files(files, matcher, form, why=why)
    else:
        lines, code = _text(asked, matcher, form, why=why)
    width = max(40, min(get_terminal_size().columns, 100))
    for line in lines:
        for each in _wrapped(line, width) if form == "console" else [line[1]]:
            click.echo(each)
    return code


def _text(asked: str, matcher: "Matcher", form: str, *, why: bool) -> "Answer":
    matches = matcher.match(asked)
    known = [match for match in matches if match.known]
    nearest = [] if known else matches[:_NEAREST]
    code = ExitCode.OK if known else ExitCode.PENDING
    if form == "json":
        from remediate.cli.diagnosing import of_text
        from remediate.report.machine import as_json

        return [(0, as_json(of_text(known, nearest, code), indent=2))], code
    return _known(known, why=why) if known else _not_known(nearest), code


def _files(files: Iterable[Path], matcher: "Matcher", form: str, *, why: bool) -> "Answer":
    from remediate.diagnose.records import FileError, records
    from remediate.diagnose.scanning import Scan

    scan = Scan(matcher)
    for file in files:
        try:
            scan.add(records(file))
        except FileError as error:
            raise Stop(str(error), "Give the file of a log, an event log, or any text.") from error
    seen = scan.ranked()
    code = ExitCode.OK if seen else ExitCode.PENDING
    if form == "json":
        from remediate.cli.diagnosing import of_files
        from remediate.report.machine import as_json

        return [(0, as_json(of_files(seen, code), indent=2))], code
    return _sighted(seen, why=why) if seen else [(0, "nothing in it is known")], code


def _host(ctx: click.Context, matcher: "Matcher", form: str, *, why: bool) -> "Answer":
    """The logs of a host and an audit of it, in one round."""
    from remediate.cli.host_logs import QUESTIONS, HostLogs

    parts: Parts = ctx.obj
    report, observed = hosting.of_one_host(
        parts,
        ctx.params,
        "a diagnosis is",
        partial(jobs.everything, ctx),
        lambda engine, host, job: engine.look(host, job, QUESTIONS),
    )
    if ctx.params["reports"]:
        _report(ctx, report)
    logs = HostLogs(report, observed)
    seen = logs.sightings(matcher, parts.redaction)
    told = parts.redaction.masked(logs.diagnosis(seen))
    if form == "json":
        from remediate.report.machine import as_json

        return [(0, as_json(told, indent=2))], told.exit_code
    return _of_host(told, logs, seen, parts.arguments, why=why), told.exit_code


def _report(ctx: click.Context, report: "HostReport") -> None:
    """Write the reports that are asked for: of the audit, as it would be by itself."""
    from remediate.report.files import ReportFiles
    from remediate.report.reporter import Subject

    subject = Subject(
        command="diagnose",
        hosts=[report.host],
        titles=playbooks.titles(ctx),
        sources=playbooks.sources(ctx),
    )
    files = ReportFiles(subject, ctx.params["reports"], ctx.obj.terminal.complain)
    files.host(report)
    files.finish(report.exit_code)


def _of_host(
    told: "Diagnosis",
    logs: "HostLogs",
    seen: "Sequence[Sighting]",
    arguments: Sequence[str],
    *,
    why: bool,
) -> Iterator[tuple[int, str]]:
    if told.problem:
        how = "looked at" if logs.seen is None else "audited"
        yield 0, f"{told.host} could not be {how}: {told.problem.message}"
        if told.problem.hint:
            yield 2, f"do:     {told.problem.hint}"
    if logs.seen is None:
        return
    yield from _read(told)
    if not logs.installed:
        yield 0, f"the agent is not installed on {told.host}, so it has no logs"
    elif not (told.logs or told.unread):
        yield 0, f"the agent has written no log on {told.host}"
    elif told.logs and not seen:
        yield 0, "nothing in what was read is known"
    for one, cause in zip(seen[:_SHOWN], told.known, strict=False):
        yield from _lines(one.match, why=why, seen=one, looked=[*_found(cause.looked, arguments)])
    yield from _also(seen)


def _read(told: "Diagnosis") -> Iterator[tuple[int, str]]:
    """What was read of the logs, and what was not and why."""
    from remediate.model.size import size_text

    for log in told.logs:
        part = "all" if log.read >= log.size else f"the last {size_text(log.read)}"
        yield 0, f"{told.host}: read {part} of {log.name} ({size_text(log.size)})"
    for question in told.unread:
        yield 0, f"{told.host}: not read, {question.question}: {question.problem.message}"
        if question.problem.hint:
            yield 2, f"do:     {question.problem.hint}"


def _found(looked: "Iterable[Looked]", arguments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What the audit has found of each playbook, and the command that does something about it."""
    for one in sorted(looked, key=lambda each: each.result != "findings"):
        asking = hosting.proceed(arguments, [one.playbook], "audit")
        if one.result == "not_asked":
            yield 2, f"look:   {asking}"
        elif one.result == "nothing":
            yield 2, f"audit:  {one.playbook} finds nothing"
        elif one.result == "findings":
            for found in one.findings[:_FINDINGS]:
                yield 2, f"audit:  {one.playbook}: {found.title}"
            if more := len(one.findings[_FINDINGS:]):
                yield 2, f"audit:  {one.playbook}: {more} more"
            changes = not all(found.advice for found in one.findings)
            yield 2, f"fix:    {hosting.proceed(arguments, [one.playbook]) if changes else asking}"
        else:
            how = "does not apply" if one.result == "not_applicable" else "was not judged"
            yield 2, f"audit:  {one.playbook} {how}: {one.why}"


def _sighted(seen: "Sequence[Sighting]", *, why: bool) -> Iterator[tuple[int, str]]:
    for one in seen[:_SHOWN]:
        yield from _lines(one.match, why=why, seen=one)
    yield from _also(seen)


def _also(seen: "Sequence[Sighting]") -> Iterator[tuple[int, str]]:
    for one in seen[_SHOWN:]:
        yield 0, f"also: {one.match.entry.id}: {one.match.entry.title} ({_times(one)})"


def _times(one: "Sighting") -> str:
    many = "once" if one.count == 1 else f"{one.count:,} times"
    between = f", {one.first} to {one.last}" if one.first != one.last else f", {one.first}"
    return many + (between if one.first else "")


def _is_option(word: str) -> bool:
    return len(word) > 1 and word.startswith("-") and not word[1].isdigit()


def _entries(folders: Iterable[Path]) -> "tuple[Entry, ...]":
    from remediate.diagnose.catalogue import load
    from remediate.playbook.catalogue import installed

    own = [folder.expanduser() for folder in folders]
    return load(dict.fromkeys([*own, *(path.parent for path in installed())]))


def _known(matches: "Sequence[Match]", *, why: bool) -> Iterator[tuple[int, str]]:
    first, *others = matches
    fitting = [first, *(each for each in others if each.rank == first.rank)]
    if len(fitting) > 1:
        yield 0, f"{len(fitting)} causes fit alike; what to check tells them apart."
    for match in fitting:
        yield from _lines(match, why=why)
    rest = [each for each in others if each not in fitting]
    for match in rest[:_OTHERS]:
        yield 0, f"also: {match.entry.id}: {match.entry.title}"
        if why:
            yield from _why(match)


def _lines(
    match: "Match",
    *,
    why: bool,
    seen: "Sighting | None" = None,
    looked: Sequence[tuple[int, str]] = (),
) -> Iterator[tuple[int, str]]:
    entry = match.entry
    yield 0, f"{entry.id}: {entry.title}"
    if seen:
        yield 2, f"seen:   {_times(seen)}"
        yield 2, f"        {seen.example}"
    if why:
        yield from _why(match)
    yield 2, f"cause:  {entry.cause}"
    for text in entry.check:
        yield 2, f"check:  {text}"
    yield from looked
    if entry.playbooks and not looked:
        yield 2, f"look:   remediate audit {' '.join(entry.playbooks)} --host SRV01"
    for text in entry.steps:
        yield 2, f"do:     {text}"
    yield 2, f"source: {entry.source} ({entry.checked}{_TRUST[entry.trust]})"


def _why(match: "Match") -> Iterator[tuple[int, str]]:
    for part in match.parts:
        what = part.what if part.kind == "number" else f'"{part.what}"'
        yield 2, f"why:    {part.kind} {what}: {part.score:.2f}"


def _not_known(matches: "Sequence[Match]") -> Iterator[tuple[int, str]]:
    yield 0, "not known" + ("; the nearest are" if matches else "")
    for match in matches:
        yield 0, f"{match.entry.id}: {match.entry.title}"
        yield from _why(match)


def _wrapped(line: tuple[int, str], width: int) -> Iterator[str]:
    indent, text = line
    return iter(
        wrap(
            printable(text),
            width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 8 if indent else 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


class _Command(Command):
    """Also takes the options that reach a host, once one is named: they are slow to make."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to click
        super().__init__(*args, **kwargs)
        self._own = list(self.params)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        asking = {name for option in targets.host_options() for name in option.opts}
        asking |= {*ctx.help_option_names}
        self.params = list(self._own)
        if ctx.resilient_parsing or any(word.partition("=")[0] in asking for word in args):
            self.params += connecting.connection_options()
        else:
            self.params.append(config_option())
        return super().parse_args(ctx, args)


command = _Command(
    "diagnose",
    callback=_run,
    help="Say what an error means, and what to do about it. TEXT is a number or a message, whole "
    "or a part of it, as it was copied; --file reads a log. --host reads the agent's logs on a "
    "server, and says what an audit of it finds about their causes; nothing is written there.",
    context_settings={"ignore_unknown_options": True},  # -2147024891 is a number
    params=[
        click.Argument(["text"], nargs=-1),
        Option(
            ["--file", "files"],
            multiple=True,
            type=FileName(path_type=Path),
            metavar="LOG",
            help="A log of the agent, LastBackupFailedFiles, an event log (XML, CSV, EVTX), or any "
            "text. Repeat it for several.",
        ),
        playbooks.playbooks_option(),
        *targets.host_options(),
        Option(["--why"], is_flag=True, section=OUTPUT, help="Show what speaks for each cause."),
        format_option("console", "json"),
        report_option(),
    ],
)
