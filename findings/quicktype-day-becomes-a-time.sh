#!/usr/bin/env bash
# npm: quicktype 26.0.0, Node 20; its Python on 3.11 with python-dateutil 2.9.0.post0.
#
# A good guess: of a schema that says "format": "date" quicktype makes a type that holds a day, and what
# its code reads and writes again fits the schema as before.
# What it does: in Python, JavaScript, TypeScript and C# a day is the time at which it begins, and is
# written as one: in Python without the offset that a date-time has to have, so that it is neither of the
# two formats any more. Whatever ends with a day ("expires") has ended before it. A field that may be
# either of the two (anyOf) loses days as well. In Go and Rust both are texts, and stay what they are.
#
# Seen (what stood in a document, and what stands there after it was read and written again):
#   date               Python      2027-03-31  2027-03-31T00:00:00
#   date or date-time  Python      2027-03-31  2027-03-31T00:00:00
#   date               JavaScript  2027-03-31  2027-03-31T00:00:00.000Z
#   date or date-time  JavaScript  2027-03-31  2027-03-31T00:00:00.000Z
#   (TypeScript: Date, C#: DateTimeOffset, Go: string, Rust: String)
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-fund --no-audit quicktype@26.0.0 > /dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
cat > schema.json <<'JSON'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
 "properties": {
   "day": {"type": "string", "format": "date"},
   "either": {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}},
 "required": ["day", "either"]}
JSON
for language in python:waiver.py javascript:waiver.js typescript:waiver.ts csharp:Waiver.cs \
    go:waiver.go rust:waiver.rs; do
    node_modules/.bin/quicktype --src-lang schema --lang "${language%:*}" --top-level Waiver \
        -o "${language#*:}" schema.json
done
grep -qE 'either: +Date;' waiver.ts
grep -q 'DateTimeOffset Either' Waiver.cs
grep -qE 'Either +string' waiver.go
grep -q 'either: String,' waiver.rs
document='{"day": "2027-03-31", "either": "2027-03-31"}'
again_in_python=$(venv/bin/python -c '
import json, sys
import waiver
found = waiver.waiver_to_dict(waiver.waiver_from_dict(json.loads(sys.argv[1])))
print(found["day"], found["either"])' "$document")
again_in_javascript=$(node -e '
const waiver = require("./waiver.js");
const found = JSON.parse(waiver.waiverToJson(waiver.toWaiver(process.argv[1])));
console.log(found.day, found.either);' "$document")
printf '%-10s %s\n' Python "$again_in_python" JavaScript "$again_in_javascript"
[ "$again_in_python" = "2027-03-31T00:00:00 2027-03-31T00:00:00" ]
[ "$again_in_javascript" = "2027-03-31T00:00:00.000Z 2027-03-31T00:00:00.000Z" ]
