"""Which hosts a command works on."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.here import THIS_MACHINE, is_own, own_name
from remediate.cli.lazy import FileName, Option
from remediate.cli.reaching import reached, usual
from remediate.cli.stop import NOTHING_SENT, Stop

if TYPE_CHECKING:
    from remediate.inventory.protocol import Inventory, InventoryHost
    from remediate.model.host import Host


HOSTS = "Hosts"


def host_options() -> list[click.Option]:
    """Options that say which hosts."""
    return [
        Option(
            ["--host", "hosts"],
            multiple=True,
            metavar="NAME",
            section=HOSTS,
            help="A server: name, name:port, or [IPv6]:port; . is this machine itself, without "
            "WinRM. Repeat it for several.",
        ),
        Option(
            ["-i", "--inventory"],
            type=FileName(),
            metavar="FILE",
            section=HOSTS,
            help="A YAML or CSV file of servers, instead of --host; or ansible:PATH, or "
            "command:PROGRAM, which prints one.",
        ),
        Option(
            ["--group", "groups"],
            multiple=True,
            metavar="GROUP",
            section=HOSTS,
            help="Only servers of this group of the inventory. Repeat it for several.",
        ),
        Option(
            ["--limit", "limits"],
            multiple=True,
            metavar="GLOB",
            section=HOSTS,
            help="Only servers whose name matches, such as 'SRV-EU-*'. Repeat it for several.",
        ),
    ]


def inventory(
    options: Mapping[str, Any], tell: Callable[[str], None] = lambda _: None
) -> "Inventory | None":
    """The inventory that the options name, read once; None when they name none.

    Args:
        options: values of `host_options` and `connection_options`, by name.
        tell: is told what one should know of it.

    Raises:
        InventoryError: it cannot be used.
    """
    from remediate.inventory.opening import open_inventory
    from remediate.inventory.protocol import Trust

    named: str | None = options["inventory"]
    if named is None:
        return None
    known = (*options.values(), usual(options).password)
    names = (one for one in known if isinstance(one, str) and one.startswith("env:"))
    withheld = frozenset(one.removeprefix("env:") for one in names)
    trust = Trust(options["passwords_only"], options["allow_open_files"], withheld)
    found = open_inventory(named, trust)
    for note in found.notes:
        tell(note)
    return found


def select_hosts(
    options: Mapping[str, Any], known: "Inventory | None", *, interactive: bool
) -> "tuple[Host, ...]":
    """The hosts that the options choose, in their order, each ready to be connected to.

    Args:
        options: values of `host_options` and `connection_options`, by name.
        known: the `inventory` of the options.
        interactive: there is a person who can type a password.

    Raises:
        Stop: they choose none, or one that cannot be connected to as it is described.
    """
    named = known is None
    hosts = tuple(
        reached(entry, options, named=named, interactive=interactive)
        for entry in chosen(options, known)
    )
    each_once(hosts)
    return hosts


def chosen(options: Mapping[str, Any], known: "Inventory | None") -> "Sequence[InventoryHost]":
    """The hosts that the options choose, in their order, as they are described.

    Args:
        options: as for `select_hosts`.
        known: as for `select_hosts`.

    Raises:
        Stop: they choose none.
    """
    if options["hosts"] and known:
        raise Stop(
            "--host and --inventory exclude each other",
            "To choose from the inventory use --limit or --group.",
        )
    if known:
        return _chosen(known, options)
    if options["groups"] or options["limits"]:
        raise Stop("--group and --limit choose from an inventory", "Name it with --inventory FILE.")
    if not options["hosts"]:
        raise Stop("no host is given", "Name one with --host, or several with --inventory FILE.")
    return list(_named(options["hosts"]))


def each_once(hosts: "Sequence[Host]") -> None:
    """Make sure that no server is chosen by two names: a run would get in its own way there.

    Raises:
        Stop: one is.
    """
    first: dict[str, Host] = {}
    for host in hosts:
        other = first.setdefault(host.endpoint, host)
        if other is not host:
            raise Stop(
                f"{other.name} and {host.name} are the same server, {host.endpoint}",
                "Name it once.",
            )


def peers(
    options: Mapping[str, Any],
    known: "Inventory | None",
    names: Iterable[str],
    *,
    interactive: bool,
) -> "dict[str, Host]":
    """The hosts that playbooks copy from: those of the inventory, else reached as `--host` is.

    Args:
        options: as for `select_hosts`.
        known: as for `select_hosts`.
        names: as they were given to the playbooks.
        interactive: there is a person who can type a password.

    Raises:
        Stop: one cannot be connected to as it is described.
    """
    listed = reversed(known.entries()) if known else ()  # the first of a name counts
    entries = {entry.name.casefold(): entry for entry in listed}
    found: dict[str, Host] = {}
    for name in names:
        entry = entries.get(name.casefold())
        found[name] = reached(
            entry or next(_named([name])), options, named=entry is None, interactive=interactive
        )
    return found


def _named(texts: Sequence[str]) -> "Iterator[InventoryHost]":
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.address import split_target
    from remediate.model.connection import Connection, Via

    names = dict.fromkeys(text.strip() for text in texts)
    for text in names:
        if text == THIS_MACHINE:
            yield InventoryHost(own_name(), own_name(), Connection(transport=Via.LOCAL))
            continue
        if text.startswith(f"{THIS_MACHINE}:"):
            raise Stop(f"--host {text}: this machine itself has no port", "Leave it out.")
        try:
            address, port = split_target(text)
        except ValueError as error:
            raise Stop(f"--host: {error}", NOTHING_SENT) from None
        if THIS_MACHINE in names and is_own(address):
            same = f"--host {THIS_MACHINE} and --host {text} are the same server, this machine"
            raise Stop(same, "Name it once.")
        yield InventoryHost(text, address, Connection(port=port))


def _chosen(known: "Inventory", options: Mapping[str, Any]) -> "list[InventoryHost]":
    groups = known.groups()
    for group in options["groups"]:
        if group not in groups:
            names = ", ".join(groups) or "it has none"
            raise Stop(f"{known.source} has no group {group!r}", f"Groups: {names}.")
    chosen = [
        entry
        for entry in known.entries()
        if (not options["groups"] or set(options["groups"]) & set(entry.groups))
        and is_within(options["limits"], entry.name)
    ]
    if not chosen:
        raise Stop(f"no host of {known.source} is chosen by --group and --limit", NOTHING_SENT)
    return chosen


def is_within(limits: Sequence[str], name: str) -> bool:
    """Whether `--limit` leaves a host in.

    Args:
        limits: its globs, whatever their case; all hosts when there are none.
        name: of the host.
    """
    return not limits or any(fnmatchcase(name.casefold(), glob.casefold()) for glob in limits)
