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
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from remediate.inventory.document import (
    Items,
    Node,
    Place,
    Table,
    Text,
    Unreadable,
    read_document,
)
from remediate.inventory.gathered import DEFAULTS, HOST
from remediate.inventory.mistakes import short
from remediate.inventory.protocol import Param, Said
from remediate.inventory.reading import Reading
from remediate.inventory.settings import one_of
from remediate.model.host import check_address
from remediate.model.text import check_text, in_quotes

_SECTIONS = ("hosts", "groups", "defaults")
_PARAMS = "params"
_STYLES = {
    '"': ": in double quotes YAML gives a backslash a meaning of its own, so write it without "
    "quotes or in single quotes",
    "|": ": write it on one line",
    ">": ": write it on one line",
}

_T = TypeVar("_T")
_Rows = Sequence[tuple[Text, Node]]


class _Reading(Reading):
    """Takes a document in, section by section."""

    def take(self, text: str) -> None:
        root = read_document(text)
        said: dict[str, Node] = {}
        for key, node in self._rows(root, "the file: write the hosts under `hosts:`"):
            if key.value in _SECTIONS:
                said[key.value] = node
            elif key.value == "_meta":
                raise Unreadable(key.place, "this is what Ansible lists: write ansible:FILE")
            else:
                self._wrong(
                    key.place, f"there is no section {in_quotes(key.value)}: {one_of(_SECTIONS)}"
                )
        form = "hosts: write each as `NAME:`, on a line of its own"
        for name, node in self._rows(said.get("hosts"), form):
            self._host(name, node)
        form = "groups: write each as `NAME: {hosts: [A, B]}`"
        for name, node in self._rows(said.get("groups"), form):
            self._group(name, node)
        form = "defaults: write `SETTING: VALUE` below it"
        rows = self._rows(said.get("defaults"), form)
        self._gathered.defaults = self._said(DEFAULTS, DEFAULTS, rows)
        if not self._gathered.hosts and not self._mistakes:
            self._wrong(Place(1, 1), "the inventory has no hosts; write them under `hosts:`")

    def _host(self, name: Text, node: Node) -> None:
        who = short(name.value)
        rows = self._rows(node, f"{who}: write what it says as `{{address: …, port: …}}`")
        said = self._said(HOST, who, rows, "address")
        known = self._read(name, partial(check_text, what="name of a host"))
        address = self._address(name, rows) if known else None
        self._gathered.hosts[name.value] = (address or "", said)
        self._gathered.places[name.value] = self._mistakes.at(name.place)

    def _address(self, name: Text, rows: _Rows) -> str | None:
        for key, node in rows:
            if key.value == "address":
                return self._value(short(name.value), key, node, check_address)
        return self._read(name, check_address, "; or write an `address:` below this name")

    def _group(self, name: Text, node: Node) -> None:
        who = f"group {short(name.value)}"
        rows = self._rows(node, f"{who}: write `{{hosts: [A, B]}}`")
        self._read(name, partial(check_text, what="name of a group"))
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

    def _said(self, where: str, who: str, rows: _Rows, besides: str = "") -> Said:
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
                near = get_close_matches(name[:20], known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._wrong(key.place, f"{who}: there is no setting {in_quotes(name)}{hint}")
        return self._settings.said(where, tuple(said.items()), params)

    def _params(self, who: str, node: Node) -> Iterator[Param]:
        """Parameters by playbook; what they mean is the playbook's to say."""
        form = f"{who}: {_PARAMS}: write `PLAYBOOK: {{PARAMETER: VALUE}}` below it"
        for playbook, rows in self._rows(node, form):
            for name, value in self._rows(rows, form):
                items = value.nodes if isinstance(value, Items) else [value]
                texts = [self._value(who, name, item, str) for item in items]
                heard = tuple(text for text in texts if text is not None)
                if len(heard) == len(items):
                    said = heard if isinstance(value, Items) else heard[0]
                    at = self._mistakes.at(name.place)
                    yield Param(playbook.value, name.value, said, at)

    def _rows(self, node: Node | None, form: str) -> _Rows:
        """The rows of a mapping; none where nothing stands."""
        if isinstance(node, Table):
            return node.rows
        if node is not None and not (isinstance(node, Text) and node.nothing):
            self._wrong(node.place, form)
        return ()

    def _value(self, who: str, key: Text, node: Node, read: Callable[[str], _T]) -> _T | None:
        what = f"{who}: {key.value}"
        if not isinstance(node, Text):
            self._wrong(node.place, f"{what} is one text, not a list or mapping")
        elif node.nothing:  # told at the key: what is not there has no place
            text = f"is {node.value}, which is nothing in YAML" if node.value else "has no value"
            self._wrong(key.place, f"{what} {text}: leave it out, or put a text in quotes")
        else:
            return self._read(node, read, before=f"{who}: ")
        return None

    def _read(
        self, text: Text, read: Callable[[str], _T], after: str = "", before: str = ""
    ) -> _T | None:
        try:
            return read(text.value)
        except ValueError as error:
            advice = _STYLES.get(text.style, "") if not text.value.isprintable() else ""
            self._wrong(text.place, f"{before}{error}{after}{advice}")
        return None


read_yaml = _Reading.read
