"""The seam between commands and whatever knows the hosts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from remediate.errors import RemediateError
from remediate.model.connection import Connection


class InventoryError(RemediateError):
    """An inventory cannot be used.

    Args:
        source: where it comes from.
        mistakes: all that is wrong with it, each with its place; none repeats a password.
    """

    def __init__(self, source: str, *mistakes: str) -> None:
        only = mistakes[0] if len(mistakes) == 1 else f"{source} has {len(mistakes)} mistakes"
        super().__init__(only)
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Trust:
    """How far what an inventory says is believed.

    Args:
        only_password: the only reference to a password that it may hold, besides `prompt:`, and
            then no file of a certificate or its key either; None when it may say anything.
        allow_open: it may name programs and files for passwords, and be a program, although others
            may write to it.
        withheld: variables of the environment that hold secrets, which no program gets.
    """

    only_password: str | None = None
    allow_open: bool = False
    withheld: frozenset[str] = frozenset()


class Param(NamedTuple):
    """A parameter of a playbook, as an inventory has it.

    Args:
        playbook: its id.
        name: of the parameter, as an option or as a field.
        value: a text, or several.
        at: where it stands, for a message (`prod.yaml:12:7`).
    """

    playbook: str
    name: str
    value: str | tuple[str, ...]
    at: str

    @property
    def option(self) -> str:
        """Its name as one types it."""
        return self.name.strip("_").replace("_", "-")


@dataclass(frozen=True, slots=True)
class Said:
    """What one place of an inventory says of a host.

    Args:
        where: the place, for a person: `host`, `group dmz`, `defaults`.
        connection: how the host is reached.
        params: parameters of playbooks there.
    """

    where: str
    connection: Connection
    params: Sequence[Param] = ()


@dataclass(frozen=True, slots=True)
class InventoryHost:
    """A host in an inventory.

    Args:
        name: what the operator calls it.
        address: DNS name or IP address.
        connection: how it is reached, defaults and groups included.
        groups: the groups that it belongs to.
        said: where that is said, the nearest place first; empty where nobody knows.
        at: where it stands, for a message (`prod.yaml:12:7`); empty where nobody knows.
    """

    name: str
    address: str
    connection: Connection
    groups: Sequence[str] = field(default=())
    said: Sequence[Said] = field(default=(), compare=False)
    at: str = field(default="", compare=False)

    def params(self) -> Iterator[tuple[Param, str]]:
        """Parameters of playbooks, each with the place that says it; the nearest one counts."""
        found = set()
        for said in self.said:
            for param in said.params:
                key = (param.playbook, param.option)
                if key not in found:
                    found.add(key)
                    yield param, said.where


class Inventory(Protocol):
    """Knows hosts and groups."""

    @property
    def source(self) -> str:
        """Where it comes from, for messages."""

    @property
    def notes(self) -> Sequence[str]:
        """What whoever uses it should know, in sentences."""

    def entries(self) -> Sequence[InventoryHost]:
        """All hosts, in the order in which they are written."""

    def groups(self) -> Mapping[str, Sequence[str]]:
        """Names of hosts by name of group."""


Loader = Callable[[str, Trust], Inventory]
"""Reads an inventory, given what follows its name in `--inventory NAME:…`; raises
`InventoryError` with all that is wrong with it."""
