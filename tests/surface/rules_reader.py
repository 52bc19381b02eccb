"""Rules about files that only read (`*.read.ps1`)."""

from tests.surface.binding import Functions, command_name
from tests.surface.findings import Findings
from tests.surface.windows import versions

WRITING = {
    *("add", "clear", "complete", "copy", "disable", "dismount", "enable"),
    *("expand", "grant", "import", "initialize", "install", "invoke", "join"),
    *("lock", "merge", "mount", "move", "new", "optimize", "out"),
    *("protect", "publish", "push", "redo", "register", "remove", "rename"),
    *("repair", "reset", "resize", "restart", "restore", "resume", "revoke"),
    *("save", "send", "set", "start", "stop", "suspend", "switch"),
    *("sync", "undo", "uninstall", "unlock", "unprotect", "unpublish", "unregister"),
    *("update", "write"),
}
"""Verbs of commands that change something, or that may."""

HARMLESS = {
    "join-path": "makes a text",
    "new-cimsession": "is a connection to this computer, and ends with the call",
    "new-object": "makes an object in memory",
    "remove-cimsession": "ends that connection",
    "start-sleep": "waits",
    "set-strictmode": "is about the script itself",
    "write-error": "ends the call",
}
"""Commands with such a verb that a reader may call all the same, and why."""


def writes(name: str) -> bool:
    """Whether a command, by its name, may change something on a host."""
    name = name.lower()
    return name.partition("-")[0] in WRITING and "-" in name and name not in HARMLESS


def check(findings: Findings, functions: Functions) -> None:
    """Checks that a reader calls no command that writes, starts no program, makes no file."""
    if not findings.script.path.name.endswith(".read.ps1"):
        return
    for node in findings.script.of("Command"):
        name = command_name(node)
        ours = functions.get(name.lower())
        program = any(name.lower() in version.native for version in versions())
        if ours is not None:
            bad = ours[0].script.path.name.endswith(".write.ps1")
        else:
            bad = program or writes(name)
        if bad:
            findings.add(node, "reader", f"{name} may write; a reader only reads")
    for node in findings.script.of("FileRedirection"):
        findings.add(node, "reader", "it writes a file; a reader only reads")
