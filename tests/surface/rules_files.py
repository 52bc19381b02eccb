"""Rules about files that others may have open."""

from tests.surface.binding import command_name
from tests.surface.findings import Findings

WRITER = "save-remediatefile"
"""The function of ours that tries again."""

_WRITING = {"add-content", "out-file", "set-content"}


def check(findings: Findings) -> None:
    """Checks that text is written by the function that tries again."""
    for node in findings.script.of("Command"):
        name = command_name(node)
        if name.lower() in _WRITING and str(node.scope.value).lower() != WRITER:
            what = f"{name} fails where a scanner reads the file: use Save-RemediateFile"
            findings.add(node, "save", what)
