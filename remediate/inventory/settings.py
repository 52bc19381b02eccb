"""What the texts of an inventory mean: the same for every format."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache, partial
from pathlib import Path

from remediate.inventory.protocol import Param, Said, Trust
from remediate.model.connection import SETTINGS, Connection, Setting, Via
from remediate.model.text import check_text, unseen
from remediate.secrets.own_files import OPTION
from remediate.secrets.reference import placed, placed_file, split_reference

_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}  # those of YAML 1.2; in 1.1 also yes, no, on and off, where some readers see texts


class Settings:
    """Reads the settings of one inventory.

    No mistake repeats what was written for a password, a word of a list, or a yes or no: it may
    be a secret in the wrong place.

    Args:
        folder: where files are looked for.
        trust: how far it is believed.
        written_by: who else may change it, in words; empty when nobody may.
    """

    def __init__(self, folder: Path, trust: Trust, written_by: str = "") -> None:
        self._folder = folder
        self._trust = trust
        self._written_by = "" if trust.allow_open else written_by
        self._read = {one.name: cache(self._reader(one)) for one in SETTINGS}
        self.said = cache(_said)

    def __contains__(self, name: str) -> bool:
        return name in self._read

    @property
    def names(self) -> Sequence[str]:
        """All of them, in the order of the help."""
        return tuple(self._read)

    def read(self, name: str, text: str) -> object:
        """What a text means for a setting.

        Raises:
            ValueError: nothing, or nothing that is allowed; the message says what to write.
        """
        return self._read[name](text)

    def _reader(self, setting: Setting) -> Callable[[str], object]:
        name, kind = setting.name, setting.kind
        if name == "password":
            return self._password
        if kind is Path:
            return partial(self._own_file if setting.typed.logon else self._file, name)
        if kind is bool:
            return partial(_boolean, name)
        if kind is Via:
            return _via
        if issubclass(kind, StrEnum):
            return partial(_one, name, kind)
        return setting.typed.read or str

    def _password(self, value: str) -> str:
        """A reference; never repeated, because it may be the password itself."""
        scheme, _ = split_reference(value)
        if fault := unseen(value):
            msg = f"the password's reference {fault}"
            raise ValueError(msg)
        only = self._trust.only_password
        if only and value != only and scheme != "prompt":
            msg = f"the password is not {only}, and --passwords-only allows no other"
            raise ValueError(msg)
        if self._written_by and scheme in {"command", "file", "keyring"}:
            msg = (
                f"a password's {scheme}: is not taken from this file, because {self._written_by}; "
                f"change that, or accept it with {OPTION}"
            )
            raise ValueError(msg)
        return placed(value, self._folder)

    def _own_file(self, name: str, value: str) -> Path:
        if self._trust.only_password:
            msg = f"{name} names a file of a logon, and --passwords-only allows none"
            raise ValueError(msg)
        return self._file(name, value)

    def _file(self, name: str, value: str) -> Path:
        return placed_file(check_text(value, name), self._folder)


def _said(
    where: str, values: tuple[tuple[str, object], ...], params: tuple[Param, ...] = ()
) -> Said:
    """What a place says, by name of the setting; once for all hosts that say the same."""
    return Said(where, Connection.model_validate(dict(values)), params)


def _boolean(name: str, value: str) -> bool:
    if value not in _BOOLEANS:
        msg = f"{name} is true or false, and nothing else"
        raise ValueError(msg)
    return _BOOLEANS[value]


def _one(name: str, kind: type[StrEnum], value: str) -> StrEnum:
    known = set(kind) - {Via.LOCAL}
    if value not in known:
        msg = f"{name} is none of those that there are: {one_of(sorted(known))}"
        raise ValueError(msg)
    return kind(value)


def _via(value: str) -> StrEnum:
    if value == Via.LOCAL:
        msg = (
            "transport local is this machine itself, and a file or inventory cannot turn a "
            "host into it: say --host . on the server, or write psrp or winrs"
        )
        raise ValueError(msg)
    return _one("transport", Via, value)


def one_of(names: Sequence[str]) -> str:
    """What may be written, in words."""
    return f"write {', '.join(names[:-1])} or {names[-1]}"
