"""How hosts are reached: what follows from options, inventory and settings file."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remediate.cli.here import THIS_MACHINE, is_here, this_machine
from remediate.cli.settings_file import SettingsFile
from remediate.cli.stop import NOTHING_SENT, Stop

if TYPE_CHECKING:
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.connection import Connection
    from remediate.model.host import Host

PASSWORD = "REMEDIATE_PASSWORD"  # noqa: S105 - the name of a variable
_ALONE = f"insecure: true in an inventory counts only together with --insecure. {NOTHING_SENT}"
_SECURE_PORTS = {443, 5986}


def reached(
    entry: "InventoryHost",
    options: Mapping[str, Any],
    *,
    named: bool,
    interactive: bool,
    platform: str = sys.platform,
) -> "Host":
    """A host with what the command line says; a port in `name:port` counts more than --port.

    Args:
        entry: the host as somebody else describes it.
        options: values of `connection_options`, by name.
        named: the command line itself has named it.
        interactive: there is a person who can type a password.
        platform: the system of this controller, as `sys.platform` calls it.

    Raises:
        Stop: it cannot be connected to as it is described.
    """
    spoken = said(options)
    there = entry.connection
    if named and is_here(there):
        return this_machine(entry.name, spoken)
    nearer = there.over(spoken) if named else spoken.over(there)
    connection = completed(nearer, usual(options))
    _require_elsewhere(entry.name, connection)
    # whoever writes an inventory must not be able to have passwords sent in the clear
    hint = _ALONE if connection.insecure and not spoken.insecure else NOTHING_SENT
    connection = connection.model_copy(update={"insecure": spoken.insecure})
    own = own_logon_of(connection, platform)
    password = _password(
        connection, options["passwords_only"], interactive=interactive, own_logon=own
    )
    try:
        return _host(entry, connection, password, hint, own_logon=own)
    except Stop as stop:
        nearer = nearer.model_copy(update={"insecure": spoken.insecure})
        place = _comes_of(replace(entry, connection=nearer), options)
        raise Stop(f"{stop.message}{place}", stop.hint) from None


def _require_elsewhere(name: str, connection: "Connection") -> None:
    """Make sure that a host is not taken for this machine, which only `--host .` is.

    Raises:
        Stop: somebody says so.
    """
    if is_here(connection):
        raise Stop(
            f"transport local is for this machine itself, and {name} is named",
            f"Call this machine --host {THIS_MACHINE}, or reach the server by psrp or winrs.",
        )


def contradiction(entry: "InventoryHost") -> str:
    """Why an inventory's host cannot be connected to, whatever password and user there are; or "".

    Args:
        entry: the host as its inventory describes it.
    """
    from remediate.model.connection import Auth

    connection, auth = entry.connection, entry.connection.auth
    if auth is Auth.CERTIFICATE and not (connection.cert_file and connection.key_file):
        return "auth is certificate, and cert_file and key_file are not said"
    user = connection.user or "somebody"  # whoever is not said here is given as --user
    try:
        _require_elsewhere(entry.name, connection)
        connection = connection.model_copy(update={"user": user})
        host = _host(entry, connection, connection.password, "", own_logon=False)
    except Stop as stop:
        return str(stop)
    if auth is Auth.KERBEROS and host.domain_name is None:
        return f"Kerberos knows hosts by name, and {host.address} is an address: say kerberos_host"
    return ""


def _comes_of(entry: "InventoryHost", options: Mapping[str, Any]) -> str:
    """Which line of the settings file a contradiction comes of, in words: without it there is none.

    Args:
        entry: the host as all but the settings file describe it.
        options: as for `reached`.
    """
    file = usual(options)

    def wrong(file: "Connection") -> bool:
        connection = completed(entry.connection, file)
        return bool(contradiction(replace(entry, connection=connection)))

    if wrong(file):
        for name, place in said_in_file(options).items():
            if not wrong(file.model_copy(update={name: None})):
                return f"; {name} is said in {place}"
    return ""


def usual(options: Mapping[str, Any]) -> "Connection":
    """What the settings file says of how hosts are reached: it counts where nobody else says it.

    Args:
        options: as for `reached`.
    """
    settings: SettingsFile | None = options.get("config")
    connection = (settings and settings.connection) or _nothing()
    proof = connection.password or connection.keytab
    if proof and (options.get("passwords_only") or PASSWORD in os.environ):  # which count more
        return connection.model_copy(update={"password": None, "keytab": None})
    return connection


def completed(connection: "Connection", file: "Connection") -> "Connection":
    """A connection, with what the settings file says where it says nothing.

    A password there is that of the user there: it is not tried for another one. A keyring is asked
    for the password of whoever logs on. A keytab there is for Kerberos.
    """
    another = file.user and connection.user and file.user.casefold() != connection.user.casefold()
    if another and not (file.password or "").startswith("keyring:"):
        file = file.model_copy(update={"password": None, "keytab": None})
    if (connection.auth or file.auth) != "kerberos":
        file = file.model_copy(update={"keytab": None})
    return connection.over(file)


@cache
def _nothing() -> "Connection":
    """What is said where nobody says anything; there may be thousands of hosts."""
    from remediate.model.connection import Connection

    return Connection()


def said_in_file(options: Mapping[str, Any]) -> dict[str, str]:
    """Where the settings file says how hosts are reached, by name of the setting."""
    settings: SettingsFile | None = options.get("config")
    return {one: settings.places[one] for one in usual(options).said()} if settings else {}


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
        raise Stop(f"--password-from: {error}", NOTHING_SENT) from None
    only = options.get("passwords_only")
    if only and where != only and not where.startswith("prompt:"):
        raise Stop(
            f"--password-from is not {only}, and --passwords-only allows no other", NOTHING_SENT
        )
    return where


def said(options: Mapping[str, Any]) -> "Connection":
    """What the command line says of how hosts are reached.

    Raises:
        Stop: `--password-from` is no reference, or none that is allowed.
    """
    from remediate.model.connection import SETTINGS, Connection

    typed = {setting.name: options[setting.name] for setting in SETTINGS if setting.name in options}
    return Connection(**{**typed, "password": reference(options)})


def own_logon_of(connection: "Connection", platform: str) -> bool:
    """Whether it is the logon of whoever runs this that counts where no password is given.

    Windows hands out that of the session, whomever one names beside it: so only if nobody is.
    """
    from remediate.model.connection import Auth
    from remediate.model.host import WINDOWS

    if platform == WINDOWS:
        return not connection.user and connection.auth in {None, Auth.NEGOTIATE, Auth.KERBEROS}
    return connection.auth is Auth.KERBEROS


def _host(
    entry: "InventoryHost",
    connection: "Connection",
    password: str | None,
    hint: str,
    *,
    own_logon: bool,
) -> "Host":
    """One host, with what nobody said filled in."""
    from pydantic import ValidationError

    from remediate.model.connection import HTTP_PORT, HTTPS_PORT, Auth
    from remediate.model.host import Host

    auth = connection.auth or Auth.NEGOTIATE
    tls = connection.port in _SECURE_PORTS if connection.tls is None else connection.tls
    filled = {
        "tls": tls,
        "auth": auth,
        "port": connection.port or (HTTPS_PORT if tls else HTTP_PORT),
        "password": password,
    }
    if auth is not Auth.CERTIFICATE and not connection.user and not (own_logon and not password):
        instead = f", or unset {PASSWORD} to log on as whoever runs this"
        usual = own_logon and password == f"env:{PASSWORD}"
        hint = f"Name the account with --user{instead if usual else ''}."
        raise Stop(f"no user is given for {entry.name}", hint)
    if auth is Auth.CERTIFICATE and not (connection.cert_file and connection.key_file):
        raise Stop(f"no certificate is given for {entry.name}", "Give --cert-file and --key-file.")
    try:
        host = Host(name=entry.name, address=entry.address, **{**connection.said(), **filled})
    except ValidationError as error:
        message = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise Stop(message, hint) from None
    if host.mistake is not None:
        text, what_to_do = host.mistake
        raise Stop(f"{text} (host {host.name})", what_to_do)
    return host


def _password(
    connection: "Connection", only: str | None, *, interactive: bool, own_logon: bool
) -> str | None:
    if connection.auth == "certificate":
        return None
    if connection.keytab:
        return connection.password  # both are a mistake
    if connection.password or only:
        return connection.password or only
    if PASSWORD in os.environ:
        return f"env:{PASSWORD}"
    if own_logon:
        return None
    if interactive:
        return "prompt:"
    raise Stop(
        "no password is given, and there is no terminal to ask for it on",
        f"Set {PASSWORD}, or say where it is with --password-from.",
    )
