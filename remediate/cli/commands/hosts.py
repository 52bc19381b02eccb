"""`remediate hosts`: whether hosts can be reached, and who works on them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import hosting, reaching, targets
from remediate.cli.following import format_option
from remediate.cli.lazy import Command, LazyGroup
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.engine.engine import Engine
    from remediate.model.host import Host
    from remediate.model.outcome import HostReport
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


def _command(name: str, about: str, do: Callable[[Parts, Mapping[str, Any]], int]) -> Command:
    @click.pass_context
    def run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
        return do(ctx.obj, options)

    return Command(
        name,
        callback=run,
        help=about,
        params=[*targets.host_options(), *reaching.connection_options(), format_option()],
    )


check = _command(
    "check", "Connect to hosts, and show what each says of itself. Writes nothing.", _check
)


@click.pass_context
def _pin(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    from remediate.cli import pinning

    return pinning.show_pins(ctx.obj, options)


pin = Command(
    "pin",
    callback=_pin,
    help="Fetch the certificate that hosts show in TLS, and print its pin for an inventory. Sends "
    "nothing and stores nothing: compare it with the certificate on the host before you use it.",
    params=[*targets.host_options(), *reaching.options_of("port"), *reaching.pace_options()],
)
locks = _command(
    "locks", "Show who holds the lease of hosts, and since when. Writes nothing.", _locks
)
group = LazyGroup(
    "hosts",
    help="Whether hosts can be reached, and who works on them.",
    table={
        "check": (f"{__name__}:check", "Connect to hosts, and show what each says of itself."),
        "locks": (f"{__name__}:locks", "Show who holds the lease of hosts."),
        "pin": (f"{__name__}:pin", "Show the certificates of hosts, to be pinned."),
    },
)
