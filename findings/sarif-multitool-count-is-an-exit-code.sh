#!/usr/bin/env bash
# npm: @microsoft/sarif-multitool 5.7.0, Node 20, Linux.
#
# A good guess: `query --return-count` is a gate in a pipeline. Its help says that the exit code is then
# the count of results that match, so that 0 says there are none.
# What it does: it returns the count as it is, and an exit code is a byte on Linux and macOS. 256 errors
# are 0, as none are; 300 are 44. The other option of the same command,
# --non-zero-exit-code-if-count-over 0, is right with any number.
#
# Seen (the exit codes with as many errors):
#   errors   --return-count   --non-zero-exit-code-if-count-over 0
#   0        0                0
#   255      255              2
#   256      0                2
#   300      44               2
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-fund --no-audit @microsoft/sarif-multitool@5.7.0 > /dev/null
multitool=$(node -p 'require("@microsoft/sarif-multitool")')
codes() {
    node -e '
    const result = { ruleId: "R", level: "error", message: { text: "said" } };
    const results = Array(Number(process.argv[1])).fill(result);
    const runs = [{ tool: { driver: { name: "a tool" } }, results }];
    console.log(JSON.stringify({ version: "2.1.0", runs }));' "$1" > log.sarif
    local counted=0 over=0
    "$multitool" query log.sarif -e "Level == 'Error'" --return-count > /dev/null || counted=$?
    "$multitool" query log.sarif -e "Level == 'Error'" --non-zero-exit-code-if-count-over 0 > /dev/null ||
        over=$?
    echo "$1 $counted $over"
}
seen=$(for number in 0 255 256 300; do codes $number; done)
echo "$seen"
[ "$seen" = "$(printf '0 0 0\n255 255 2\n256 0 2\n300 44 2')" ]
