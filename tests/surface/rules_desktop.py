"""Rules about what Windows PowerShell does otherwise than PowerShell 7, by the same names.

Our tests run in PowerShell 7, and cannot see it.
"""

from tests.surface.binding import Functions, command_name
from tests.surface.findings import Findings
from tests.surface.rules_commands import SYSTEM_PROGRAM
from tests.surface.tree import Node
from tests.surface.windows import versions

_JSON = {"convertfrom-json", "convertto-json"}
_OF_CULTURE = {
    "compareto": "compares",
    "endswith": "compares",
    "indexof": "compares",
    "lastindexof": "compares",
    "startswith": "compares",
    "tolower": "changes letters",
    "toupper": "changes letters",
}
"""Methods of texts that go by the language of the host unless they are told otherwise."""
_STARTS = "invoke-remediateprogram"
"""The function of ours that starts a program."""


def check(findings: Findings, functions: Functions) -> None:
    """Checks what a test in PowerShell 7 would let through."""
    for node in findings.script.nodes:
        if node.kind == "Command":
            _check_json(findings, node)
            _check_program(findings, node, functions)
        elif node.kind == "InvokeMemberExpression":
            _check_culture(findings, node)
        elif node.kind == "MemberExpression":
            _check_names(findings, node)
        elif node.kind == "Pipeline":
            _check_bar(findings, node)


def _check_json(findings: Findings, node: Node) -> None:
    """5.1 takes a list in a pipeline item by item one way, and as one thing the other way.

    4.0 indents text as if no string had an escaped quote, or ended with a backslash: it fails,
    or breaks the string. https://stackoverflow.com/questions/23552000
    """
    name = command_name(node).lower()
    piped = node.parent is not None and node.parent.children[0] is not node
    if name in _JSON and piped:
        what = f"a list of one is none behind a pipeline: give {command_name(node)} -InputObject"
        findings.add(node, "json", what)
    given = {str(child.value).lower() for child in node.of("CommandParameter")}
    if name == "convertto-json" and "compress" not in given:
        findings.add(node, "json", r"4.0 cannot indent a string that ends with \: -Compress")


def _check_program(findings: Findings, node: Node, functions: Functions) -> None:
    """A line on the error stream is a terminating error where the preference is Stop."""
    path = SYSTEM_PROGRAM.match(node.children[0].text)
    name = (path[1] if path else command_name(node)).lower()
    native = any(name in v.native and v.command(name) is None for v in versions())
    if not native or name in functions or _heard(node):
        return
    what = f"a line that {name} writes to its error stream ends the call: Invoke-RemediateProgram"
    findings.add(node, "native-error", what)


def _heard(node: Node) -> bool:
    """Whether what a program says of errors is only heard."""
    above = [command_name(n).lower() for n in node.ancestors() if n.kind == "Command"]
    if _STARTS in above:
        return True
    made = (n for n in node.scope.walk() if n.kind == "AssignmentStatement")
    return any(
        n.children[0].name == "erroractionpreference"
        and any(c.literal == "Continue" for c in n.children[-1].walk())
        for n in made
    )


def _check_culture(findings: Findings, node: Node) -> None:
    """A comparison says how; a letter loses its case as in no language."""
    member, *arguments = node.children[1:]
    name = (member.literal or "").lower()
    if node.value[0] or name not in _OF_CULTURE:
        return
    if not any("Ordinal" in n.text for n in arguments):
        what = f".{member.literal}() {_OF_CULTURE[name]} as in the language of the host"
        findings.add(node, "culture", f"{what}: say Ordinal, or Invariant")


def _check_names(findings: Findings, node: Node) -> None:
    """Of an object without properties there are no names, which strict mode takes for an error."""
    owner, member = node.children[:2]
    inner = owner.children[1].literal if owner.kind == "MemberExpression" else None
    if (inner or "").lower() == "properties" and (member.literal or "").lower() in {
        "name",
        "value",
    }:
        what = f"{node.text[:60]} fails where there are none: use a loop"
        findings.add(node, "strict", what)


def _check_bar(findings: Findings, node: Node) -> None:
    """Only PowerShell 7 goes on with a line that begins with a bar."""
    source = node.script.source
    for one, other in zip(node.children, node.children[1:], strict=False):
        between = source[2 * one.end : 2 * other.start].decode("utf-16-le")
        if "\n" in between.partition("|")[0]:
            findings.add(other, "syntax", "a line that begins with | is of 7.0")
