#!/usr/bin/env bash
# click 8.5.1, Python 3.11.
#
# A good guess: a flag with a value of its own (flag_value="none") that an environment variable may
# set is off when that says 0, no, off or false, and then has the option's default.
# What it does: click reads such a word as "off", makes False of it, and hands that to the option's
# type, which makes a text of it. The command gets "False": no default, no value that anybody has
# named, and true to an `if`. An unknown word ("maybe") is the default, silently; and an option of a
# Choice refuses the off with "False is not one of ...".
#
# Seen (option --unchecked with flag_value="none", default "strict"; what the command gets):
#   not set, ""      'strict'
#   1, yes, none     'none'
#   0, no, off       'False'
#   maybe            'strict'
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check click==8.5.1
"$place/venv/bin/python" - <<'PYTHON'
import sys

import click
from click.testing import CliRunner


@click.command()
@click.option("--unchecked", "mode", flag_value="none", default="strict", envvar="UNCHECKED")
def command(mode):
    click.echo(repr(mode))


expected = {
    "": "'strict'",
    "1": "'none'",
    "yes": "'none'",
    "none": "'none'",
    "0": "'False'",
    "no": "'False'",
    "off": "'False'",
    "maybe": "'strict'",
}
seen = {}
for said in expected:
    seen[said] = CliRunner().invoke(command, env={"UNCHECKED": said}).output.strip()
    print(f"{said!r:8} {seen[said]}")
sys.exit(seen != expected)
PYTHON
