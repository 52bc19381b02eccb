"""Follows the hosts of a command: shows each verdict as it comes, and ends with the exit code."""

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.lazy import Option
from remediate.cli.stop import Interrupted

if TYPE_CHECKING:
    from remediate.cli.terminal import Progress, Terminal
    from remediate.model.event import Event
    from remediate.model.outcome import HostReport
    from remediate.report.reporter import Reporter, Subject

OUTPUT = "Output"
_AGAIN = 0.05
"""Seconds after which a Ctrl-C that came at the wrong moment is heard again."""

_DOING = {
    "connect": "connecting to",
    "observe": "looking at",
    "confirm": "waiting for your answer about",
    "apply": "writing to",
    "verify": "reading back",
    "rollback": "rolling back",
    "recover": "finding out about",
}


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


class Following:
    """Shows what happens to the hosts of one command.

    Args:
        terminal: for progress and messages.
        form: `console`, `json` or `ndjson`.
        subject: what the command is about.
        writes: the command may change hosts.
    """

    def __init__(
        self, terminal: "Terminal", form: str, subject: "Subject", *, writes: bool
    ) -> None:
        self._terminal = terminal
        self._subject = subject
        self._writes = writes
        self._reporter: Reporter | None = _reporter(form, subject, terminal)
        self._progress: Progress | None = None
        self._done = 0

    def emit(self, event: "Event") -> None:
        """Something happened; called from any thread."""
        from remediate.model.event import HostPhase

        self._show(lambda reporter: reporter.event(event))
        if self._progress and isinstance(event, HostPhase):
            self._progress.host(event.host, _DOING[event.phase])

    def finish(self, reports: "Iterable[HostReport]") -> int:
        """Show all reports and return the exit code.

        Raises:
            Interrupted: somebody pressed Ctrl-C; says what was left behind.
        """
        from remediate.model.outcome import ExitCode, exit_code

        stop = CtrlC(self._terminal.interrupted)
        with self._terminal.progress(len(self._subject.hosts)) as self._progress, stop:
            try:
                code = exit_code(self._shown(stop.during(reports)))
            except KeyboardInterrupt:
                self._terminal.interrupted.set()
        if self._terminal.interrupted.is_set():
            self._show(lambda reporter: reporter.finish(ExitCode.INTERRUPTED))
            raise self._interrupted()
        self._show(lambda reporter: reporter.finish(code))
        return int(code)

    def _shown(self, reports: "Iterable[HostReport]") -> "Iterator[HostReport]":
        for report in reports:
            self._done += 1
            if self._progress:
                self._progress.done()
            self._show(partial(_show_host, report))
            yield report

    def _show(self, what: "Callable[[Reporter], None]") -> None:
        """Show something; when nobody reads it any more, the hosts still come first."""
        if self._reporter is None:
            return
        try:
            what(self._reporter)
        except BrokenPipeError:
            self._reporter = None
            self._terminal.stdout_is_gone()

    def _interrupted(self) -> Interrupted:
        left = len(self._subject.hosts) - self._done
        if not self._writes:
            return Interrupted("interrupted; nothing was written to any host")
        run = self._subject.run
        if left == 0:
            return Interrupted(
                "interrupted; what was under way was finished, and no other host was begun",
                f"See remediate runs show {run}.",
            )
        hosts = "1 host" if left == 1 else f"{left} hosts"
        return Interrupted(
            f"interrupted; {hosts} may have been in the middle of a write (run {run})",
            "Find out with remediate runs reconcile.",
        )


class CtrlC:
    """Turns Ctrl-C into an order to the engine, which finishes the hosts that are under way.

    The engine hears of it only while it is waited for; pressed at another moment it is kept.

    Args:
        pressed: is set at once, for whoever asks a question in another thread.
    """

    def __init__(self, pressed: threading.Event) -> None:
        self._pressed = pressed
        self._waiting = False
        self._before: Any = None
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._on_signal)

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def during(self, reports: "Iterable[HostReport]") -> "Iterator[HostReport]":
        """The same reports."""
        waiting = iter(reports)
        while True:
            self._waiting = True
            try:
                report = next(waiting, None)
            finally:
                self._waiting = False
            if report is None:
                return
            yield report

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._pressed.is_set():
            self._pressed.set()
            os.write(2, b"\nStopping: hosts under way are finished first. Again to leave now.\n")
        if self._waiting:
            signal.default_int_handler(number, frame)
        again = threading.Timer(_AGAIN, _thread.interrupt_main)
        again.daemon = True
        again.start()


def _show_host(report: "HostReport", reporter: "Reporter") -> None:
    reporter.host(report)


def _reporter(form: str, subject: "Subject", terminal: "Terminal") -> "Reporter":
    if form == "json":
        from remediate.report.machine import JsonReporter

        return JsonReporter(subject, sys.stdout)
    if form == "ndjson":
        from remediate.report.machine import NdjsonReporter

        return NdjsonReporter(subject, sys.stdout)
    from remediate.report.console import ConsoleReporter

    return ConsoleReporter(subject, sys.stdout, terminal.quiet)
