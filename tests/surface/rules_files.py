"""Rules about files and folders that others may have open."""

from tests.surface.binding import command_name
from tests.surface.findings import Findings

AGAIN = {
    **dict.fromkeys(("add-content", "out-file", "set-content"), "Save-RemediateFile"),
    "rename-item": "Rename-RemediateItem",
}
"""Commands that fail while a scanner is at it, and the function of ours that tries again."""


def check(findings: Findings) -> None:
    """Checks that such a command stands in the function that tries again, and nowhere else."""
    for node in findings.script.of("Command"):
        name = command_name(node)
        function = AGAIN.get(name.lower())
        if function is not None and str(node.scope.value) != function:
            what = f"{name} fails while a scanner is at it: use {function}"
            findings.add(node, "save", what)
