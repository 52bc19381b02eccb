"""A program of this machine, run to its end: bounded in time and output, and nothing of it stays.

Threads read and write its pipes, because not every system lets one wait for a pipe and a clock.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from remediate.transport.protocol import Deadline

BLOCK: Final = 64 * 1024
"""Bytes that are read at once."""

LAST_WORDS_SECONDS: Final = 5.0
"""For what an ended program has put out to arrive."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a program is started: without a shell.

    Args:
        argv: its complete path, and its arguments.
        environment: all of its variables.
        folder: where it begins.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass
class Ran:
    """What came of a program, as far as it has come.

    Args:
        most: bytes of output after which it is ended.
        stdout: what it has put out.
        stderr: what it has said beside.
        begun: its last input may have reached it.
        late: it was ended because its time was up.
        exit_code: how it has ended by itself.
    """

    most: int
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    begun: bool = False
    late: bool = False
    exit_code: int = 0

    @property
    def too_much(self) -> bool:
        """Whether it put out more than it may."""
        return len(self.stdout) + len(self.stderr) > self.most


def run_to_end(command: Command, given: bytes, last: int, deadline: Deadline, most: int) -> Ran:
    """Run a program with some input; it, and all that it has started, has ended afterwards.

    Args:
        command: the program.
        given: its standard input.
        last: bytes at the end of the input without which it does nothing.
        deadline: by when it has to end.
        most: bytes of output after which it is ended.

    Raises:
        OSError: it does not start.
    """
    ran = Ran(most)
    tree = _Tree(command)
    process = tree.process
    pipes = (
        _started(_write, process.stdin, ran, given, last),
        _started(_read, process.stdout, ran, ran.stdout, tree),
        _started(_read, process.stderr, ran, ran.stderr, tree),
    )
    try:
        ran.exit_code = process.wait(deadline.left)
    except subprocess.TimeoutExpired:
        ran.late = True
    finally:
        tree.end()
        process.wait()
        for pipe in pipes:
            pipe.join(LAST_WORDS_SECONDS)
        tree.close()
    return ran


def _started(target: object, *args: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def _write(pipe: IO[bytes], ran: Ran, given: bytes, last: int) -> None:
    with suppress(OSError), pipe:  # it has ended, and says itself why
        pipe.write(given[:-last])
        pipe.flush()
        ran.begun = True
        pipe.write(given[-last:])


def _read(pipe: IO[bytes], ran: Ran, into: bytearray, tree: "_Tree") -> None:
    with suppress(OSError, ValueError), pipe:
        while data := os.read(pipe.fileno(), BLOCK):
            into += data
            if ran.too_much:
                tree.end()
                return


def _opened(command: Command, **how: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401 - by system
    return subprocess.Popen(  # noqa: S603 - a complete path; no shell is involved
        command.argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(command.environment),
        cwd=command.folder,
        **how,
    )


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    _kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)

    class _Tree:
        """A program and what it starts: a job object, as it has nothing to do before its input.

        https://learn.microsoft.com/windows/win32/procthread/job-objects
        """

        def __init__(self, command: Command) -> None:
            self._job = _kernel.CreateJobObjectW(None, None)
            # without a console of ours, whose Ctrl-C would end it, too
            self.process = _opened(command, creationflags=subprocess.CREATE_NO_WINDOW)
            handle = int(self.process._handle)  # noqa: SLF001 - there is no other way to it
            if not _kernel.AssignProcessToJobObject(self._job, handle):
                error = ctypes.WinError(ctypes.get_last_error())
                self.process.kill()
                raise error

        def end(self) -> None:
            """End all of it that has not ended."""
            _kernel.TerminateJobObject(self._job, 1)

        def close(self) -> None:
            """Forget about it."""
            _kernel.CloseHandle(self._job)

else:

    class _Tree:
        """A program and what it starts: a session of its own."""

        def __init__(self, command: Command) -> None:
            self.process = _opened(command, start_new_session=True)

        def end(self) -> None:
            """End all of it that has not ended."""
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

        def close(self) -> None:
            """Forget about it."""
