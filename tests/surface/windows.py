"""What each Windows version has: commands, types, CIM classes and native programs."""

import gzip
import json
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

Json = dict[str, Any]

# Type accelerators that Constrained Language Mode does not trust; all others are core types.
NOT_CORE = {
    f"System.Management.Automation.{name}"
    for name in [
        "PowerShell",
        "PSAliasProperty",
        "PSModuleInfo",
        "PSNoteProperty",
        "PSScriptMethod",
        "PSScriptProperty",
        "PSVariable",
        "PSVariableProperty",
        "ScriptBlock",
        "Runspaces.InitialSessionState",
        "Runspaces.Runspace",
        "Runspaces.RunspaceFactory",
    ]
} | {"System.Type"}
CORE_SINCE_7 = "System.Collections.Specialized.OrderedDictionary"

# What powershell.exe has loaded; types of other assemblies would need Add-Type.
LOADED = {
    "mscorlib",
    "System",
    "System.Core",
    "System.Xml",
    "System.Management",
    "System.Numerics",
} | {
    "System.DirectoryServices",
    "System.Configuration.Install",
    "System.Data",
}


def numbers(version: str) -> tuple[int, ...]:
    """A version to compare with."""
    return tuple(int(part) for part in version.split("."))


@cache
def _load(name: str) -> Json:
    data: Json = json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))
    return data


@dataclass(frozen=True)
class Parameter:
    """One parameter; `sets` is parameter set -> flags (M, V, N, R, position), `*` is every set."""

    name: str
    type: str = ""
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    sets: dict[str, str] = field(default_factory=lambda: {"*": ""})


@dataclass(frozen=True)
class Command:
    """A cmdlet or function of one Windows version, or a function of our own."""

    name: str
    module: str
    common: bool
    parameters: dict[str, Parameter]
    unconfirmed: bool = False
    optional: bool = False
    own: bool = False

    @property
    def sets(self) -> set[str]:
        """The names of the parameter sets."""
        return {name for p in self.parameters.values() for name in p.sets} - {"*"} or {"*"}


@dataclass(frozen=True)
class Type:
    """A .NET type; the members' format is that of the data (see data/README.md)."""

    name: str
    facts: Json
    engine: bool

    @property
    def is_enum(self) -> bool:
        """Whether it is an enumeration."""
        return bool(self.facts.get("k") == "enum")


def _parameters(data: Json) -> dict[str, Parameter]:
    return {
        name.lower(): Parameter(
            name,
            value.get("type", ""),
            tuple(value.get("aliases", ())),
            tuple(value.get("values", ())),
            value.get("sets", {"*": ""}),
        )
        for name, value in data.items()
    }


def _command(name: str, data: Json, *, optional: bool) -> Command:
    return Command(
        name,
        data["module"],
        data["common"],
        _parameters(data["parameters"]),
        data.get("unconfirmed", False),
        optional,
    )


@dataclass(frozen=True, eq=False)
class Version:
    """One Windows and PowerShell that our scripts must run on."""

    id: str
    title: str
    powershell: str
    net: str
    cim: str
    data: Json

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Alias -> command."""
        return {alias.lower(): name for alias, name in self.data["aliases"].items()}

    @cached_property
    def native(self) -> set[str]:
        """Programs on PATH, with and without their extension."""
        names = {name.lower() for name in self.data["native"]}
        return names | {name.rpartition(".")[0] for name in names}

    @cached_property
    def common(self) -> dict[str, Parameter]:
        """The common parameters."""
        return _parameters(self.data["common"])

    @cached_property
    def accelerators(self) -> dict[str, str]:
        """Short type names."""
        return {name.lower(): full for name, full in self.data["accelerators"].items()}

    @cached_property
    def core(self) -> set[str]:
        """Types that Constrained Language Mode trusts."""
        names = set(self.accelerators.values()) - NOT_CORE | {"System.Object"}
        return names | ({CORE_SINCE_7} if self.id == "pwsh7" else set())

    @cache  # noqa: B019 - versions live as long as the program
    def command(self, name: str) -> Command | None:
        """The command of this name, or nothing."""
        for part, optional in (("commands", False), ("optional", True)):
            found = self._names[part].get(name.lower())
            if found is not None:
                command = _command(found, self.data[part][found], optional=optional)
                return _in_7(command) if self.id == "pwsh7" else command
        return None

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        return {p: {n.lower(): n for n in self.data[p]} for p in ("commands", "optional")}

    def dynamic(self, command: str) -> dict[str, Parameter]:
        """Parameters that a provider adds to a command."""
        found = _load("commands")["dynamic"].get(command, {})
        return _parameters({
            name: value
            for name, value in found.items()
            if numbers(value.get("since", "3.0")) <= numbers(self.powershell)
        })  # fmt: skip

    @cache  # noqa: B019 - as above
    def type(self, name: str) -> Type | None:
        """The type of this name, as PowerShell resolves it; generics by their open name."""
        name = name.strip().lower().replace("+", ".")
        full = self.accelerators.get(name, name).lower()
        for candidate in (full, f"system.{full}", f"{full}attribute"):
            found = _types().get(candidate)
            if found is None:
                continue
            now = self.powershell if found.engine else self.net
            if numbers(found.facts.get("since", "1")) <= numbers(now):
                return found
        return Type(self.accelerators[name], {}, engine=True) if name in self.accelerators else None

    def member(self, owner: Type, name: str, side: str) -> list[str] | None:
        """The overloads or kind of a member (`i` instance, `s` static), or nothing."""
        now = numbers(self.powershell if owner.engine else self.net)
        facts: Type | None = owner
        while facts is not None:
            for member, text in facts.facts.get(side, {}).items():
                if member.lower() != name.lower():
                    continue
                tokens = [token.partition("@") for token in text.split(",")]
                found = [token for token, _, since in tokens if numbers(since or "1") <= now]
                if found:
                    return found
            base = facts.facts.get("base")
            facts = self.type(base) if base else None
        return None

    @cached_property
    def schema(self) -> Json:
        """CIM classes by lower-case `namespace:class`."""
        schemas: Json = _load("cim")["schemas"]
        found: Json = schemas[self.cim]
        return found


@cache
def _gone() -> Json:
    data: Json = json.loads((DATA / "gone-in-powershell-7.json").read_text(encoding="utf-8"))
    return data


def _in_7(command: Command) -> Command | None:
    """The command in PowerShell 7 on Windows, or nothing if it is gone there."""
    gone = _gone()
    if command.name in gone["commands"] or command.module in gone["modules"]:
        return None
    parameters = {
        key: replace(
            p, values=tuple(v for v in p.values if v not in gone["values"].get(p.name, ()))
        )
        for key, p in command.parameters.items()
        if p.name != "UseTransaction" and command.name not in gone["parameters"].get(p.name, ())
    }
    return replace(command, parameters=parameters)


@cache
def _types() -> dict[str, Type]:
    types = {n: Type(n, facts, engine=False) for n, facts in _load("dotnet")["types"].items()}
    engine = json.loads((DATA / "engine-types.json").read_text(encoding="utf-8"))
    types |= {name: Type(name, facts, engine=True) for name, facts in engine.items()}
    return {name.lower().replace("+", "."): found for name, found in types.items()}


@cache
def shapes() -> Json:
    """What cmdlets give back, by lower-case command name."""
    return {name.lower(): value for name, value in _load("cim")["shapes"].items()}


@cache
def versions() -> tuple[Version, ...]:
    """Every version that is checked; last PowerShell 7, with the commands of the newest Windows."""
    found = [
        Version(v["id"], v["title"], v["powershell"], v["net"], v["cim"], v)
        for v in _load("commands")["versions"]
    ]
    newest = found[-1]
    seven = replace(newest, id="pwsh7", title="PowerShell 7 on Windows", powershell="7.0")
    return (*found, seven)
