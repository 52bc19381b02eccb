"""What is wrong with an inventory that can be read: with its hosts, and with its parameters."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from remediate.cli import reaching
from remediate.cli.host_parameters import fault_of

if TYPE_CHECKING:
    from remediate.inventory.protocol import Inventory, Param
    from remediate.playbook.catalogue import Catalogue


def mistakes(found: "Inventory", known: "Catalogue") -> Iterator[str]:
    """All that other commands would refuse, each with its place.

    Args:
        found: the inventory.
        known: the playbooks.
    """
    params: dict[int, Sequence[Param]] = {}
    for host in found.entries():
        if problem := reaching.contradiction(host):
            yield f"{host.at or found.source}: {host.name}: {problem}"
        params |= {id(said): said.params for said in host.said}
    for param in dict.fromkeys(param for each in params.values() for param in each):
        if problem := fault_of(param, known):
            yield f"{param.at}: {problem}"
