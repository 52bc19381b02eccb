#!/usr/bin/env bash
# pytest-testinfra 10.2.2 (with pywinrm 0.5.0), and mslex 1.3.0, which reads a command line by Microsoft's
# rules (those of CommandLineToArgvW); Python 3.11.
#
# A good guess: host.run("tool %s", argument) of the backend for WinRM quotes as programs on Windows read
# it, as that is where the command runs.
# What it does: it is the quoting of a Unix shell with other quotes. There a backslash before the closing
# one is an escape: an argument that ends with one, as the name of a folder may (each of Task Scheduler
# does), takes what follows into itself. An empty argument becomes two single quotes, which are two
# characters like others there. mslex.join() writes both so that they are read.
#
# Seen (what stands on the command line, and the arguments that the program has):
#   \Microsoft\OnlineBackup\, x   tool "\Microsoft\OnlineBackup\" x   \Microsoft\OnlineBackup" x
#   an empty one, x               tool '' x                           '', x
#   C:\Program Files, x           tool "C:\Program Files" x           C:\Program Files, x
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
    pytest-testinfra==10.2.2 pywinrm==0.5.0 mslex==1.3.0
"$place/venv/bin/python" - <<'PYTHON'
import sys

import mslex
import testinfra

backend = testinfra.get_host("winrm://ada:secret@srv01:5986").backend
folder = "\\Microsoft\\OnlineBackup\\"
expected = {
    folder: ['tool "\\Microsoft\\OnlineBackup\\" x', ['\\Microsoft\\OnlineBackup" x']],
    "": ["tool '' x", ["''", "x"]],
    r"C:\Program Files": [r'tool "C:\Program Files" x', [r"C:\Program Files", "x"]],
}
seen = {}
for argument in expected:
    written = backend.quote("tool %s %s", argument, "x")
    seen[argument] = [written, mslex.split(written, like_cmd=False)[1:]]
    print(f"{argument!r:32} {written:34} {seen[argument][1]}")
    by_rule = mslex.join(["tool", argument, "x"], for_cmd=False)
    assert mslex.split(by_rule, like_cmd=False) == ["tool", argument, "x"]
sys.exit(seen != expected)
PYTHON
