"""What a reference to a password refers to.

A reference says where a password is, never what it is:

`env:NAME`       an environment variable
`prompt:`        a person at the terminal; `prompt:WHOSE` says whose password is asked for
`file:PATH`      a file that holds nothing but the password; one line end is ignored
`command:ARGV`   what a program prints, started without a shell; quotes group words
"""

import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.secrets.reference import FORMS, split_reference

Ask = Callable[[str], str]
"""Shows a person a text and returns what was typed, unseen."""

MAX_SECRET = 64 * 1024
"""Bytes; what is longer is not a password but the wrong file."""

_SHOWN = 3
"""Hosts that a question names."""

COMMAND_SECONDS = 60.0
"""How long a program may take to hand out a password."""


class SecretError(ValueError):
    """A reference cannot be turned into a secret. The text is for people and holds no secret."""


def resolve(reference: str, ask: Ask | None = None, gets_it: str = "") -> SecretStr:
    """The secret that `reference` refers to.

    Args:
        reference: one of the forms above.
        ask: how a person is asked; None when there is nobody to ask.
        gets_it: the hosts that the answer is sent to, for the person who is asked.

    Raises:
        SecretError: it says why not, and never repeats a reference of unknown form, because
            that may be the password itself.
    """
    try:
        scheme, rest = split_reference(reference)
    except ValueError as error:
        raise SecretError(str(error)) from None
    secret = _asked(rest, gets_it, ask) if scheme == "prompt" else _READERS[scheme](rest)
    if not secret:
        raise SecretError(f"the password from {scheme}: is empty")
    return SecretStr(secret)


class Secrets:
    """The secrets of one run: each reference is resolved once, each user asked for once.

    Args:
        ask: as for `resolve`.
        hosts: all of them, so that who is asked is told which get the answer.
    """

    def __init__(self, ask: Ask | None = None, hosts: Sequence[Host] = ()) -> None:
        self._ask = ask
        self._hosts = hosts
        self._known: dict[str, SecretStr] = {}
        self._lock = threading.Lock()

    def __call__(self, host: Host) -> SecretStr:
        """The password for `host`.

        Raises:
            SecretError: as `resolve`, or the host has no reference.
        """
        if host.password is None:
            raise SecretError(f"no password is given for {host.name}; set one of {FORMS}")
        reference = _whose(host)
        with self._lock:
            if reference not in self._known:
                same = [other for other in self._hosts if _whose(other) == reference]
                self._known[reference] = resolve(reference, self._ask, _named(same or [host]))
            return self._known[reference]


def _whose(host: Host) -> str:
    """The reference of a host; `prompt:` alone asks for its user's password."""
    reference = host.password or ""
    return reference + (host.user or "") if reference == "prompt:" else reference


def _named(hosts: Sequence[Host]) -> str:
    """Which hosts, and by what address: a name is only what somebody has called them."""
    names = list(dict.fromkeys(_name(host) for host in hosts))
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    *first, last = names[:_SHOWN] + more
    return f"{', '.join(first)} and {last}" if first else last


def _name(host: Host) -> str:
    at = host.address
    itself = {at, f"{at}:{host.port}", f"[{at}]", f"[{at}]:{host.port}"}
    return host.name if host.name in itself else f"{host.name} at {at}"


def _asked(whose: str, gets_it: str, ask: Ask | None) -> str:
    if ask is None:
        raise SecretError(
            "there is no terminal to ask for the password on; "
            "set REMEDIATE_PASSWORD, or refer to it by env:NAME, file:PATH or command:PROGRAM"
        )
    try:
        return ask(f"Password{whose and ' of '}{whose}{gets_it and ' for '}{gets_it}: ")
    except EOFError:
        raise SecretError("the input ended before a password was given") from None


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"the environment variable {name} is not set")
    return value


def _from_file(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MAX_SECRET + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SecretError(f"the password file {path} cannot be read: {reason}") from None
    return _text(data, f"the password file {path}")


def _from_command(line: str) -> str:
    argv = _words(line)
    program = argv[0]
    try:
        done = subprocess.run(  # noqa: S603 - the operator named the program; no shell is involved
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        text = f"the password program {program} has not ended after {COMMAND_SECONDS:g} s"
        raise SecretError(text) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SecretError(f"the password program {program} does not start: {reason}") from None
    if done.returncode != 0:
        # Neither its output nor its arguments are repeated: either may hold a secret.
        raise SecretError(f"the password program {program} failed with exit code {done.returncode}")
    return _text(done.stdout, f"the output of the password program {program}")


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


def _text(data: bytes, source: str) -> str:
    if len(data) > MAX_SECRET:
        raise SecretError(f"{source} is too long to be a password")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretError(f"{source} is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")


_READERS: Mapping[str, Callable[[str], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "command": _from_command,
}
