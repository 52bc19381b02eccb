"""`remediate diagnose`: what an error means, and what to do about it. Talks to no host."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from remediate.cli.following import OUTPUT, format_option
from remediate.cli.lazy import Command, Option
from remediate.cli.playbooks import playbooks_option
from remediate.cli.stop import Stop
from remediate.model.exit_code import ExitCode
from remediate.report.printable import printable

if TYPE_CHECKING:
    from remediate.diagnose.entry import Entry
    from remediate.diagnose.matching import Match, Matcher
    from remediate.diagnose.scanning import Sighting

    Answer = tuple[Iterable[tuple[int, str]], int]

_OTHERS = 5
"""Causes that are named below the first one."""

_NEAREST = 3
_SHOWN = 5
"""Causes of files that are shown with what to do."""

_TRUST = {"documented": "", "secondary": ", not by its maker", "inferred": ", concluded from it"}


def _run(
    text: tuple[str, ...],
    files: tuple[Path, ...],
    folders: tuple[Path, ...],
    form: str,
    *,
    why: bool,
) -> int:
    asked = " ".join(text)
    if odd := next((word for word in text if _is_option(word)), None):
        raise click.NoSuchOption(odd, ctx=click.get_current_context())
    if files and text:
        raise click.UsageError("give a text or --file, not both")
    if not files and not any(c.isalnum() for c in asked):
        raise click.UsageError(
            "there is nothing to diagnose: give a number, a message, or a log with --file"
        )
    from remediate.diagnose.matching import Matcher

    matcher = Matcher(_entries(folders))
    lines, code = (
        _files(files, matcher, form, why=why) if files else _text(asked, matcher, form, why=why)
    )
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


def _sighted(seen: "Sequence[Sighting]", *, why: bool) -> Iterator[tuple[int, str]]:
    for one in seen[:_SHOWN]:
        yield from _lines(one.match, why=why, seen=one)
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
    match: "Match", *, why: bool, seen: "Sighting | None" = None
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
    if entry.playbooks:
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


command = Command(
    "diagnose",
    callback=_run,
    help="Say what an error means, and what to do about it. TEXT is a number or a message, whole "
    "or a part of it, as it was copied; --file reads a log. No host is asked.",
    context_settings={"ignore_unknown_options": True},  # -2147024891 is a number
    params=[
        click.Argument(["text"], nargs=-1),
        Option(
            ["--file", "files"],
            multiple=True,
            type=click.Path(path_type=Path),
            metavar="LOG",
            help="A log of the agent, LastBackupFailedFiles, an event log (XML, CSV, EVTX), or any "
            "text. Repeat it for several.",
        ),
        playbooks_option(),
        Option(["--why"], is_flag=True, section=OUTPUT, help="Show what speaks for each cause."),
        format_option("console", "json"),
    ],
)
