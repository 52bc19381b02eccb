"""Which hosts a command works on, and how each is reached."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import values
from remediate.cli.lazy import Option
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from remediate.inventory.protocol import Entry, Inventory, Settings
    from remediate.model.host import Host

_PASSWORD = "REMEDIATE_PASSWORD"  # noqa: S105 - the name of a variable
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path, resolve_path=True)
_NOTHING = "Nothing was sent to any host."
_ALONE = f"insecure: true in an inventory counts only together with --insecure. {_NOTHING}"
_SECURE_PORTS = {443, 5986}

HOSTS = "Hosts"
CONNECTION = "Connection"


def host_options() -> list[click.Option]:
    """Options that say which hosts."""
    return [
        Option(
            ["--host", "hosts"],
            multiple=True,
            metavar="NAME",
            section=HOSTS,
            help="A server: name, name:port, or [IPv6]:port. Repeat it for several.",
        ),
        Option(
            ["-i", "--inventory"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            section=HOSTS,
            help="A YAML file of servers, instead of --host.",
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


def connection_options() -> list[click.Option]:
    """Options that say how hosts are reached; what they say counts more than the inventory."""
    return [
        Option(
            ["--user"],
            callback=values.account,
            metavar="NAME",
            section=CONNECTION,
            help="Account on the servers.",
        ),
        password_option(),
        open_files_option(),
        Option(
            ["--passwords-only"],
            callback=values.variable,
            metavar="env:NAME",
            section=CONNECTION,
            help="Use no other password but this or a typed one, and refuse an inventory that "
            "refers to another, to a program, or to the file of a password, certificate or key. "
            "For jobs whose inventory others may change.",
        ),
        Option(
            ["--auth"],
            type=click.Choice(["basic", "certificate", "negotiate", "ntlm"]),
            section=CONNECTION,
            help="How to log on.  [default: negotiate]",
        ),
        Option(
            ["--port"],
            callback=values.port,
            metavar="NUMBER",
            section=CONNECTION,
            help="TCP port.  [default: 5985, or 5986 with TLS]",
        ),
        Option(
            ["--tls/--no-tls"],
            default=None,
            section=CONNECTION,
            help="Speak HTTPS.  [default: with port 5986 or 443]",
        ),
        Option(
            ["--ca-file"],
            type=_FILE,
            metavar="FILE",
            section=CONNECTION,
            help="PEM file of the authority that signed the servers' certificates. No other is "
            "trusted then, whatever the inventory says.",
        ),
        Option(
            ["--cert-file"],
            type=_FILE,
            metavar="FILE",
            section=CONNECTION,
            help="PEM file of your certificate, for --auth certificate.",
        ),
        Option(
            ["--key-file"],
            type=_FILE,
            metavar="FILE",
            section=CONNECTION,
            help="PEM file of its private key.",
        ),
        Option(
            ["--insecure"],
            is_flag=True,
            default=None,
            section=CONNECTION,
            help="Allow Basic over plain HTTP beyond this machine: anyone can read the password. "
            "An inventory cannot allow it by itself.",
        ),
        *pace_options(),
    ]


def password_option() -> click.Option:
    """The option that says where the password is."""
    return Option(
        ["--password-from"],
        metavar="WHERE",
        section=CONNECTION,
        help="Where the password is: env:NAME, file:PATH, command:PROGRAM, or prompt:.  "
        f"[default: env:{_PASSWORD} if set, else prompt:]",
    )


def open_files_option() -> click.Option:
    """The option that takes a secret out of a file that is open to others."""
    return Option(
        ["--allow-open-files"],
        is_flag=True,
        callback=_allow_open_files,
        section=CONNECTION,
        help="Use a password or key file although others on this machine may read it, and an "
        "inventory that names programs or files for passwords although others may write to it.",
    )


def _allow_open_files(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    del param
    if value and ctx.obj is not None:  # there is none while a shell completes
        ctx.obj.allow_open_files = True
    return value


def pace_options() -> list[click.Option]:
    """Options that say how long and how many at once."""
    return [
        Option(
            ["--timeout"],
            type=click.FloatRange(1, 86400),
            callback=values.seconds,
            metavar="SECONDS",
            section=CONNECTION,
            help="How long a server may take altogether.  [default: 120]",
        ),
        Option(
            ["--workers"],
            type=click.IntRange(1, 256),
            section=CONNECTION,
            help="Servers to work on at the same time.  [default: 16]",
        ),
    ]


def inventory(options: Mapping[str, Any]) -> "Inventory | None":
    """The inventory that the options name, read once; None when they name none.

    Raises:
        InventoryError: it cannot be used.
    """
    from remediate.inventory.yaml import YamlInventory

    path: Path | None = options["inventory"]
    if path is None:
        return None
    return YamlInventory(
        path, only_password=options["passwords_only"], allow_open=options["allow_open_files"]
    )


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
    if options["hosts"] and known:
        raise Stop(
            "--host and --inventory exclude each other",
            "To choose from the inventory use --limit or --group.",
        )
    if known:
        entries = _chosen(known, options)
    elif options["groups"] or options["limits"]:
        raise Stop("--group and --limit choose from an inventory", "Name it with --inventory FILE.")
    elif options["hosts"]:
        entries = list(_named(options["hosts"]))
    else:
        raise Stop("no host is given", "Name one with --host, or several with --inventory FILE.")
    named = known is None
    hosts = tuple(
        reached(entry, options, named=named, interactive=interactive) for entry in entries
    )
    each_once(hosts)
    return hosts


def each_once(hosts: "Sequence[Host]") -> None:
    """Make sure that no server is chosen by two names: a run would get in its own way there.

    Raises:
        Stop: one is.
    """
    from remediate.store.protocol import lease_key

    first: dict[str, Host] = {}
    for host in hosts:
        other = first.setdefault(lease_key(host), host)
        if other is not host:
            raise Stop(
                f"{other.name} and {host.name} are the same server, {lease_key(host)}",
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


def reached(
    entry: "Entry", options: Mapping[str, Any], *, named: bool, interactive: bool
) -> "Host":
    """A host with what the command line says; a port in `name:port` counts more than --port.

    Args:
        entry: the host as somebody else describes it.
        options: values of `connection_options`, by name.
        named: the command line itself has named it.
        interactive: there is a person who can type a password.

    Raises:
        Stop: it cannot be connected to as it is described.
    """
    spoken = said(options)
    settings = entry.settings.over(spoken) if named else spoken.over(entry.settings)
    # whoever writes an inventory must not be able to have passwords sent in the clear
    hint = _ALONE if settings.insecure and not spoken.insecure else _NOTHING
    settings = settings.model_copy(update={"insecure": spoken.insecure})
    password = _password(settings, options["passwords_only"], interactive=interactive)
    return _host(entry, settings, password, hint)


def reference(options: Mapping[str, Any]) -> str | None:
    """Where `--password-from` says the password is, fit to be used later from another folder.

    Raises:
        Stop: it has no known form, or is not allowed; what was given is not repeated, it may be
            the password.
    """
    from remediate.secrets.reference import placed

    given: str | None = options.get("password_from")
    if given is None:
        return None
    try:
        where = placed(given, Path())
    except ValueError as error:
        raise Stop(f"--password-from: {error}", _NOTHING) from None
    only = options.get("passwords_only")
    if only and where != only and not where.startswith("prompt:"):
        raise Stop(f"--password-from is not {only}, and --passwords-only allows no other", _NOTHING)
    return where


def _named(texts: Sequence[str]) -> "Iterator[Entry]":
    from remediate.inventory.protocol import Entry, Settings
    from remediate.model.host import split_target

    for text in dict.fromkeys(text.strip() for text in texts):
        try:
            address, port = split_target(text)
        except ValueError as error:
            raise Stop(f"--host: {error}", _NOTHING) from None
        yield Entry(text, address, Settings(port=port))


def _chosen(known: "Inventory", options: Mapping[str, Any]) -> "list[Entry]":
    groups = known.groups()
    for group in options["groups"]:
        if group not in groups:
            names = ", ".join(groups) or "it has none"
            raise Stop(f"{known.source} has no group {group!r}", f"Groups: {names}.")
    chosen = [
        entry
        for entry in known.entries()
        if (not options["groups"] or set(options["groups"]) & set(entry.groups))
        and (not options["limits"] or any(_matches(entry.name, g) for g in options["limits"]))
    ]
    if not chosen:
        raise Stop(f"no host of {known.source} is chosen by --group and --limit", _NOTHING)
    return chosen


def _matches(name: str, glob: str) -> bool:
    return fnmatchcase(name.casefold(), glob.casefold())


def said(options: Mapping[str, Any]) -> "Settings":
    """What the command line says of how hosts are reached.

    Raises:
        Stop: `--password-from` is no reference, or none that is allowed.
    """
    from remediate.inventory.protocol import Settings

    names = ("user", "auth", "port", "tls", "ca_file", "cert_file", "key_file", "insecure")
    return Settings(password=reference(options), **{name: options[name] for name in names})


def _host(entry: "Entry", settings: "Settings", password: str | None, hint: str) -> "Host":
    """One host, with what nobody said filled in."""
    from pydantic import ValidationError

    from remediate.model.host import HTTP_PORT, HTTPS_PORT, Auth, Host

    auth = settings.auth or Auth.NEGOTIATE
    tls = settings.port in _SECURE_PORTS if settings.tls is None else settings.tls
    filled = {
        "tls": tls,
        "auth": auth,
        "port": settings.port or (HTTPS_PORT if tls else HTTP_PORT),
        "password": password,
    }
    if auth is not Auth.CERTIFICATE and not settings.user:
        raise Stop(f"no user is given for {entry.name}", "Name the account with --user.")
    if auth is Auth.CERTIFICATE and not (settings.cert_file and settings.key_file):
        raise Stop(f"no certificate is given for {entry.name}", "Give --cert-file and --key-file.")
    try:
        return Host(name=entry.name, address=entry.address, **{**settings.said(), **filled})
    except ValidationError as error:
        message = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise Stop(message, hint) from None


def _password(settings: "Settings", only: str | None, *, interactive: bool) -> str | None:
    if settings.auth == "certificate":
        return None
    if settings.password or only:
        return settings.password or only
    if _PASSWORD in os.environ:
        return f"env:{_PASSWORD}"
    if interactive:
        return "prompt:"
    raise Stop(
        "no password is given, and there is no terminal to ask for it on",
        f"Set {_PASSWORD}, or say where it is with --password-from.",
    )
