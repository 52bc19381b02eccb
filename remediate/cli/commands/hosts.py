"""`remediate hosts`: which there are, who works on them, and what runs have left there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import connecting, hosting, playbooks, reaching, run_ids, targets, whence
from remediate.cli.asking import SAFETY, confirm, require_person, writing_options
from remediate.cli.following import OF_HOSTS, format_option
from remediate.cli.lazy import Command, LazyGroup, Option
from remediate.cli.reports import report_option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.engine.engine import Engine
    from remediate.engine.job import Job
    from remediate.inventory.protocol import InventoryHost, Param
    from remediate.model.document import EffectiveSetting, HostRow
    from remediate.model.host import Host
    from remediate.model.outcome import HostReport
    from remediate.playbook.catalogue import Catalogue
    from remediate.store.protocol import Store


def _check(parts: Parts, options: Mapping[str, Any]) -> int:
    return _look(parts, options, "hosts check", lambda engine, hosts: engine.check(hosts))


def _locks(parts: Parts, options: Mapping[str, Any]) -> int:
    from remediate.store.errors import StoreMissing

    with ExitStack() as opened:
        store = None
        try:
            store = opened.enter_context(parts.store())
        except StoreMissing as error:
            parts.terminal.say(f"The store {error.place} does not exist yet: only hosts are asked.")
        return _look(
            parts, options, "hosts locks", lambda engine, hosts: engine.locks(hosts), store
        )


def _look(
    parts: Parts,
    options: Mapping[str, Any],
    name: str,
    verb: "Callable[[Engine, Sequence[Host]], Iterable[HostReport]]",
    store: "Store | None" = None,
) -> int:
    from remediate.report.reporter import Subject

    chosen = hosting.choose(parts, options)
    subject = Subject(command=name, hosts=chosen.names)
    return hosting.over_hosts(
        parts, options, subject, chosen, lambda engine: verb(engine, chosen.hosts), store
    )


@click.pass_context
def _leftovers(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.model.run import RunKind
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options["folders"] = ()  # it is a playbook of ours
    removed = _to_remove(parts, options["remove"])
    job = _about_leftovers(removed)
    if not removed or options["dry_run"]:
        return _look(
            parts, options, "hosts leftovers", lambda engine, hosts: engine.audit(hosts, job)
        )
    require_person(parts.terminal, yes=options["yes"])
    chosen = hosting.choose(parts, options)
    run = hosting.begun(RunKind.APPLY, job.uses)
    subject = Subject(
        command="hosts leftovers",
        hosts=chosen.names,
        run=run.id,
        **hosting.later(options, chosen.hosts),
    )
    with parts.store(make=True) as store:
        ask = confirm(parts.terminal, subject, options)
        return hosting.over_hosts(
            parts,
            options,
            subject,
            chosen,
            lambda engine: engine.apply(chosen.hosts, job, run, ask),
            store,
            writes=True,
        )


def _to_remove(parts: Parts, wanted: str | None) -> str:
    """The id of the run of which to remove what it has left; empty when that is not asked for.

    It may begin one in the store. Another controller may have made it: hosts know then.

    Raises:
        Stop: none is named.
        UnknownRun: several in the store begin so.
    """
    from remediate.store.errors import UnknownRun

    if wanted is None:
        return ""
    if not wanted:
        raise Stop("--remove has no id of a run", "remediate hosts leftovers shows them.")
    with parts.store_if_there() as store:
        try:
            return run_ids.any_recorded(store, wanted).run.id if store is not None else wanted
        except UnknownRun as error:
            if any(one.startswith(wanted) for one in error.close):
                raise
            return wanted


def _about_leftovers(run: str) -> "Job":
    """What a host is asked about leftovers: all, or those of a run, which are to be removed.

    Raises:
        Stop: nothing can be the id of a run that is so written.
    """
    from pydantic import ValidationError

    from remediate.engine.job import Job, Task
    from remediate.resources.leftover import REMOVING

    playbook = playbooks.catalogue(()).load(REMOVING)
    try:
        return Job((Task(playbook, playbook.params.model_validate({"run": run})),))
    except ValidationError:
        raise Stop(
            f"{run!r} is not the id of a run", "remediate hosts leftovers shows them."
        ) from None


def _list(parts: Parts, options: Mapping[str, Any]) -> int:
    from remediate.model.exit_code import ExitCode

    known = targets.inventory(options, parts.terminal.say)
    reaching.said(options)  # what is wrong with that is no host's mistake
    listed = _Listed(options, named=known is None)
    rows = [listed.row(entry) for entry in targets.chosen(options, known)]
    if options["form"] == "json":
        from remediate.model.document import HostListing
        from remediate.report.machine import as_json

        click.echo(as_json(HostListing(hosts=tuple(rows)), indent=2))
    else:
        for line in _lines(rows):
            click.echo(line)
    return int(ExitCode.USAGE if any(row.mistakes for row in rows) else ExitCode.OK)


class _Listed:
    """Makes the rows of a list of hosts.

    Args:
        options: values of the options, by name.
        named: as for `reaching.reached`.
    """

    def __init__(self, options: Mapping[str, Any], *, named: bool) -> None:
        self._options = options
        self._named = named
        self._faults: dict[Param, str] = {}

    def row(self, entry: "InventoryHost") -> "HostRow":
        """A host, with all that other commands would refuse of it."""
        from remediate.model.document import EffectiveSetting, HostRow

        settings: tuple[EffectiveSetting, ...] = ()
        params, mistakes = [], []
        try:
            # a question at the terminal is a setting, too: whether there is one now is no matter
            host = reaching.reached(entry, self._options, named=self._named, interactive=True)
            settings = tuple(self._settings(entry, host))
        except Stop as stop:
            at = f"{entry.at}: " if entry.at else ""
            mistakes.append(f"{at}{stop.in_a_list}")
        for param, where in entry.params():
            if fault := self._fault(param):
                mistakes.append(f"{param.at}: {fault}")
            else:
                value = param.value if isinstance(param.value, str) else ", ".join(param.value)
                name = f"{param.playbook}.{param.option}"
                params.append(EffectiveSetting(name=name, value=value, origin=where))
        return HostRow(
            name=entry.name,
            address=entry.address,
            groups=tuple(entry.groups),
            settings=settings,
            parameters=tuple(params),
            mistakes=tuple(mistakes),
        )

    def _settings(self, entry: "InventoryHost", host: "Host") -> "Iterator[EffectiveSetting]":
        from remediate.model.connection import SETTINGS
        from remediate.model.document import EffectiveSetting
        from remediate.secrets.program import to_keep

        said = whence.origins(entry, self._options, host, named=self._named)
        for name in (one.name for one in SETTINGS if one.name in said):
            value = getattr(host, name)
            text = to_keep(value) if name == "password" else whence.written(value)
            yield EffectiveSetting(name=name, value=text, origin=said[name])

    def _fault(self, param: "Param") -> str:
        """What is wrong with a parameter; many hosts have the same."""
        from remediate.cli.host_parameters import fault_of

        if param not in self._faults:
            self._faults[param] = fault_of(param, self._known)
        return self._faults[param]

    @cached_property
    def _known(self) -> "Catalogue":
        return playbooks.catalogue(self._options["folders"])


def _lines(rows: "Sequence[HostRow]") -> Iterator[str]:
    from remediate.report.printable import printable

    for row in rows:
        groups = f" (groups: {', '.join(row.groups)})" if row.groups else ""
        at = "" if row.address == row.name else f" at {row.address}"
        yield printable(f"{row.name}{at}{groups}")
        said = (*row.settings, *row.parameters)
        name_wide = max((len(one.name) for one in said), default=0)
        wide = max((len(one.value) for one in said), default=0)
        for one in said:
            yield printable(f"  {one.name:<{max(10, name_wide)}} {one.value:<{wide}}  {one.origin}")
        for mistake in row.mistakes:
            yield printable(f"  mistake: {mistake}")


def _command(name: str, about: str, do: Callable[[Parts, Mapping[str, Any]], int]) -> Command:
    @click.pass_context
    def run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
        return do(ctx.obj, options)

    return Command(
        name,
        callback=run,
        help=about,
        params=[
            *targets.host_options(),
            *connecting.connection_options(),
            format_option(*OF_HOSTS),
            report_option(),
        ],
    )


@click.pass_context
def _listing(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    return _list(ctx.obj, options)


listing = Command(
    "list",
    callback=_listing,
    help="Show which hosts are chosen, how each is reached, what playbooks are to use there, and "
    "where that is said. Of what other commands would refuse each host is told. Connects to none.",
    params=[
        *targets.host_options(),
        *connecting.connection_options(),
        playbooks.playbooks_option(),
        format_option("console", "json"),
    ],
)
check = _command(
    "check",
    "Go the way to each host step by step, and show whether it can be repaired. Writes nothing.",
    _check,
)


@click.pass_context
def _pin(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.cli import pinning

    return pinning.show_pins(ctx.obj, options)


pin = Command(
    "pin",
    callback=_pin,
    help="Fetch the certificate that hosts show in TLS, and print its pin for an inventory. Sends "
    "nothing and stores nothing: compare it with the certificate on the host before you use it. "
    "Takes what hosts check takes; nobody logs on, so what is said of that is not used.",
    params=[*targets.host_options(), *connecting.connection_options()],
)
locks = _command(
    "locks", "Show who holds the lease of hosts, and since when. Writes nothing.", _locks
)
leftovers = Command(
    "leftovers",
    callback=_leftovers,
    help="Show what runs have left on hosts: receipts, files that were moved aside, copies of what "
    "was replaced. With --remove, remove for good what the receipt of a run on the host names, and "
    "the receipt: that run cannot be rolled back any more.",
    params=[
        Option(
            ["--remove"],
            metavar="RUN",
            section=SAFETY,
            help="The id of the run, or the beginning of it, of which to remove what it has left.",
        ),
        *writing_options(),
        *targets.host_options(),
        *connecting.connection_options(),
        format_option(*OF_HOSTS),
        report_option(),
    ],
)
group = LazyGroup(
    "hosts",
    help="Which hosts there are, who works on them, and what runs have left there.",
    table={
        "list": (f"{__name__}:listing", "Show hosts, and where each setting of them is said."),
        "check": (f"{__name__}:check", "Show whether hosts can be reached and repaired."),
        "locks": (f"{__name__}:locks", "Show who holds the lease of hosts."),
        "leftovers": (f"{__name__}:leftovers", "Show what runs have left on hosts, or remove it."),
        "pin": (f"{__name__}:pin", "Show the certificates of hosts, to be pinned."),
    },
)
