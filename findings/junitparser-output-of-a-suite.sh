#!/usr/bin/env bash
# junitparser 5.0.3, Python 3.11 to 3.13.
#
# A good guess: system_out of a TestSuite is written as <system-out>, as that of a TestCase is, and
# as the JUnit schemas allow it in both.
# What it does: TestSuite of the package itself has no such property. The value becomes an attribute
# of the Python object, without a word, and nothing of it is in the file. TestSuite of
# junitparser.xunit2 has the property and writes it.
#
# Seen:
#   case            <system-out>said</system-out>
#   suite           nothing
#   xunit2's suite  <system-out>said</system-out>
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check junitparser==5.0.3
"$place/venv/bin/python" - <<'PYTHON'
import sys

from junitparser import TestCase, TestSuite, xunit2

seen = {}
for name, element in {
    "case": TestCase("a case"),
    "suite": TestSuite("a suite"),
    "xunit2's suite": xunit2.TestSuite("a suite"),
}.items():
    element.system_out = "said"
    written = element.tostring().decode()
    text = "<system-out>said</system-out>"
    seen[name] = text if text in written else "nothing" if "said" not in written else written
    print(f"{name:<15} {seen[name]}")
sys.exit(list(map("nothing".__eq__, seen.values())) != [False, True, False])
PYTHON
