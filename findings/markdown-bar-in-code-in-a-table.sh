#!/usr/bin/env bash
# mistune 3.4.0, Markdown 3.11.3 (Python-Markdown), cmarkgfm 2025.10.22 (GitHub's own C), Python 3.11.
#
# A good guess: in a table `a\|b` is code that says a|b, as GitHub's specification has it (4.10: a bar is
# escaped inside other inline spans, too), for every reader that knows its tables.
# What they do: mistune and Python-Markdown take the backslash for the code's own and show it. With
# Python-Markdown the bar needs none inside of code. With mistune it does: without, there is no table at
# all, so that code with a bar cannot be written in its tables.
#
# Seen (the cell, or "no table"):
#                     `a\|b`    `a|b`
#   cmarkgfm          a|b       no whole cell
#   Python-Markdown   a\|b      a|b
#   mistune           a\|b      no table
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check mistune==3.4.0 markdown==3.11.3 cmarkgfm==2025.10.22
"$place/venv/bin/python" - <<'PYTHON'
import re
import sys

import cmarkgfm
import markdown
import mistune

readers = {
    "cmarkgfm": cmarkgfm.github_flavored_markdown_to_html,
    "Python-Markdown": lambda text: markdown.markdown(text, extensions=["tables"]),
    "mistune": mistune.create_markdown(plugins=["table"]),
}


def cell(read, code):
    made = read(f"| A | B |\n| --- | --- |\n| {code} | z |\n")
    if "<table>" not in made:
        return "no table"
    found = re.search(r"<td><code>(.*?)</code></td>", made)
    return found[1] if found else "no whole cell"


seen = {name: [cell(read, r"`a\|b`"), cell(read, "`a|b`")] for name, read in readers.items()}
for name, row in seen.items():
    print(f"{name:17} {row[0]:9} {row[1]}")
expected = {
    "cmarkgfm": ["a|b", "no whole cell"],
    "Python-Markdown": [r"a\|b", "a|b"],
    "mistune": [r"a\|b", "no table"],
}
sys.exit(seen != expected)
PYTHON
