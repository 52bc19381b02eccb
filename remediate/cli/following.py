"""Follows the hosts of a command: shows each verdict as it comes, and ends with the exit code."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from remediate.cli.interruption import CtrlC
from remediate.cli.lazy import Option
from remediate.cli.stop import Interrupted, Stop

if TYPE_CHECKING:
    from remediate.cli.terminal import ProgressLine, Terminal
    from remediate.model.event import Event
    from remediate.model.exit_code import ExitCode
    from remediate.model.outcome import HostReport
    from remediate.report.files import ReportFiles
    from remediate.report.reporter import Reporter, Subject

OUTPUT = "Output"

_DOING = {
    "observe": "looking at",
    "confirm": "waiting for your answer about",
    "stage": "sending files to",
    "apply": "writing to",
    "rollback": "rolling back",
    "recover": "finding out about",
}

OF_HOSTS = ("console", "json", "ndjson", "github")
"""How the result of a command on hosts may be written."""


def format_option(*forms: str) -> click.Option:
    """The option that says how the result is shown."""
    return Option(
        ["--format", "form"],
        type=click.Choice(forms or ("console", "json", "ndjson")),
        default="console",
        show_default=True,
        section=OUTPUT,
        help="How the result is written to stdout.",
    )


def verbose_option() -> click.Option:
    """The option that folds nothing."""
    return Option(
        ["--verbose"],
        is_flag=True,
        section=OUTPUT,
        help="Tell each of many hosts in full, and why playbooks do not apply.",
    )


class Following:
    """Shows what happens to the hosts of one command.

    Args:
        terminal: for progress and messages.
        form: one of `OF_HOSTS`.
        subject: what the command is about.
        files: the reports besides; None where none is asked for.
        writes: the command may change hosts.
    """

    def __init__(
        self,
        terminal: "Terminal",
        form: str,
        subject: "Subject",
        files: "ReportFiles | None" = None,
        *,
        writes: bool,
    ) -> None:
        self._terminal = terminal
        self._subject = subject
        self._files = files
        self._writes = writes
        self._reporter: Reporter = _reporter(form, subject, terminal)
        self._progress: ProgressLine | None = None
        self._done = 0
        self._unknown = 0
        self._under_way: dict[str, bool] = {}  # by host: whether something may have been written
        self._samples: dict[ExitCode, HostReport] = {}

    def emit(self, event: "Event") -> None:
        """Something happened; called from any thread."""
        from remediate.model.event import HostFinished, HostProgress

        if not isinstance(event, HostFinished):
            wrote = self._under_way.get(event.host, False) or event.phase.writes
            self._under_way[event.host] = wrote
        self._reporter.event(event)
        if not self._progress or isinstance(event, HostFinished):
            return
        doing = _DOING.get(event.phase, "working on")
        far = f": {event.far}" if isinstance(event, HostProgress) else ""
        self._progress.host(event.host, doing, far)

    def finish(self, reports: "Iterable[HostReport]") -> int:
        """Show all reports and return the exit code.

        Raises:
            Interrupted: somebody pressed Ctrl-C; says what was left behind.
        """
        from remediate.model.exit_code import ExitCode
        from remediate.model.outcome import exit_code

        stop = CtrlC(self._terminal.interrupted)
        with self._terminal.progress(len(self._subject.hosts)) as self._progress, stop:
            try:
                for report in stop.during(reports):
                    self._host(report)
            except KeyboardInterrupt:
                self._terminal.interrupted.set()
            except Exception as error:
                if self._done == 0:
                    raise
                self._broke_off(error)
        if self._terminal.interrupted.is_set():
            self._end(ExitCode.INTERRUPTED)
            raise self._interrupted()
        code = exit_code(self._samples.values())
        self._end(code)
        return int(code)

    def _end(self, code: "ExitCode") -> None:
        try:
            self._reporter.finish(code)
            if self._files:
                self._files.finish(code)
        except KeyboardInterrupt:
            raise self._untold() from None

    def _host(self, report: "HostReport") -> None:
        self._done += 1
        self._under_way.pop(report.host, None)
        self._unknown += report.outcome == "indeterminate"
        self._samples.setdefault(report.exit_code, report)
        if self._progress:
            self._progress.done()
        self._reporter.host(report)
        if self._files:
            self._files.host(report)

    def _broke_off(self, error: Exception) -> None:
        """Something failed when hosts had their verdicts already: these must not be lost."""
        from remediate.cli.explaining import stop_for
        from remediate.model.exit_code import ExitCode
        from remediate.store.errors import StoreError

        all_done = self._done == len(self._subject.hosts)
        if isinstance(error, StoreError) and all_done:
            self._terminal.complain(f"the end of the run is not recorded: {error}", error.hint)
            return
        self._end(ExitCode.INTERNAL_ERROR)
        stop = stop_for(error)
        hint = "Nothing was written to any host; the other hosts have no verdict."
        if self._writes:
            hint = "Find out what became of the other hosts with remediate runs reconcile."
        raise Stop(stop.message, hint, ExitCode.INTERNAL_ERROR) from error

    def _untold(self) -> Interrupted:
        text = "interrupted while the result was being written, which is not whole"
        if not self._writes:
            return Interrupted(f"{text}; nothing was written to any host", "Run it again.")
        run = self._subject.run
        hint = f"See remediate runs show {run}, and remediate report {run} for a file."
        return Interrupted(f"{text}; hosts are not worked on any more", hint)

    def _interrupted(self) -> Interrupted:
        from remediate.model.text import count

        if not self._writes:
            return Interrupted("interrupted; nothing was written to any host")
        run = self._subject.run
        under_way = list(self._under_way.values())
        written = sum(under_way) + self._unknown
        looked_at = under_way.count(False)  # these go on until the process ends
        if not written and not looked_at:
            return Interrupted(
                "interrupted; what was under way was finished, and no other host was begun",
                f"See remediate runs show {run}.",
            )
        parts = [f"{count(written, 'host')} may be in the middle of a change"] if written else []
        if looked_at:
            were = "was" if looked_at == 1 else "were"
            seen = f"{count(looked_at, 'host')} {were} still being looked at"
            parts.append(f"{seen}, and may have gone on to a change")
        return Interrupted(
            f"interrupted; {'; '.join(parts)} (run {run})",
            f"Find out with remediate runs reconcile, then see remediate runs show {run}.",
        )


def _reporter(form: str, subject: "Subject", terminal: "Terminal") -> "Reporter":
    if form == "json":
        from remediate.report.machine import JsonReporter

        return JsonReporter(subject, sys.stdout)
    if form == "ndjson":
        from remediate.report.machine import NdjsonReporter

        return NdjsonReporter(subject, sys.stdout)
    if form == "github":
        from remediate.report.github import GithubReporter

        return GithubReporter(subject, sys.stdout)
    from remediate.report.console import ConsoleReporter

    return ConsoleReporter(subject, sys.stdout, terminal.quiet)
