"""Rules about the language: nothing newer than PowerShell 4.0, no text that becomes code."""

import re
from collections.abc import Callable

from tests.surface.binding import bind, command_name, dot_sourced
from tests.surface.findings import Findings
from tests.surface.tree import Node
from tests.surface.windows import versions

_OLD_NUMBER = re.compile(r"[+-]?(0x[0-9a-f]+|\d*\.?\d*(e[+-]?\d+)?)[ld]?([kmgtp]b)?", re.IGNORECASE)
_NEW_ESCAPE = re.compile(r"(?<!`)(?:``)*`(e|u\{)")
_NEW_VARIABLES = {
    "enabledexperimentalfeatures",
    "iscoreclr",
    "islinux",
    "ismacos",
    "iswindows",
    "psedition",
    "psnativecommandargumentpassing",
    "psnativecommanduseerroractionpreference",
    "psstyle",
}


def _always(_: Node) -> bool:
    return True


def _coalesces(node: Node) -> bool:
    return str(node.value).startswith("QuestionQuestion")


def _conditional(node: Node) -> bool:
    return bool(node.value[1] if isinstance(node.value, list) else node.value)


def _is_new(node: Node) -> bool:
    return bool(node.value[0]) and (node.children[1].literal or "").lower() == "new"


def _new_number(node: Node) -> bool:
    # `[Parameter(Mandatory)]` has a constant as well, whose text is the name.
    return node.text[0] in "+-.0123456789" and not _OLD_NUMBER.fullmatch(node.text)


def _escapes(node: Node) -> bool:
    return str(node.value[1]).startswith("DoubleQuoted") and bool(_NEW_ESCAPE.search(node.text))


# kind of node, when it needs more than PowerShell 4.0, why
_NEWER: list[tuple[str, Callable[[Node], bool], str]] = [
    ("AssignmentStatement", _coalesces, "??= is of 7.0"),
    ("BinaryExpression", _coalesces, "?? is of 7.0"),
    ("ConfigurationDefinition", _always, "a configuration does not belong on a host"),
    ("ConstantExpression", _new_number, "no number in 4.0"),
    ("DynamicKeywordStatement", _always, "a dynamic keyword does not belong on a host"),
    ("ExpandableStringExpression", _escapes, "`e and `u{} are of 6.0"),
    ("FileRedirection", lambda n: n.value == "Information", "stream 6 is of 5.0"),
    ("ForEachStatement", lambda n: "Parallel" in str(n.value), "-parallel is of workflows only"),
    ("FunctionDefinition", lambda n: n.text[:8].lower() == "workflow", "workflows are gone in 6.0"),
    ("IndexExpression", _conditional, "?[] is of 7.1"),
    ("InvokeMemberExpression", _conditional, "?.() is of 7.1"),
    ("InvokeMemberExpression", _is_new, "::new() is of 5.0; use New-Object"),
    ("MemberExpression", _conditional, "?. is of 7.1"),
    ("MergingRedirection", lambda n: n.value == "Information", "stream 6 is of 5.0"),
    ("NamedBlock", lambda n: n.value == "Clean", "clean {} is of 7.3"),
    ("Pipeline", lambda n: bool(n.value), "a pipeline in the background (&) is of 6.0"),
    ("PipelineChain", _always, "&& and || are of 7.0"),
    ("StringConstantExpression", _escapes, "`e and `u{} are of 6.0"),
    ("TernaryExpression", _always, "the ternary operator is of 7.0"),
    ("TypeDefinition", _always, "classes and enums are of 5.0"),
    ("UsingStatement", _always, "`using` is of 5.0"),
    ("VariableExpression", lambda n: n.name in _NEW_VARIABLES, "this variable is newer than 4.0"),
]
_TEXT_TO_CODE = {"create", "invokescript", "newscriptblock", "addscript", "expandstring"}


def check(findings: Findings) -> None:
    """Checks the language of a script."""
    for line, message in findings.script.errors:
        findings.add(line, "parse-error", message)
    for node in findings.script.nodes:
        for kind, newer, why in _NEWER:
            if node.kind == kind and newer(node):
                findings.add(node, "syntax", f"{node.text.splitlines()[0][:40]}: {why}")
        if node.kind == "Command":
            _check_command(findings, node)
        if node.kind == "InvokeMemberExpression":
            _check_invocation(findings, node)


def _check_command(findings: Findings, node: Node) -> None:
    name = command_name(node).lower()
    name = versions()[0].aliases.get(name, name).lower()
    if name == "invoke-expression":
        findings.add(node, "invoke-expression", "Invoke-Expression makes code out of text")
    if name == "add-type":
        findings.add(
            node, "add-type", "Add-Type loads code, and Constrained Language Mode refuses it"
        )
    if name == "new-object":
        command = versions()[0].command(name)
        if command is not None and bind(node, command, versions()[0]).argument("ComObject"):
            findings.add(node, "com", "COM objects differ by host and are refused by policy")
    if dot_sourced(node) and node.children[0].kind != "ScriptBlockExpression":
        findings.add(
            node, "language-mode", "dot-sourcing is refused where the language modes differ"
        )


def _check_invocation(findings: Findings, node: Node) -> None:
    owner, member = node.children[:2]
    name = (member.literal or "").lower()
    of_script = owner.kind == "TypeExpression" and str(owner.value).lower().endswith("scriptblock")
    if name in _TEXT_TO_CODE and (of_script or not node.value[0]):
        findings.add(node, "invoke-expression", f"{member.literal}() makes code out of text")
    if name in {"gettypefromprogid", "gettypefromclsid", "getactiveobject"}:
        findings.add(node, "com", f"{member.literal}() is COM")
