"""Packs what the surface check needs of a folder of Windows command data into its own data.

Run as: python -m tests.surface.pack FOLDER
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

Json = dict[str, Any]

# id, file, roles file, oldest PowerShell that runs there, in-box .NET, CIM schema
VERSIONS = [
    ("ws2012r2", "ws2012r2-ps4.0", "ws2012r2", "4.0", "4.5.1", "ws2019"),
    ("ws2012r2-wmf5.1", "ws2012r2-wmf5.1.derived", "ws2012r2", "5.1", "4.5.1", "ws2019"),
    ("ws2016", "ws2016-ps5.1", "ws2016", "5.1", "4.6.2", "ws2019"),
    ("ws2019", "ws2019-ps5.1", "ws2019", "5.1", "4.7.2", "ws2019"),
    ("ws2022", "ws2022-ps5.1.docs", "ws2022", "5.1", "4.8", "ws23h2"),
    ("ws2025", "ws2025-ps5.1.docs", "ws2025", "5.1", "4.8", "ws23h2"),
]
TITLES = {
    "ws2012r2": "Windows Server 2012 R2, PowerShell 4.0",
    "ws2012r2-wmf5.1": "Windows Server 2012 R2 with WMF 5.1",
    "ws2016": "Windows Server 2016, PowerShell 5.1",
    "ws2019": "Windows Server 2019, PowerShell 5.1",
    "ws2022": "Windows Server 2022, PowerShell 5.1",
    "ws2025": "Windows Server 2025, PowerShell 5.1",
}
# Modules that are there only with a role; the rest of the roles is left out.
ROLE_MODULES = {"Deduplication", "WindowsServerBackup"}
SHAPES = {
    "Get-AuthenticodeSignature",
    "Get-FileHash",
    "Get-Process",
    "Get-Service",
    "Get-TimeZone",
    "Get-WinEvent",
}


def _read(folder: Path, name: str) -> Json:
    data: Json = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return data


def _write(name: str, data: Json) -> None:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path = DATA / f"{name}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{path.name}: {path.stat().st_size // 1024} kB")  # noqa: T201 - a script that says what it wrote


def _parameters(parameters: Json) -> Json:
    keep = ("aliases", "sets", "type", "values")
    return {
        name: {key: value[key] for key in keep if key in value}
        for name, value in parameters.items()
    }


def _commands(commands: Json) -> Json:
    return {
        name: {
            "common": value.get("common", False),
            "module": value.get("module", ""),
            "parameters": _parameters(value["parameters"]),
            **({"unconfirmed": True} if value.get("src") == "ws2019-unconfirmed" else {}),
        }
        for name, value in commands.items()
    }


def _optional(folder: Path, roles: str) -> Json:
    """Commands of agents, roles and features that are not there on every server."""
    found = _commands(_read(folder, "msonlinebackup")["commands"])
    for name, value in _read(folder / "roles", f"{roles}-roles.docs")["commands"].items():
        if value.get("module") in ROLE_MODULES:
            found |= _commands({name: value})
    return found


def pack_commands(folder: Path) -> Json:
    """Commands, parameters, aliases, type accelerators and native programs of each version."""
    versions = []
    native: list[str] = []
    for ident, file, roles, powershell, net, cim in VERSIONS:
        data = _read(folder, file)
        native = data.get("native", native)  # 2022 and 2025 have none: those of 2019
        versions.append({
            "id": ident,
            "title": TITLES[ident],
            "powershell": powershell,
            "net": net,
            "cim": cim,
            "commands": _commands(data["commands"]),
            "optional": _optional(folder, roles),
            "common": _parameters(data["common_parameters"]),
            "aliases": data["aliases"],
            "accelerators": data["type_accelerators"],
            "native": native,
        })  # fmt: skip
    dynamic = _read(folder, "dynamic-parameters")["commands"]
    return {"versions": versions, "dynamic": dynamic}


def pack_dotnet(folder: Path) -> Json:
    """Public .NET types with members."""
    return {"types": _read(folder, "dotnet-types")["types"]}


def _type_name(text: str) -> str:
    return text.removeprefix("instance:")


def pack_cim(folder: Path) -> Json:
    """CIM classes of two real servers, what the pages add, and what cmdlets give back."""
    documented = _read(folder, "cim-classes")["classes"]
    schemas = {}
    for version in ("ws2019", "ws23h2"):
        classes: Json = {}
        for key, value in _read(folder, f"cim-schema-{version}")["classes"].items():
            methods = {n: sorted(m.get("in", {})) for n, m in value.get("methods", {}).items()}
            classes[key.lower()] = {
                "name": key.partition(":")[2],
                "base": value.get("base", ""),
                "properties": value["properties"],
                "methods": methods,
            }
        for name, value in documented.items():
            _add_documented(classes, name, value, version)
        schemas[version] = classes
    return {"schemas": schemas, "shapes": _shapes(folder)}


def _add_documented(classes: Json, name: str, value: Json, version: str) -> None:
    """Joins a reference page to the class that was collected."""
    for namespace in filter(None, (value["namespace"], value.get("also_in"))):
        entry = classes.setdefault(
            f"{namespace}:{name}".lower(),
            {
                "name": name,
                "base": value.get("superclass", ""),
                "properties": {},
                "methods": {},
            },
        )
        entry["os"] = value.get("os", [])
        for prop, facts in value["properties"].items():
            if version not in facts.get("only", [version]) or facts.get("not_collected"):
                continue
            entry["properties"].setdefault(prop, _type_name(facts.get("type", "")))
            if "since" in facts:
                entry.setdefault("since", {})[prop] = facts["since"]
        for method, facts in value["methods"].items():
            if version not in facts.get("only", [version]) or facts.get("not_collected"):
                continue
            names = set(entry["methods"].get(method, [])) | set(facts.get("in") or {})
            entry["methods"][method] = sorted(names)


def _shapes(folder: Path) -> Json:
    """What cmdlets give back: the CIM class below, and the properties."""
    found: Json = {}
    for name, value in _read(folder, "object-shapes")["shapes"].items():
        base = value.get("base_class", "").split(" ")[0]
        if base or name in SHAPES:
            properties = value.get("properties", {})
            found[name] = {
                "class": base,
                "type": value["type_names"][0],
                "properties": {n: p.get("type", "").rstrip("?") for n, p in properties.items()},
                "added": sorted(n for n, p in properties.items() if "kind" in p),
                "methods": sorted(value.get("methods", {})),
            }
    return found


def main() -> None:
    """Packs one folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, help="the folder with ws2012r2-ps4.0.json and the rest"
    )
    folder = parser.parse_args().folder
    _write("commands", pack_commands(folder))
    _write("dotnet", pack_dotnet(folder))
    _write("cim", pack_cim(folder))


if __name__ == "__main__":
    main()
