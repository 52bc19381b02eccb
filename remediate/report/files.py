"""Reports in files beside the result: each is put together on disk, and is whole or not there."""

import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Protocol

from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport
from remediate.report import account
from remediate.report.account import Account
from remediate.report.reporter import Subject
from remediate.report.totals import Totals
from remediate.report.waivers import WaiverTally
from remediate.report.waves import WaveTally

_IN_MEMORY = 4 << 20
"""Bytes of a report's pieces that are kept in memory; more goes to a temporary file."""

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Environment variable with the file in which a job on GitHub shows Markdown."""

_BROKE_OFF = "the run ended before this host had a verdict"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a report that is about one host.

    Args:
        rank: where it comes; pieces of one rank come by the names of the hosts.
        text: as it will stand in the file.
        counts: how many things it holds, for a form that may have to leave some out.
    """

    rank: int
    text: str
    counts: int = 1


class Form(Protocol):
    """Writes a report in one format. What it keeps does not grow with the hosts."""

    def host(self, account: Account) -> Iterable[Piece]:
        """What stands in it about a host."""

    def whole(self, totals: Totals, pieces: Iterable[Piece]) -> Iterable[str]:
        """The report: what comes before, between and after the pieces."""


_FORMS = {
    "junit": "remediate.report.junit:JunitForm",
    "sarif": "remediate.report.sarif:SarifForm",
    "markdown": "remediate.report.markdown:MarkdownForm",
    "html": "remediate.report.html:HtmlForm",
    "github": "remediate.report.github:GithubForm",
}
FORMS = ("junit", "sarif", "markdown", "html")
"""The names of the formats of files."""


def form(name: str, subject: Subject) -> Form:
    """What writes a format; only then is it imported.

    Args:
        name: of the format.
        subject: what the result is about.
    """
    module, _, attribute = _FORMS[name].partition(":")
    made: Form = getattr(import_module(module), attribute)(subject)
    return made


class Draft:
    """A report that is not put together yet: its pieces are on disk, in the order of arrival.

    Args:
        form: writes the format.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        # closed by `close`, since pieces come as long as the run lasts
        self._spool: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self._index: list[tuple[int, int, int, int, int]] = []
        self._end = 0

    def add(self, position: int, account: Account) -> None:
        """Take in a host.

        Args:
            position: where it comes among the hosts.
            account: all that is said of it.
        """
        for piece in self._form.host(account):
            data = piece.text.encode()
            self._spool.write(data)
            self._index.append((piece.rank, position, self._end, len(data), piece.counts))
            self._end += len(data)

    def whole(self, totals: Totals) -> Iterator[bytes]:
        """The report.

        Args:
            totals: the numbers of the run.
        """
        for text in self._form.whole(totals, self._pieces()):
            yield text.encode()

    def close(self) -> None:
        """Forget the pieces."""
        self._spool.close()

    def _pieces(self) -> Iterator[Piece]:
        for rank, _, start, length, counts in sorted(self._index):
            self._spool.seek(start)
            yield Piece(rank, self._spool.read(length).decode(), counts)


class Gathering:
    """Hosts on their way into reports of several formats: each is told once, and counted once.

    Args:
        subject: what the result is about.
        forms: names of the formats.
    """

    def __init__(self, subject: Subject, forms: Iterable[str]) -> None:
        self._subject = subject
        self._order = {name: number for number, name in enumerate(sorted(subject.hosts))}
        self._untold = dict(self._order)
        self.totals = Totals(waves=WaveTally(subject.waves))
        self._waivers = WaiverTally(subject.waivers)
        self.drafts = {name: Draft(form(name, subject)) for name in dict.fromkeys(forms)}

    def report(self, report: HostReport) -> None:
        """Take in the verdict of a host."""
        self._waivers.add(report)
        self.account(account.of_report(report, self._subject))

    def account(self, told: Account) -> None:
        """Take in all that is said of a host."""
        position = self._order.get(told.host, len(self._order))
        self._untold.pop(told.host, None)
        self.totals.add(told)
        for draft in self.drafts.values():
            draft.add(position, told)

    def finish(self, code: ExitCode) -> Mapping[str, Draft]:
        """The drafts, once no more is to come; a host without a verdict is in them as such.

        Args:
            code: what the process ends with.
        """
        for name in list(self._untold):
            self.account(account.of_nobody(name, _BROKE_OFF))
        self.totals.code = code
        self.totals.notices = tuple(self._waivers.notices())
        return self.drafts

    def close(self) -> None:
        """Forget all of it."""
        for draft in self.drafts.values():
            draft.close()


class ReportFiles:
    """Reports in files, as a reporter. No fault of theirs is one of the run.

    Args:
        subject: what the result is about.
        wanted: name of the format, by the file that it goes into.
        complain: is told, in a sentence and what to do, of a file that could not be written.
    """

    def __init__(
        self, subject: Subject, wanted: Mapping[Path, str], complain: Callable[[str, str], None]
    ) -> None:
        self._wanted = wanted
        self._complain = complain
        self._gathering: Gathering | None = None
        self._try(lambda: self._begin(subject))

    def host(self, report: HostReport) -> None:
        """A host has its verdict."""
        gathering = self._gathering
        if gathering is not None:
            self._try(lambda: gathering.report(report))

    def account(self, told: Account) -> None:
        """All is known that is said of a host."""
        gathering = self._gathering
        if gathering is not None:
            self._try(lambda: gathering.account(told))

    def finish(self, code: ExitCode) -> None:
        """Write the files."""
        gathering = self._gathering
        if gathering is None:
            return
        self._try(lambda: gathering.finish(code))
        for path, name in self._wanted.items() if self._gathering else ():
            try:
                put(path, gathering.drafts[name].whole(gathering.totals))
            except Exception as error:  # noqa: BLE001 - whatever it is, hosts have their verdicts
                self._failed(path, error)
        gathering.close()
        self._gathering = None

    def _begin(self, subject: Subject) -> None:
        self._gathering = Gathering(subject, self._wanted.values())

    def _try(self, what: Callable[[], object]) -> None:
        """Do what every file needs; without it there is none."""
        try:
            what()
        except Exception as error:  # noqa: BLE001 - as above
            self._gathering = None
            for path in self._wanted:
                self._failed(path, error)

    def _failed(self, path: Path, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self._complain(
            f"the report {path} was not written: {reason or type(error).__name__}",
            "The run is not affected; a file of that name is an older one. For a recorded run: "
            "remediate report.",
        )


def put(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file in the place of what is there: whole, or not at all.

    Unlike files of ours it gets the usual mode, since other programs are to read it, or that of
    the file it replaces. The summary of a job on GitHub is added to, since other steps write there.

    Args:
        path: where; a link there is replaced, not followed.
        pieces: what is in it.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    summary = os.environ.get(SUMMARY)
    if summary and path.resolve() == Path(summary).resolve():
        _add(path, pieces)
        return
    new = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with new.open("xb") as file:
            with suppress(FileNotFoundError):
                new.chmod(stat.S_IMODE(path.stat().st_mode))
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _add(path: Path, pieces: Iterable[bytes]) -> None:
    """Write behind what is in a file: whole, or not at all."""
    with path.open("ab") as file:
        end = file.tell()
        try:
            file.writelines([b"\n"] if end else [])  # a heading begins its own line
            file.writelines(pieces)
            file.flush()
        except BaseException:
            with suppress(OSError):
                file.truncate(end)
            raise
