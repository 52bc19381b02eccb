"""The terminal: messages on stderr, progress, questions. Results on stdout are for reporters."""

import os
import shutil
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from remediate.report.printable import printable

if TYPE_CHECKING:
    from remediate.redaction import Redaction

_POLL = 0.2


class Terminal:
    """What a person sees besides the result, one thing at a time.

    Args:
        redaction: takes secrets out of whatever is shown.
    """

    def __init__(self, redaction: "Redaction") -> None:
        self._redaction = redaction
        self._lock = threading.RLock()
        self._progress: ProgressLine | None = None
        self._later: deque[str] = deque()
        self.debug = False
        self.interrupted = threading.Event()

    @property
    def interactive(self) -> bool:
        """Whether there is a person who can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line on stderr."""
        with self.quiet():
            self._write(text)

    def log(self, text: str) -> None:
        """A line on stderr, now or when there is room: a host never waits for a person to read."""
        self._later.append(text)
        if self._lock.acquire(blocking=False):
            try:
                with self.quiet():
                    pass  # writes what is waiting at its end
            finally:
                self._lock.release()

    def complain(self, message: str, hint: str = "", details: Sequence[str] = ()) -> None:
        """Say why a command ends, and what to do next."""
        self.say(
            f"Error: {message.rstrip('. ')}." if message[-1:] not in "?!" else f"Error: {message}"
        )
        for detail in details:
            self.say(detail if detail[-1:] in "?!" else f"{detail}.")
        if hint:
            self.say(hint)

    def trace(self, error: BaseException) -> None:
        """Show where an error came from, with `--debug`."""
        if not self.debug:
            return
        import traceback

        for line in "".join(traceback.format_exception(error)).splitlines():
            sys.stderr.write(_indented(self._redaction(line)) + "\n")

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nobody else writes meanwhile, and progress is out of the way."""
        with self._lock:
            progress = self._progress
            if progress:
                progress.hide()
            try:
                yield
            finally:
                while self._later:
                    self._write(self._later.popleft())
                if progress:
                    progress.show()

    @contextmanager
    def progress(self, hosts: int) -> Iterator["ProgressLine | None"]:
        """Show how far several hosts are, when there is a terminal to show it on."""
        if hosts <= 1 or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield None
            return
        self._progress = ProgressLine(hosts, self._lock)
        self._progress.show()
        try:
            yield self._progress
        finally:
            with self._lock:
                self._progress.hide()
                self._progress = None

    def _write(self, text: str) -> None:
        text = printable(self._redaction(text))
        if sys.stderr.isatty():
            import textwrap

            text = textwrap.fill(text, min(shutil.get_terminal_size().columns, 120))
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def ask_secret(self, text: str) -> str:
        """Ask for something that is not shown while it is typed."""
        import getpass

        with self.quiet():
            return getpass.getpass(printable(text), stream=sys.stderr)

    def ask(self, text: str) -> str:
        """Ask for a line. Called from any thread; ends with "" when the run is interrupted."""
        with self.quiet():
            sys.stderr.write(printable(text))
            sys.stderr.flush()
            answer: list[str] = []
            # Ctrl-C is seen by the main thread only, so this one must not wait in the read itself
            reader = threading.Thread(target=_read_line, args=(answer,), daemon=True)
            reader.start()
            while reader.is_alive() and not self.interrupted.is_set():
                reader.join(_POLL)
            return answer[0] if answer else ""


class ProgressLine:
    """One line that says how far several hosts are.

    Args:
        total: number of hosts.
        lock: held while something is written.
    """

    def __init__(self, total: int, lock: "threading.RLock") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._lock = lock
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar = Bar(
            MofNCompleteColumn(),
            TextColumn("hosts"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total)

    def show(self) -> None:
        """Draw it from now on."""
        self._bar.start()

    def hide(self) -> None:
        """Wipe it away."""
        self._bar.stop()

    def host(self, name: str, doing: str, far: str = "") -> None:
        """Say what happens to a host, and how far it is."""
        self._bar.update(self._task, description=printable(f"{doing} {name}{far}"))

    def done(self) -> None:
        """One more host has its verdict."""
        self._bar.advance(self._task)


def _read_line(answer: list[str]) -> None:
    # below Python's buffers, whose lock a waiting daemon thread would hold when Python ends
    with suppress(OSError, ValueError):
        answer.append(os.read(sys.stdin.fileno(), 4096).decode("utf-8", "replace"))


def _indented(text: str) -> str:
    return " " * (len(text) - len(text.lstrip(" "))) + printable(text.lstrip(" "))
