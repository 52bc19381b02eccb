#!/usr/bin/env bash
# Rich 15.0.0, Python 3.11.
#
# A good guess: Console(width=200) has 200 columns wherever it writes to; and without an argument the
# variable COLUMNS says how many, before anything is guessed.
# What it does: on a terminal with TERM=dumb, as a shell in an editor has, it has
# 80 columns, whatever the argument, the variable and the terminal itself say. The width counts when a
# height is given as well: both together are believed, one alone is not.
#
# Seen (columns of the console):
#   TERM     width=200   COLUMNS=200   width=200, height=50
#   xterm    200         200           200
#   dumb     80          80            200
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0
"$place/venv/bin/python" - <<'PYTHON'
import io
import os
import sys

from rich.console import Console

for name in ("COLUMNS", "LINES", "JUPYTER_COLUMNS"):
    os.environ.pop(name, None)


def columns(**said):
    return Console(file=io.StringIO(), force_terminal=True, **said).width


seen = {}
for term in ("xterm", "dumb"):
    os.environ["TERM"] = term
    seen[term] = [columns(width=200)]
    os.environ["COLUMNS"] = "200"
    seen[term].append(columns())
    del os.environ["COLUMNS"]
    seen[term].append(columns(width=200, height=50))
    print(f"{term:8}", *seen[term])
sys.exit(seen != {"xterm": [200, 200, 200], "dumb": [80, 80, 200]})
PYTHON
