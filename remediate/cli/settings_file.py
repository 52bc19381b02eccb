"""The settings file: what one would type every time.

It is the user's own, in the folder where this system keeps the configuration of programs, or the
one that `--config` names; what lies in the working folder is never read by itself. It is the
weakest place that says something, and says nothing that chooses hosts or takes a question, a
check or a protection away: that is typed each time.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import platformdirs
from click.core import ParameterSource

from remediate.cli.lazy import FileName, Option
from remediate.cli.stop import NOTHING_SENT, Stop

if TYPE_CHECKING:
    from remediate.inventory.document import Node, Text
    from remediate.inventory.mistakes import Mistakes
    from remediate.model.connection import Connection

FLAG = "--config"

_MAX_BYTES = 256 * 1024
_NAME = "config.yaml"
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_RANGES = (click.IntRange, click.FloatRange)

_PROTECTION = (
    "nothing that takes a question, a check or a protection away comes from a file: type it"
)
_OTHERS = ("playbooks", "store", "waivers")
_TYPED = {
    **dict.fromkeys(
        (
            "accept_irreversible",
            "allow_open_files",
            "although_waived",
            "although_unknown",
            "digest",
            "force",
            "insecure",
            "no_tls",
            "partial",
            "valid",
            "yes",
        ),
        _PROTECTION,
    ),
    **dict.fromkeys(
        ("group", "groups", "host", "hosts", "inventory", "limit"),
        "which hosts are chosen comes from no file: type it",
    ),
    **dict.fromkeys(
        (
            "debug",
            "deep",
            "dry_run",
            "except",
            "out",
            "passwords_only",
            "plan",
            "report",
            "severity",
            "topic",
        ),
        "what one command does comes from no file: type it",
    ),
    **dict.fromkeys(("password_from",), "write it as password: in a settings file"),
    **dict.fromkeys(
        ("address", "defaults", "kerberos_host", "params", "proxy", "tls_pin"),
        "it is about certain hosts: write it in an inventory",
    ),
}
"""What somebody may want to write there and may not, and why."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a settings file says.

    Args:
        path: where it is, or would be.
        found: whether it is there.
        connection: how hosts are reached; None when it says nothing of that.
        options: what other options mean that are not typed, by the name that click keeps.
        store: path or URL of the store; empty when it does not say.
        places: where it says each, as `FILE:LINE`, by the name in the file.
    """

    path: Path
    found: bool = False
    connection: "Connection | None" = None
    options: Mapping[str, Any] = field(default_factory=dict)
    store: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    def fill(self, ctx: click.Context, params: Sequence[click.Parameter]) -> None:
        """Have what was not typed mean what is said here, where the command knows it.

        Args:
            ctx: what click has read.
            params: of the command.
        """
        for param in params:
            name = param.name or ""
            typed = ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
            if typed or name not in self.options:
                continue
            value = self.options[name]
            if not isinstance(param.type, click.Choice) or value in param.type.choices:
                ctx.params[name] = value


def is_taken(name: str) -> bool:
    """Whether a setting of connections, or an option, may stand in a settings file."""
    return name not in _TYPED


def known() -> list[str]:
    """All that may stand in a settings file."""
    from remediate.model.connection import SETTINGS

    names = (*(one.name for one in SETTINGS), *_typed_options(), *_OTHERS)
    return sorted(filter(is_taken, names))


def _typed_options() -> dict[str, click.Option]:
    """The options that may stand there, by the name that they have there."""
    from remediate.cli.following import OF_HOSTS, format_option
    from remediate.cli.pace import pace_options, processes_option

    known = [*pace_options(), processes_option(), format_option(*OF_HOSTS)]
    return {one.opts[0][2:]: one for one in known}


def settings_path() -> Path:
    """Where the user's settings file is, or would be."""
    folder = Path(platformdirs.user_config_dir("remediate", appauthor=False, roaming=True))
    if not folder.is_absolute():  # a relative XDG_CONFIG_HOME would be the working folder's
        folder = Path("~/.config/remediate").expanduser()
    return folder / _NAME


def config_option(*, exposed: bool = True) -> click.Option:
    """The option that names the settings file; its value is what that says.

    Args:
        exposed: the command gets it.
    """
    return Option(
        [FLAG],
        type=FileName(),
        metavar="FILE",
        callback=_read_for,
        expose_value=exposed,
        help="A settings file instead of your own; remediate config shows what counts.",
    )


def needed(options: Mapping[str, Any]) -> list[str]:
    """The option that a later command about the same run needs, wherever it is typed."""
    found: SettingsFile | None = options.get("config")
    return [FLAG, str(found.path)] if found and found.path != settings_path() else []


def _read_for(ctx: click.Context, param: click.Parameter, value: str | None) -> SettingsFile | None:
    del param
    if ctx.resilient_parsing or ctx.obj is None:
        return None
    found = read_settings(value, own=ctx.obj.own_settings)
    ctx.obj.settings = found
    return found


def read_settings(named: str | None, *, own: bool) -> SettingsFile:
    """What a settings file says.

    Args:
        named: the file; the user's own, which need not be there, when None.
        own: the user's own counts.

    Raises:
        Stop: it cannot be read, or others may write to it.
        InventoryError: it has mistakes; says all of them.
    """
    path = settings_path() if named is None else Path(named).expanduser().absolute()
    if named is None and not (own and path.exists()):
        return SettingsFile(path)
    from remediate.files import read_content
    from remediate.inventory.document import decoded, read_document
    from remediate.inventory.mistakes import Mistakes

    try:
        content = read_content(path, _MAX_BYTES)
    except OSError as error:
        text = f"the settings file {path} cannot be read: {error.strerror}"
        raise Stop(text, NOTHING_SENT) from None
    if content.written_by:
        hint = f"Make it your own, and take the right to write from others: chmod go-w {path}"
        raise Stop(f"the settings file {path} is not used: {content.written_by}", hint)
    mistakes = Mistakes(str(path))
    with mistakes:
        reading = _Reading(path, mistakes)
        reading.take(read_document(decoded(content.data), mistakes.add))
    return reading.found()


class _Reading:
    """Takes the rows of a settings file in.

    Args:
        path: the file.
        mistakes: where to keep what is wrong.
    """

    def __init__(self, path: Path, mistakes: "Mistakes") -> None:
        from remediate.inventory.protocol import Trust
        from remediate.inventory.settings import Settings
        from remediate.inventory.written import Written

        self._path = path
        self._mistakes = mistakes
        self._written = Written(mistakes)
        self._settings: Settings = Settings(path.parent, Trust())
        self._typed = _typed_options()
        self._ctx = click.Context(click.Command("config"))
        self._connection: dict[str, object] = {}
        self._options: dict[str, Any] = {}
        self._store = ""
        self._places: dict[str, str] = {}

    def take(self, root: "Node | None") -> None:
        """Take in the whole of it."""
        for key, node in self._written.rows(root, "write `SETTING: VALUE` in each line"):
            self._places[key.value] = f"{self._path}:{key.place.line}"
            self._row(key, node)

    def _row(self, key: "Text", node: "Node") -> None:
        name = key.value
        meant = name.lstrip("-").replace("-", "_")
        if meant in _TYPED:
            self._mistakes.add(key.place, f"{name}: {_TYPED[meant]}")
        elif name == "tls":
            self._connection[name] = self._written.value(name, key, node, self._tls)
        elif name in self._settings:
            read: Callable[[str], object] = partial(self._settings.read, name)
            self._connection[name] = self._written.value(name, key, node, read)
        elif name in self._typed:
            option = self._typed[name]
            value = self._written.value(name, key, node, partial(self._as_typed, option))
            self._options[option.name or name] = value
        elif name == "playbooks":
            self._options["folders"] = self._folders(key, node)
        elif name == "waivers":
            self._options["waivers"] = self._written.value(name, key, node, self._file)
        elif name == "store":
            self._store = self._written.value(name, key, node, self._place) or ""
        else:
            self._written.unknown(key, known())

    def found(self) -> SettingsFile:
        """What was taken in."""
        from remediate.model.connection import Connection

        return SettingsFile(
            self._path,
            found=True,
            connection=Connection.model_validate(self._connection),
            options=self._options,
            store=self._store,
            places=self._places,
        )

    def _as_typed(self, option: click.Option, text: str) -> object:
        from remediate.inventory.settings import one_of

        if isinstance(option.type, click.Choice) and text not in option.type.choices:
            msg = f"{option.opts[0][2:]} is none of those that there are: "
            raise ValueError(msg + one_of(sorted(option.type.choices)))
        wrong = ""
        if not isinstance(option.type, _RANGES) or _NUMBER.fullmatch(text):
            try:
                return option.process_value(self._ctx, text)
            except click.BadParameter as error:
                wrong = error.message.removesuffix(".")
        if isinstance(option.type, _RANGES):
            whole = "whole " if isinstance(option.type, click.IntRange) else ""
            wrong = f"write a {whole}number from {option.type.min} to {option.type.max}"
        msg = f"{option.opts[0][2:]}: {wrong}"
        raise ValueError(msg)

    def _tls(self, text: str) -> object:
        said = self._settings.read("tls", text)
        if said is False:
            msg = f"tls: {_PROTECTION}; write true, or nothing"
            raise ValueError(msg)
        return said

    def _folders(self, key: "Text", node: "Node") -> tuple[Path, ...]:
        from remediate.inventory.document import Items

        nodes = node.nodes if isinstance(node, Items) else [node]
        found = (self._written.value("playbooks", key, one, self._folder) for one in nodes)
        return tuple(folder for folder in found if folder is not None)

    def _file(self, text: str) -> Path:
        from remediate.secrets.reference import placed_file

        return placed_file(text, folder=self._path.parent)

    def _folder(self, text: str) -> Path:
        """A folder of playbooks, which are programs: nobody types it each time and looks at it."""
        from remediate.files import written_by_others
        from remediate.secrets.reference import placed_file

        folder = placed_file(text, folder=self._path.parent)
        for one in (folder, *sorted(folder.rglob("*.py"))) if folder.exists() else ():
            if why := written_by_others(one.stat()):
                msg = f"playbooks: what is in {one} would be run, and {why}: chmod go-w {one}"
                raise ValueError(msg)
        return folder

    def _place(self, text: str) -> str:
        """Where the store is; what it is is not repeated, as a password may be a part of it."""
        from remediate.secrets.reference import placed_file
        from remediate.store.errors import StoreUnavailable
        from remediate.store.place import store_place

        url = "://" in text
        if url and text.lower().startswith("sqlite"):
            msg = "store: write the path of the file"
            raise ValueError(msg)
        try:
            place = store_place(text, {})
        except StoreUnavailable as error:
            msg = f"store: {error.reason}"
            raise ValueError(msg) from None
        if place.has_password:
            msg = (
                "store: a password stands in it, and no settings file holds one: leave it out, and "
                "keep it where the database's driver looks for it (~/.pgpass), or say all of it in "
                "REMEDIATE_STORE"
            )
            raise ValueError(msg)
        return text if url else str(placed_file(text, self._path.parent))
