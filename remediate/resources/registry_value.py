"""Values in the registry; that there is none is a value too."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from remediate.model.base import JsonValue, Model
from remediate.model.evidence import Evidence
from remediate.model.plan import Observed
from remediate.model.text import quoted
from remediate.resources.base import Query, Resource
from remediate.resources.withholding import WITHHELD, is_telling

_HIVES = ("HKEY_LOCAL_MACHINE", "HKEY_USERS")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MAX_PART = 255
_MAX_NAME = 16_383


def registry_key(value: str) -> str:
    r"""Check the full path of a key, such as `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft`.

    A key's name may have slashes, or spaces at its ends, or be two dots, but PowerShell would take
    the path for another key's.

    Raises:
        ValueError: Windows cannot have such a key, or it is another user's view of one.
    """
    hive, *parts = value.split("\\")
    if hive not in _HIVES or not parts:
        msg = f"a registry key begins with {' or '.join(_HIVES)}, not {value!r}"
        raise ValueError(msg)
    bad = "/" in value or _FORBIDDEN.search(value)
    if bad or not all(_addressable(part) for part in parts):
        msg = f"{value!r} cannot be the path of a registry key"
        raise ValueError(msg)
    return value


def _addressable(part: str) -> bool:
    return 0 < len(part) <= _MAX_PART and part == part.strip() and part not in {".", ".."}


def registry_name(value: str) -> str:
    """Check the name of a value.

    Raises:
        ValueError: Windows cannot have such a name, or PowerShell means the key's default value.
    """
    bad = value.casefold() == "(default)" or _FORBIDDEN.search(value)
    if bad or not 0 < len(value) <= _MAX_NAME:
        msg = f"{value!r} cannot be the name of a registry value"
        raise ValueError(msg)
    return value


class RegistryType(StrEnum):
    """Types of registry data, named as RegistryValueKind in .NET."""

    STRING = "String"
    EXPAND_STRING = "ExpandString"
    DWORD = "DWord"
    QWORD = "QWord"
    MULTI_STRING = "MultiString"
    BINARY = "Binary"
    NONE = "None"
    UNKNOWN = "Unknown"


BITS = {RegistryType.DWORD: 32, RegistryType.QWORD: 64}
"""How many a number has. Windows gives it no sign; .NET takes the first of them for one."""


_READABLE = {
    RegistryType.STRING,
    RegistryType.EXPAND_STRING,
    RegistryType.MULTI_STRING,
    RegistryType.DWORD,
    RegistryType.QWORD,
}


class RegistryData(Model):
    """What a value holds.

    Args:
        type: its type.
        data: text unexpanded, a number without a sign, a list of texts, or a list of bytes.
    """

    type: RegistryType
    data: str | int | tuple[int, ...] | tuple[str, ...]

    @field_validator("data")
    @classmethod
    def _without_sign(
        cls, value: str | int | tuple[int, ...] | tuple[str, ...], info: ValidationInfo
    ) -> str | int | tuple[int, ...] | tuple[str, ...]:
        bits = BITS.get(info.data.get("type", RegistryType.UNKNOWN))
        if bits is None or not isinstance(value, int):
            return value
        if not -(2 ** (bits - 1)) <= value < 2**bits:
            msg = f"a number of type {info.data['type']} has {bits} bits"
            raise ValueError(msg)
        return int(value % 2**bits)

    def __str__(self) -> str:
        return str(self.data)


class RegistryValue(Resource):
    """One value of one key.

    Args:
        key: full path of the key.
        name: name of the value in it.
        value: what it holds, or None when there is no such value.
    """

    kind: ClassVar[str] = "registry_value"
    noun: ClassVar[str] = "registry value"
    function: ClassVar[str] = "RegistryValue"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    identity: ClassVar[tuple[str, ...]] = ("key", "name")
    settable: ClassVar[frozenset[str]] = frozenset({"value"})

    key: str
    name: str
    value: RegistryData | None

    @property
    def data(self) -> str | int | None:
        """The text or number that it holds; None when it is absent or holds something else."""
        data = self.value.data if self.value is not None else None
        return data if isinstance(data, str | int) else None

    @property
    def text(self) -> str | None:
        """The text that it holds; None when it is absent or holds something else."""
        return self.data if isinstance(self.data, str) else None

    @property
    def title(self) -> str:
        """The value as a path."""
        return f"registry value {self.key}\\{self.name}"

    @property
    def evidence(self) -> Evidence:
        """What it holds, for what rests on it."""
        return Evidence(self.label("value", self.recorded("value")) or "", where=self.title)

    def disclosed(self) -> Observed:
        """Bytes may be a key; a text may be a password, when its name says so."""
        told = self.observed()
        readable = self.value is None or self.value.type in _READABLE
        if readable and not is_telling(self.name):
            return told
        kind = self.value.type if self.value else None
        held = {"type": kind, "data": WITHHELD} if kind else None
        return told.model_copy(update={"properties": {"value": held}})

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "RegistryValues":
        """The question that returns one value."""
        return RegistryValues(values=(RegistryName(key=key["key"], name=key["name"]),))

    @classmethod
    def absent(cls, key: Mapping[str, str]) -> dict[str, JsonValue]:
        """There is always a value, if only none."""
        return {"key": key["key"], "name": key["name"], "value": None}

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """A number is the same with a sign and without."""
        if name != "value" or one is None or other is None:
            return super().same(name, one, other)
        return RegistryData.model_validate(one) == RegistryData.model_validate(other)

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """What it holds, with its type where that does not go without saying."""
        del name
        if value is None:
            return "absent"
        held = RegistryData.model_validate(value)
        text = quoted(held.data) if isinstance(held.data, str) else str(held.data)
        return text if held.type is RegistryType.STRING else f"{text} ({held.type})"


class RegistryName(Model):
    """Where a value is.

    Args:
        key: full path of the key.
        name: name of the value in it.
    """

    key: Annotated[str, AfterValidator(registry_key)]
    name: Annotated[str, AfterValidator(registry_name)]

    def __str__(self) -> str:
        return f"{self.key}\\{self.name}"


class RegistryValues(Query):
    """Some values; each is answered, if only by its absence.

    Args:
        values: where they are.
    """

    resource: ClassVar[type[Resource]] = RegistryValue

    values: tuple[RegistryName, ...] = Field(min_length=1)
