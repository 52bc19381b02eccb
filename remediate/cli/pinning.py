"""The certificates of hosts, as an inventory pins them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from remediate.cli import hosting, targets
from remediate.cli.here import THIS_MACHINE
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts, settings

if TYPE_CHECKING:
    from remediate.model.certificate import Certificate
    from remediate.model.host import Host
    from remediate.transport.errors import TransportError


def show_pins(parts: Parts, options: Mapping[str, Any]) -> int:
    """Print what hosts show in TLS, as rows of an inventory; nothing is stored.

    Args:
        parts: what the command works with.
        options: values of the options, by name.

    Returns:
        The exit code.

    Raises:
        InventoryError: the inventory cannot be used.
        Stop: no host is chosen, or one that cannot be connected to as it is described.
        Interrupted: somebody pressed Ctrl-C.
    """
    from remediate.model.exit_code import ExitCode
    from remediate.transport.errors import TransportError
    from remediate.transport.protocol import Deadline
    from remediate.transport.reach import certificate_of

    parts.start_logging()
    hosts = _hosts(parts, options)
    seconds = settings(options).timeout

    def look(host: "Host") -> "Certificate | TransportError":
        try:
            return certificate_of(host, Deadline(seconds))
        except TransportError as error:
            return error

    shown, problems = [], []
    for host, found in zip(hosts, hosting.each(parts, options, hosts, look), strict=True):
        if isinstance(found, TransportError):
            problems.append(found)
        else:
            # a host that was only typed is called by its address in an inventory
            shown.append(_row(host.name if options["inventory"] else host.address, host, found))
    if shown:
        print("\n".join(("hosts:", *shown)))
    for problem in problems:
        parts.terminal.complain(str(problem), problem.hint)
    return int(ExitCode.UNREACHABLE if problems else ExitCode.OK)


def _hosts(parts: Parts, options: Mapping[str, Any]) -> "tuple[Host, ...]":
    """The hosts that are chosen, spoken to by TLS whatever is said; nobody logs on."""
    from remediate.model.connection import SETTINGS, Auth

    if THIS_MACHINE in options["hosts"]:
        raise Stop(
            f"--host {THIS_MACHINE} is this machine itself, which is reached without TLS",
            "Give the name by which WinRM reaches the server.",
        )
    if options["tls"] is False:
        raise Stop("--no-tls is given, and a certificate is shown in TLS only", "Leave it out.")
    nobody = {
        **options,
        **{setting.name: None for setting in SETTINGS if setting.name != "port"},
        "tls": True,
        "auth": Auth.NEGOTIATE,
        "user": "nobody",
        "password_from": "prompt:",
    }
    known = targets.inventory(options, parts.terminal.say)
    return targets.select_hosts(nobody, known, interactive=False)


def _row(name: str, host: "Host", shown: "Certificate") -> str:
    from remediate.model.certificate import in_words

    names = f"; for {', '.join(shown.names)}" if shown.names else ""
    weak = ", which is too short" if shown.weak_key else ""
    return (
        f"  # {in_words(shown)}; key {shown.key or 'unknown'}{weak}{names}\n"
        f"  {json.dumps(name, ensure_ascii=False)}: "
        f"{{port: {host.port}, tls: true, tls_pin: {json.dumps(shown.pin)}}}"
    )
