"""Binds the words of a command line to a command's parameters, as PowerShell would."""

from dataclasses import dataclass, field, replace

from tests.surface.tree import Node, Script
from tests.surface.windows import Command, Parameter, Version

Functions = dict[str, tuple[Node, Command]]


@dataclass
class Argument:
    """A parameter that was given: the node that names it, and its value if it is in sight."""

    parameter: Parameter
    node: Node
    value: Node | None
    certain: bool = True


@dataclass
class Binding:
    """What a command line gives to a command."""

    command: Command
    arguments: list[Argument] = field(default_factory=list)
    positional: list[Node] = field(default_factory=list)
    unknown: list[tuple[Node, str]] = field(default_factory=list)
    short: list[tuple[Node, str, str]] = field(default_factory=list)
    open_splat: bool = False

    def argument(self, name: str) -> Argument | None:
        """The argument of one parameter."""
        return next((a for a in self.arguments if a.parameter.name.lower() == name.lower()), None)

    def literal(self, name: str) -> str | None:
        """The value of one parameter, if it is a constant string."""
        found = self.argument(name)
        return found.value.literal if found and found.value else None


def command_name(node: Node) -> str:
    """The name a command is called by, without its module; empty if it is computed."""
    return str(node.value or "").rpartition("\\")[2] if _is_bare(node) else str(node.value or "")


def dot_sourced(node: Node) -> bool:
    """Whether a command is called with the dot."""
    return node.text.startswith(".") and node.children[0].start > node.start


def _is_bare(node: Node) -> bool:
    text = str(node.value or "")
    return text.count("\\") == 1 and ":" not in text and "." not in text


def bind(node: Node, command: Command, version: Version) -> Binding:
    """Binds one command line to a command of one version."""
    binding = Binding(command)
    parameters = dict(command.parameters)
    parameters = version.dynamic(command.name) | parameters
    if command.common:
        parameters = version.common | parameters
    words = [child for child in node.children if not child.kind.endswith("Redirection")][1:]
    while words:
        word = words.pop(0)
        if word.kind == "CommandParameter":
            parameter = _find(binding, parameters, word, str(word.value))
            value = word.children[0] if word.children else None
            takes = parameter is None or parameter.type != "switch"
            if (
                value is None
                and takes
                and words
                and words[0].kind != "CommandParameter"
                and not _splat(words[0])
            ):
                value = words.pop(0)
            if parameter is not None:
                binding.arguments.append(Argument(parameter, word, value))
        elif _splat(word):
            _bind_splat(binding, parameters, word)
        else:
            binding.positional.append(word)
    return binding


def _splat(node: Node) -> bool:
    return node.kind == "VariableExpression" and node.text.startswith("@")


def _find(
    binding: Binding, parameters: dict[str, Parameter], node: Node, name: str
) -> Parameter | None:
    """The parameter of a name, alias or beginning; only the full name is taken without a word."""
    exact = parameters.get(name.lower())
    if exact is not None:
        return exact
    other = [p for p in parameters.values() if name.lower() in (a.lower() for a in p.aliases)]
    other = other or [p for key, p in parameters.items() if key.startswith(name.lower())]
    if len(other) == 1:
        binding.short.append((node, name, other[0].name))
        return other[0]
    binding.unknown.append((node, name))
    return None


def _bind_splat(binding: Binding, parameters: dict[str, Parameter], word: Node) -> None:
    """Binds a splatted hashtable whose literals are in sight."""
    tables = []
    for node in word.scope.walk():
        if node.kind != "AssignmentStatement":
            continue
        target, value = node.children[0], node.children[-1]
        if target.name == word.name:
            tables.append(hashtable(value))
        elif target.kind == "IndexExpression" and target.children[0].name == word.name:
            key = target.children[1]
            if key.literal is None:
                binding.open_splat = True
            else:
                _add_key(binding, parameters, key, value, certain=False)
    if len(tables) != 1 or tables[0] is None:
        binding.open_splat = True
        return
    for key, value in tables[0]:
        if key.literal is not None:
            _add_key(binding, parameters, key, value, certain=True)


def _add_key(
    binding: Binding, parameters: dict[str, Parameter], key: Node, value: Node, *, certain: bool
) -> None:
    parameter = _find(binding, parameters, key, key.literal or "")
    if parameter is not None:
        binding.arguments.append(Argument(parameter, key, unwrap(value), certain))


def unwrap(node: Node) -> Node:
    """The expression inside pipelines and parentheses of one element."""
    while (
        node.kind in {"Pipeline", "CommandExpression", "ParenExpression"}
        and len(node.children) == 1
    ):
        node = node.children[0]
    return node


def hashtable(node: Node) -> list[tuple[Node, Node]] | None:
    """Keys and values of a literal hashtable, `[ordered]` or not, or nothing."""
    node = unwrap(node)
    if node.kind == "ConvertExpression":
        node = node.children[1]
    if node.kind != "Hashtable":
        return None
    pairs = node.children
    return list(zip(pairs[::2], pairs[1::2], strict=True))


def own_functions(scripts: list[Script]) -> Functions:
    """The functions that the scripts define, by lower-case name."""
    found: Functions = {}
    for script in scripts:
        for node in script.of("FunctionDefinition"):
            found[str(node.value).lower()] = (node, _own(node))
    return found


def parameter_nodes(function: Node) -> list[Node]:
    """The parameters of a function, inside or outside a param block."""
    body = function.of("ScriptBlock")[0]
    blocks = body.of("ParamBlock")
    return function.of("Parameter") + (blocks[0].of("Parameter") if blocks else [])


def _own(function: Node) -> Command:
    blocks = function.of("ScriptBlock")[0].of("ParamBlock")
    attributes = blocks[0].of("Attribute") if blocks else []
    parameters = {}
    advanced = any(str(a.value).lower() == "cmdletbinding" for a in attributes)
    for node in parameter_nodes(function):
        parameter, has_attribute = _own_parameter(node)
        parameters[parameter.name.lower()] = parameter
        advanced = advanced or has_attribute
    if any("supportsshouldprocess" in a.text.lower() for a in attributes):
        for name in ("WhatIf", "Confirm"):
            parameters[name.lower()] = Parameter(name, "switch")
    return Command(str(function.value), "", advanced, parameters, own=True)


def _own_parameter(node: Node) -> tuple[Parameter, bool]:
    variable = node.of("VariableExpression")[0]
    types = [str(c.value) for c in node.of("TypeConstraint")]
    parameter = Parameter(str(variable.value), types[-1].lower() if types else "")
    attributes = [a for a in node.of("Attribute") if str(a.value).lower() == "parameter"]
    sets = {}
    for attribute in attributes:
        named = {str(n.value).lower(): n for n in attribute.of("NamedAttributeArgument")}
        on = {key for key, n in named.items() if n.children and n.children[0].name != "false"}
        flags = "M" * ("mandatory" in on) + "V" * ("valuefrompipeline" in on)
        flags += "N" * ("valuefrompipelinebypropertyname" in on)
        name = (
            named["parametersetname"].children[0].literal if "parametersetname" in named else None
        )
        sets[name or "*"] = flags
    for attribute in node.of("Attribute"):
        if str(attribute.value).lower() == "validateset":
            values = tuple(c.literal for c in attribute.children if c.literal is not None)
            parameter = replace(parameter, values=values)
    return (replace(parameter, sets=sets) if sets else parameter), bool(attributes)
