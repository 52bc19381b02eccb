"""What an inventory says, put together host by host: the nearest place counts most."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from remediate.inventory.protocol import InventoryHost, Said
from remediate.model.connection import Connection

HOST, DEFAULTS = "host", "defaults"
_NOTHING = Connection()


class Gathered:
    """An inventory made of what was read, in the order in which it is written.

    Many hosts say the same, or nothing; what comes of it is then put together once.

    Args:
        source: where it comes from, for messages.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.hosts: dict[str, tuple[str, Said]] = {}
        """Address, and what is said there, by name."""
        self.places: dict[str, str] = {}
        """Where a host stands, for a message, by its name."""
        self.grouped: dict[str, tuple[Sequence[str], Said]] = {}
        """Names of hosts, and what is said there, by name of group."""
        self.defaults = Said(DEFAULTS, _NOTHING)
        self.notes: Sequence[str] = ()
        """What whoever uses it should know."""

    def groups(self) -> Mapping[str, Sequence[str]]:
        """Names of hosts by name of group."""
        return {name: hosts for name, (hosts, _) in self.grouped.items()}

    def entries(self) -> Sequence[InventoryHost]:
        """The hosts, each with what its groups and the defaults say."""
        return self._entries

    @cached_property
    def _entries(self) -> Sequence[InventoryHost]:
        member: dict[str, list[str]] = {}
        for group, (hosts, _) in self.grouped.items():
            for host in hosts:
                member.setdefault(host, []).append(group)
        known: dict[tuple[int, tuple[str, ...]], tuple[Connection, tuple[Said, ...]]] = {}
        found = []
        for name, (address, own) in self.hosts.items():
            groups = tuple(member.get(name, ()))
            key = (id(own), groups)
            if key not in known:
                said = (own, *(self.grouped[group][1] for group in groups), self.defaults)
                known[key] = _merged(said), said
            connection, said = known[key]
            at = self.places.get(name, self.source)
            found.append(InventoryHost(name, address, connection, groups, said, at))
        return found


def _merged(said: Sequence[Said]) -> Connection:
    connection = _NOTHING
    for one in said:
        connection = connection.over(one.connection)
    return connection
