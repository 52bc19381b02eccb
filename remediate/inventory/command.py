"""An inventory that a program prints: in YAML or JSON as in a file, or as Ansible's scripts do."""

from pathlib import Path

from remediate.inventory.ansible import listed_in, read_ansible
from remediate.inventory.gathered import Gathered
from remediate.inventory.program import printed_by, require_program
from remediate.inventory.protocol import InventoryError, Trust
from remediate.inventory.settings import Settings
from remediate.inventory.yaml import read_yaml
from remediate.secrets import SecretError
from remediate.secrets.program import ProgramError, to_keep, words_of


def load_command(line: str, trust: Trust) -> Gathered:
    """The inventory that a program prints; files in it are looked for in the folder one is in.

    Args:
        line: the program and its arguments; no shell is involved, quotes group words.
        trust: how far what it says is believed.

    Raises:
        InventoryError: it fails, or prints what cannot be used.
    """
    source = to_keep(f"command:{line}")  # its arguments may hold a secret
    try:
        argv = words_of(line)
    except SecretError as error:
        raise InventoryError(source, str(error).replace("password ", "inventory's ")) from None
    require_program(source, argv, trust)
    try:
        printed = printed_by(argv, trust)
    except ProgramError as error:
        text = f"the inventory's program {source} {error.why}; run it yourself to see what it says"
        raise InventoryError(source, text) from None
    settings = Settings(Path(), trust)
    listed = listed_in(printed)
    if listed is not None:
        return read_ansible(source, listed, settings, trust)
    return read_yaml(source, printed, settings)
