"""Programs that print an inventory: which are run, and what they do not get."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from remediate.files import OWNERS_ARE_KNOWN, written_by_others
from remediate.inventory.protocol import InventoryError, Trust
from remediate.secrets.own_files import OPTION
from remediate.secrets.program import run_program

SECONDS = 300.0
"""How long one may take; it may ask a cloud."""

MAX_BYTES = 64 * 1024 * 1024
"""Of what it prints: thousands of hosts with all their variables."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


def printed_by(argv: Sequence[str], trust: Trust, settings: Mapping[str, str] = _NOTHING) -> bytes:
    """What a program prints, which does not get the secrets of our environment.

    Args:
        argv: the program and its arguments.
        trust: names the variables with secrets.
        settings: variables of its environment, besides ours.

    Raises:
        ProgramError: it does not start, fails, or takes too long.
    """
    return run_program(argv, MAX_BYTES, SECONDS, settings, trust.withheld)


def require_program(source: str, argv: Sequence[str], trust: Trust) -> None:
    """Make sure that a program, and each file among its arguments, is nobody else's to change.

    Args:
        source: the inventory, for messages.
        argv: the program and its arguments.
        trust: how far it is believed.

    Raises:
        InventoryError: it is not run.
    """
    _require_programs(source, trust, "save what it prints in a file, and name that")
    if trust.allow_open:
        return
    for word in (shutil.which(argv[0]) or argv[0], *argv[1:]):
        with suppress(OSError, ValueError):  # most arguments are no files
            _require_alone(source, Path(word), Path(word).stat())


def require_data(source: str, named: str, trust: Trust) -> None:
    """Make sure that what Ansible reads is nobody else's to change, and no program.

    Ansible runs whatever it finds there and can execute, and a plugin that it names.

    Args:
        source: the inventory, for messages.
        named: what Ansible takes for `-i`.
        trust: how far it is believed.

    Raises:
        InventoryError: Ansible is not asked to read it.
    """
    advice = "save what `ansible-inventory --list` prints in a .json file, and name that"
    _require_programs(source, trust, advice)
    path = Path(named)
    if trust.allow_open or not path.exists():  # names with commas are no file
        return
    for folder in dict.fromkeys((path.absolute().parent, path.resolve().parent)):
        _require_alone(source, folder, folder.stat())
    for one, status in _below(path):
        _require_alone(source, one, status)
        if OWNERS_ARE_KNOWN and stat.S_ISREG(status.st_mode) and status.st_mode & 0o111:
            text = (
                f"{source}: Ansible would run {one}, because it is executable; take that from it "
                f"(chmod a-x), or accept it with {OPTION}"
            )
            raise InventoryError(source, text)


def _require_programs(source: str, trust: Trust, advice: str) -> None:
    if trust.only_password:
        text = f"{source}: --passwords-only allows no program that prints an inventory; {advice}"
        raise InventoryError(source, text)


def _require_alone(source: str, path: Path, status: os.stat_result) -> None:
    if why := written_by_others(status):
        text = (
            f"{source}: {path} is not used, because {why}, and with it what runs here; change "
            f"that, or accept it with {OPTION}"
        )
        raise InventoryError(source, text)


def _below(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """A path and all below it that Ansible looks at, links followed, each once."""
    waiting, seen = [path], set()
    while waiting:
        one = waiting.pop()
        try:
            status = one.stat()
        except FileNotFoundError:
            continue  # a link that leads nowhere
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        yield one, status
        if stat.S_ISDIR(status.st_mode):
            below = sorted(one.iterdir(), reverse=True)
            waiting += (each for each in below if not each.name.startswith("."))
