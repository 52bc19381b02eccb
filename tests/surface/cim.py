"""Looks CIM classes, properties and methods up in the schemas of real servers."""

from functools import cache
from typing import Any

from tests.surface.windows import Version

Class = dict[str, Any]

_ORDER = ["ws2012r2", "ws2016", "ws2019", "ws2022", "ws2025"]
# What every CimInstance has besides the properties of its class.
COMMON = {"ciminstanceproperties", "cimclass", "cimsystemproperties", "pscomputername"}


def system(version: Version) -> str:
    """The Windows of a version, in the words of the data."""
    if version.id == "pwsh7":
        return _ORDER[-1]
    return version.id.removesuffix("-wmf5.1")


def namespaces(version: Version) -> set[str]:
    """The namespaces that the data covers."""
    return {key.partition(":")[0] for key in version.schema}


@cache
def _classes(version: Version) -> dict[str, list[tuple[str, Class]]]:
    """(namespace, class) by lower-case class name."""
    found: dict[str, list[tuple[str, Class]]] = {}
    for key, value in version.schema.items():
        namespace, _, name = key.partition(":")
        found.setdefault(name, []).append((namespace, value))
    return found


@cache
def _children(version: Version) -> dict[tuple[str, str], list[str]]:
    """Derived classes by (namespace, lower-case base)."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, value in version.schema.items():
        namespace, _, name = key.partition(":")
        found.setdefault((namespace, value["base"].lower()), []).append(name)
    return found


def find_class(version: Version, key: str) -> list[tuple[str, Class]]:
    """The classes of this `namespace:class`, or of this name in any namespace."""
    namespace, _, name = key.lower().rpartition(":")
    return [
        (found, value)
        for found, value in _classes(version).get(name, [])
        if namespace in {"", found} and system(version) in value.get("os", _ORDER)
    ]


@cache
def family(version: Version, key: str) -> list[Class]:
    """A class, those above and those below it: an object may be any of these."""
    found: list[Class] = []
    for namespace, value in find_class(version, key):
        found.append(value)
        base = value["base"]
        while base and (above := version.schema.get(f"{namespace}:{base}".lower())):
            found.append(above)
            base = above["base"]
        below = [*_children(version).get((namespace, value["name"].lower()), [])]
        for name in below:
            found.append(version.schema[f"{namespace}:{name}"])
            below += _children(version).get((namespace, name), [])
    return found


def property_type(version: Version, key: str, name: str) -> str | None:
    """The CIM type of a property, or nothing if no object of the class can have it."""
    for entry in family(version, key):
        for prop, kind in entry["properties"].items():
            since = entry.get("since", {}).get(prop, _ORDER[0])
            if prop.lower() == name.lower() and _ORDER.index(since) <= _ORDER.index(
                system(version)
            ):
                return str(kind)
    return None


def method(version: Version, key: str, name: str) -> list[str] | None:
    """The arguments of a method, or nothing if an object of the class has none of that name."""
    for entry in family(version, key):
        for found, arguments in entry["methods"].items():
            if found.lower() == name.lower():
                names: list[str] = arguments
                return names
    return None
