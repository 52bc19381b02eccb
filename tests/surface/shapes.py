"""Shapes: what the value of an expression can be known to be, from the text alone."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shape:
    """What a value is.

    `kind` is `net` (a .NET type), `cim` (a CIM class), `out` (what a cmdlet gives back) or
    `properties` (the CimInstanceProperties of a class); `many` is a collection of such values.
    """

    kind: str
    name: str
    many: bool = False


STRING = Shape("net", "System.String")
BOOLEAN = Shape("net", "System.Boolean")
INTEGER = Shape("net", "System.Int32")
DATE = Shape("net", "System.DateTime")
TABLE = Shape("net", "System.Collections.Hashtable")
SPAN = Shape("net", "System.TimeSpan")
OBJECT = Shape("net", "System.Object")
CIM_PROPERTY = Shape("net", "Microsoft.Management.Infrastructure.CimProperty")

CIM_TYPES = {
    "string": STRING,
    "boolean": BOOLEAN,
    "datetime": DATE,
    "uint8": Shape("net", "System.Byte"),
    "uint16": Shape("net", "System.UInt16"),
    "uint32": Shape("net", "System.UInt32"),
    "uint64": Shape("net", "System.UInt64"),
    "sint32": INTEGER,
}
PASS_THROUGH = {"where-object", "sort-object", "select-object", "tee-object", "get-unique"}
STRING_METHODS = {
    "insert",
    "padleft",
    "padright",
    "remove",
    "split",
    "replace",
    "substring",
    "tolower",
    "tolowerinvariant",
    "tostring",
    "toupper",
    "toupperinvariant",
    "trim",
    "trimend",
    "trimstart",
    "normalize",
}
STATIC = {
    ("system.datetime", "utcnow"): DATE,
    ("system.datetime", "now"): DATE,
    ("system.datetime", "today"): DATE,
    ("system.datetime", "minvalue"): DATE,
    ("system.datetime", "parseexact"): DATE,
    ("system.timespan", "fromseconds"): SPAN,
    ("system.timespan", "zero"): SPAN,
    ("system.guid", "newguid"): Shape("net", "System.Guid"),
    ("system.string", "join"): STRING,
    ("system.string", "format"): STRING,
    ("system.string", "concat"): STRING,
    ("system.string", "empty"): STRING,
    ("system.text.regularexpressions.regex", "escape"): STRING,
    ("system.text.regularexpressions.regex", "replace"): STRING,
}
AUTOMATIC = {
    "true": BOOLEAN,
    "false": BOOLEAN,
    "args": replace(OBJECT, many=True),
    "matches": TABLE,
    "error": Shape("net", "System.Collections.ArrayList"),
    "psboundparameters": Shape("net", "System.Management.Automation.PSBoundParametersDictionary"),
}
