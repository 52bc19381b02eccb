"""What a reference to a password refers to.

A reference says where a password is, never what it is:

`env:NAME`       an environment variable
`prompt:`        a person at the terminal; `prompt:WHOSE` says whose password is asked for
`file:PATH`      a file that holds nothing but the password; one line end is ignored
`keyring:NAME`   what the keyring of this account has for a service and the host's user
`command:ARGV`   what a program prints, started without a shell; quotes group words, and `{host}`
                 is the host's name
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.secrets.errors import SecretError
from remediate.secrets.held import SCHEME, held
from remediate.secrets.keyring import from_keyring
from remediate.secrets.own_files import read_own
from remediate.secrets.program import HOST, ask_program
from remediate.secrets.reference import FORMS, split_reference

Ask = Callable[[str], str]
"""Shows a person a text and returns what was typed, unseen."""

MAX_SECRET = 64 * 1024
"""Bytes; what is longer is not a password but the wrong file."""

AT_ONCE = 32
"""Passwords that are looked up at the same time; most programs wait for a network."""

_PROMPT = "prompt:"

_A_PLACE = {"env", "file", "keyring"}
"""Schemes of which the rest says where, and is no word of a command line."""

_SHOWN = 3
"""Hosts that a question names."""


def resolve(
    reference: str,
    ask: Ask | None = None,
    gets_it: str = "",
    *,
    host: Host | None = None,
    allow_open_files: bool = False,
) -> SecretStr:
    """The secret that `reference` refers to.

    Args:
        reference: one of the forms above.
        ask: how a person is asked; None when there is nobody to ask.
        gets_it: the hosts that the answer is sent to, for the person who is asked.
        host: the host that it is for; None when it is not for one.
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
        case "keyring":
            secret = from_keyring(rest, host.user or "" if host else "")
        case _:
            printed = ask_program(rest, MAX_SECRET, host.name if host else None)
            secret = _text(printed, "the output of the password program")
    if not secret:
        named = rest if scheme in _A_PLACE else ""
        raise SecretError(f"the password from {scheme}:{named} is empty")
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
        self._known: dict[str, SecretStr | str] = {}  # or why it cannot be had
        self._turns: dict[str, Lock] = {}
        self._lock = Lock()

    def look_up(self, hosts: Sequence[Host]) -> list[tuple[Host, SecretStr]]:
        """Look all passwords of some hosts up: people are asked first, programs many at once.

        What some hosts lack is told of them when they are talked to, and the others go on.

        Args:
            hosts: any hosts; those without a reference have none.

        Returns:
            The hosts whose password is known now, with it.

        Raises:
            SecretError: a person has not answered, the one password of all hosts cannot be had,
                or none of the first that are looked up at once; no further one is tried.
        """
        with_one = [host for host in hosts if host.password is not None]
        each: dict[str, Host] = {}
        for host in with_one:
            each.setdefault(_whose(host), host)
        for whose, host in each.items():
            if whose.startswith(_PROMPT):
                self(host)
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        try:
            had = False
            for number, (host, why) in enumerate(pool.map(self._try, each.values()), 1):
                had = had or not why
                if why and len(each) == 1 and HOST not in (host.password or ""):
                    raise SecretError(why)
                if number == AT_ONCE and not had:
                    raise SecretError(f"none of {AT_ONCE} passwords can be had; {host.name}: {why}")
        finally:
            pool.shutdown(cancel_futures=True)
        found = ((host, self._known[_whose(host)]) for host in with_one)
        return [(host, known) for host, known in found if isinstance(known, SecretStr)]

    def _try(self, host: Host) -> tuple[Host, str]:
        """Look a host's password up; the host, and why it cannot be had."""
        try:
            self(host)
        except SecretError as error:
            return host, str(error)
        return host, ""

    def __call__(self, host: Host) -> SecretStr:
        """The password for `host`.

        Raises:
            SecretError: as `resolve`, or the host has no reference.
        """
        if host.password is None:
            raise SecretError(f"no password is given for {host.name}; set one of {FORMS}")
        whose = _whose(host)
        with self._lock:  # one person is asked one thing at a time
            turn = self._turns.setdefault(_PROMPT if whose.startswith(_PROMPT) else whose, Lock())
        with turn:
            if whose not in self._known:
                self._known[whose] = self._resolved(host, whose)
            known = self._known[whose]
        if isinstance(known, str):
            raise SecretError(known)
        return known

    def _resolved(self, host: Host, whose: str) -> SecretStr | str:
        """The password for `host`, or why it cannot be had."""
        prompt = whose.startswith(_PROMPT)
        same = [one for one in self._hosts if _whose(one) == whose] if prompt else []
        of_user = (host.user or "") if host.password == _PROMPT else ""
        try:
            return resolve(
                f"{host.password}{of_user}",
                self._ask,
                _named(same or [host]),
                host=host,
                allow_open_files=self._allow_open_files,
            )
        except SecretError as error:
            return str(error)


def _whose(host: Host) -> str:
    """What two hosts share that have one password: `prompt:` alone asks for their user's.

    Windows does not tell the letters of an account's name apart by case.
    """
    reference = host.password or ""
    if reference == _PROMPT:
        return reference + (host.user or "").casefold()
    if reference.startswith("keyring:"):
        return f"{reference} {host.user}"
    return f"{reference} {host.name}" if HOST in reference else reference


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
            "set REMEDIATE_PASSWORD, or refer to it by env:NAME, file:PATH, keyring:SERVICE or "
            "command:PROGRAM"
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
