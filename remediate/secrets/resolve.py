"""What a reference to a password refers to.

A reference says where a password is, never what it is:

`env:NAME`       an environment variable
`prompt:`        a person at the terminal; `prompt:WHOSE` says whose password is asked for
`file:PATH`      a file that holds nothing but the password; one line end is ignored
`command:ARGV`   what a program prints, started without a shell; quotes group words
"""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.secrets.errors import SecretError
from remediate.secrets.held import SCHEME, held
from remediate.secrets.own_files import read_own
from remediate.secrets.program import ask_program
from remediate.secrets.reference import FORMS, split_reference

Ask = Callable[[str], str]
"""Shows a person a text and returns what was typed, unseen."""

MAX_SECRET = 64 * 1024
"""Bytes; what is longer is not a password but the wrong file."""

_SHOWN = 3
"""Hosts that a question names."""


def resolve(
    reference: str, ask: Ask | None = None, gets_it: str = "", *, allow_open_files: bool = False
) -> SecretStr:
    """The secret that `reference` refers to.

    Args:
        reference: one of the forms above.
        ask: how a person is asked; None when there is nobody to ask.
        gets_it: the hosts that the answer is sent to, for the person who is asked.
        allow_open_files: take the content of a file that others may read, too.

    Raises:
        SecretError: it says why not, and never repeats a reference of unknown form, because
            that may be the password itself.
    """
    if reference.startswith(f"{SCHEME}:"):
        return held(reference.removeprefix(f"{SCHEME}:"))
    try:
        scheme, rest = split_reference(reference)
    except ValueError as error:
        raise SecretError(str(error)) from None
    match scheme:
        case "prompt":
            secret = _asked(rest, gets_it, ask)
        case "env":
            secret = _from_environment(rest)
        case "file":
            secret = _from_file(rest, allow_open=allow_open_files)
        case _:
            secret = _text(ask_program(rest, MAX_SECRET), "the output of the password program")
    if not secret:
        raise SecretError(f"the password from {scheme}: is empty")
    return SecretStr(secret)


class Secrets:
    """The secrets of one run: each reference is resolved once, each user asked for once.

    Args:
        ask: as for `resolve`.
        hosts: all of them, so that who is asked is told which get the answer.
        allow_open_files: as for `resolve`.
    """

    def __init__(
        self, ask: Ask | None = None, hosts: Sequence[Host] = (), *, allow_open_files: bool = False
    ) -> None:
        self._ask = ask
        self._hosts = hosts
        self._allow_open_files = allow_open_files
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
                self._known[reference] = resolve(
                    reference,
                    self._ask,
                    _named(same or [host]),
                    allow_open_files=self._allow_open_files,
                )
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


def _from_file(path: str, *, allow_open: bool) -> str:
    try:
        file = Path(path).expanduser()
        data = read_own(file, "the password file", MAX_SECRET, allow_open=allow_open)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "~ stands for no home folder here"
        raise SecretError(f"the password file {path} cannot be read: {reason}") from None
    return _text(data, f"the password file {path}")


def _text(data: bytes, source: str) -> str:
    if len(data) > MAX_SECRET:
        raise SecretError(f"{source} is too long to be a password")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretError(f"{source} is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
