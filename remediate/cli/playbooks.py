"""Commands that work with playbooks, and take their parameters as options."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.explaining import no_password_option
from remediate.cli.lazy import Command, Option
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from remediate.cli.parameters import Parameter
    from remediate.engine.job import Job
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.run import HostRecord, Run
    from remediate.playbook.catalogue import Catalogue

PLAYBOOKS = "Playbooks"


def playbooks_option() -> click.Option:
    """The option that names the user's own playbooks."""
    return Option(
        ["--playbooks", "folders"],
        multiple=True,
        type=click.Path(path_type=Path),
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


def know_resources(records: "Iterable[tuple[Run, HostRecord]]", folders: Sequence[Path]) -> None:
    """Make sure that every kind of resource on record can be read: some come with a playbook.

    Args:
        records: hosts with the runs they are recorded in.
        folders: the user's own folders of playbooks.

    Raises:
        Stop: a kind is unknown, even with the playbooks of its run.
        PlaybookError: a folder or file cannot be used.
    """
    for run, record in records:
        for kind in _kinds(record):
            if _known(kind):
                continue
            there = catalogue(folders)
            for use in run.playbooks:
                if use.id in there.entries:
                    there.load(use.id)
            if not _known(kind):
                names = " ".join(use.id for use in run.playbooks)
                raise Stop(
                    f"run {run.id} ({names}) is about resources of kind {kind!r}, "
                    "which no playbook here knows",
                    "Install the package it came from, or name its folder with --playbooks. "
                    "Nothing was sent to any host.",
                )


def recorded_job(run: "Run", folders: Sequence[Path]) -> "Job":
    """The playbooks of a recorded run as they are known here, with the parameters they had.

    One that is not known here, or takes other parameters now, is left out: its guards cannot be
    asked, and what it wrote is not known, so its changes are refused.

    Args:
        run: the run.
        folders: the user's own folders of playbooks.

    Raises:
        PlaybookError: a folder or file cannot be used.
    """
    from pydantic import ValidationError

    from remediate.engine.job import Job, Task

    there = catalogue(folders)
    tasks = []
    for use in run.playbooks:
        if use.id in there.entries:
            playbook = there.load(use.id)
            with suppress(ValidationError):
                tasks.append(Task(playbook, playbook.params.model_validate(use.parameters)))
    return Job(tuple(tasks))


def _kinds(record: "HostRecord") -> list[str]:
    if record.intent is None:
        return []
    resources = [change.resource for change in record.intent.changes]
    resources += [observed.resource for observed in record.intent.snapshot]
    return list(dict.fromkeys(resource.kind for resource in resources))


def _known(kind: str) -> bool:
    from remediate.resources.base import resource_type

    try:
        resource_type(kind)
    except LookupError:
        return False
    return True


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


def everything(ctx: click.Context, hosts: "Sequence[InventoryHost]" = ()) -> "Job":
    """The playbooks of an audit of everything, for a command that takes no parameters of theirs.

    Args:
        ctx: what click has read.
        hosts: the hosts, with the parameters that an inventory has for them.

    Raises:
        PlaybookError: a folder or file cannot be used.
    """
    from remediate.cli import parameters

    known = catalogue(ctx.params["folders"])
    ctx.meta["catalogue"] = known
    ctx.meta["parameters"] = parameters.parameters([known.load(name) for name in known.entries])
    return selected_job(ctx, (), hosts)


def only_look(ctx: click.Context, names: Sequence[str]) -> list[str]:
    """Those of the playbooks that are named, which never change a host."""
    known: Catalogue = ctx.meta["catalogue"]
    return [name for name in dict.fromkeys(names) if known.entry(name).only_looks]


def _of_everything(ctx: click.Context) -> list[str]:
    """The playbooks of an audit that names none; to apply, those that change something.

    Raises:
        Stop: there are none about a topic that is asked for.
    """
    known: Catalogue = ctx.meta["catalogue"]
    topics, deep = ctx.params.get("topics") or [*known.topics, ""], ctx.params.get("deep")
    for topic in topics:
        if topic not in {*known.topics, ""}:
            raise Stop(f"no playbook is about {topic}", f"Topics are {', '.join(known.topics)}.")
    excepted = {known.entry(name).id for name in ctx.params.get("excepted") or ()}
    about = [
        entry
        for entry in known.entries.values()
        if entry.topic in topics and entry.id not in excepted
    ]
    if ctx.params.get("all_safe"):
        about = [entry for entry in about if not (entry.only_looks or entry.loosens)]
    chosen = [each.id for each in about if not each.on_demand and (deep or not each.deep)]
    if (found := ctx.params.get("found")) is not None:
        chosen = [each.id for each in about if any(each.id in ids for ids in found.values())]
        if not chosen:
            raise Stop(
                "that audit found nothing to change by the playbooks that are chosen",
                "Audit again, or choose others.",
            )
    if not chosen:
        raise Stop(
            f"all playbooks about {', '.join(topics)} are left out of an audit of everything",
            f"Name them: {' '.join(each.id for each in about)}." if about else "",
        )
    return chosen


def selected_job(
    ctx: click.Context, names: Sequence[str], hosts: "Sequence[InventoryHost]" = ()
) -> "Job":
    """The playbooks that are named, or all, with the parameters that are given.

    Args:
        ctx: what click has read.
        names: ids of playbooks; all when empty.
        hosts: the hosts, with the parameters that an inventory has for them.

    Raises:
        PlaybookError: there is no such playbook.
        SecretError: a secret parameter cannot be had.
        Stop: a parameter is wrong.
    """
    from remediate.cli.host_parameters import Jobs, require_known

    known: Catalogue = ctx.meta["catalogue"]
    chosen = list(dict.fromkeys(names)) or _of_everything(ctx)
    for name in chosen:
        known.entry(name)
    for parameter in _with_value(ctx):
        if parameter.playbook not in chosen:
            raise Stop(
                f"{parameter.plain} belongs to {parameter.playbook}, which is not named here",
                f"See {ctx.command_path} {' '.join(chosen)} --help.",
            )
    require_known(known, hosts)
    jobs = Jobs(
        [known.load(name) for name in chosen],
        ctx.params,
        named=bool(names),
        safe=ctx.params.get("all_safe", False),
        known=ctx.obj.redaction.add,
    )
    job, left_out = jobs.of(hosts)
    for text in left_out:
        ctx.obj.terminal.say(text)
    then = ctx.params.get("as_then") or {}
    for use in job.uses:
        if not use.asks_as(then.get(use.id, use)):
            raise Stop(
                f"{use.id} had other parameters in that audit",
                "Give it the same ones, or make a new audit.",
            )
    return job


def _with_value(ctx: click.Context) -> "list[Parameter]":
    """The parameters of playbooks that are given."""
    known: list[Parameter] = ctx.meta["parameters"]
    return [one for one in known if ctx.params.get(one.key) not in {None, ()}]


def with_given(ctx: click.Context, wanted: Collection[str]) -> list[str]:
    """Playbooks, and those whose parameters are given, which they must be named for."""
    return sorted({*wanted, *(parameter.playbook for parameter in _with_value(ctx))})


def copied_from(job: "Job") -> list[str]:
    """The hosts that playbooks of a job copy files from, as they were named."""
    from remediate.playbook.loader import told

    hosts: list[str] = []
    for task in job.tasks:
        with told(task.playbook):
            origin = task.playbook.origin(task.params)
            hosts += [origin.host] if origin and origin.host else []
    return list(dict.fromkeys(hosts))


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
