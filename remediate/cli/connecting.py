"""The options that say how hosts are reached."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import values
from remediate.cli.lazy import Option
from remediate.cli.pace import CONNECTION, pace_options
from remediate.cli.settings_file import config_option

if TYPE_CHECKING:
    from remediate.model.connection import Setting

_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path, resolve_path=True)


def connection_options() -> list[click.Option]:
    """Options that say how hosts are reached; what they say counts more than the inventory."""
    from remediate.model.connection import SETTINGS

    own = {setting.name: _option(setting) for setting in SETTINGS if not setting.typed.written}
    return [
        own.pop("user"),
        own.pop("password"),
        open_files_option(),
        passwords_only_option(),
        *own.values(),
        *pace_options(),
        config_option(),
    ]


def _option(setting: "Setting") -> click.Option:
    typed, flag = setting.typed, flag_of(setting.name)
    default = f"  [default: {typed.default}]" if typed.default else ""
    how: dict[str, Any] = {}
    if setting.kind is bool:
        flag = flag if typed.switch else f"{flag}/--no-{flag[2:]}"
        how = {"is_flag": True, "default": None}
    elif setting.kind is Path:
        how = {"type": _FILE}
    elif issubclass(setting.kind, StrEnum):
        how = {"type": click.Choice(sorted(one.value for one in setting.kind))}
    elif typed.read is not None:
        how = {"callback": values.read_by(typed.read)}
    return Option(
        [flag],
        metavar=typed.metavar,
        section=CONNECTION,
        help=f"{setting.about}{default}",
        **how,
    )


def flag_of(setting: str) -> str:
    """The option of a setting, by the setting's name."""
    return "--password-from" if setting == "password" else f"--{setting.replace('_', '-')}"


def open_files_option() -> click.Option:
    """The option that takes a secret out of a file that is open to others."""
    return Option(
        ["--allow-open-files"],
        is_flag=True,
        callback=_allow_open_files,
        section=CONNECTION,
        help="Use a password or key file although others on this machine may read it, and an "
        "inventory that names programs or files for passwords, or is a program, although others "
        "may write to it.",
    )


def passwords_only_option() -> click.Option:
    """The option that believes less of what an inventory says."""
    return Option(
        ["--passwords-only"],
        callback=values.variable,
        metavar="env:NAME",
        section=CONNECTION,
        help="Use no other password but this or a typed one, and refuse an inventory that is a "
        "program, or refers to another password, to a program, or to the file of a password, "
        "certificate or key. "
        "For jobs whose inventory others may change.",
    )


def _allow_open_files(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    del param
    if value and ctx.obj is not None:  # there is none while a shell completes
        ctx.obj.allow_open_files = True
    return value
