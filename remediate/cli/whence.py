"""Where what is said of a host's connection comes from, in words."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from remediate.cli import connecting
from remediate.cli.here import is_here
from remediate.cli.reaching import PASSWORD, completed, own_logon_of, said, said_in_file, usual

if TYPE_CHECKING:
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.connection import Connection
    from remediate.model.host import Host

BUILT_IN = "built in"
ENVIRONMENT = "environment"


def origins(
    entry: "InventoryHost", options: Mapping[str, Any], host: "Host", *, named: bool
) -> dict[str, str]:
    """Where each setting of a host comes from, in words, by its name.

    Args:
        entry: as for `reaching.reached`.
        options: as for `reaching.reached`.
        host: what came of them.
        named: as for `reaching.reached`.
    """
    from remediate.inventory.protocol import Said
    from remediate.model.connection import SETTINGS

    if named and is_here(host):
        return {"transport": "--host"}
    known = entry.said or [Said("--host" if named else "inventory", entry.connection)]
    effective = {one: value for one, value in host if value is not None}

    def stays(connection: "Connection") -> "Iterator[str]":
        """What of it did not give way to what is nearer."""
        return (one for one, value in connection.said().items() if value == effective.get(one))

    places = said_in_file(options)
    file = {one: places[one] for one in stays(usual(options))}
    there = {one: say.where for say in reversed(known) for one in stays(say.connection)}
    typed = {one: connecting.flag_of(one) for one in said(options).said()}
    found = {**file, **typed, **there} if named else {**file, **there, **typed}
    if "insecure" not in typed:
        found.pop("insecure", None)  # what an inventory says of it alone does not count
    if "password" not in found and host.password == f"env:{PASSWORD}":
        found["password"] = ENVIRONMENT
    if "password" not in found and options["passwords_only"]:
        found["password"] = "--passwords-only"  # noqa: S105 - where it is
    if "port" in found:
        found.setdefault("tls", f"port {host.port}")
    names = (one.name for one in SETTINGS if one.name in effective)
    return {name: found.get(name, BUILT_IN) for name in names}


def unsaid(options: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """How hosts are reached of which nobody says more: each setting, and where it is said.

    Args:
        options: as for `reaching.reached`.
    """
    from remediate.model.connection import Auth

    spoken, places = said(options), said_in_file(options)
    connection = completed(spoken, usual(options))
    found = {
        name: (value, connecting.flag_of(name) if name in spoken.said() else places[name])
        for name, value in connection.said().items()
    }
    if "password" in found or "keytab" in found or connection.auth is Auth.CERTIFICATE:
        return found
    if options["passwords_only"]:
        found["password"] = (options["passwords_only"], "--passwords-only")
    elif PASSWORD in os.environ:
        found["password"] = (f"env:{PASSWORD}", ENVIRONMENT)
    elif not own_logon_of(connection, sys.platform):
        found["password"] = ("prompt:", BUILT_IN)
    return found


def written(value: object) -> str:
    """A value as an inventory would have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
