"""Rules about .NET: types and members, and what Constrained Language Mode allows of them."""

import re

from tests.surface.binding import command_name
from tests.surface.findings import Findings
from tests.surface.inference import Inference
from tests.surface.shapes import Shape
from tests.surface.tree import Node
from tests.surface.windows import LOADED, Type, Version, shapes, versions

# What PowerShell adds to every object.
EVERYWHERE = {
    "count",
    "equals",
    "foreach",
    "gethashcode",
    "gettype",
    "length",
    "psadapted",
    "psbase",
    "psextended",
    "psobject",
    "pstypenames",
    "tostring",
    "where",
}
_ARRAY = EVERYWHERE | {
    "clone",
    "contains",
    "copyto",
    "getenumerator",
    "indexof",
    "getvalue",
    "setvalue",
    "rank",
}
# Types whose members PowerShell extends or replaces by what is inside.
_OPEN = {
    f"System.{name}".lower()
    for name in [
        "Collections.Hashtable",
        "Collections.Specialized.OrderedDictionary",
        "DateTime",
        "Diagnostics.Process",
        "IO.DirectoryInfo",
        "IO.FileInfo",
        "Management.Automation.PSBoundParametersDictionary",
        "Management.Automation.PSObject",
        "Object",
        "ServiceProcess.ServiceController",
        "Xml.XmlDocument",
    ]
}
_MANY_ARGUMENTS = {"format", "concat", "join", "combine", "split", "trim", "trimstart", "trimend"}
_GENERIC = re.compile(r"^([\w.+`]+)\[(.+)\]$")


def check(findings: Findings, inference: Inference) -> None:
    """Checks types, members and language mode of a script."""
    for node in findings.script.nodes:
        if node.kind in {"TypeExpression", "TypeConstraint", "Attribute"}:
            _check_type(findings, node, str(node.value))
        elif node.kind in {"MemberExpression", "InvokeMemberExpression"}:
            _check_member(findings, node, inference)
        elif node.kind == "Command" and command_name(node).lower() == "new-object":
            _check_new(findings, node, inference)
        elif node.kind == "ConvertExpression":
            _check_cast(findings, node, inference)
        elif node.kind == "AssignmentStatement":
            _check_set(findings, node.children[0], inference)


def split_type(name: str) -> list[str]:
    """The names in a type's name: `Dictionary[string,int[]]` -> Dictionary`2, string, int."""
    name = name.strip()
    while name.endswith(("[]", "[,]")):
        name = name[: name.rindex("[")]
    generic = _GENERIC.match(name)
    if generic is None:
        return [name]
    arguments, depth = [""], 0
    for char in generic[2]:
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += char
    inner = [found for argument in arguments for found in split_type(argument)]
    return [f"{generic[1].partition('`')[0]}`{len(arguments)}", *inner]


def _check_type(findings: Findings, node: Node, name: str) -> None:
    if name.lower() == "ordered":
        return
    for part in split_type(name):
        for version in versions():
            found = version.type(part)
            if found is None:
                findings.add(node, "type", f"[{part}] does not exist", version)
            elif found.facts.get("a", "mscorlib") not in LOADED:
                what = f"[{part}] is in {found.facts['a']}, which is not loaded"
                findings.add(node, "type", what, version)


def _check_member(findings: Findings, node: Node, inference: Inference) -> None:
    owner, member = node.children[:2]
    call = node.kind == "InvokeMemberExpression"
    arguments = len(node.children) - 2 if call else None
    if node.value[0]:
        if (
            owner.kind == "TypeExpression"
            and member.literal is not None
            and member.literal.lower() != "new"
        ):
            _check_static(findings, node, str(owner.value), member.literal, arguments)
        return
    shape = inference.of(owner)
    if shape is not None and member.literal is not None:
        _check_instance(findings, node, shape, member.literal, arguments)
    if call and (member.literal or "").lower() != "tostring":
        _check_call(findings, node, shape, member.text)


def _check_static(
    findings: Findings, node: Node, name: str, member: str, arguments: int | None
) -> None:
    for version in versions():
        found = version.type(split_type(name)[0])
        if found is None:
            continue
        if found.is_enum and arguments is None:
            values = found.facts.get("v")
            if values and member.lower() not in {v.lower() for v in values}:
                findings.add(node, "member", f"[{name}] has no value {member}", version)
            continue
        if found.facts.keys() & {"s", "i", "new"}:
            overloads = version.member(found, member, "s")
            _check_overloads(findings, node, f"[{name}]::{member}", overloads, arguments, version)
        if arguments is not None and not is_core(found, version):
            findings.add(
                node, "language-mode", f"[{name}]::{member}() is refused, not a core type", version
            )


def _check_overloads(
    findings: Findings,
    node: Node,
    label: str,
    overloads: list[str] | None,
    arguments: int | None,
    version: Version,
) -> None:
    if overloads is None:
        findings.add(node, "member", f"{label} does not exist", version)
        return
    counts = [int(o) for o in overloads if o.isdigit()]
    if arguments is None or not counts or arguments in counts:
        return
    if label.lower().rpartition(":")[2].rpartition(".")[2] in _MANY_ARGUMENTS and arguments > max(
        counts
    ):
        return
    findings.add(node, "member", f"{label} has no overload for {arguments} arguments", version)


def _check_instance(
    findings: Findings, node: Node, shape: Shape, member: str, arguments: int | None
) -> None:
    name = member.lower()
    if name in EVERYWHERE or (shape.many and name in _ARRAY):
        return
    if shape.kind == "out":
        _check_output(findings, node, shape.name, member)
        return
    extended = arguments is None or shape.name.endswith("Object")
    if shape.kind != "net" or (extended and shape.name.lower() in _OPEN):
        return
    for version in versions():
        found = version.type(shape.name)
        if found is not None and found.facts.get("i"):
            overloads = version.member(found, member, "i")
            _check_overloads(
                findings, node, f"{found.name}.{member}", overloads, arguments, version
            )


def _check_output(findings: Findings, node: Node, command: str, member: str) -> None:
    """Checks a member of what a cmdlet gives back: of its .NET type, or added by PowerShell."""
    known = shapes()[command]
    if member.lower() in {name.lower() for name in known["added"]}:
        return
    listed = {name.lower() for name in (*known["properties"], *known["methods"])}
    for version in versions():
        found = version.type(known["type"])
        if found is not None and found.facts.get("i"):
            there = version.member(found, member, "i") is not None
        else:
            there = member.lower() in listed
        if not there:
            findings.add(node, "member", f"the output of {command} has no {member}", version)


def is_core(found: Type, version: Version) -> bool:
    """Whether Constrained Language Mode lets a script call methods of a type."""
    return found.is_enum or found.name in version.core


def _check_call(findings: Findings, node: Node, shape: Shape | None, member: str) -> None:
    if shape is None:
        what = f".{member}() is refused unless the object is of a core type, which is not in sight"
        findings.add(node, "language-mode", what)
        return
    if shape.kind == "cim" or (shape.many and member.lower() in _ARRAY):
        return
    for version in versions():
        found = version.type(shape.name) if shape.kind == "net" else None
        if found is None or not is_core(found, version):
            what = f".{member}() of {shape.name} is refused, not a core type"
            findings.add(node, "language-mode", what, version)


def _check_new(findings: Findings, node: Node, inference: Inference) -> None:
    binding = inference.binding(node)
    name = binding.literal("TypeName") if binding else None
    if binding is None or name is None:
        return
    _check_type(findings, node, name)
    given = binding.argument("ArgumentList")
    count = 0 if given is None else 1
    if given is not None and given.value is not None and given.value.kind == "ArrayLiteral":
        count = len(given.value.children)
    for version in versions():
        found = version.type(split_type(name)[0])
        if found is None:
            continue
        if not is_core(found, version):
            findings.add(
                node, "language-mode", f"New-Object {name} is refused, not a core type", version
            )
        if "new" in found.facts:
            known = (token.partition("@")[0] for token in found.facts["new"].split(","))
            _check_overloads(findings, node, f"the constructor of {name}", [*known], count, version)


def _check_cast(findings: Findings, node: Node, inference: Inference) -> None:
    name, value = str(node.children[0].value), node.children[1]
    if name.lower() in {"ordered", "type"} or value.name == "null":
        return
    if value.kind == "ScriptBlockExpression" and name.lower() == "scriptblock":
        return
    shape = inference.of(value) if value.kind != "VariableExpression" else None
    for version in versions():
        found = version.type(split_type(name)[0])
        special = name.lower() in {"pscustomobject", "ref"}
        same = shape is not None and found is not None and shape.name == found.name
        if found is not None and (special or not (same or is_core(found, version))):
            findings.add(node, "language-mode", f"a cast to [{name}] is refused", version)


def _check_set(findings: Findings, target: Node, inference: Inference) -> None:
    if target.kind != "MemberExpression":
        return
    owner, member = target.children[:2]
    if target.value[0]:
        if owner.kind == "TypeExpression":
            what = f"setting [{owner.value}]::{member.text} is refused"
            findings.add(target, "language-mode", what)
        return
    shape = inference.of(owner)
    if shape is not None and shape.kind == "cim":
        return
    for version in versions():
        found = version.type(shape.name) if shape is not None and shape.kind == "net" else None
        if found is None or not is_core(found, version):
            what = f"setting {target.text} is refused unless {owner.text} is of a core type"
            findings.add(target, "language-mode", what, version)
