"""The rules, what breaks them, and the markers that allow it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.surface.guards import guarded
from tests.surface.tree import Node, Script
from tests.surface.windows import Version, versions

RULES = {
    "add-type": "no Add-Type: it compiles or loads code on the host",
    "alias": "commands by their own names, no aliases",
    "cim-class": "the CIM class exists",
    "cim-limit": "a CIM command has -OperationTimeoutSec",
    "cim-method": "the CIM method and its arguments exist",
    "cim-property": "the CIM property exists",
    "cim-session": "a command of a CDXML module has -CimSession, of a session with a limit",
    "clock": "a loop that sleeps measures the clock and not its tries",
    "com": "no COM",
    "command": "the command exists on every Windows",
    "culture": "texts are compared and changed as in no language",
    "dynamic-command": "what is called is named in the text, so that it can be checked",
    "full-name": "parameters by their full names",
    "guard": "a command that is missing somewhere is first asked for with Get-Command",
    "invoke-expression": "no text becomes code",
    "json": "JSON is made of, and read from, -InputObject, and not indented",
    "language-mode": "runs under Constrained Language Mode",
    "marker": "a marker names a rule and a reason",
    "member": "the member of the .NET type or object exists",
    "native": "the program comes with Windows",
    "native-error": "what a program writes to its error stream ends no call",
    "parameter": "the parameter exists",
    "parameter-set": "the parameters go together and none is missing",
    "parse-error": "the engine's parser accepts the text",
    "positional": "no positional parameters",
    "reader": "a file that reads (*.read.ps1) calls no command that writes, and no program",
    "save": "files are written and renamed by functions that try again while others are at them",
    "stale-marker": "a marker allows something that is there",
    "strict": "no names are asked of what may have none",
    "syntax": "no language newer than PowerShell 4.0",
    "type": "the .NET type exists and is loaded",
    "value": "a literal argument is an allowed value",
    "wildcard-path": "a path that is not constant goes to -LiteralPath",
}

_MARKER = re.compile(r"#\s*surface:\s*(.*)", re.DOTALL)
_ALLOW = re.compile(r"allow\s+([a-z-]+)\s+-\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Finding:
    """One broken rule at one line, and the ids of the versions that it is broken on."""

    path: Path
    line: int
    rule: str
    what: str
    versions: tuple[str, ...]

    def text(self, root: Path) -> str:
        """As a line of a report."""
        ids = [v.id for v in versions()]
        where = "" if set(self.versions) >= set(ids) else f" [{', '.join(self.versions)}]"
        path = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        return f"{path.as_posix()}:{self.line}: {self.rule}: {self.what}{where}"


@dataclass
class Findings:
    """Collects the findings of one file; the same finding of several versions is one."""

    script: Script
    found: dict[tuple[int, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    missing: dict[tuple[int, str, str], tuple[Node, str]] = field(default_factory=dict)

    def add(self, node: Node | int, rule: str, what: str, version: Version | None = None) -> None:
        """Records a finding, for one version or for all."""
        line = node if isinstance(node, int) else node.line
        ids = {version.id} if version else {v.id for v in versions()}
        self.found[line, rule, what] |= ids

    def add_missing(self, node: Node, rule: str, name: str, what: str, version: Version) -> None:
        """Records a command that a version lacks: allowed by a marker, it also needs a guard."""
        self.add(node, rule, what, version)
        self.missing[node.line, rule, what] = (node, name)

    def result(self) -> list[Finding]:
        """What remains once the markers have been heard."""
        markers = _markers(self.script, self)
        used: set[tuple[int, str]] = set()
        left: list[Finding] = []
        for key in [*self.found]:
            line, rule, what = key
            if (line, rule) in markers:
                used.add((line, rule))
                if key in self.missing and not guarded(*self.missing[key]):
                    self.add(line, "guard", f"{self.missing[key][1]} is called without a guard")
        for (line, rule, what), ids in self.found.items():
            if (line, rule) not in used:
                left.append(Finding(self.script.path, line, rule, what, _ordered(ids)))
        for line, rule in sorted({*markers.values()} - {markers[place] for place in used}):
            what = f"there is nothing to allow for {rule!r}"
            left.append(Finding(self.script.path, line, "stale-marker", what, _ordered(None)))
        return sorted(left)


def _ordered(ids: Iterable[str] | None) -> tuple[str, ...]:
    wanted = None if ids is None else set(ids)
    return tuple(v.id for v in versions() if wanted is None or v.id in wanted)


def _markers(script: Script, findings: Findings) -> dict[tuple[int, str], tuple[int, str]]:
    """(line, rule) that is allowed -> (line of the marker, rule).

    A marker before a function is for all of it.
    """
    lines = re.split(r"\r\n?|\n", script.source.decode("utf-16-le", "surrogatepass"))
    comments = {
        line for line, column, _ in script.comments if not lines[line - 1][: column - 1].strip()
    }
    functions = script.of("FunctionDefinition")
    ends = {node.line: node.line + node.text.count("\n") for node in functions}
    allowed: dict[tuple[int, str], tuple[int, str]] = {}
    for line, _, text in script.comments:
        marker = _MARKER.match(text)
        if marker is None:
            continue
        allow = _ALLOW.match(marker[1])
        if allow is None or allow[1] not in RULES:
            findings.add(line, "marker", "write it as: # surface: allow RULE - REASON")
            continue
        target = line
        while target in comments:  # a comment of its own line speaks of the next line of code
            target += 1
        for covered in range(target, ends.get(target, target) + 1):
            allowed.setdefault((covered, allow[1]), (line, allow[1]))
    return allowed
