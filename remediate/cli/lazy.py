"""Click groups and commands that import nothing before they are needed."""

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from remediate.report.printable import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command whose options are shown in sections, and that knows `--debug`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to click
        kwargs["context_settings"] = {**CONTEXT, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self.params.append(debug_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; the settings file may say what it leaves open."""
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # else nobody knows whose help to point to
            raise
        settings = getattr(ctx.obj, "settings", None)
        if settings is not None:
            settings.fill(ctx, self.params)
        return rest

    def get_help(self, ctx: click.Context) -> str:
        """The help, of which a part may be a playbook's text."""
        return "\n".join(printable(line) for line in super().get_help(ctx).split("\n"))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The options that a word may become."""
        return list(_printable(super().shell_complete(ctx, incomplete)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each section under its title."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(param, "section", "Options"), []).append(record)
        sections["Options"] = sections.pop("Options", [])  # the least interesting ones last
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


class FileName(click.Path):
    """The name of a file or folder. An empty one is refused: it would mean this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as in click
        """The name, as `click.Path` has it."""
        if value == "":
            self.fail("it is empty; is there a variable that has no value?", param, ctx)
        return super().convert(value, param, ctx)


class Option(click.Option):
    """An option that belongs to a section of the help.

    Args:
        section: title of the section.
    """

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(*args, **kwargs)
        self.section = section

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The values that a word may become."""
        return list(_printable(super().shell_complete(ctx, incomplete)))


def _printable(found: "Iterable[CompletionItem]") -> "Iterator[CompletionItem]":
    """What may be shown and typed of that; some of it may be a playbook's text."""
    for item in found:
        if item.value == printable(item.value):
            item.help = item.help and printable(item.help)
            yield item


def debug_option() -> click.Option:
    """The option that shows causes; every command has it, so that it can be typed last."""
    return Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,  # `app.run` has seen it before anything could fail
        help="Show the cause of an error and what is logged, without secrets.",
    )


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported when one is run.

    Args:
        table: `module:attribute` and one line of help, by command.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(*args, context_settings=CONTEXT, **kwargs)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        del ctx
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a mistyped one is answered with the nearest."""
        name = args[0]
        if name not in self._table and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, self._table, n=1, cutoff=0.6)
            hint = f": did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        rows: Sequence[tuple[str, str]] = [(name, text) for name, (_, text) in self._table.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
