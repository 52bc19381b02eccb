"""Which hosts a command works on, and how each is reached."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.lazy import Option
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from remediate.inventory.protocol import Entry, Settings
    from remediate.model.host import Host

_PASSWORD = "REMEDIATE_PASSWORD"  # noqa: S105 - the name of a variable
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path, resolve_path=True)
_NOTHING = "Nothing was sent to any host."
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
        Option(["--user"], metavar="NAME", section=CONNECTION, help="Account on the servers."),
        password_option(),
        open_files_option(),
        Option(
            ["--auth"],
            type=click.Choice(["basic", "certificate", "negotiate", "ntlm"]),
            section=CONNECTION,
            help="How to log on.  [default: negotiate]",
        ),
        Option(
            ["--port"],
            type=click.IntRange(1, 65535),
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
            help="PEM file of the authority that signed the servers' certificates.",
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
            help="Allow Basic over plain HTTP beyond this machine: anyone can read the password.",
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
        expose_value=False,
        callback=_allow_open_files,
        section=CONNECTION,
        help="Use a password or key file although others on this machine may read it.",
    )


def _allow_open_files(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value and ctx.obj is not None:  # there is none while a shell completes
        ctx.obj.allow_open_files = True


def pace_options() -> list[click.Option]:
    """Options that say how long and how many at once."""
    return [
        Option(
            ["--timeout"],
            type=click.FloatRange(1, 86400),
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


def select_hosts(options: Mapping[str, Any], *, interactive: bool) -> "tuple[Host, ...]":
    """The hosts that the options choose, in their order, each ready to be connected to.

    Args:
        options: values of `host_options` and `connection_options`, by name.
        interactive: there is a person who can type a password.

    Raises:
        Stop: they choose none, or one that cannot be connected to as it is described.
        InventoryError: the inventory cannot be used.
    """
    if options["hosts"] and options["inventory"]:
        raise Stop(
            "--host and --inventory exclude each other",
            "To choose from the inventory use --limit or --group.",
        )
    if options["inventory"]:
        entries = _from_inventory(options)
    elif options["groups"] or options["limits"]:
        raise Stop("--group and --limit choose from an inventory", "Name it with --inventory FILE.")
    elif options["hosts"]:
        entries = list(_named(options["hosts"]))
    else:
        raise Stop("no host is given", "Name one with --host, or several with --inventory FILE.")
    named = bool(options["hosts"])
    hosts = tuple(
        _reached(entry, options, named=named, interactive=interactive) for entry in entries
    )
    _each_once(hosts)
    return hosts


def _each_once(hosts: "Sequence[Host]") -> None:
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
    options: Mapping[str, Any], names: Iterable[str], *, interactive: bool
) -> "dict[str, Host]":
    """The hosts that playbooks copy from: those of the inventory, else reached as `--host` is.

    Args:
        options: as for `select_hosts`.
        names: as they were given to the playbooks.
        interactive: there is a person who can type a password.

    Raises:
        Stop: one cannot be connected to as it is described.
        InventoryError: the inventory cannot be used.
    """
    found: dict[str, Host] = {}
    for name in names:
        known = [entry for entry in _inventory(options) if entry.name.casefold() == name.casefold()]
        entry = next(iter(known or _named([name])))
        found[name] = _reached(entry, options, named=not known, interactive=interactive)
    return found


def _inventory(options: Mapping[str, Any]) -> "Sequence[Entry]":
    from remediate.inventory.yaml import YamlInventory

    return YamlInventory(options["inventory"]).entries() if options["inventory"] else ()


def _reached(
    entry: "Entry", options: Mapping[str, Any], *, named: bool, interactive: bool
) -> "Host":
    """A host with what the command line says; a port in `name:port` counts more than --port."""
    said = _said(options)
    settings = entry.settings.over(said) if named else said.over(entry.settings)
    return _host(entry, settings, interactive=interactive)


def reference(options: Mapping[str, Any]) -> str | None:
    """Where `--password-from` says the password is, fit to be used later from another folder.

    Raises:
        Stop: it has no known form; what was given is not repeated, it may be the password.
    """
    given: str | None = options.get("password_from")
    if given is None:
        return None
    scheme, colon, rest = given.partition(":")
    if scheme == "file" and rest:
        return f"file:{Path(rest).expanduser().absolute()}"
    if not colon or scheme not in {"env", "command", "prompt"} or (scheme != "prompt" and not rest):
        raise Stop(
            "--password-from says where the password is, it is not the password",
            "Write env:NAME, file:PATH, command:PROGRAM or prompt:.",
        )
    return given


def _named(texts: Sequence[str]) -> "Iterator[Entry]":
    from remediate.inventory.protocol import Entry, Settings
    from remediate.model.host import split_target

    for text in dict.fromkeys(text.strip() for text in texts):
        try:
            address, port = split_target(text)
        except ValueError as error:
            raise Stop(f"--host: {error}", _NOTHING) from None
        yield Entry(text, address, Settings(port=port))


def _from_inventory(options: Mapping[str, Any]) -> "list[Entry]":
    from remediate.inventory.yaml import YamlInventory

    inventory = YamlInventory(options["inventory"])
    known = inventory.groups()
    for group in options["groups"]:
        if group not in known:
            names = ", ".join(known) or "it has none"
            raise Stop(f"{inventory.source} has no group {group!r}", f"Groups: {names}.")
    chosen = [
        entry
        for entry in inventory.entries()
        if (not options["groups"] or set(options["groups"]) & set(entry.groups))
        and (not options["limits"] or any(_matches(entry.name, g) for g in options["limits"]))
    ]
    if not chosen:
        raise Stop(f"no host of {inventory.source} is chosen by --group and --limit", _NOTHING)
    return chosen


def _matches(name: str, glob: str) -> bool:
    return fnmatchcase(name.casefold(), glob.casefold())


def _said(options: Mapping[str, Any]) -> "Settings":
    from remediate.inventory.protocol import Settings

    names = ("user", "auth", "port", "tls", "ca_file", "cert_file", "key_file", "insecure")
    return Settings(password=reference(options), **{name: options[name] for name in names})


def _host(entry: "Entry", settings: "Settings", *, interactive: bool) -> "Host":
    """One host, with what nobody said filled in."""
    from pydantic import ValidationError

    from remediate.model.host import HTTP_PORT, HTTPS_PORT, Auth, Host

    auth = settings.auth or Auth.NEGOTIATE
    tls = settings.port in _SECURE_PORTS if settings.tls is None else settings.tls
    values = {
        "tls": tls,
        "auth": auth,
        "port": settings.port or (HTTPS_PORT if tls else HTTP_PORT),
        "password": _password(settings, auth, interactive=interactive),
    }
    if auth is not Auth.CERTIFICATE and not settings.user:
        raise Stop(f"no user is given for {entry.name}", "Name the account with --user.")
    if auth is Auth.CERTIFICATE and not (settings.cert_file and settings.key_file):
        raise Stop(f"no certificate is given for {entry.name}", "Give --cert-file and --key-file.")
    try:
        return Host(name=entry.name, address=entry.address, **{**settings.said(), **values})
    except ValidationError as error:
        message = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise Stop(message, _NOTHING) from None


def _password(settings: "Settings", auth: str, *, interactive: bool) -> str | None:
    if auth == "certificate":
        return None
    if settings.password:
        return settings.password
    if _PASSWORD in os.environ:
        return f"env:{_PASSWORD}"
    if interactive:
        return "prompt:"
    raise Stop(
        "no password is given, and there is no terminal to ask for it on",
        f"Set {_PASSWORD}, or say where it is with --password-from.",
    )
