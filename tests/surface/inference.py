"""Infers from the text what expressions yield: .NET types, CIM classes, what cmdlets give back."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.surface.binding import (
    Binding,
    Functions,
    bind,
    command_name,
    parameter_nodes,
    unwrap,
)
from tests.surface.cim import find_class, property_type
from tests.surface.shapes import (
    AUTOMATIC,
    CIM_PROPERTY,
    CIM_TYPES,
    DATE,
    INTEGER,
    OBJECT,
    PASS_THROUGH,
    SPAN,
    STATIC,
    STRING,
    STRING_METHODS,
    TABLE,
    Shape,
)
from tests.surface.tree import Node
from tests.surface.windows import shapes, versions

_FIXED = {
    "StringConstantExpression": STRING,
    "ExpandableStringExpression": STRING,
    "Hashtable": TABLE,
}
_GIVES_STRING = {"join-path", "convertto-json", "out-string", "export-scheduledtask"}


class Inference:
    """Answers what nodes yield; what it cannot tell is None."""

    def __init__(self, functions: Functions) -> None:
        self.version = versions()[-2]  # names and parameters are looked up in the newest Windows
        self._functions = functions
        self._open: set[Node] = set()
        self._known: dict[Node, Shape | None] = {}
        self._how: dict[str, Callable[[Node], Shape | None]] = {
            "ArrayExpression": self._statements,
            "BinaryExpression": self._binary,
            "Command": self._command,
            "CommandExpression": self._single,
            "ConstantExpression": lambda node: INTEGER if node.text.isdigit() else None,
            "ConvertExpression": self._converted,
            "IndexExpression": self._index,
            "InvokeMemberExpression": self._member,
            "MemberExpression": self._member,
            "ParenExpression": self._single,
            "Pipeline": lambda node: self.of(node.children[-1]),
            "SubExpression": self._statements,
            "VariableExpression": self._variable,
        }

    def of(self, node: Node) -> Shape | None:
        """What a node yields."""
        if node.kind in _FIXED:
            return _FIXED[node.kind]
        if node in self._known:
            return self._known[node]
        if node in self._open or node.kind not in self._how:
            return None  # a variable that is made out of itself, or a kind that says nothing
        self._open.add(node)
        try:
            found = self._known[node] = self._how[node.kind](node)
        finally:
            self._open.discard(node)
        return found

    def _single(self, node: Node) -> Shape | None:
        return self.of(node.children[0]) if len(node.children) == 1 else None

    def _statements(self, node: Node) -> Shape | None:
        """What `@( )` or `$( )` collects from its only statement."""
        statements = node.children[0].children
        if node.kind == "ArrayExpression" and not statements:
            return replace(OBJECT, many=True)
        found = self.of(statements[0]) if len(statements) == 1 else None
        return replace(found, many=True) if found and node.kind == "ArrayExpression" else found

    def net(self, name: str) -> Shape | None:
        """The shape of a .NET type by any of its names."""
        many = name.endswith("[]")
        found = self.version.type(name.removesuffix("[]"))
        return Shape("net", found.name, many) if found is not None else None

    def _converted(self, node: Node) -> Shape | None:
        name = str(node.children[0].value)
        if name.lower() == "ordered":
            return Shape("net", "System.Collections.Specialized.OrderedDictionary")
        if name.lower() in {"psobject", "pscustomobject"}:
            return None
        return self.net(name)

    def binding(self, node: Node) -> Binding | None:
        """The arguments of a command, or nothing if it is unknown."""
        name = command_name(node)
        own = self._functions.get(name.lower())
        command = own[1] if own else self.version.command(name)
        return bind(node, command, self.version) if command is not None else None

    def _command(self, node: Node) -> Shape | None:
        name = command_name(node).lower()
        if name in self._functions:
            return self._function(self._functions[name][0])
        binding = self.binding(node)
        if binding is None:
            return None
        if name in PASS_THROUGH:
            picks = name == "select-object" and binding.argument("Property")
            changes = picks or binding.argument("ExpandProperty")
            return None if changes else self.before(node)
        return STRING if name in _GIVES_STRING else self._made(name, binding)

    def _made(self, name: str, binding: Binding) -> Shape | None:
        """What a cmdlet of Windows makes."""
        found: Shape | None = None
        if name in {"get-ciminstance", "new-ciminstance"}:
            cls = binding.literal("ClassName") or self.query_class(binding)
            found = Shape("cim", self._class_key(binding, cls), many=True) if cls else None
        elif name == "get-date":
            found = STRING if binding.argument("Format") or binding.argument("UFormat") else DATE
        elif name == "new-object":
            made = binding.literal("TypeName") or "psobject"
            found = self.net(made) if made.lower() != "psobject" else None
        elif name in shapes():
            cls = shapes()[name]["class"]
            found = Shape("cim" if cls else "out", cls or name, many=True)
        return found

    @staticmethod
    def query_class(binding: Binding) -> str | None:
        """The class that a WQL query asks for."""
        words = (binding.literal("Query") or "").split()
        lower = [word.lower() for word in words]
        return words[lower.index("from") + 1] if "from" in lower[:-1] else None

    @staticmethod
    def _class_key(binding: Binding, name: str) -> str:
        """`namespace:class`, or the class alone where the namespace is not in sight."""
        argument = binding.argument("Namespace")
        if argument is None:
            return f"root/cimv2:{name}"
        namespace = binding.literal("Namespace")
        return f"{namespace}:{name}".replace("\\", "/").lower() if namespace else name

    def before(self, node: Node) -> Shape | None:
        """What the pipeline hands to a command."""
        pipeline = node.parent
        if pipeline is None or pipeline.kind != "Pipeline":
            return None
        place = pipeline.children.index(node)
        return self.of(pipeline.children[place - 1]) if place else None

    def _function(self, function: Node) -> Shape | None:
        """What a function of our own returns, if it only speaks through `return`."""
        returns = [
            n
            for n in function.walk()
            if n.kind == "ReturnStatement" and n.children and n.scope is function
        ]
        found = {self.of(n.children[0]) for n in returns}
        return found.pop() if len(found) == 1 else None

    def _variable(self, node: Node) -> Shape | None:
        narrowed = self._narrowed(node)
        if narrowed is not None:
            return narrowed
        if node.name in {"_", "psitem"}:
            return self._item(node)
        if node.name in AUTOMATIC:
            return AUTOMATIC[node.name]
        if node.scope.kind == "FunctionDefinition":
            for parameter in parameter_nodes(node.scope):
                if parameter.of("VariableExpression")[0].name == node.name:
                    types = [str(c.value) for c in parameter.of("TypeConstraint")]
                    return self.net(types[-1]) if types else None
        found = set(self._assigned(node))
        return found.pop() if len(found) == 1 else None

    def _assigned(self, node: Node) -> Iterator[Shape | None]:
        """What the assignments to a variable in its function give it; `$null` says nothing."""
        for other in node.scope.walk():
            if other.kind == "AssignmentStatement":
                target, value = other.children[0], other.children[-1]
                if target.kind == "ConvertExpression" and target.children[-1].name == node.name:
                    yield self._converted(target)
                plain = other.value == "Equals" and unwrap(value).name != "null"
                if target.name == node.name and plain:
                    yield self.of(value)
            elif other.kind == "ForEachStatement" and other.children[0].name == node.name:
                each = self.of(other.children[1])
                yield replace(each, many=False) if each else None

    def _narrowed(self, node: Node) -> Shape | None:
        """What an enclosing `if ($x -is [T])` says of a variable."""
        below = node
        for above in node.ancestors():
            if above.kind == "IfStatement":
                place = above.children.index(below)
                condition = above.children[place - 1] if place % 2 else None
                for test in condition.walk() if condition else ():
                    is_test = test.kind == "BinaryExpression" and test.value == "Is"
                    if is_test and test.children[0].name == node.name:
                        return self.net(str(test.children[1].value))
            below = above
        return None

    def _item(self, node: Node) -> Shape | None:
        """What `$_` is: an item of the pipeline, or the error of a catch."""
        for above in node.ancestors():
            if above.kind == "CatchClause":
                return Shape("net", "System.Management.Automation.ErrorRecord")
            if above.kind == "SwitchStatement":
                return None
            if above.kind == "ScriptBlockExpression":
                command = above.parent
                piped = command is not None and command.kind == "Command"
                found = self.before(command) if command is not None and piped else None
                return replace(found, many=False) if found else None
        return None

    def _member(self, node: Node) -> Shape | None:
        owner, member = node.children[:2]
        name = (member.literal or "").lower()
        if node.value[0]:
            return self._static(owner, name)
        call = node.kind == "InvokeMemberExpression"
        if call and name == "tostring":
            return STRING
        shape = self.of(owner)
        if shape is not None and shape.kind == "cim":
            return self._cim_member(shape, name)
        if shape is not None and shape.kind == "out":
            kinds = {n.lower(): kind for n, kind in shapes()[shape.name]["properties"].items()}
            return self.net(kinds.get(name, ""))
        return self._method(shape, name) if call and shape is not None else None

    @staticmethod
    def _method(shape: Shape, name: str) -> Shape | None:
        if shape.name == "System.String" and name in STRING_METHODS:
            return replace(STRING, many=shape.many or name == "split")
        to_date = name.startswith("add") or name in {"touniversaltime", "tolocaltime"}
        return DATE if shape.name == "System.DateTime" and to_date else None

    def _static(self, owner: Node, name: str) -> Shape | None:
        found = self.version.type(str(owner.value)) if owner.kind == "TypeExpression" else None
        if found is None:
            return None
        if found.is_enum:
            return Shape("net", found.name)
        return STATIC.get((found.name.lower(), name))

    def _cim_member(self, shape: Shape, name: str) -> Shape | None:
        if name == "ciminstanceproperties":
            return Shape("properties", shape.name)
        kind = property_type(self.version, shape.name, name)
        if kind is None:
            return None
        single = kind.removesuffix("[]")
        many = kind.endswith("[]") or shape.many
        if single in CIM_TYPES:
            return replace(CIM_TYPES[single], many=many)
        return Shape("cim", single, many) if find_class(self.version, single) else None

    def _index(self, node: Node) -> Shape | None:
        shape = self.of(node.children[0])
        if shape is None:
            return None
        if shape.kind == "properties":
            return CIM_PROPERTY
        return replace(shape, many=False) if shape.many else None

    def _binary(self, node: Node) -> Shape | None:
        left, right = (self.of(child) for child in node.children[:2])
        operator = str(node.value)
        if operator in {"Format", "Join", "Ireplace", "Creplace"}:
            return STRING
        if operator in {"Isplit", "Csplit"}:
            return replace(STRING, many=True)
        if operator == "Plus":
            return left
        if operator == "Minus" and left == DATE:
            return SPAN if right == DATE else DATE
        return None
