r"""Registry values. Windows' state has `registry`: keys, each with its path and its values.

In short, values by path: `{HKLM\SOFTWARE\Key\Name: text}`. A text is of type String, a number a
DWord; else type and data are said. Null takes a value away. Other values stay as they are.
"""

from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import Switch, check_access, may_write, same, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.host_path import HostPath
from remediate.resources.registry_value import BITS, RegistryName, RegistryType

KIND = "registry_value"
MACHINE_GUID = r"HKLM\SOFTWARE\Microsoft\Cryptography\MachineGuid"
"""What Windows is known by; made when it is installed."""
TIME_ZONE = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
"""Is told by a kind of its own, which says what of it means the same."""
HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}
_SCRATCH = r"C:\Program Files\Microsoft Azure Recovery Services Agent\Scratch"
HEALTHY = {
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Setup\InstallPath": (
        "C:\\Program Files\\Microsoft Azure Recovery Services Agent\\"
    ),
    r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full\Release": 528449,
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\NET Framework Setup\NDP\v4\Full\Release": 528449,
    r"HKLM\SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine\PowerShellVersion": "5.1.17763.1",
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Config\ResourceGroupName": "rg-backup",
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Config\ServiceResourceName": "vault-prod",
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Config\SubscriptionId": (
        "5f1a7c0e-3b62-4d7e-9a51-0c8d2e6f4b17"
    ),
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Config\ScratchLocation": _SCRATCH,
    r"HKLM\SOFTWARE\Microsoft\Windows Azure Backup\Config\CloudBackupProvider\ScratchLocation": (
        _SCRATCH
    ),
    r"HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319\SystemDefaultTlsVersions": 1,
    r"HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319\SchUseStrongCrypto": 1,
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319\SystemDefaultTlsVersions": 1,
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319\SchUseStrongCrypto": 1,
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\ProgramFilesDir": r"C:\Program Files",
    r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions\ProductType": "ServerNT",
    r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation\TimeZoneKeyName": "UTC",
    r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation\DynamicDaylightTimeDisabled": 0,
    r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters\Type": "NT5DS",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment\PSModulePath": {
        "type": "ExpandString",
        "data": (
            r"%ProgramFiles%\WindowsPowerShell\Modules;"
            r"%SystemRoot%\system32\WindowsPowerShell\v1.0\Modules;"
            r"C:\Program Files\Microsoft Azure Recovery Services Agent\bin\Modules"
        ),
    },
}
_PATH: TypeAdapter[HostPath | str] = TypeAdapter(HostPath | str)
_PLAUSIBLE = "plausible"
DAMAGING: dict[str, Switch] = {
    "a text is cut off": Switch(_PLAUSIBLE, (("^((?:Expand)?String:[\\s\\S]{8})[\\s\\S]+", "$1"),)),
    "variables are expanded": Switch(_PLAUSIBLE, (("%(ProgramFiles|SystemRoot)%", "C:"),)),
    "another type": Switch(
        _PLAUSIBLE,
        (("^String:", "-String:"), ("^ExpandString:", "String:"), ("^-String:", "ExpandString:")),
    ),
}
"""What no Windows should make of a text that it saves; its type stands before it, with a colon."""
_BYTES = {RegistryType.BINARY, RegistryType.NONE, RegistryType.UNKNOWN}


class _Data(Model):
    """What a value holds.

    Args:
        type: its type.
        data: text unexpanded, a number, a list of texts, or a list of bytes.
        repeat: the text so many times, joined by semicolons.
    """

    type: RegistryType
    data: str | int | list[int] | list[str]
    repeat: int = 1

    def stored(self) -> Record:
        data = ";".join([str(self.data)] * self.repeat) if self.repeat > 1 else self.data
        return _stored({"type": self.type.value, "data": data})


_SHORT = TypeAdapter(dict[str, _Data | int | str | None])


def state(host: HostState, short: object) -> None:
    """Set the values that are named."""
    for path, value in short_form(_SHORT, short).items():
        key, name = _split(path)
        if isinstance(value, _Data):
            _put(host, key, name, value.stored())
        elif value is None:
            _remove(host, key, name)
        else:
            kind = "String" if isinstance(value, str) else "DWord"
            _put(host, key, name, _stored({"type": kind, "data": value}))


def read(host: HostState, values: Iterable[Record] | None = None) -> Iterator[Record]:
    """Each value that is asked for, if only by its absence; or all that there are."""
    if values is None:
        yield from [*_all(host)]
        return
    for wanted in values:
        found = _find(host, wanted["key"], wanted["name"])
        yield _said(wanted["key"], wanted["name"], found)


def value_of(host: HostState, path: str) -> Record | None:
    """What a value holds, by its path in short; None when there is none."""
    return _value(host, *_split(path))


def path_of(host: HostState, path: HostPath) -> str | None:
    """A path as it is on the host; the twin of `Resolve-RemediatePath`."""

    def text_of(name: RegistryName) -> str | None:
        held = _value(host, name.key, name.name)
        return held["data"] if held and isinstance(held["data"], str) else None

    return path.on(text_of)


def asked_path(host: HostState, wanted: JsonValue) -> str:
    """A path that is asked for, as it is on the host; empty where nothing says it."""
    asked = _PATH.validate_python(wanted)
    if isinstance(asked, str):
        return asked
    check_access(host, KIND, "read")
    return path_of(host, asked) or ""


def machine_guid(host: HostState) -> str:
    """What Windows is known by; empty when nothing says it."""
    found = value_of(host, MACHINE_GUID)
    return "" if found is None else str(found["data"])


def _split(path: str) -> tuple[str, str]:
    hive, _, rest = path.partition("\\")
    key, _, name = f"{HIVES.get(hive, hive)}\\{rest}".rpartition("\\")
    return key, name


def _value(host: HostState, key: str, name: str) -> Record | None:
    return _unsigned(_find(host, key, name))


def _said(key: str, name: str, found: Record | None) -> Record:
    return {"key": key, "name": name, "value": _unsigned(found)}


def _unsigned(found: Record | None) -> Record | None:
    if found is None:
        return None
    bits = BITS.get(found["type"])
    return {"type": found["type"], "data": found["data"] % 2**bits if bits else found["data"]}


def write(host: HostState, record: Record, after: Record) -> None:
    """A key that is not there is made with its first value; it stays when that is taken away."""
    may_write(host, KIND)
    if after["value"] is None:
        _remove(host, record["key"], record["name"])
    else:
        _put(host, record["key"], record["name"], _saved(host, _stored(after["value"])))


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """A text that nobody else wrote."""
    del change
    value: dict[str, JsonValue] = {"type": "String", "data": f"{record['name']}, edited"}
    write(host, record, {"value": value})
    return value


def _saved(host: HostState, value: Record) -> Record:
    """A text as this Windows saves it."""
    if not isinstance(value["data"], str):
        return value
    kind, _, data = host.saved_text(KIND, f"{value['type']}:{value['data']}").partition(":")
    return {"type": kind, "data": data}


def _stored(value: Record) -> Record:
    """Data as Windows holds it: it makes a number of a text, and a text of a number.

    A number is kept as .NET gives it: its first bit is the sign.
    """
    kind, data = RegistryType(value["type"]), value["data"]
    if kind in BITS:
        half = 2 ** (BITS[kind] - 1)
        return {"type": kind.value, "data": (int(data) + half) % (2 * half) - half}
    if kind is RegistryType.MULTI_STRING:
        return {"type": kind.value, "data": [str(text) for text in data]}
    if kind in _BYTES:
        return {"type": kind.value, "data": [int(byte) for byte in data]}
    return {"type": kind.value, "data": str(data)}


def _all(host: HostState) -> Iterator[Record]:
    for key in host.windows.get("registry", []):
        for value in () if same(key["path"], TIME_ZONE) else key["values"]:
            yield _said(key["path"], value["name"], value)


def _key(host: HostState, path: str) -> Record | None:
    wanted = path.casefold()
    found = (key for key in host.windows.get("registry", []) if key["path"].casefold() == wanted)
    return next(found, None)


def _find(host: HostState, path: str, name: str) -> Record | None:
    values = (_key(host, path) or {"values": []})["values"]
    return next((value for value in values if same(value["name"], name)), None)


def _put(host: HostState, path: str, name: str, value: Record) -> None:
    key = _key(host, path)
    if key is None:
        key = {"path": path, "values": []}
        host.section("registry").append(key)
    there = _find(host, path, name)
    if there is None:
        key["values"].append(there := {"name": name})
    there |= value


def _remove(host: HostState, path: str, name: str) -> None:
    key = _key(host, path)
    if key is not None:
        key["values"][:] = [value for value in key["values"] if not same(value["name"], name)]
