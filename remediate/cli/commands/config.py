"""`remediate config`: what counts where no inventory says otherwise, and where that is said."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from remediate.cli import connecting, pace, whence
from remediate.cli.following import format_option
from remediate.cli.lazy import Command
from remediate.cli.playbooks import playbooks_option
from remediate.cli.settings_file import SettingsFile, is_taken, settings_path
from remediate.cli.waiving import waiver_options

if TYPE_CHECKING:
    from remediate.model.document import Configuration, EffectiveSetting


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.model.document import Configuration

    file: SettingsFile = options["config"]
    settings = (*_of_connections(options), *_of_options(ctx, file), _of_store(ctx, file))
    found = Configuration(file=str(file.path), found=file.found, settings=settings)
    if options["form"] == "json":
        from remediate.report.machine import as_json

        click.echo(as_json(found, indent=2))
        return 0
    for line in _lines(found):
        click.echo(line)
    return 0


def _of_connections(options: dict[str, Any]) -> "Iterator[EffectiveSetting]":
    """How hosts are reached."""
    from remediate.model.connection import SETTINGS
    from remediate.model.document import EffectiveSetting
    from remediate.secrets.program import to_keep

    known = whence.unsaid(options)
    for setting in SETTINGS:
        name = setting.name
        if name in known:
            value, origin = known[name]
            kept = to_keep(value) if name == "password" else whence.written(value)
            yield EffectiveSetting(name=name, value=kept, origin=origin)
        elif is_taken(name) and name != "password":
            usual = setting.typed.default
            yield EffectiveSetting(name=name, value=usual, origin=whence.BUILT_IN)


def _of_options(ctx: click.Context, file: SettingsFile) -> "Iterator[EffectiveSetting]":
    """What other options mean that are not typed; `--format` here is about this result alone."""
    from remediate.engine.job import TIMEOUT, Settings
    from remediate.model.document import EffectiveSetting

    built_in = {
        "timeout": TIMEOUT,
        "workers": Settings(operator="").workers,
        "processes": Settings(operator="").processes,
        "format": "console",
        "playbooks": (),
        "waivers": "",
    }
    for name, usual in built_in.items():
        key = {"format": "form", "playbooks": "folders"}.get(name, name)
        value, origin = usual, whence.BUILT_IN
        if ctx.get_parameter_source(key) is ParameterSource.COMMANDLINE and name != "format":
            value, origin = ctx.params[key], f"--{name}"
        elif key in file.options:
            value, origin = file.options[key], file.places[name]
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
        yield EffectiveSetting(name=name, value=text.removesuffix(".0"), origin=origin)


def _of_store(ctx: click.Context, file: SettingsFile) -> "EffectiveSetting":
    """Where runs are kept; never with the password of a database."""
    import os

    from remediate.model.document import EffectiveSetting
    from remediate.store.place import VARIABLE

    origin = file.places.get("store", whence.BUILT_IN)
    if os.environ.get(VARIABLE):
        origin = f"environment ({VARIABLE})"
    return EffectiveSetting(name="store", value=str(ctx.obj.place()), origin=origin)


def _lines(found: "Configuration") -> Iterator[str]:
    from remediate.report.printable import printable

    there = "" if found.found else ", which is not there"
    yield printable(f"settings file: {found.file}{there}")
    wide = max(len(one.value) for one in found.settings)
    for one in found.settings:
        yield printable(f"  {one.name:<18} {one.value or '-':<{wide}}  {one.origin}")


def _path(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value and not ctx.resilient_parsing:
        click.echo(settings_path())
        ctx.exit()


command = Command(
    "config",
    callback=_run,
    help="Show each setting that counts where no inventory says otherwise, and where it is said: "
    "an option, the environment, the settings file, or built in. Connects to no host, and shows no "
    "password. Options are those of the other commands.",
    params=[
        click.Option(
            ["--path"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_path,
            help="Print where your settings file is, or would be, and nothing else.",
        ),
        *connecting.connection_options(),
        pace.processes_option(),
        playbooks_option(),
        *waiver_options()[:1],
        format_option("console", "json"),
    ],
)
