"""Count what a playbook and a kind of resource cost: files and lines, by room.

    python benchmarks/rooms.py              this tree
    python benchmarks/rooms.py TREE TREE    other checkouts, such as an older one, side by side

Only counts, runs nothing: a file belongs to whatever its name says. Classes that have one name and
are several things come last.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PLAYBOOKS = ("playbooks", "tests/playbooks", "docs/playbooks", "examples")
"""Rooms in which a playbook has something; the last two are made by programs."""
KINDS = ("remediate/resources", "remediate/lab", "tests")
"""Rooms in which a kind has something."""
CODE = {".py", ".ps1", ".psm1", ".psd1", ".yaml", ".md", ".txt"}
MODULES = {
    "event": "Microsoft.PowerShell.Diagnostics",
    "folder_access": "LabAccess",
    "registry_value": "LabRegistry",
    "scheduled_task": "ScheduledTasks",
    "service": "LabServices",
    "volume": "Storage",
}
"""The lab's modules with commands that a kind is read by; classes and programs its scripts name."""

Count = dict[str, tuple[int, int]]
"""Files and lines by room."""


def count(tree: Path, rooms: Iterable[str], names: Iterable[str]) -> Count:
    """Files and lines that are called so, or lie in a folder that is, by room."""
    known = {name.casefold() for name in names}
    found: Count = {}
    for room, path in ((one, path) for one in rooms for path in (tree / one).rglob("*")):
        inside = path.relative_to(tree / room).as_posix().casefold()
        ours = room != "tests" or not inside.startswith("playbooks/")
        *folders, file = inside.split("/")
        called = {file.partition(".")[0].removeprefix("test_"), *folders}
        if ours and path.suffix in CODE and called & known:
            there, lines = found.get(room, (0, 0))
            text = path.read_text(encoding="utf-8", errors="replace")
            found[room] = (there + 1, lines + text.count("\n"))
    return found


def playbooks(tree: Path) -> dict[str, Count]:
    """What each playbook costs."""
    ids = [path.stem.replace("_", "-") for path in sorted((tree / "playbooks").glob("[!_]*.py"))]
    return {id_: count(tree, PLAYBOOKS, {id_, id_.replace("-", "_")}) for id_ in ids}


def kinds(tree: Path) -> dict[str, Count]:
    """What each kind of resource costs, with its stand-ins."""
    places = sorted((tree / "remediate" / "resources").glob("*.ps1"))
    names = dict.fromkeys(path.name.partition(".")[0] for path in places)
    said = {name: tree / "remediate" / "resources" / f"{name}.py" for name in names}
    return {
        name: count(tree, KINDS, {name, *stand_ins(tree, name)})
        for name, path in said.items()
        if path.exists() and f'kind: ClassVar[str] = "{name}"' in path.read_text(encoding="utf-8")
    }


def stand_ins(tree: Path, kind: str) -> set[str]:
    """The classes, programs and modules of the lab that a kind is read and written by."""
    scripts = (tree / "remediate" / "resources").glob(f"{kind}.*ps1")
    text = "".join(path.read_text(encoding="utf-8") for path in scripts)
    windows = tree / "remediate" / "lab" / "windows"
    places = (path for path in windows.rglob("*.psm1") if path.parent.name != "support")
    known = {name for path in places for name in (path.stem, path.parent.name)}
    named = {name for name in known if re.search(rf"\b{re.escape(name)}\b", text)}
    return {*named, *filter(None, [MODULES.get(kind)])}


def classes(tree: Path) -> dict[str, list[str]]:
    """Public classes of the product of one name, and where each is."""
    found = defaultdict(list)
    for path in sorted((tree / "remediate").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(tree).as_posix())
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def table(title: str, counted: list[Mapping[str, Count]]) -> Iterator[str]:
    """Lines of a table: files and lines, tree by tree."""
    yield f"\n{title}: files and lines by room"
    for name in dict.fromkeys(name for one in counted for name in one):
        yield f"  {name}"
        for room in (*PLAYBOOKS, *KINDS, "in all"):
            cells = [cell(one.get(name, {}), room) for one in counted]
            if any(files for files, _ in cells):
                shown = "   ".join(f"{files:3} files {lines:5} lines" for files, lines in cells)
                yield f"    {room:20} {shown}"


def cell(counted: Count, room: str) -> tuple[int, int]:
    """Files and lines in a room, or in all of them."""
    if room != "in all":
        return counted.get(room, (0, 0))
    return sum(one for one, _ in counted.values()), sum(lines for _, lines in counted.values())


def main(trees: list[Path]) -> None:
    """Print the tables."""
    print("trees:", "   ".join(map(str, trees)))
    print("\n".join(table("playbooks", [playbooks(tree) for tree in trees])))
    print("\n".join(table("kinds", [kinds(tree) for tree in trees])))
    for tree in trees:
        found = classes(tree)
        print(f"\n{tree}: {len(found)} names are several classes")
        for name, places in found.items():
            print(f"  {name}: {', '.join(places)}")


if __name__ == "__main__":
    main([Path(arg) for arg in sys.argv[1:]] or [Path(__file__).parents[1]])
