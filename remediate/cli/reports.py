"""Reports in files beside the result, as the command line asks for them."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.following import OUTPUT
from remediate.cli.lazy import Option
from remediate.cli.stop import NOTHING_SENT, Stop

if TYPE_CHECKING:
    from remediate.cli.wiring import Parts
    from remediate.model.host import Host

NAMES = ("junit", "sarif", "markdown", "html")
"""The formats, as one types them; `remediate.report.files` has what writes them."""


def report_option() -> click.Option:
    """The option that writes reports into files."""
    return Option(
        ["--report", "reports"],
        multiple=True,
        metavar="FORMAT=FILE",
        section=OUTPUT,
        callback=_wanted,
        help=f"Also write a report into FILE: {', '.join(NAMES)}. Repeat it for several.",
    )


def _wanted(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[Path, str]:
    """The formats by their files.

    Raises:
        Stop: what is given is no format and file that can be written.
    """
    del ctx, param
    wanted: dict[Path, str] = {}
    for text in given:
        name, _, file = text.partition("=")
        if name not in NAMES or not file:
            unknown = file and name and name not in NAMES
            fault = f"there is no format {name}" if unknown else "that is not FORMAT=FILE"
            raise Stop(
                f"--report {text}: {fault}",
                f"Formats are {', '.join(NAMES)}: --report {NAMES[0]}=report.xml. {NOTHING_SENT}",
            )
        if file == "-":
            raise Stop(
                f"--report {text} would be on stdout, where the result is",
                f"Name a file; remediate report writes a recorded run to stdout. {NOTHING_SENT}",
            )
        path = Path(os.path.abspath(file))  # noqa: PTH100 - a link is replaced, not followed
        if path in wanted:
            raise Stop(
                f"--report names the file {file} twice", f"Give each its own. {NOTHING_SENT}"
            )
        wanted[writable(path)] = name
    return wanted


def require_unused(
    wanted: Collection[Path],
    parts: "Parts",
    options: Mapping[str, Any],
    hosts: "Sequence[Host]",
    otherwise: str = NOTHING_SENT,
    what: str = "report",
) -> None:
    """Make sure that no report takes the place of a file that the command works with.

    Args:
        wanted: where reports are to be.
        parts: what the command works with.
        options: values of the options, by name.
        hosts: those that are chosen.
        otherwise: what else is to be known when one would.
        what: what they are.

    Raises:
        Stop: one would.
    """
    used = list(_used(parts, options, hosts))
    for path in wanted:
        for file, noun in used:
            same = path.exists() and file.exists() and path.samefile(file)
            if path == file or same or (file in path.parents and file.is_dir()):
                raise Stop(
                    f"the {what} {path} would replace {noun}",
                    f"Give it another name. {otherwise}".rstrip(),
                )


def _used(
    parts: "Parts", options: Mapping[str, Any], hosts: "Sequence[Host]"
) -> Iterator[tuple[Path, str]]:
    """The files that a command works with, and what they are."""
    if named := str(options.get("inventory") or ""):
        for text in (named, named.partition(":")[2]):  # a format may stand before it
            if text:
                yield Path.cwd() / text, "the inventory"
    other = {options.get("waivers"): "the waivers", options.get("plan"): "the plan"}
    other |= {parts.settings.path: "the settings file"} if parts.settings else {}
    yield from ((Path.cwd() / path, what) for path, what in other.items() if path)
    if store := parts.place().file:
        for end in ("", "-wal", "-shm", "-journal"):
            yield store.with_name(store.name + end), "the store"
    for host in hosts:
        kind, _, rest = (host.password or "").partition(":")
        password = Path(rest) if kind == "file" else None
        for own in (password, host.keytab, host.key_file, host.cert_file, host.ca_file):
            if own:
                yield own, f"a password, key or certificate file of {host.name}"


def writable(path: Path, otherwise: str = NOTHING_SENT, what: str = "report") -> Path:
    """A file that a report can be put into, as far as that can be told now.

    Args:
        path: where.
        otherwise: what else is to be known when it cannot.
        what: what it is.

    Raises:
        Stop: it cannot.
    """
    folder = path.parent
    fault = hint = ""
    if not folder.is_dir():
        fault, hint = f"the folder of the {what} {path} does not exist", "Make it."
    elif path.exists() and not path.is_file():
        fault, hint = (
            f"the {what} {path} cannot be a file: something else is there",
            "Give it another name.",
        )
    elif not os.access(folder, os.W_OK):
        fault, hint = f"nothing can be written into {folder}", "Choose another folder."
    if fault:
        raise Stop(fault, f"{hint} {otherwise}".rstrip())
    return path
