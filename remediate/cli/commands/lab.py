"""`remediate lab`: practice Windows hosts on this machine."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.lazy import Command, FileName, LazyGroup, Option
from remediate.cli.playbooks import catalogue, playbooks_option
from remediate.cli.stop import Stop
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from remediate.lab.serve import Described


def require_lab() -> None:
    """Make sure that the lab is installed.

    Raises:
        Stop: it is not; says how to.
    """
    import importlib.util

    missing = [
        name
        for name in ("cryptography", "psrpcore", "spnego", "trustme")
        if not importlib.util.find_spec(name)
    ]
    if missing:
        raise Stop(
            f"practice hosts need the extra `lab`, of which {', '.join(missing)} is missing",
            "Install it: pip install 'remediate[lab]'.",
        )


def engine_option() -> click.Option:
    """The option that says what runs the scripts."""
    return Option(
        ["--engine"],
        type=click.Choice(["simulated", "powershell"]),
        default="simulated",
        show_default=True,
        help="What runs the scripts: a simulation, or a real PowerShell 7.",
    )


@click.pass_obj
def _serve(parts: Parts, /, **options: Any) -> int:  # noqa: ANN401 - by option name
    require_lab()
    from remediate.lab.serve import serve
    from remediate.model.connection import Auth

    parts.start_logging()
    auth = options.pop("auth")
    options.pop("form")
    _know(options.pop("folders"))
    try:
        serve(auth=Auth(auth) if auth else None, ready=_say_where, **options)
    except ValueError as error:
        raise Stop(str(error), "See remediate lab serve --help.") from error
    except OSError as error:
        state = options["state"]
        about_state = state and error.filename
        what = f"the state {state} cannot be used" if about_state else "no host can be served"
        raise Stop(f"{what}: {error.strerror or error}", "No practice host is left.") from error
    return 0


def _say_where(hosts: "list[Described]") -> None:
    import json

    print(json.dumps({"hosts": hosts}), flush=True)
    if getattr(sys.stdout, "failed", False):
        raise OSError("nobody can be told where they are")


def _know(folders: Sequence[Path]) -> None:
    """Let the lab know the user's own kinds of resources, and what stands beside them for it."""
    from remediate.lab.kinds import add_folder
    from remediate.playbook.catalogue import SHIPPED

    there = catalogue(folders)
    for entry in there.entries.values():
        if not entry.path.is_relative_to(SHIPPED):
            there.load(entry.id)
    for folder in folders:
        add_folder(folder.expanduser().resolve())


serve_command = Command(
    "serve",
    callback=_serve,
    help="Serve practice hosts on loopback until Ctrl-C, SIGTERM or the end of standard input. "
    "When they can be reached, one JSON line on stdout says where, with user and password.",
    params=[
        Option(
            ["--hosts"],
            type=click.IntRange(1, 5000),
            default=1,
            show_default=True,
            help="How many.",
        ),
        Option(
            ["--seed"],
            type=int,
            default=0,
            show_default=True,
            help="The same makes the same hosts.",
        ),
        Option(
            ["--state"],
            type=FileName(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="JSON file with the state of the hosts; read if it exists, and kept up to date.",
        ),
        Option(["--tls"], is_flag=True, help="Speak HTTPS, with a certificate made for it."),
        Option(
            ["--auth"],
            type=click.Choice(["basic", "certificate", "negotiate", "ntlm"]),
            help="The only method to offer.  [default: all]",
        ),
        Option(
            ["--faults"],
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="JSON or YAML file with rules for faults.",
        ),
        Option(
            ["--latency", "latency_ms"],
            type=click.FloatRange(0, 600_000),
            default=0,
            metavar="MS",
            help="Milliseconds before each reply.  [default: 0]",
        ),
        engine_option(),
        playbooks_option(),
        Option(
            ["--format", "form"],
            type=click.Choice(["json"]),
            default="json",
            help="How the line is written.  [default: json]",
        ),
    ],
)
group = LazyGroup(
    "lab",
    help="Practice Windows hosts on this machine; they are never reachable from elsewhere.",
    table={"serve": (f"{__name__}:serve_command", "Serve practice hosts.")},
)
