#!/usr/bin/env bash
# pyspnego 0.12.4, Python 3.11.
#
# A good guess: a line DOMAIN:user:password of the file that NTLM_USER_FILE names has a password of any
# characters, as all that is behind the second colon belongs to it (the form of Heimdal, which has two
# colons for three fields).
# What it does: a line counts when it has two colons, or five, which is smbpasswd's form with hashes. A
# password with a colon makes three of it: the line is passed over without a word, and the acceptor says
# that the file has no matching account. With hashes instead, the same password works.
#
# Seen (a logon as LAB\ada with the password of the line):
#   LAB:ada:secret            let in
#   LAB:ada:sec:ret           no account
#   LAB\ada:0:LM:NT:[U]:LCT   let in (the NT hash of sec:ret)
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyspnego==0.12.4
cd "$place"
NTLM_USER_FILE=$place/users venv/bin/python - <<'PYTHON'
import os
import sys
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

NT_OF_SEC_RET = "8996b75fab25442a29504404f067e6e9"


def logon(line, password):
    """What becomes of LAB\\ada and a password where the file has one line."""
    Path(os.environ["NTLM_USER_FILE"]).write_text(f"{line}\n")
    client = spnego.client(r"LAB\ada", password, protocol="ntlm")
    server = spnego.server(protocol="ntlm")
    try:
        server.step(client.step(server.step(client.step())))
    except SpnegoError as error:
        return "no account" if "any matching credential" in str(error) else str(error)
    return "let in" if server.complete else "not let in"


seen = [
    logon("LAB:ada:secret", "secret"),
    logon("LAB:ada:sec:ret", "sec:ret"),
    logon(rf"LAB\ada:0:{'0' * 32}:{NT_OF_SEC_RET}:[U]:LCT-0", "sec:ret"),
]
for what, became in zip(("LAB:ada:secret", "LAB:ada:sec:ret", "with hashes"), seen):
    print(f"{what:16} {became}")
sys.exit(seen != ["let in", "no account", "let in"])
PYTHON
