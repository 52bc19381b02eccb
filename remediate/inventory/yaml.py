r"""An inventory in a YAML file.

    defaults: {user: CONTOSO\svc-backup, password: env:REMEDIATE_PASSWORD}
    hosts:
      SRV01:
      SRV02: {address: 10.0.0.5, port: 5986, ca_file: ca.pem}
    groups:
      backup: {hosts: [SRV01, SRV02], auth: negotiate}

Each of these may hold `params: {PLAYBOOK: {PARAMETER: VALUE}}`, too. What a host says counts more
than what its groups say (the first group that says it), and that more than the defaults. Files are
looked for beside the inventory.

Every name and value is the text that stands there, quoted or not; what it means is said here, not
by YAML: `NO`, `22:30` and `00123` are names and accounts, `010` and `on` are no ports.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from remediate.inventory.document import (
    Items,
    Node,
    Place,
    Text,
    Unreadable,
    read_document,
)
from remediate.inventory.gathered import DEFAULTS, HOST, Gathered
from remediate.inventory.mistakes import Mistakes, short
from remediate.inventory.protocol import Param, Said
from remediate.inventory.reading import Reading
from remediate.inventory.settings import Settings, one_of
from remediate.inventory.written import Rows, Written
from remediate.model.address import check_address
from remediate.model.text import check_text, in_quotes

_SECTIONS = {
    "hosts": "hosts: write each as `NAME:`, on a line of its own",
    "groups": "groups: write each as `NAME: {hosts: [A, B]}`",
    "defaults": "defaults: write `SETTING: VALUE` below it",
}
_PARAMS = "params"

_T = TypeVar("_T")


class _Reading(Reading):
    """Takes a document in, section by section."""

    def __init__(self, gathered: Gathered, mistakes: Mistakes, settings: Settings) -> None:
        super().__init__(gathered, mistakes, settings)
        self._written = Written(mistakes)

    def take(self, text: str) -> None:
        root = read_document(text, self._wrong)
        said: dict[str, list[tuple[Text, Node]]] = {name: [] for name in _SECTIONS}
        for key, node in self._written.rows(root, "the file: write the hosts under `hosts:`"):
            if key.value in _SECTIONS:
                said[key.value].extend(self._written.rows(node, _SECTIONS[key.value]))
            elif key.value == "_meta":
                raise Unreadable(key.place, "this is what Ansible lists: write ansible:FILE")
            else:
                self._wrong(
                    key.place,
                    f"there is no section {in_quotes(key.value)}: {one_of(tuple(_SECTIONS))}",
                )
        for name, node in said["hosts"]:
            self._host(name, node)
        for name, node in said["groups"]:
            self._group(name, node)
        self._gathered.defaults = self._said(DEFAULTS, DEFAULTS, said["defaults"])
        if not self._gathered.hosts and not self._mistakes:
            self._wrong(Place(1, 1), "the inventory has no hosts; write them under `hosts:`")

    def _host(self, name: Text, node: Node) -> None:
        who = short(name.value)
        rows = self._written.rows(node, f"{who}: write what it says as `{{address: …, port: …}}`")
        said = self._said(HOST, who, rows, "address")
        known = self._written.read(name, partial(check_text, what="name of a host"))
        address = self._address(name, rows) if known else None
        self._gathered.hosts[name.value] = (address or "", said)
        self._gathered.places[name.value] = self._mistakes.at(name.place)

    def _address(self, name: Text, rows: Rows) -> str | None:
        for key, node in rows:
            if key.value == "address":
                return self._value(short(name.value), key, node, check_address)
        return self._written.read(name, check_address, "; or write an `address:` below this name")

    def _group(self, name: Text, node: Node) -> None:
        who = f"group {short(name.value)}"
        rows = self._written.rows(node, f"{who}: write `{{hosts: [A, B]}}`")
        self._written.read(name, partial(check_text, what="name of a group"))
        said = self._said(who, who, rows, "hosts")
        members = next((node for key, node in rows if key.value == "hosts"), None)
        self._gathered.grouped[name.value] = (self._members(who, members), said)

    def _members(self, who: str, node: Node | None) -> Sequence[str]:
        if node is None or (isinstance(node, Text) and node.nothing):
            return ()
        if not isinstance(node, Items):
            self._wrong(node.place, f"{who}: write its hosts as a list, `[A, B]`")
            return ()
        names: dict[str, None] = {}
        for item in node.nodes:
            if not isinstance(item, Text):
                self._wrong(item.place, f"{who}: its hosts are names, not lists or mappings")
            elif item.value not in self._gathered.hosts:
                self._wrong(item.place, f"{who}: {in_quotes(item.value)} is not among the hosts")
            elif item.value in names:
                self._wrong(item.place, f"{who}: {in_quotes(item.value)} stands in it twice")
            else:
                names[item.value] = None
        return tuple(names)

    def _said(self, where: str, who: str, rows: Rows, besides: str = "") -> Said:
        said: dict[str, object] = {}
        params: tuple[Param, ...] = ()
        for key, node in rows:
            name = key.value
            if name in self._settings:
                value = self._value(who, key, node, partial(self._settings.read, name))
                if value is not None:
                    said[name] = value
            elif name == _PARAMS:
                params = tuple(self._params(who, node))
            elif name != besides:
                known = [*self._settings.names, _PARAMS, besides]
                self._written.unknown(key, known, before=f"{who}: ")
        return self._settings.said(where, tuple(said.items()), params)

    def _params(self, who: str, node: Node) -> Iterator[Param]:
        """Parameters by playbook; what they mean is the playbook's to say."""
        form = f"{who}: {_PARAMS}: write `PLAYBOOK: {{PARAMETER: VALUE}}` below it"
        for playbook, rows in self._written.rows(node, form):
            for name, value in self._written.rows(rows, form):
                items = value.nodes if isinstance(value, Items) else [value]
                texts = [self._value(who, name, item, str) for item in items]
                heard = tuple(text for text in texts if text is not None)
                if len(heard) == len(items):
                    said = heard if isinstance(value, Items) else heard[0]
                    at = self._mistakes.at(name.place)
                    yield Param(playbook.value, name.value, said, at)

    def _value(self, who: str, key: Text, node: Node, read: Callable[[str], _T]) -> _T | None:
        return self._written.value(f"{who}: {key.value}", key, node, read, before=f"{who}: ")


read_yaml = _Reading.read
