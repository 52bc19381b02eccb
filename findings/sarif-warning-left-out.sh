#!/usr/bin/env bash
# sarif-om 1.0.4 with jschema-to-python 1.2.3, npm @microsoft/sarif-multitool 5.7.0, and as the reader
# sarif-tools 3.0.5; Python 3.11, Node 20.
#
# A good guess: a tool that writes SARIF, or passes it on, keeps the level that a result states.
# What they do: both have "warning" as the default of `level` and leave out what is a default. By the
# standard (SARIF 2.1.0, 3.27.10) a result without a level has its rule's, and only where that has none
# is it a warning. So a warning that stood there becomes the error that its rule is by default, as
# sarif-tools reads it, and a gate closes. An error and a note stay what they are.
#
# Seen (results that state error, warning and note, of a rule that is an error by default; what
# sarif-tools counts):
#                                      error  warning  note
#   as it stands there                 1      1        1
#   rewritten by the multitool         2      0        1
#   merged by the multitool            2      0        1
#   written by sarif-om                2      0        1
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    sarif-tools==3.0.5 sarif-om==1.0.4 jschema-to-python==1.2.3
npm install --silent --no-fund --no-audit @microsoft/sarif-multitool@5.7.0 > /dev/null
cat > write.py <<'PYTHON'
import json

import sarif_om as om
from jschema_to_python.to_json import to_json

LEVELS = ("error", "warning", "note")
rule = {"id": "R", "defaultConfiguration": {"level": "error"}}
results = [{"ruleId": "R", "level": one, "message": {"text": one}} for one in LEVELS]
run = {"tool": {"driver": {"name": "a tool", "rules": [rule]}}, "results": results}
with open("plain.sarif", "w") as file:
    json.dump({"version": "2.1.0", "runs": [run]}, file)
rule = om.ReportingDescriptor(id="R", default_configuration=om.ReportingConfiguration(level="error"))
driver = om.ToolComponent(name="a tool", rules=[rule])
results = [om.Result(message=om.Message(text=one), rule_id="R", level=one) for one in LEVELS]
run = om.Run(tool=om.Tool(driver=driver), results=results)
with open("object-model.sarif", "w") as file:
    file.write(to_json(om.SarifLog(version="2.1.0", runs=[run])))
PYTHON
cat > count.py <<'PYTHON'
import sys

from sarif.loader import load_sarif_file

found = load_sarif_file(sys.argv[1]).get_report().get_issue_count_for_severity
print(*(found(level) for level in ("error", "warning", "note")))
PYTHON
venv/bin/python write.py
multitool=node_modules/.bin/sarif-multitool
$multitool rewrite plain.sarif -o rewritten.sarif > /dev/null
$multitool merge plain.sarif --output-file merged.sarif -o . > /dev/null
found=""
for name in plain rewritten merged object-model; do
    counted=$(venv/bin/python count.py $name.sarif)
    printf '%-13s error, warning, note: %s\n' $name "$counted"
    found="$found$counted|"
done
[ "$found" = "1 1 1|2 0 1|2 0 1|2 0 1|" ]
