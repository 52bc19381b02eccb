"""Asks a PowerShell engine to parse files, and holds the trees that come back."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh

__all__ = ["HOW_TO_GET_ONE", "ROOT", "Node", "Script", "find_pwsh", "parse"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(eq=False)
class Node:
    """One node of the engine's syntax tree; children in the order of the text."""

    script: "Script"
    kind: str
    line: int
    start: int
    end: int
    value: Any
    parent: "Node | None"
    children: list["Node"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The source text of the node."""
        return self.script.source[2 * self.start : 2 * self.end].decode("utf-16-le")

    def walk(self) -> Iterator["Node"]:
        """The node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def ancestors(self) -> Iterator["Node"]:
        """The nodes above, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def of(self, *kinds: str) -> list["Node"]:
        """The direct children of these kinds."""
        return [child for child in self.children if child.kind in kinds]

    @property
    def literal(self) -> str | None:
        """The value of a constant string, else nothing."""
        return str(self.value[0]) if self.kind == "StringConstantExpression" else None

    @property
    def name(self) -> str:
        """The lower-case name of a variable, without its scope."""
        return (
            str(self.value).lower().rpartition(":")[2] if self.kind == "VariableExpression" else ""
        )

    @cached_property
    def scope(self) -> "Node":
        """The function, or else the whole script, that the node stands in."""
        for node in self.ancestors():
            if node.kind == "FunctionDefinition" or node.parent is None:
                return node
        return self


@dataclass(eq=False)
class Script:
    """One file as the engine sees it."""

    path: Path
    nodes: list[Node]
    comments: list[tuple[int, int, str]]
    errors: list[tuple[int, str]]

    @cached_property
    def source(self) -> bytes:
        """The text as UTF-16, because the engine counts in UTF-16 units."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return file.read().encode("utf-16-le", "surrogatepass")

    def of(self, *kinds: str) -> Iterator[Node]:
        """All nodes of these kinds."""
        return (node for node in self.nodes if node.kind in kinds)


def _script(data: dict[str, Any]) -> Script:
    script = Script(
        path=Path(data["file"]),
        nodes=[],
        comments=[(line, column, text) for line, column, text in data["comments"]],
        errors=[(line, text) for line, text in data["errors"]],
    )
    for parent, kind, line, start, end, value in data["nodes"]:
        above = script.nodes[parent] if parent >= 0 else None
        node = Node(script, kind, line, start, end, value, above)
        script.nodes.append(node)
        if above is not None:
            above.children.append(node)
    for node in script.nodes:
        node.children.sort(key=lambda child: child.start)
    return script


def parse(files: Sequence[Path], pwsh: Path) -> list[Script]:
    """Parses all files in one engine process.

    Raises:
        subprocess.SubprocessError: the engine failed or took longer than two minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "trees.json"
        command = [str(pwsh), "-NoLogo", "-NoProfile", "-NonInteractive", "-File"]
        names = [str(file.resolve()) for file in files]
        subprocess.run(
            [*command, str(HERE / "dump.ps1"), str(output), *names],
            check=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return [_script(data) for data in json.loads(output.read_text(encoding="utf-8"))]
