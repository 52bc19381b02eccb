#!/usr/bin/env bash
# check-jsonschema 0.39.0 (the schema of Azure Pipelines that it holds), Python 3.11.
#
# A good guess: a pipeline that Azure DevOps runs passes its published schema, as check-jsonschema
# checks it for Azure (--builtin-schema vendor.azure-pipelines --data-transform azure-pipelines).
# What it does: to Azure each value of a pipeline is a text, and so the schema has texts only, "true"
# among them. check-jsonschema reads YAML's true as a boolean, which the schema refuses, with the whole
# document as the place. The same with quotes, or read without types, passes.
#
# Seen:
#   persistCredentials: true                   refused
#   persistCredentials: "true"                 taken
#   persistCredentials: true, read as text     taken
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check check-jsonschema==0.39.0 pyyaml==6.0.3
cd "$place"
printf 'steps:\n  - checkout: self\n    persistCredentials: true\n' > plain.yml
printf 'steps:\n  - checkout: self\n    persistCredentials: "true"\n' > quoted.yml
check() {
    if venv/bin/check-jsonschema --builtin-schema vendor.azure-pipelines --data-transform azure-pipelines \
        --regex-variant nonunicode "$1" > /dev/null; then echo taken; else echo refused; fi
}
plain=$(check plain.yml)
quoted=$(check quoted.yml)
text=$(venv/bin/python - <<'PYTHON'
import json
from importlib import resources

import jsonschema
import yaml

folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
schema = json.loads((folder / "azure-pipelines.json").read_text())
with open("plain.yml") as file:
    found = yaml.load(file, yaml.BaseLoader)
validator = jsonschema.validators.validator_for(schema)(schema)
print("taken" if validator.is_valid(found) else "refused")
PYTHON
)
printf '%-42s %s\n' 'persistCredentials: true' "$plain" 'persistCredentials: "true"' "$quoted" \
    'persistCredentials: true, read as text' "$text"
[ "$plain $quoted $text" = "refused taken taken" ]
