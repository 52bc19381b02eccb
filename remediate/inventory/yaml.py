r"""An inventory in a YAML file.

    defaults: {user: 'CONTOSO\svc-backup', password: env:REMEDIATE_PASSWORD}
    hosts:
      SRV01:
      SRV02: {address: 10.0.0.5, port: 5986, ca_file: ca.pem}
    groups:
      backup: {hosts: [SRV01, SRV02], auth: negotiate}

What a host says counts more than what its groups say (the first group that says it), and that
more than the defaults. Files are looked for beside the inventory.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import Field, ValidationError, field_validator

from remediate.inventory.protocol import Entry, InventoryError, Settings
from remediate.model.base import Model
from remediate.model.host import MAX_PORT, check_address

_FILES = ("ca_file", "cert_file", "key_file")
_SCHEMES = ("env:", "file:", "command:", "prompt:")


class _Said(Settings):
    port: int | None = Field(default=None, ge=1, le=MAX_PORT)

    @field_validator("password")
    @classmethod
    def _reference(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(_SCHEMES):
            msg = "write where the password is (env:NAME, file:PATH, command:PROGRAM or prompt:)"
            raise ValueError(msg)
        return value


class _Host(_Said):
    address: str | None = None

    @field_validator("address")
    @classmethod
    def _form(cls, value: str | None) -> str | None:
        return None if value is None else check_address(value)


class _Group(_Said):
    hosts: tuple[str, ...] = ()


class _File(Model):
    hosts: dict[str, _Host | None]
    groups: dict[str, _Group] = Field(default_factory=dict)
    defaults: _Said = Field(default_factory=_Said)


class YamlInventory:
    """An inventory in a YAML file, read at once.

    Args:
        path: the file.

    Raises:
        InventoryError: it cannot be read, or says something that is not understood.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _parse(path)
        self._groups = {name: group.hosts for name, group in self._file.groups.items()}
        for name, hosts in self._groups.items():
            for host in hosts:
                if host not in self._file.hosts:
                    raise InventoryError(
                        f"{path}: groups.{name}.hosts: {host} is not among the hosts"
                    )

    @property
    def source(self) -> str:
        """The file."""
        return str(self._path)

    def groups(self) -> Mapping[str, Sequence[str]]:
        """Names of hosts by name of group."""
        return self._groups

    def entries(self) -> Sequence[Entry]:
        """All hosts, in the order in which they are written."""
        member: dict[str, list[str]] = {}
        for group, hosts in self._groups.items():
            for host in hosts:
                member.setdefault(host, []).append(group)
        return [self._entry(name, host, member.get(name, ())) for name, host in self._hosts()]

    def _hosts(self) -> list[tuple[str, _Host]]:
        return [(name, host or _Host()) for name, host in self._file.hosts.items()]

    def _entry(self, name: str, host: _Host, groups: Sequence[str]) -> Entry:
        settings = Settings(**host.model_dump(exclude_none=True, exclude={"address"}))
        for group in groups:
            said = self._file.groups[group].model_dump(exclude_none=True, exclude={"hosts"})
            settings = settings.over(Settings(**said))
        settings = settings.over(Settings(**self._file.defaults.model_dump(exclude_none=True)))
        return Entry(name, self._address(name, host), self._placed(settings), tuple(groups))

    def _address(self, name: str, host: _Host) -> str:
        try:
            return host.address or check_address(name)
        except ValueError as error:
            raise InventoryError(
                f"{self._path}: hosts.{name}: {error}; give its address: one"
            ) from None

    def _placed(self, settings: Settings) -> Settings:
        """Files beside the inventory, whatever the current folder is."""
        folder = self._path.absolute().parent
        moved: dict[str, object] = {
            name: folder / Path(file).expanduser()
            for name in _FILES
            if (file := getattr(settings, name)) is not None
        }
        if settings.password and settings.password.startswith("file:"):
            moved["password"] = f"file:{folder / Path(settings.password[5:]).expanduser()}"
        return settings.model_copy(update=moved)


def _only_once(text: str) -> None:
    """Make sure that no key stands twice in a mapping: PyYAML would keep the last one silently.

    Raises:
        yaml.YAMLError: one does, or it is not YAML.
    """
    todo = [yaml.compose(text, yaml.SafeLoader)]
    looked_at: set[int] = set()
    while todo:
        node = todo.pop()
        if node is None or id(node) in looked_at:
            continue
        looked_at.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo.extend(node.value)
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            seen: set[str] = set()
            for key in keys:
                if key.value in seen and not key.tag.endswith(":merge"):
                    problem = f"{key.value} stands here for the second time"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                seen.add(key.value)
            todo.extend(value for _, value in node.value)


def _parse(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8-sig")
        _only_once(text)
        data = yaml.safe_load(text)
    except OSError as error:
        raise InventoryError(f"the inventory {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InventoryError(f"the inventory {path} is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InventoryError(f"{path}:{line}: {error.problem or 'not YAML'}") from None
    except yaml.YAMLError:
        raise InventoryError(f"{path}:1: it contains characters that YAML does not allow") from None
    if data is None or (isinstance(data, dict) and not data.get("hosts")):
        raise InventoryError(f"the inventory {path} has no hosts; write them under `hosts:`")
    if not isinstance(data, dict):
        raise InventoryError(f"{path}: write the hosts under `hosts:`")
    try:
        return _File.model_validate(data)
    except ValidationError as error:
        raise InventoryError(f"{path}: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, by field; never the value, which may be a password."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the file"
    if first["type"] == "extra_forbidden":
        return f"{where}: there is no such setting"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message[:1].lower()}{message[1:]}"
