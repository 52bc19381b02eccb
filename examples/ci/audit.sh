#!/usr/bin/env bash
# Audits a fleet and says by its exit code what to do about it. Writes nothing to any host.
#   usage: audit.sh INVENTORY REPORT.json
# The password is in REMEDIATE_PASSWORD. An inventory that refers to any other secret is refused; still,
# run this with inventories only that you have reviewed: they say which hosts are logged on to.
set -euo pipefail
inventory=$1 report=$2

code=0
remediate audit -i "$inventory" --passwords-only env:REMEDIATE_PASSWORD --format json > "$report" || code=$?

case $code in
    0) echo "All hosts are compliant." ;;
    2) echo "There is something to change, or advice: see $report." ;;
    5) echo "Some hosts were unreachable, the others are compliant: see $report." >&2; exit 1 ;;
    *) echo "The audit ended with exit code $code: see $report." >&2; exit 1 ;;
esac
