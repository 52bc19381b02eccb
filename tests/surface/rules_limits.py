"""Rules about time: nothing waits for ever."""

from tests.surface.binding import Functions, bind, command_name
from tests.surface.findings import Findings
from tests.surface.tree import Node
from tests.surface.windows import Command, versions

_LOOPS = (
    "DoUntilStatement",
    "DoWhileStatement",
    "ForEachStatement",
    "ForStatement",
    "WhileStatement",
)
_CLOCKS = {"get-date", "assert-remediatetime"}


def check(findings: Findings, functions: Functions) -> None:
    """Checks that commands which can hang have a limit, and that waiting measures a clock."""
    for node in findings.script.of("Command"):
        if command_name(node).lower() not in functions:
            _check_limit(findings, node)
    for loop in findings.script.of(*_LOOPS):
        called = {command_name(node).lower() for node in loop.walk() if node.kind == "Command"}
        if "start-sleep" in called and not called & _CLOCKS:
            what = "tries, each of which may take long, are no time: compare with Get-Date"
            findings.add(loop, "clock", what)


def _check_limit(findings: Findings, node: Node) -> None:
    for version in versions():
        command = version.command(command_name(node))
        limit = _limit(command) if command is not None else None
        if command is None or limit is None:
            continue
        binding = bind(node, command, version)
        if binding.argument(limit) is None and not binding.open_splat:
            rule = "cim-limit" if limit == "OperationTimeoutSec" else "cim-session"
            findings.add(node, rule, f"{command.name} is given no -{limit}", version)


def _limit(command: Command) -> str | None:
    """The parameter that keeps a command from hanging, if it has one."""
    if "operationtimeoutsec" in command.parameters:
        return "OperationTimeoutSec"
    # what a CDXML module generates has these three
    generated = {"cimsession", "throttlelimit", "asjob"} <= command.parameters.keys()
    return "CimSession" if generated else None
