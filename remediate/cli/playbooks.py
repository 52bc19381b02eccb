"""Commands that work with playbooks, and take their parameters as options."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.explaining import no_password_option
from remediate.cli.lazy import Command, FileName, Option
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from remediate.playbook.catalogue import Catalogue

PLAYBOOKS = "Playbooks"


def playbooks_option() -> click.Option:
    """The option that names the user's own playbooks."""
    return Option(
        ["--playbooks", "folders"],
        multiple=True,
        type=FileName(path_type=Path),
        metavar="DIR",
        section=PLAYBOOKS,
        help="A folder with your own playbooks. Repeat it for several.",
    )


def playbook_argument(*, many: bool, required: bool) -> click.Argument:
    """The argument that names one or several playbooks."""
    name = "PLAYBOOK"
    return click.Argument(
        ["playbooks" if many else "playbook"],
        nargs=-1 if many else 1,
        required=required,
        shell_complete=_complete,
        metavar=(name if required else f"[{name}]") + ("..." if many else ""),
    )


def catalogue(folders: Sequence[Path]) -> "Catalogue":
    """All playbooks there are.

    Raises:
        PlaybookError: a folder or file cannot be read, or two have the same id.
    """
    from remediate.playbook.catalogue import Catalogue

    return Catalogue([folder.expanduser() for folder in folders])


def needed(folders: Sequence[Path]) -> list[str]:
    """The options that a later command about the same run needs, wherever it is typed."""
    return [
        word for folder in folders for word in ("--playbooks", str(folder.expanduser().absolute()))
    ]


class PlaybookCommand(Command):
    """A command whose options are its own and those of the playbooks that are named.

    Which these are is only known when the command line has been read, so it is read twice: first
    for the names, ignoring what is unknown, then with the options of these playbooks.

    Args:
        instead: names of options, one of which has to be given where no playbook is named; where
            there are none, all are meant then.
    """

    def __init__(self, *args: Any, instead: Sequence[str] = (), **kwargs: Any) -> None:  # noqa: ANN401 - passed on to click
        super().__init__(*args, **kwargs)
        self._own = list(self.params)
        self._argument = next(param for param in self._own if param.name == "playbooks")
        self._instead = instead

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            click.UsageError: it cannot be understood.
            PlaybookError: a playbook cannot be found or used.
        """
        from remediate.playbook.loader import PlaybookError

        self.params = list(self._own)
        if any(word.split("=")[0] == "--password" for word in args):
            raise Stop(*no_password_option())  # before any word is taken for a playbook and shown
        names: list[str] = []
        try:
            known, names = self._look(ctx, args)
            self._parameters_of(ctx, known, names)
        except PlaybookError:
            if not ctx.resilient_parsing:  # while a word is completed nobody reads an error
                raise
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            self._explain(ctx, error, names)
            raise

    def _look(self, ctx: click.Context, args: list[str]) -> "tuple[Catalogue, list[str]]":
        """The playbooks there are, and the names of those whose options count.

        Who names none means all, but for one who asks for help, or has a word completed: nothing
        of a playbook runs for that.
        """
        look = click.Context(self, info_name=ctx.info_name, parent=ctx.parent)
        look.ignore_unknown_options = True
        look.resilient_parsing = True
        values, _, _ = self.make_parser(look).parse_args(list(args))
        asking = ctx.resilient_parsing or any(word in ctx.help_option_names for word in args)
        for param in self._own:
            value = values.get(param.name or "")
            if isinstance(param.type, FileName) and (value == "" or "" in _given(value)):
                param.type.convert("", param, ctx)
        own = ctx.obj is None or ctx.obj.own_settings
        known = catalogue(_folders(values, own=own, broken_is_none=asking))
        words = _given(values.get("playbooks"))
        named = list(takewhile(lambda word: not word.startswith("-"), words))
        if not ctx.resilient_parsing:
            for word in named:
                known.entry(word)
        # behind an option that is not known yet a word may be its value, or a playbook
        names = [word for word in words if word in known.entries]
        if isinstance(plan := values.get("plan"), str) and not asking:
            return known, self._planned(
                ctx, plan, known, vouched=isinstance(values.get("digest"), str)
            )
        if names or asking or self._argument.required:
            return known, names
        if self._instead and not any(values.get(name) for name in self._instead):
            options = " or ".join(f"--{name.replace('_', '-')}" for name in self._instead)
            raise Stop("no playbook is named", f"Name some, or give {options}.")
        return known, list(known.entries)

    def _planned(
        self, ctx: click.Context, path: str, known: "Catalogue", *, vouched: bool
    ) -> list[str]:
        """The playbooks of a saved plan, whose secret parameters are given again."""
        from remediate.cli import saved_plans

        plan = saved_plans.read(path, vouched=vouched)
        ctx.meta["plan"] = plan
        return saved_plans.require_known(plan, known, path)

    def _parameters_of(self, ctx: click.Context, known: "Catalogue", names: Sequence[str]) -> None:
        """Add the options of these playbooks."""
        from remediate.cli import parameters

        playbooks = [known.load(name) for name in dict.fromkeys(names)]
        found = parameters.parameters(playbooks)
        taken = {name for param in self._own for name in (*param.opts, *param.secondary_opts)}
        ctx.meta["catalogue"] = known
        ctx.meta["parameters"] = found
        self.params = [*parameters.options(found, taken | {"--help"}), *self._own]

    def _explain(self, ctx: click.Context, error: click.NoSuchOption, names: Sequence[str]) -> None:
        from remediate.cli import parameters

        if self._argument.required and not names:
            raise click.MissingParameter(ctx=ctx, param=self._argument) from None
        meant = parameters.rivals(ctx.meta["parameters"], error.option_name)
        if len(meant) > 1:
            forms = " or ".join(parameter.full for parameter in meant)
            raise click.UsageError(
                f"{error.option_name} can mean more than one parameter: write {forms}", ctx
            ) from None


def selection_options() -> list[click.Option]:
    """The options that say which playbooks are looked at where none is named."""
    return [
        Option(
            ["--topic", "topics"],
            multiple=True,
            metavar="NAME",
            section=PLAYBOOKS,
            help="Only playbooks about this, as `remediate list` groups them. Repeat it for "
            "several.",
        ),
        Option(
            ["--except", "excepted"],
            multiple=True,
            metavar="PLAYBOOK",
            section=PLAYBOOKS,
            shell_complete=_complete,
            help="Leave this one out. Repeat it for several.",
        ),
        Option(
            ["--deep"],
            is_flag=True,
            section=PLAYBOOKS,
            help="Also look at what takes long, such as names on the network.",
        ),
    ]


def titles(ctx: click.Context) -> dict[str, str]:
    """What each playbook makes true, by id."""
    known: Catalogue = ctx.meta["catalogue"]
    return {name: entry.title for name, entry in known.entries.items()}


def sources(ctx: click.Context) -> dict[str, str]:
    """Address of the documentation of each playbook's fix, by id."""
    known: Catalogue = ctx.meta["catalogue"]
    return {name: entry.source for name, entry in known.entries.items()}


def _folders(values: Mapping[str, Any], *, own: bool, broken_is_none: bool) -> list[Path]:
    """The user's own folders of playbooks: typed ones, else those of the settings file.

    Args:
        values: what the parser found, by name.
        own: the user's own settings file counts.
        broken_is_none: a settings file that cannot be used says nothing.
    """
    from remediate.cli.settings_file import read_settings
    from remediate.errors import RemediateError

    typed = _given(values.get("folders"))
    if typed:
        return [Path(folder) for folder in typed]
    named = values.get("config")
    try:
        found = read_settings(named if isinstance(named, str) else None, own=own)
    except RemediateError:
        if broken_is_none:
            return []
        raise
    return list(found.options.get("folders", ()))


def _given(value: object) -> Sequence[str]:
    """What the parser found; it marks in its own way what it did not find."""
    return value if isinstance(value, list | tuple) else ()


def _complete(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> "list[CompletionItem | str]":
    try:
        names = catalogue(ctx.params.get("folders") or ()).entries
    except Exception:  # noqa: BLE001 - a broken playbook must not break the user's shell
        return []
    return [name for name in names if name.startswith(incomplete)]
