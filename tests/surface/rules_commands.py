"""Rules about commands: that they exist, with these parameters, together, with these values."""

import re

from tests.surface.binding import Argument, Binding, Functions, bind, command_name, dot_sourced
from tests.surface.findings import Findings
from tests.surface.tree import Node
from tests.surface.windows import Command, Parameter, Version, versions

_PROGRAM = re.compile(r"\.(exe|com|cmd|bat|msc)$", re.IGNORECASE)
SYSTEM_PROGRAM = re.compile(r'"\$env:(?:windir|SystemRoot)\\System32\\([\w.-]+)"$', re.IGNORECASE)
"""A program that is called by its path."""
_WHOLE = {"byte", "int", "int16", "int32", "int64", "long", "uint16", "uint32", "uint64"}
_WILDCARD = re.compile(r"[*?\[\]]")


def check(findings: Findings, functions: Functions) -> None:
    """Checks every command of a script on every version."""
    for node in findings.script.of("Command"):
        name = command_name(node)
        if dot_sourced(node):
            continue  # the rules of the language say what is wrong with it
        if not name:
            _check_computed(findings, node)
        elif name.lower() in functions:
            for version in versions():
                _check_call(findings, node, functions[name.lower()][1], version)
        else:
            _check_named(findings, node, name)


def _check_computed(findings: Findings, node: Node) -> None:
    if node.children[0].kind == "ScriptBlockExpression":
        return
    program = SYSTEM_PROGRAM.match(node.children[0].text)
    if program:
        _check_named(findings, node, program[1])
        return
    what = f"{node.children[0].text} is named only at run time, so nothing about it is checked"
    findings.add(node, "dynamic-command", what)


def _check_named(findings: Findings, node: Node, name: str) -> None:
    for version in versions():
        command = version.command(name)
        if command is not None:
            _check_presence(findings, node, command, version)
            _check_call(findings, node, command, version)
        elif name.lower() in version.aliases:
            what = f"{name} is an alias of {version.aliases[name.lower()]}"
            findings.add(node, "alias", what, version)
        elif name.lower() not in version.native:
            rule = "native" if _PROGRAM.search(name) else "command"
            findings.add_missing(node, rule, name, f"{name} does not exist", version)


def _check_presence(findings: Findings, node: Node, command: Command, version: Version) -> None:
    if command.optional:
        what = f"{command.name} exists only where {command.module} is installed"
        findings.add_missing(node, "command", command.name, what, version)
    elif command.unconfirmed:
        what = f"{command.name} is in no list or page of this version"
        findings.add_missing(node, "command", command.name, what, version)


def _check_call(findings: Findings, node: Node, command: Command, version: Version) -> None:
    binding = bind(node, command, version)
    for place, name in binding.unknown:
        findings.add(place, "parameter", f"{command.name} has no -{name}", version)
    for place, name, full in binding.short:
        findings.add(place, "full-name", f"-{name} of {command.name} is -{full}")
    for place in binding.positional:
        findings.add(
            place, "positional", f"{place.text} is given to {command.name} without a parameter name"
        )
    if not binding.unknown and not binding.positional:
        _check_sets(findings, node, binding, version)
    for argument in binding.arguments:
        _check_value(findings, binding, argument, version)
    _check_path(findings, binding)


def _check_sets(findings: Findings, node: Node, binding: Binding, version: Version) -> None:
    command = binding.command
    used = {a.parameter.name.lower() for a in binding.arguments if a.certain}
    given = [p for key, p in command.parameters.items() if key in used]
    together = {s for s in command.sets if all(s in p.sets or "*" in p.sets for p in given)}
    if not together:
        names = " ".join(f"-{p.name}" for p in given)
        findings.add(
            node, "parameter-set", f"{command.name} has no parameter set with {names}", version
        )
        return
    piped = node.parent is not None and node.parent.children[0] is not node
    perhaps = {a.parameter.name.lower() for a in binding.arguments}
    missing = [_missing(command, s, perhaps, piped=piped) for s in sorted(together)]
    if binding.open_splat or not all(missing):
        return
    fewest = " ".join(f"-{name}" for name in min(missing, key=len))
    findings.add(node, "parameter-set", f"{command.name} also needs {fewest}", version)


def _missing(command: Command, parameter_set: str, used: set[str], *, piped: bool) -> list[str]:
    """Mandatory parameters of a set that nothing gives."""
    found = []
    for key, parameter in command.parameters.items():
        for name in {parameter_set, "*"} & parameter.sets.keys():
            flags = parameter.sets[name]
            # The data does not say of a parameter in every set whether it takes pipeline input.
            from_pipe = piped and (name == "*" or "V" in flags or "N" in flags)
            if "M" in flags and key not in used and not from_pipe:
                found.append(parameter.name)
    return found


def _literals(node: Node | None) -> list[Node]:
    """The constant strings of an argument."""
    if node is None:
        return []
    if node.kind == "ArrayLiteral":
        return [found for child in node.children for found in _literals(child)]
    return [node] if node.literal is not None else []


def _allowed(parameter: Parameter, version: Version) -> list[str]:
    if parameter.values:
        return list(parameter.values)
    found = version.type(parameter.type.removesuffix("[]")) if "." in parameter.type else None
    return list(found.facts.get("v", ())) if found is not None else []


def _check_value(
    findings: Findings, binding: Binding, argument: Argument, version: Version
) -> None:
    parameter = argument.parameter
    allowed = {value.lower() for value in _allowed(parameter, version)}
    for node in _literals(argument.value):
        text = node.literal or ""
        if parameter.type.removesuffix("[]") in _WHOLE and not allowed:
            ok = re.fullmatch(r"[+-]?(\d+|0x[0-9a-fA-F]+)([kmgtp]b)?", text.strip()) is not None
        else:
            ok = not allowed or all(p.strip().lower() in allowed for p in text.split(","))
        if not ok:
            what = f"-{parameter.name} of {binding.command.name} does not take {text!r}"
            findings.add(node, "value", what, version)


def _check_path(findings: Findings, binding: Binding) -> None:
    path = binding.argument("Path")
    literal = binding.command.parameters.get("literalpath")
    if path is None or literal is None or binding.command.own:
        return
    others = [a.parameter for a in binding.arguments if a is not path]
    fits = any(all(s in p.sets or "*" in p.sets for p in others) for s in literal.sets)
    text = path.value.literal if path.value is not None else None
    if fits and (text is None or _WILDCARD.search(text)):
        what = f"-Path of {binding.command.name} reads [ ] * ? as wildcards; there is -LiteralPath"
        findings.add(path.node, "wildcard-path", what)
