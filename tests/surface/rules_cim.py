"""Rules about CIM: classes, properties, methods and their arguments exist."""

import re

from tests.surface.binding import Binding, command_name, hashtable
from tests.surface.cim import COMMON, find_class, method, namespaces, property_type
from tests.surface.findings import Findings
from tests.surface.inference import Inference
from tests.surface.rules_types import EVERYWHERE
from tests.surface.shapes import Shape
from tests.surface.tree import Node
from tests.surface.windows import shapes, versions

_TAKES_CLASS = {"get-ciminstance", "new-ciminstance", "invoke-cimmethod", "get-cimclass"}
_TAKES_OBJECT = {"set-ciminstance", "invoke-cimmethod"}
_TAKES_PROPERTY = {"where-object", "sort-object", "select-object", "group-object", "measure-object"}
_METHODS = {"dispose", "clone", "getcimsessionid", "getcimsessioncomputername"}
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_COMPARED = re.compile(r"([A-Za-z_]\w*)\s*(?:=|<|>|!=|\blike\b|\bis\b|\bisa\b)", re.IGNORECASE)


def check(findings: Findings, inference: Inference) -> None:
    """Checks CIM commands and the use of what they give back."""
    for node in findings.script.nodes:
        if node.kind == "Command":
            _check_command(findings, node, inference)
        elif node.kind in {"MemberExpression", "InvokeMemberExpression"} and not node.value[0]:
            _check_access(findings, node, inference)
        elif node.kind == "IndexExpression":
            shape = inference.of(node.children[0])
            key = node.children[1].literal
            if shape is not None and shape.kind == "properties" and key is not None:
                _check_property(findings, node, shape.name, key)


def _check_command(findings: Findings, node: Node, inference: Inference) -> None:
    name = command_name(node).lower()
    if name not in _TAKES_CLASS | _TAKES_OBJECT | _TAKES_PROPERTY:
        return
    binding = inference.binding(node)
    if binding is None:
        return
    key = _class(findings, node, binding, inference) if name in _TAKES_CLASS else None
    if key is None:
        shape = _object(node, binding, inference)
        key = shape.name if shape is not None and shape.kind == "cim" else None
    if key is None or not any(find_class(version, key) for version in versions()):
        return
    _check_names(findings, binding, key)
    if name == "invoke-cimmethod":
        _check_method(findings, node, binding, key)


def _class(findings: Findings, node: Node, binding: Binding, inference: Inference) -> str | None:
    """The `namespace:class` that a command names, once it is known to exist."""
    named = binding.argument("ClassName")
    name = binding.literal("ClassName") or inference.query_class(binding)
    if name is None:
        if named is not None:
            findings.add(
                node, "cim-class", f"{binding.command.name} names its class only at run time"
            )
        return None
    namespace = (binding.literal("Namespace") or "root/cimv2").replace("\\", "/").lower().strip("/")
    if binding.argument("Namespace") and binding.literal("Namespace") is None:
        return name
    key = f"{namespace}:{name}"
    for version in versions():
        if namespace not in namespaces(version):
            findings.add(node, "cim-class", f"the namespace {namespace} is in no list", version)
        elif not find_class(version, key):
            findings.add(node, "cim-class", f"{namespace} has no class {name}", version)
    return key


def _object(node: Node, binding: Binding, inference: Inference) -> Shape | None:
    """What a command works on: its -InputObject, or the pipeline."""
    given = binding.argument("InputObject")
    if given is not None:
        return inference.of(given.value) if given.value is not None else None
    return inference.before(node)


def _check_names(findings: Findings, binding: Binding, key: str) -> None:
    """Checks the property names in -Property, -Filter and -Query."""
    properties = binding.argument("Property")
    if properties is not None and properties.value is not None:
        for node in _names(properties.value):
            _check_property(findings, node, key, node.literal or "")
    for name in ("Filter", "Query"):
        given = binding.argument(name)
        if given is None or given.value is None:
            continue
        text = _QUOTED.sub("''", _text(given.value))
        for match in _COMPARED.finditer(text):
            _check_property(findings, given.value, key, match[1])
        selected = re.match(r"\s*select\s+(.+?)\s+from\s", text, re.IGNORECASE)
        for prop in selected[1].split(",") if name == "Query" and selected else ():
            if prop.strip() != "*":
                _check_property(findings, given.value, key, prop.strip())


def _text(node: Node) -> str:
    """The text of a string; what is filled in at run time stays as it is written."""
    if node.kind in {"StringConstantExpression", "ExpandableStringExpression"}:
        return str(node.value[0])
    if node.kind in {"BinaryExpression", "ParenExpression", "Pipeline", "CommandExpression"}:
        return _text(node.children[0])
    return ""


def _names(node: Node) -> list[Node]:
    table = hashtable(node)
    if table is not None:
        return [key for key, _ in table if key.literal is not None]
    found = [node, *node.children] if node.kind == "ArrayLiteral" else [node]
    return [n for n in found if n.literal not in {None, "*"}]


def _check_property(findings: Findings, node: Node, key: str, name: str) -> None:
    for version in versions():
        if find_class(version, key) and property_type(version, key, name) is None:
            findings.add(node, "cim-property", f"{_short(key)} has no property {name}", version)


def _short(key: str) -> str:
    return key.rpartition(":")[2]


def _check_method(findings: Findings, node: Node, binding: Binding, key: str) -> None:
    name = binding.literal("MethodName")
    if name is None:
        findings.add(node, "cim-method", "Invoke-CimMethod names its method only at run time")
        return
    given = binding.argument("Arguments")
    table = hashtable(given.value) if given is not None and given.value is not None else None
    for version in versions():
        if not find_class(version, key):
            continue
        arguments = method(version, key, name)
        if arguments is None:
            findings.add(node, "cim-method", f"{_short(key)} has no method {name}", version)
            continue
        known = {a.lower() for a in arguments}
        for argument, _ in table or ():
            if argument.literal is not None and argument.literal.lower() not in known:
                what = f"{_short(key)}.{name} has no argument {argument.literal}"
                findings.add(argument, "cim-method", what, version)


def _check_access(findings: Findings, node: Node, inference: Inference) -> None:
    owner, member = node.children[:2]
    shape = inference.of(owner)
    name = (member.literal or "").lower()
    if shape is None or shape.kind != "cim" or not name:
        return
    if name in EVERYWHERE | COMMON | _METHODS:
        return
    added = (
        s["properties"]
        for s in shapes().values()
        if s["class"].lower() == _short(shape.name).lower()
    )
    if name not in {prop.lower() for properties in added for prop in properties}:
        _check_property(findings, node, shape.name, member.literal or "")
