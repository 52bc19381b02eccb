"""An inventory of the hosts that a test names."""

from collections.abc import Mapping, Sequence

from remediate.inventory.protocol import InventoryHost


class ListedInventory:
    """An `Inventory` of given hosts.

    Args:
        entries: the hosts, with their groups.
    """

    def __init__(self, entries: Sequence[InventoryHost]) -> None:
        self._entries = entries

    @property
    def source(self) -> str:
        """What messages call it."""
        return "the list"

    @property
    def notes(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def entries(self) -> Sequence[InventoryHost]:
        """All hosts."""
        return self._entries

    def groups(self) -> Mapping[str, Sequence[str]]:
        """Names of hosts by name of group."""
        found: dict[str, list[str]] = {}
        for entry in self._entries:
            for group in entry.groups:
                found.setdefault(group, []).append(entry.name)
        return found
