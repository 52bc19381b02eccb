#!/usr/bin/env bash
# Rich 15.0.0, Python 3.11.
#
# A good guess: print(escape(text)) shows a text as it is, whatever is in it; escape() is for texts that
# come from elsewhere.
# What it does: escape() looks at brackets that could be a tag, and at a backslash at the end, which it
# doubles so that it does not escape a tag of the caller's behind it. Where none is, two are shown. Two
# at the end it leaves, and before a tag one is shown. Before a bracket that cannot be a tag it leaves a
# backslash as well, and the renderer takes that one away. Windows' folders and its patterns are such
# texts.
#
# Seen (shown alone, and in [b]...[/b]):
#   \Microsoft\OnlineBackup\   \Microsoft\OnlineBackup\\   \Microsoft\OnlineBackup\
#   \\SRV01\share\\            \\SRV01\share\\             \\SRV01\share\
#   ^\[\d+\]                   ^[\d+\]                     ^[\d+\]
#   C:\[old]                   C:\[old]                    C:\[old]
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0
"$place/venv/bin/python" - <<'PYTHON'
import io
import sys

from rich.console import Console
from rich.markup import escape


def shown(markup):
    written = io.StringIO()
    Console(file=written, width=100).print(markup)
    return written.getvalue().rstrip("\n")


expected = {
    "\\Microsoft\\OnlineBackup\\": ["\\Microsoft\\OnlineBackup\\\\", "\\Microsoft\\OnlineBackup\\"],
    r"\\SRV01\share" + "\\\\": [r"\\SRV01\share" + "\\\\", r"\\SRV01\share" + "\\"],
    r"^\[\d+\]": [r"^[\d+\]", r"^[\d+\]"],
    r"C:\[old]": [r"C:\[old]", r"C:\[old]"],
}
seen = {text: [shown(escape(text)), shown(f"[b]{escape(text)}[/b]")] for text in expected}
for text, (alone, in_tags) in seen.items():
    print(f"{text:26} {alone:27} {in_tags}")
sys.exit(seen != expected)
PYTHON
