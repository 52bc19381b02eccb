#!/usr/bin/env bash
# PyYAML 6.0.4 (its wheels hold libyaml), ruamel.yaml 0.19.1, Python 3.11.
#
# A good guess: yaml.SafeLoader and yaml.CSafeLoader take the same documents, the second one faster;
# and tabs are a matter of the beginning of a line, as YAML forbids them in indentation only. Before a
# comment or at the end of a line they are white space like any other (YAML 1.2.2, 5.5 and 6.6).
# What they do: the loader in Python, which safe_load() is, and ruamel.yaml refuse a tab behind a key
# or a value, wherever it stands; that of libyaml reads it. So a file passes in a program that looks
# for libyaml, and fails in the next one, or in the same where there is no wheel with it.
#
# Seen (\t is a tab):
#   user: ada\t# old    CSafeLoader read   safe_load refused   ruamel.yaml refused
#   user: ada\t         CSafeLoader read   safe_load refused   ruamel.yaml refused
#   user:\tada          CSafeLoader read   safe_load refused   ruamel.yaml refused
#   user: ada # old\t   CSafeLoader read   safe_load read      ruamel.yaml read
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyyaml==6.0.4 ruamel.yaml==0.19.1
"$place/venv/bin/python" - <<'PYTHON'
import sys

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

readers = {
    "CSafeLoader": lambda text: yaml.load(text, yaml.CSafeLoader),
    "safe_load": yaml.safe_load,
    "ruamel.yaml": lambda text: dict(YAML().load(text)),
}
expected = {
    "user: ada\t# old": ["read", "refused", "refused"],
    "user: ada\t": ["read", "refused", "refused"],
    "user:\tada": ["read", "refused", "refused"],
    "user: ada # old\t": ["read", "read", "read"],
}


def told(read, text):
    try:
        return "read" if read(text) == {"user": "ada"} else "otherwise"
    except (yaml.YAMLError, YAMLError):
        return "refused"


seen = {text: [told(read, f"{text}\n") for read in readers.values()] for text in expected}
for text, row in seen.items():
    print(f"{text!r:22}", *(f"{name} {one:8}" for name, one in zip(readers, row)))
sys.exit(seen != expected)
PYTHON
