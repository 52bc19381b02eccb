"""An inventory of Ansible, as `ansible-inventory --list` prints it.

Variables are taken host by host as Ansible has put them together; see `ansible_variables`. Hosts
that Ansible reaches in another way than by WinRM, such as Linux by ssh, are left out.

What the versions 2.18 and 2.19 print was seen in run.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from remediate.files import read_content
from remediate.inventory.ansible_variables import HostVariables, connection_of
from remediate.inventory.gathered import HOST, Gathered
from remediate.inventory.mistakes import short
from remediate.inventory.program import MAX_BYTES, printed_by, require_data
from remediate.inventory.protocol import InventoryError, Trust
from remediate.inventory.settings import Settings
from remediate.secrets.program import ProgramError

_COMMAND = "ansible-inventory"
_WHOLE = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1", "ANSIBLE_INVENTORY_EXPORT": "0"}
"""Else a part of an inventory that fails is left out, with exit code 0; and where `ansible.cfg`
says so, hosts lack the variables of their groups."""

_ALL = "all"
_META = "_meta"
"""Stands in what is listed, where groups stand, and holds the variables of hosts."""


def load_ansible(named: str, trust: Trust) -> Gathered:
    """An inventory that Ansible's own command reads, or a file with what that has printed.

    Args:
        named: what Ansible takes for `-i`: a file, a folder, or names with commas.
        trust: how far what it says is believed.

    Raises:
        InventoryError: Ansible is not there, does not read it, or says what cannot be meant.
    """
    source = f"ansible:{named}"
    if not named.strip():
        raise InventoryError(source, f"{source} names nothing: write ansible:FILE")
    path = Path(named)
    settings = Settings(path.parent, trust)
    if path.suffix.lower() == ".json":
        try:
            listed = listed_in(read_content(path, MAX_BYTES).data)
        except OSError as error:
            text = f"the inventory {path} cannot be read: {error.strerror}"
            raise InventoryError(source, text) from None
        if listed is not None:
            return read_ansible(named, listed, settings, trust)
    require_data(source, named, trust)
    try:
        printed = printed_by([_COMMAND, f"--inventory={named}", "--list"], trust, _WHOLE)
    except ProgramError as error:
        starts = "does not start" not in error.why
        hint = f"`{_COMMAND} -i … --list` says why" if starts else "is Ansible installed?"
        raise InventoryError(source, f"{source}: {_COMMAND} {error.why}; {hint}") from None
    listed = listed_in(printed)
    if listed is None:
        raise InventoryError(source, f"{source}: {_COMMAND} has not printed an inventory")
    return read_ansible(named, listed, settings, trust)


def listed_in(data: bytes) -> dict[str, Any] | None:
    """What the command has printed; None when it is something else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get(_META), dict) else None


def read_ansible(
    source: str, listed: Mapping[str, Any], settings: Settings, trust: Trust
) -> Gathered:
    """The inventory that Ansible has listed.

    Args:
        source: where it comes from, for messages.
        listed: what `ansible-inventory --list` prints, as it is in JSON.
        settings: reads what it says of connections.
        trust: how far it is believed.

    Raises:
        InventoryError: with all that cannot be used, by host and variable.
    """
    gathered = Gathered(source)
    shape = _Shape(source)
    variables = shape.variables(listed[_META])
    groups = {name: shape.group(name, listed[name]) for name in listed if name != _META}
    if shape.mistakes:
        raise InventoryError(source, *shape.mistakes)
    members = {name: tuple(_members(groups, name)) for name in groups}
    names = dict.fromkeys([*members.get(_ALL, ()), *variables, *chain(*members.values())])
    mistakes: list[str] = []
    unchecked = 0
    for name in names:
        host = HostVariables(name, variables.get(name, {}), settings, trust)
        if not host.connection:
            continue
        said, address = host.read()
        mistakes += [f"{source}: {short(name)}: {text}" for text in host.mistakes]
        unchecked += host.unchecked
        gathered.hosts[name] = (address, settings.said(HOST, tuple(said.items())))
    mistakes += _left_to_groups(source, groups, members, gathered.hosts)
    if not gathered.hosts and not mistakes:
        problem = (
            f"{source}: none of its {_hosts(len(names))} is one of Windows: "
            "ansible_connection is winrm or psrp where it is"
        )
        mistakes.append(problem)
    if mistakes:
        raise InventoryError(source, *mistakes)
    for group, hosts in members.items():
        ours = tuple(name for name in hosts if name in gathered.hosts)
        if group != _ALL and ours:
            gathered.grouped[group] = ours, settings.said(f"group {group}", ())
    gathered.notes = tuple(_notes(source, len(names) - len(gathered.hosts), unchecked))
    return gathered


def _left_to_groups(
    source: str,
    groups: "Mapping[str, _Group]",
    members: Mapping[str, Sequence[str]],
    ours: Collection[str],
) -> Iterator[str]:
    """Groups that say of their hosts what would be missed here, as only hosts are looked at."""
    for name, group in groups.items():
        variables = [each for each in group.variables if each.startswith("ansible_")]
        reached = connection_of(group.variables) or any(host in ours for host in members[name])
        if variables and reached:
            yield (
                f"{source}: group {short(name)}: {short(variables[0])} stands at the group only: "
                "have Ansible read it, or give what `ansible-inventory --list` prints without "
                "--export"
            )


def _notes(source: str, left_out: int, unchecked: int) -> Iterator[str]:
    if left_out:
        yield f"{source}: {_hosts(left_out)} left out, as Ansible reaches them otherwise."
    if unchecked:
        yield (
            f"{source}: certificates of {_hosts(unchecked)} are not to be checked; they are "
            "checked here. remediate hosts pin shows the pin of one, for --tls-pin."
        )


def _members(groups: "Mapping[str, _Group]", group: str) -> Iterator[str]:
    """The hosts of a group and of the groups in it, each once."""
    waiting, seen, found = [group], {group}, set()
    while waiting:
        one = groups.get(waiting.pop(0), _Group((), ()))
        for name in one.hosts:
            if name not in found:
                found.add(name)
                yield name
        below = [name for name in one.children if name not in seen]
        seen.update(below)
        waiting += below


def _hosts(number: int) -> str:
    return f"{number} host{'' if number == 1 else 's'}"


class _Group(NamedTuple):
    """What is listed of a group: names of hosts and of groups in it, and variables of its own."""

    hosts: Sequence[str]
    children: Sequence[str]
    variables: Mapping[str, Any] = MappingProxyType({})


class _Shape:
    """Takes what is listed apart, and says where it is something else than Ansible prints.

    Args:
        source: where it comes from, for messages.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self.mistakes: list[str] = []

    def variables(self, meta: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        """The variables of each host."""
        listed = self._mapping(meta.get("hostvars"), f"{_META}.hostvars")
        return {
            name: self._mapping(one, f"the variables of {short(name)}")
            for name, one in listed.items()
        }

    def group(self, name: str, listed: object) -> _Group:
        """A group; the scripts of old print the list of its hosts only."""
        who = f"group {short(name)}"
        if isinstance(listed, list):
            return _Group(self._names(listed, who), ())
        group = self._mapping(listed, who)
        hosts, children = (
            self._names(group.get(key), f"{who}: {key}") for key in ("hosts", "children")
        )
        return _Group(hosts, children, self._mapping(group.get("vars"), f"{who}: vars"))

    def _mapping(self, value: object, what: str) -> Mapping[str, Any]:
        if not isinstance(value, dict | None):
            self._wrong(f"{what} has to be a JSON object")
        return value if isinstance(value, dict) else {}

    def _names(self, value: object, what: str) -> Sequence[str]:
        names = [] if value is None else value
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
        self._wrong(f"{what} has to be a list of names")
        return ()

    def _wrong(self, text: str) -> None:
        self.mistakes.append(f"{self._source}: {text}")
