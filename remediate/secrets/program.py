"""A program that hands out a password: started without a shell, bounded in time and output.

Its arguments may hold a secret. They are never repeated, and a record has the program only.
"""

import os
import shlex
import subprocess
import threading
import time
from contextlib import suppress
from typing import IO

from remediate.files import read_up_to
from remediate.secrets.errors import SecretError

SECONDS = 60.0
"""How long a program may take to hand out a password."""

_NOT_INHERITED = {"REMEDIATE_PASSWORD", "REMEDIATE_STORE"}
"""Variables that it has no business with; the address of a store may hold a password, too."""

LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
"""Stands in a record where the arguments were."""


def ask_program(line: str, most: int) -> bytes:
    """What a program prints.

    Args:
        line: the program and its arguments; quotes group words.
        most: bytes; of a program that prints more one byte more is returned, and it is ended.

    Raises:
        SecretError: it does not start, fails, or takes too long.
    """
    argv = _words(line)
    program = argv[0]
    if argv[-1] == LEFT_OUT:
        raise SecretError(
            f"the record does not have the arguments of the password program {program}; "
            "give the whole command with --password-from"
        )
    environment = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator named it; no shell is involved
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SecretError(f"the password program {program} does not start: {reason}") from None
    outcome = _outcome(process, most)
    if outcome is None:
        raise SecretError(f"the password program {program} has not ended after {SECONDS:g} s")
    printed, code = outcome
    if code != 0 and len(printed) <= most:
        raise SecretError(f"the password program {program} failed with exit code {code}")
    return printed


def to_keep(reference: str) -> str:
    """A reference as a record keeps it: of `command:` the program, without its arguments."""
    scheme, _, line = reference.partition(":")
    if scheme != "command":
        return reference
    try:
        program, *arguments = _words(line)
    except SecretError:
        return f"command:{LEFT_OUT}"
    if " " in program:
        program = f'"{program}"'
    return f"command:{program} {LEFT_OUT}" if arguments else f"command:{program}"


def _outcome(process: "subprocess.Popen[bytes]", most: int) -> tuple[bytes, int] | None:
    """What it prints, and its exit code; None when its time is up."""
    end = time.monotonic() + SECONDS
    reading = _Reading(process.stdout, most + 1)
    try:
        reading.join(SECONDS)
        if reading.is_alive():
            return None
        if len(reading.printed) > most:
            process.kill()
        with suppress(subprocess.TimeoutExpired):
            return reading.printed, process.wait(max(0.0, end - time.monotonic()))
        return None
    finally:
        process.kill()
        process.wait()


class _Reading(threading.Thread):
    """Reads a pipe until its end or a limit, and closes it.

    A thread, because not every system lets one wait for a pipe and a clock. It is left behind when
    something that the program has started keeps the pipe open.
    """

    def __init__(self, pipe: IO[bytes] | None, most: int) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._most = most
        self.printed = b""
        self.start()

    def run(self) -> None:
        if self._pipe:
            with self._pipe:
                self.printed = read_up_to(self._pipe.fileno(), self._most)


def _words(line: str) -> list[str]:
    """The words of a command line; a backslash is a character, as Windows paths want it."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    try:
        words = list(lexer)
    except ValueError:
        raise SecretError("the password command has a quote that is not closed") from None
    if not words:
        raise SecretError("the password command names no program")
    return words
