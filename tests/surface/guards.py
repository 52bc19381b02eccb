"""Finds out whether a command is called only where Get-Command has found it."""

from tests.surface.tree import Node


def guarded(node: Node, name: str) -> bool:
    """Whether the node runs only where Get-Command has found the command."""
    below = node
    for above in node.ancestors():
        if above.kind == "IfStatement" and _in_clause(above, below, name):
            return True
        if above.kind in {"NamedBlock", "StatementBlock"} and _left_early(above, below, name):
            return True
        if above.kind == "FunctionDefinition":
            return False
        below = above
    return False


def _in_clause(statement: Node, clause: Node, name: str) -> bool:
    """Whether the conditions on the way to a clause of an `if` say that the command is there."""
    place = statement.children.index(clause)
    conditions = statement.children[:place:2]
    own = conditions.pop() if place % 2 else None
    if own is not None and _asks(own, name) and not _negated(own):
        return True
    return any(_asks(earlier, name) and _negated(earlier) for earlier in conditions)


def _left_early(block: Node, node: Node, name: str) -> bool:
    """Whether an earlier `if` of the block leaves it where the command is missing."""
    for statement in block.children:
        if statement is node:
            return False
        if statement.kind != "IfStatement":
            continue
        condition, body = statement.children[:2]
        leaves = body.of("ReturnStatement", "ThrowStatement", "ContinueStatement", "BreakStatement")
        if leaves and _asks(condition, name) and _negated(condition):
            return True
    return False


def _asks(condition: Node, name: str, depth: int = 2) -> bool:
    """Whether a condition looks a command up, itself or through a variable."""
    for node in condition.walk():
        if node.kind == "Command" and str(node.value).lower() == "get-command":
            words = {(n.literal or "").lower() for n in node.walk()}
            if name.lower() in words and words & {"silentlycontinue", "ignore"}:
                return True
        if depth and node.kind == "VariableExpression":
            made = (n for n in node.scope.walk() if n.kind == "AssignmentStatement")
            values = [n.children[-1] for n in made if n.children[0].name == node.name]
            if any(_asks(value, name, depth - 1) for value in values):
                return True
    return False


def _negated(condition: Node) -> bool:
    for node in condition.walk():
        if node.kind == "UnaryExpression" and node.value in {"Not", "Exclaim"}:
            return True
        equals = node.kind == "BinaryExpression" and node.value in {"Ieq", "Ceq"}
        if equals and any(child.name == "null" for child in node.children):
            return True
    return False
