#!/usr/bin/env bash
# keyrings.alt 5.0.2, keyring 25.7.0, Python 3.11, Linux.
#
# A good guess: a keyring keeps service and user as they are written, as Secret Service and the keychain
# of macOS do: Ada and ada are two entries, so are the services Prod and prod.
# What it does: PlaintextKeyring, for machines without a desktop, keeps them in an INI file. There a
# section (the service) has its capitals, and a name (the user) has none: the entry of ada is given to
# Ada, and to save one replaces the other, without a word.
#
# Seen:
#   saved for Ada, asked for ada           the password
#   saved for ada afterwards, asked Ada    that of ada
#   saved in prod, asked in Prod           None
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keyrings.alt==5.0.2 keyring==25.7.0
XDG_DATA_HOME=$place "$place/venv/bin/python" - <<'PYTHON'
import sys

from keyrings.alt.file import PlaintextKeyring

keyring = PlaintextKeyring()
keyring.set_password("prod", "Ada", "one")
seen = [keyring.get_password("prod", "ada")]
keyring.set_password("prod", "ada", "two")
seen += [keyring.get_password("prod", "Ada"), keyring.get_password("Prod", "ada")]
print(*seen)
sys.exit(seen != ["one", "two", None])
PYTHON
