"""A program that hands out a password: started without a shell, bounded in time and output.

Its arguments may hold a secret. They are never repeated, and a record has the program only.
"""

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import IO

from remediate.errors import RemediateError
from remediate.files import read_up_to
from remediate.secrets.errors import SecretError

SECONDS = 60.0
"""How long a program may take to hand out a password."""

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

HOST = "{host}"
"""In an argument: the name of the host whose password is asked for."""

_NOT_INHERITED = {"REMEDIATE_PASSWORD", "REMEDIATE_STORE"}
"""Variables that it has no business with; the address of a store may hold a password, too."""

LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"
"""Stands in a record where the arguments were."""


def ask_program(line: str, most: int, host: str | None = None) -> bytes:
    """What a program prints.

    Args:
        line: the program and its arguments; quotes group words.
        most: bytes; of a program that prints more one byte more is returned, and it is ended.
        host: stands for `{host}` in its arguments; None where it is not about one host.

    Raises:
        SecretError: it does not start, fails, or takes too long.
    """
    argv = words_of(line)
    program = argv[0]
    if argv[-1] == LEFT_OUT:
        raise SecretError(
            f"the record does not have the arguments of the password program {program}; "
            "give the whole command with --password-from"
        )
    if host is None and any(HOST in word for word in argv):
        raise SecretError(f"{HOST} stands for a host, and this password is not for one")
    argv = [program, *(word.replace(HOST, host or "") for word in argv[1:])]
    try:
        return run_program(argv, most, SECONDS)
    except ProgramError as error:
        raise SecretError(f"the password program {program} {error.why}") from None


class ProgramError(RemediateError):
    """A program did not do what it was started for.

    Args:
        why: goes after its name.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def run_program(
    argv: Sequence[str],
    most: int,
    seconds: float,
    settings: Mapping[str, str] = _NO_SETTINGS,
    withheld: Collection[str] = (),
) -> bytes:
    """What a program prints, run to its end without a shell.

    It is never shown, as it may hold passwords, and what it writes on its standard error is not
    even read: that may repeat its arguments.

    Args:
        argv: the program and its arguments.
        most: bytes; of a program that prints more one byte more is returned, and it is ended.
        seconds: how long it may take.
        settings: variables of its environment, besides ours.
        withheld: variables of ours that hold secrets, and are not for it.

    Raises:
        ProgramError: it does not start, fails, or takes too long.
    """
    hidden = _NOT_INHERITED.union(withheld)
    environment = {name: text for name, text in os.environ.items() if name not in hidden}
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator named it; no shell is involved
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, **settings},
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ProgramError(f"does not start: {reason}") from None
    outcome = _outcome(process, most, seconds)
    if outcome is None:
        raise ProgramError(f"has not ended after {seconds:g} s")
    printed, code = outcome
    if code != 0 and len(printed) <= most:
        raise ProgramError(f"failed with exit code {code}")
    return printed


def to_keep(reference: str) -> str:
    """A reference as a record keeps it: of `command:` the program, without its arguments."""
    scheme, _, line = reference.partition(":")
    if scheme != "command":
        return reference
    try:
        program, *arguments = words_of(line)
    except SecretError:
        return f"command:{LEFT_OUT}"
    if " " in program:
        program = f'"{program}"'
    return f"command:{program} {LEFT_OUT}" if arguments else f"command:{program}"


def _outcome(
    process: "subprocess.Popen[bytes]", most: int, seconds: float
) -> tuple[bytes, int] | None:
    """What it prints, and its exit code; None when its time is up."""
    end = time.monotonic() + seconds
    reading = _Reading(process.stdout, most + 1)
    try:
        reading.join(seconds)
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


def words_of(line: str) -> list[str]:
    """The words of a command line; a backslash is a character, as Windows paths want it.

    Raises:
        SecretError: there are none, or a quote is not closed.
    """
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
