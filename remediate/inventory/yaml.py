r"""An inventory in a YAML file.

    defaults: {user: CONTOSO\svc-backup, password: env:REMEDIATE_PASSWORD}
    hosts:
      SRV01:
      SRV02: {address: 10.0.0.5, port: 5986, ca_file: ca.pem}
    groups:
      backup: {hosts: [SRV01, SRV02], auth: negotiate}

What a host says counts more than what its groups say (the first group that says it), and that
more than the defaults. Files are looked for beside the inventory.

Every name and value is the text that stands there, quoted or not; what it means is said here, not
by YAML: `NO`, `22:30` and `00123` are names and accounts, `010` and `on` are no ports.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

from remediate.files import Content, read_content
from remediate.inventory.document import (
    Items,
    Node,
    Place,
    Table,
    Text,
    Unreadable,
    decoded,
    read_document,
)
from remediate.inventory.protocol import InventoryError, InventoryHost
from remediate.model.host import SETTINGS, Connection, Setting, check_address
from remediate.model.text import check_text, in_quotes, unseen
from remediate.secrets.own_files import OPTION
from remediate.secrets.reference import placed, placed_file, split_reference

MAX_BYTES = 2 * 1024 * 1024
"""More than 10,000 hosts, with all that is usually said of them."""

MAX_MISTAKES = 1000
"""What is read of a file that is something else altogether."""

_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}  # those of YAML 1.2; in 1.1 also yes, no, on and off, where some readers see texts
_SECTIONS = ("hosts", "groups", "defaults")
_STYLES = {
    '"': ": in double quotes YAML gives a backslash a meaning of its own, so write it without "
    "quotes or in single quotes",
    "|": ": write it on one line",
    ">": ": write it on one line",
}

_T = TypeVar("_T")
_Rows = Sequence[tuple[Text, Node]]


class YamlInventory:
    """An inventory in a YAML file, read at once.

    Args:
        path: the file.
        only_password: the only reference to a password that it may hold, besides `prompt:`, and
            then no file of a certificate or its key either; None when it may say anything.
        allow_open: it may name programs and files for passwords although others may write to it.

    Raises:
        InventoryError: it cannot be read, or says something that is not understood or not allowed.
    """

    def __init__(
        self, path: Path, *, only_password: str | None = None, allow_open: bool = False
    ) -> None:
        self._path = path
        content = _content(path)
        written_by = "" if allow_open else content.written_by
        reading = _Reading(path.parent, content.data, only_password, written_by)
        if reading.mistakes:
            raise InventoryError(
                str(path),
                *(f"{path}:{p.line}:{p.column}: {text}" for p, text in sorted(reading.mistakes)),
            )
        self._groups = {name: hosts for name, (hosts, _) in reading.groups.items()}
        self._entries = reading.entries()

    @property
    def source(self) -> str:
        """The file."""
        return str(self._path)

    def groups(self) -> Mapping[str, Sequence[str]]:
        """Names of hosts by name of group."""
        return self._groups

    def entries(self) -> Sequence[InventoryHost]:
        """All hosts, in the order in which they are written."""
        return self._entries


def _content(path: Path) -> Content:
    try:
        return read_content(path, MAX_BYTES)
    except OSError as error:
        text = f"the inventory {path} cannot be read: {error.strerror}"
        raise InventoryError(str(path), text) from None


class _Reading:
    """What a document says as an inventory, and all that is wrong with it."""

    def __init__(
        self, folder: Path, data: bytes, only_password: str | None, written_by: str
    ) -> None:
        self.mistakes: list[tuple[Place, str]] = []
        self.hosts: dict[str, tuple[str, Connection]] = {}
        self.groups: dict[str, tuple[Sequence[str], Connection]] = {}
        self.defaults = Connection()
        self._folder = folder
        self._written_by = written_by
        self._only_password = only_password
        self._readers = {setting.name: self._reader(setting) for setting in SETTINGS}
        try:
            self._sections(read_document(decoded(data)))
        except Unreadable as error:
            self.mistakes.append((error.place, error.problem))

    def _reader(self, setting: Setting) -> Callable[[str], object]:
        name, kind = setting.name, setting.kind
        if name == "password":
            return self._password
        if kind is Path:
            return partial(self._own_file if setting.typed.logon else self._file, name)
        if kind is bool:
            return partial(_boolean, name)
        if issubclass(kind, StrEnum):
            return partial(_one, name, kind)
        return setting.typed.read or str

    def entries(self) -> Sequence[InventoryHost]:
        """The hosts, each with what its groups and the defaults say."""
        member: dict[str, list[str]] = {}
        for group, (hosts, _) in self.groups.items():
            for host in hosts:
                member.setdefault(host, []).append(group)
        return [
            self._entry(name, address, own, member.get(name, ()))
            for name, (address, own) in self.hosts.items()
        ]

    def _entry(
        self, name: str, address: str, own: Connection, groups: Sequence[str]
    ) -> InventoryHost:
        connection = own
        for group in groups:
            connection = connection.over(self.groups[group][1])
        return InventoryHost(name, address, connection.over(self.defaults), tuple(groups))

    def _sections(self, root: Node | None) -> None:
        said: dict[str, Node] = {}
        for key, node in self._rows(root, "the file: write the hosts under `hosts:`"):
            if key.value in _SECTIONS:
                said[key.value] = node
            else:
                self._wrong(
                    key.place, f"there is no section {in_quotes(key.value)}: {_one_of(_SECTIONS)}"
                )
        form = "hosts: write each as `NAME:`, on a line of its own"
        for name, node in self._rows(said.get("hosts"), form):
            self._host(name, node)
        form = "groups: write each as `NAME: {hosts: [A, B]}`"
        for name, node in self._rows(said.get("groups"), form):
            self._group(name, node)
        form = "defaults: write `SETTING: VALUE` below it"
        self.defaults = self._settings("defaults", self._rows(said.get("defaults"), form))
        if not self.hosts and not self.mistakes:
            self._wrong(Place(1, 1), "the inventory has no hosts; write them under `hosts:`")

    def _host(self, name: Text, node: Node) -> None:
        who = _short(name.value)
        rows = self._rows(node, f"{who}: write what it says as `{{address: …, port: …}}`")
        settings = self._settings(who, rows, "address")
        known = self._read(name, partial(check_text, what="name of a host"))
        address = self._address(name, rows) if known else None
        self.hosts[name.value] = (address or "", settings)

    def _address(self, name: Text, rows: _Rows) -> str | None:
        for key, node in rows:
            if key.value == "address":
                return self._value(_short(name.value), key, node, check_address)
        return self._read(name, check_address, "; or write an `address:` below this name")

    def _group(self, name: Text, node: Node) -> None:
        who = f"group {_short(name.value)}"
        rows = self._rows(node, f"{who}: write `{{hosts: [A, B]}}`")
        self._read(name, partial(check_text, what="name of a group"))
        settings = self._settings(who, rows, "hosts")
        members = next((node for key, node in rows if key.value == "hosts"), None)
        self.groups[name.value] = (self._members(who, members), settings)

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
            elif item.value not in self.hosts:
                self._wrong(item.place, f"{who}: {in_quotes(item.value)} is not among the hosts")
            elif item.value in names:
                self._wrong(item.place, f"{who}: {in_quotes(item.value)} stands in it twice")
            else:
                names[item.value] = None
        return tuple(names)

    def _settings(self, who: str, rows: _Rows, besides: str = "") -> Connection:
        said: dict[str, object] = {}
        for key, node in rows:
            name = key.value
            if name in self._readers:
                value = self._value(who, key, node, self._readers[name])
                if value is not None:
                    said[name] = value
            elif name != besides:
                near = get_close_matches(name[:20], [*self._readers, besides], n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._wrong(key.place, f"{who}: there is no setting {in_quotes(name)}{hint}")
        return Connection(**said)

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

    def _wrong(self, place: Place, text: str) -> None:
        if len(self.mistakes) == MAX_MISTAKES:
            problem = f"from here on nothing was read, because of {MAX_MISTAKES} mistakes before"
            raise Unreadable(place, problem)
        self.mistakes.append((place, text))

    def _password(self, value: str) -> str:
        """A reference; never repeated, because it may be the password itself."""
        scheme, _ = split_reference(value)
        if fault := unseen(value):
            msg = f"the password's reference {fault}"
            raise ValueError(msg)
        if self._only_password and value != self._only_password and scheme != "prompt":
            msg = f"the password is not {self._only_password}, and --passwords-only allows no other"
            raise ValueError(msg)
        if self._written_by and scheme in {"command", "file"}:
            msg = (
                f"a password's {scheme}: is not taken from this file, because {self._written_by}; "
                f"change that, or accept it with {OPTION}"
            )
            raise ValueError(msg)
        return placed(value, self._folder)

    def _own_file(self, name: str, value: str) -> Path:
        if self._only_password:
            msg = f"{name} names a file of a logon, and --passwords-only allows none"
            raise ValueError(msg)
        return self._file(name, value)

    def _file(self, name: str, value: str) -> Path:
        return placed_file(check_text(value, name), self._folder)


def _boolean(name: str, value: str) -> bool:
    if value not in _BOOLEANS:
        msg = f"{name} is true or false, not {in_quotes(value)}"
        raise ValueError(msg)
    return _BOOLEANS[value]


def _one(name: str, kind: type[StrEnum], value: str) -> StrEnum:
    if value not in set(kind):
        msg = f"{name} is not {in_quotes(value)}: {_one_of(sorted(kind))}"
        raise ValueError(msg)
    return kind(value)


def _one_of(names: Sequence[str]) -> str:
    return f"write {', '.join(names[:-1])} or {names[-1]}"


def _short(name: str) -> str:
    """A name for the beginning of a message."""
    return in_quotes(name) if unseen(name) else name
