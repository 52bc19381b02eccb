"""This machine itself, which is worked on without a connection."""

import socket
from typing import TYPE_CHECKING

from remediate.cli import connecting
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from remediate.model.connection import Connection
    from remediate.model.host import Host

_COMPUTER_NAME = 15
"""Characters that a computer name has at most."""

THIS_MACHINE = "."
"""What `--host` calls this machine itself."""


def own_name() -> str:
    """What this machine calls itself: its computer name, as Windows answers it over WinRM.

    https://learn.microsoft.com/windows/win32/sysinfo/computer-names says how that comes from the
    name for DNS.
    """
    from remediate.model.address import check_address

    try:
        return check_address(socket.gethostname().partition(".")[0][:_COMPUTER_NAME].upper())
    except ValueError:
        return "localhost"


def is_own(address: str) -> bool:
    """Whether an address is a name of this machine, as it knows itself; no resolver is asked."""
    own = {own_name().casefold(), socket.gethostname().casefold()}
    return address.rstrip(".").casefold() in own


def this_machine(name: str, spoken: "Connection") -> "Host":
    """This machine itself, which is not connected to.

    Args:
        name: what it is called.
        spoken: what the command line says.

    Raises:
        Stop: that is about a connection.
    """
    from remediate.model.connection import HTTP_PORT, Via
    from remediate.model.host import Host
    from remediate.report.words import join

    about = {one: value for one, value in spoken.said().items() if one != "transport"}
    if spoken.transport not in {None, Via.LOCAL}:
        about["transport"] = spoken.transport
    if about:
        flags = join(map(connecting.flag_of, about))
        verb = "is" if len(about) == 1 else "are"
        raise Stop(
            f"{flags} {verb} given, and this machine itself ({THIS_MACHINE}) is not connected to",
            f"Leave out {flags}; or give the name by which WinRM reaches the server.",
        )
    return Host(name=name, address=own_name(), port=HTTP_PORT, transport=Via.LOCAL)


def is_here(what: "Host | Connection") -> bool:
    """Whether a host, or what is said of one, is this machine itself."""
    return what.transport == "local"
